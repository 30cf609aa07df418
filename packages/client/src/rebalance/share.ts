import { errorText } from '@aerobee/base'
import { isRetryTopic } from '@aerobee/wire'
import type { ClientInstance } from '../client-instance.js'
import type { RoleEvents } from '../events.js'
import type { MessageQueue } from '../route.js'
import { assignedByBroker } from './broker-assignment.js'
import type { GroupMembers } from './members.js'
import type { AllocateStrategy } from './strategy.js'

/** A topic that does not exist is not asked for more often, ms. */
const askAgainMs = 5000

export interface ShareOptions {
  instance: ClientInstance
  group: string
  members: GroupMembers
  strategy: AllocateStrategy
  broadcasting: boolean
  events: RoleEvents
  /** Whether the broker shares the queues out, in place of the members. Default false. */
  byBroker?: boolean
  stopped(): boolean
}

/** Queues of a topic, and those of them that are this member's. */
export interface Share {
  all: readonly MessageQueue[]
  own: readonly MessageQueue[]
}

/** Readable queues of a topic, sorted; undefined while no name server knows it. Rejects when none answers. */
export async function readableQueues(
  instance: ClientInstance,
  topic: string,
): Promise<readonly MessageQueue[] | undefined> {
  const { routes } = instance
  if (!routes.knownForReading(topic)) await routes.refreshUnlessAsked(topic, askAgainMs)
  return routes.knownForReading(topic)?.subscribeQueues
}

/**
 * What this member should have of a topic now (reference: client-behaviour 8.2). `unknown`: nothing is to change, because
 * it is not known which queues or members there are. `none`: the topic is not there, and need not be.
 */
export async function shareOf(options: ShareOptions, topic: string): Promise<Share | 'unknown' | 'none'> {
  const { instance, group, broadcasting, strategy } = options
  const all = await readableQueues(instance, topic)
  if (!all) {
    // A retry topic comes with the first heartbeat or the first failure.
    if (isRetryTopic(topic)) return 'none'
    instance.logger.warn(`doRebalance, ${group}, but the topic[${topic}] not exist.`)
    return 'unknown'
  }
  if (broadcasting || all.length === 0) return { all, own: all }
  const assigned = options.byBroker ? await assignedByBroker(options, topic, all) : 'itself'
  if (assigned !== 'itself') return assigned === 'unknown' ? 'unknown' : { all, own: assigned }
  const members = await options.members.of(all)
  if (members?.includes(instance.clientId))
    return { all, own: strategy.allocate({ group, own: instance.clientId, queues: all, members }) }
  if (options.stopped()) return 'unknown'
  instance.logger.warn(
    members
      ? `group ${group} does not have this client yet: ${instance.clientId}`
      : `get consumer id list failed, ${group} ${topic}`,
  )
  options.members.askAnew()
  await instance.heartbeat(true)
  return 'unknown'
}

/** Shares out topic by topic; whether every one has the queues it should have. A topic that fails does not keep the others. */
export async function shareOutEach(
  topics: Iterable<string>,
  { instance, members, stopped, events }: Pick<ShareOptions, 'instance' | 'members' | 'stopped' | 'events'>,
  shareOut: (topic: string) => Promise<boolean>,
): Promise<boolean> {
  members.askAnew()
  let balanced = true
  for (const topic of topics) {
    try {
      if (!stopped() && !(await shareOut(topic))) balanced = false
    } catch (thrown) {
      if (!stopped()) {
        instance.logger.warn(`sharing out the queues of topic ${topic} failed: ${errorText(thrown)}`)
        events.emit('error', thrown, 'rebalance')
      }
      balanced = false
    }
  }
  return balanced
}
