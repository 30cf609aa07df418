import { errorText } from '@aerobee/base'
import type { ClientInstance } from '../client-instance.js'
import type { RoleEvents } from '../events.js'
import { userQueue, withoutNamespace } from '../namespace.js'
import type { Subscriptions } from '../push-consumer/subscriptions.js'
import type { MessageQueue } from '../route.js'

/** The queues of a topic are other ones now: brokers, listeners of events and the user's listener are told. */
export function announceChange(
  parts: {
    instance: ClientInstance
    subscriptions: Subscriptions
    events: RoleEvents
    listener:
      | ((topic: string, all: readonly MessageQueue[], own: readonly MessageQueue[]) => void)
      | undefined
  },
  realTopic: string,
  allQueues: readonly MessageQueue[],
  ownQueues: readonly MessageQueue[],
): void {
  const { logger, namespace } = parts.instance
  parts.subscriptions.renew(realTopic)
  parts.instance.heartbeat(true).catch((thrown) => logger.warn(`heartbeat failed: ${errorText(thrown)}`))
  const topic = withoutNamespace(namespace, realTopic)
  const all = allQueues.map((queue) => userQueue(namespace, queue))
  const own = ownQueues.map((queue) => userQueue(namespace, queue))
  parts.events.emit('rebalanced', { topic, all, own })
  try {
    parts.listener?.(topic, all, own)
  } catch (thrown) {
    logger.error(`messageQueueListener failed: ${errorText(thrown)}`)
  }
}
