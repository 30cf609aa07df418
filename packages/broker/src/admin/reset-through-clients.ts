import { failure, type Reply, success } from '@aerobee/net'
import { bodies, commands, responseCodes, versionName, versions } from '@aerobee/wire'
import type { ConsumerClient } from '../clients/consumers.js'
import type { ResetParts, ResetRequest } from '../handlers/reset-offset.js'

/**
 * Has the consumers of a group go on at other offsets (request 220, one-way; reference: broker-behaviour 13, code
 * 222 with `useServerSideResetOffset` off). Nothing changes here: they commit what they were told.
 */
export async function resetThroughClients(parts: ResetParts, request: ResetRequest): Promise<Reply> {
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
  const tooOld = clients.find(({ version }) => version < versions.V3_0_7_SNAPSHOT)
  if (tooOld) return unsupported(tooOld.version)
  const fields = { topic, group, timestamp, queueId: -1, isForce: false }
  for (const client of clients)
    client.connection.notify(commands.resetConsumerClientOffset, fields, {
      body: bodyFor(client, offsetTable),
    })
  return success(null, bodies.resetOffset.encode({ offsetTable }))
}

export const unsupported = (version: number): Reply =>
  failure(
    responseCodes.SYSTEM_ERROR,
    `the client does not support this feature. version=${versionName(version)}`,
  )

/** undefined when the group has no offset on one of the queues. */
async function targetsOf(
  { offsets, store, config }: ResetParts,
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

/** C++ clients want a list. */
const bodyFor = ({ language }: ConsumerClient, offsetTable: bodies.ResetOffset['offsetTable']): Uint8Array =>
  language === 'CPP'
    ? bodies.resetOffsetList.encode({
        offsetTable: offsetTable.map(([queue, offset]) => ({ ...queue, offset })),
      })
    : bodies.resetOffset.encode({ offsetTable })
