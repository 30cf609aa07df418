import { type Connection, failure, type Handler, success } from '@aerobee/net'
import { bodies, clientIdFault, type commands, groupNameFault, responseCodes } from '@aerobee/wire'
import type { QueueLocks } from '../queue-locks.js'

type Lock = typeof commands.lockBatchQueues
type Unlock = typeof commands.unlockBatchQueues

/**
 * Lock queues for a client of a group; answers those that it holds now (request 41; reference: broker-behaviour 7).
 * When its connection closes the queues are free; the rest of the group hears of that by request 40 and locks them.
 */
export function lockQueuesHandler({
  locks,
}: {
  locks: QueueLocks
}): Handler<Lock['request'], Lock['response']> {
  /** Groups that locked over a connection that is open. */
  const lockers = new WeakMap<Connection, Set<string>>()
  const watch = (connection: Connection, group: string) => {
    const groups = lockers.get(connection)
    if (groups) {
      groups.add(group)
      return
    }
    const first = new Set([group])
    lockers.set(connection, first)
    connection.onClose(() => {
      for (const name of first) locks.release(name, connection)
    })
  }
  return ({ frame, connection }) => {
    const decoded = bodies.lockBatchRequest.decode(frame.body)
    if (!decoded.ok) return failure(responseCodes.SYSTEM_ERROR, decoded.reason)
    const { consumerGroup, clientId, mqSet } = decoded.value
    const fault = groupNameFault(consumerGroup) ?? clientIdFault(clientId) ?? queuesFault(mqSet)
    if (fault) return failure(responseCodes.INVALID_PARAMETER, fault)
    const lockOKMQSet = locks.lock(consumerGroup, clientId, mqSet, connection)
    if (lockOKMQSet.length > 0) watch(connection, consumerGroup)
    return success(null, bodies.lockBatchResponse.encode({ lockOKMQSet }))
  }
}

/** Give locks back; those of other clients stay (request 42). */
export function unlockQueuesHandler({
  locks,
}: {
  locks: QueueLocks
}): Handler<Unlock['request'], Unlock['response']> {
  return ({ frame }) => {
    const decoded = bodies.lockBatchRequest.decode(frame.body)
    if (!decoded.ok) return failure(responseCodes.SYSTEM_ERROR, decoded.reason)
    const { consumerGroup, clientId, mqSet } = decoded.value
    locks.unlock(consumerGroup, clientId, mqSet)
    return success()
  }
}

/** Queues of one client: more would only fill the table. */
const mostQueues = 65_536

function queuesFault(queues: readonly bodies.MessageQueue[]): string | undefined {
  if (queues.length > mostQueues) return `${queues.length} queues in one request, limit ${mostQueues}`
  const unnamed = queues.find(({ topic, brokerName }) => topic.length > 255 || brokerName.length > 255)
  return unnamed && 'a queue has a topic or broker name of more than 255 characters'
}
