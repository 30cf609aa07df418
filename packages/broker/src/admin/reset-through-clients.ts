import { failure, type Reply, success } from '@aerobee/net'
import type { MessageStore } from '@aerobee/store'
import { bodies, commands, type RequestOf, responseCodes } from '@aerobee/wire'
import type { Consumers } from '../clients/consumers.js'
import type { ConsumerOffsets } from '../consumer-offsets.js'
import type { TopicTable } from '../topics.js'
import { refuseTooOld } from './too-old.js'

export type ResetRequest = RequestOf<typeof commands.invokeBrokerToResetOffset>

export interface ResetThroughClientsParts {
  topics: TopicTable
  consumers: Consumers
  offsets: ConsumerOffsets
  store: MessageStore
  config: { brokerName: string }
}

/**
 * Has the consumers of a group go on at other offsets (request 220, one-way; reference: broker-behaviour 13, code
 * 222 with `useServerSideResetOffset` off). Nothing changes here: they commit what they were told.
 */
export async function resetThroughClients(
  parts: ResetThroughClientsParts,
  request: ResetRequest,
): Promise<Reply> {
  const { topics, consumers } = parts
  const { topic, group, timestamp } = request
  const known = topics.find(topic)
  if (!known)
    return failure(
      responseCodes.SYSTEM_ERROR,
      `[reset-offset] reset offset failed, no topic in this broker. topic=${topic}`,
    )
  const offsetTable = await targetsOf(parts, request, known.writeQueueNums)
  if (!offsetTable) return failure(responseCodes.SYSTEM_ERROR, `THe consumer group <${group}> not exist`)
  const clients = [...(consumers.group(group)?.clients.values() ?? [])]
  if (clients.length === 0)
    return failure(
      responseCodes.CONSUMER_NOT_ONLINE,
      `Consumer not online, so can not reset offset, Group: ${group} Topic: ${topic} Timestamp: ${timestamp}`,
    )
  const tooOld = refuseTooOld(clients)
  if (tooOld) return tooOld
  const fields = { topic, group, timestamp, queueId: -1, isForce: false }
  const table = bodies.resetOffset.encode({ offsetTable })
  const list = bodies.resetOffsetList.encode({
    offsetTable: offsetTable.map(([queue, offset]) => ({ ...queue, offset })),
  })
  for (const { connection, language } of clients) {
    const body = language === 'CPP' ? list : table
    connection.notify(commands.resetConsumerClientOffset, fields, { body })
  }
  return success(null, table)
}

/** undefined when the group has no offset on one of the queues. */
async function targetsOf(
  { offsets, store, config }: ResetThroughClientsParts,
  { topic, group, timestamp, isForce }: ResetRequest,
  queues: number,
): Promise<bodies.ResetOffset['offsetTable'] | undefined> {
  const table: [bodies.MessageQueue, number][] = []
  for (let queueId = 0; queueId < queues; queueId++) {
    const committed = offsets.query(group, topic, queueId)
    if (committed === undefined) return undefined
    const wanted =
      timestamp === -1
        ? store.maxOffset(topic, queueId)
        : await store.offsetByTime(topic, queueId, timestamp, 'LOWER')
    const offset = isForce || wanted < committed ? wanted : committed
    table.push([{ brokerName: config.brokerName, queueId, topic }, offset])
  }
  return table
}
