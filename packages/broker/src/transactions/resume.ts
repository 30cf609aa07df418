import { errorText } from '@aerobee/base'
import { failure, type Reply, success } from '@aerobee/net'
import {
  decodeRecord,
  findProperty,
  type MessageRecord,
  parseOffsetMessageId,
  propertyNames,
  responseCodes,
  systemTopicNames,
} from '@aerobee/wire'
import { appended } from '../delivery/put.js'
import { halfOf, resumedHalf } from './half-message.js'
import type { HalfLane, TransactionParts } from './parts.js'

const threw = 'Exception was thrown when putting message back to RMQ_SYS_TRANS_HALF_TOPIC.'
const error = (remark: string) => failure(responseCodes.SYSTEM_ERROR, remark)

/**
 * A transaction that was given up is checked from the beginning (request 323; reference: broker-behaviour 9.4).
 * `messageId` names what lies in TRANS_CHECK_MAX_TIME_TOPIC, or the half. One that waits, was committed or was rolled
 * back is refused: it would get a second outcome.
 */
export async function resumeHalf(
  parts: TransactionParts,
  lanes: readonly HalfLane[],
  messageId: string | undefined,
): Promise<Reply> {
  const place = parseOffsetMessageId(messageId ?? '')
  if (!place.ok) return error(`${threw} ${place.reason}`)
  try {
    const bytes = await parts.store.recordAt(place.value.physicalOffset)
    const record = bytes && decodeRecord(bytes)
    if (!record?.ok) return error(`${threw} There is no message with the id ${messageId}.`)
    const refused = await refusal(parts, lanes, record.value)
    if (refused !== undefined) return error(`${threw} ${refused}`)
    const resumed = resumedHalf(record.value)
    const outcome = await appended(parts.store, resumed)
    if (outcome.status !== 'PUT_OK') return error('Put message back to RMQ_SYS_TRANS_HALF_TOPIC failed.')
    parts.halfCounts.add(findProperty(resumed.properties, propertyNames.realTopic)!, 1)
    return success()
  } catch (thrown) {
    return error(`${threw} ${errorText(thrown)}`)
  }
}

async function refusal(
  parts: TransactionParts,
  lanes: readonly HalfLane[],
  record: MessageRecord,
): Promise<string | undefined> {
  if (record.topic === systemTopicNames.transactionCheckMax)
    return findProperty(record.properties, propertyNames.realTopic) === undefined
      ? 'The message does not say where it belongs.'
      : undefined
  const half = halfOf(record)
  if (!half) return `It belongs to ${record.topic}, and is no half of a transaction.`
  const lane = lanes.find(({ halves }) => halves.queueId === record.queueId)
  if (lane?.halves.currentOf(half.origin) !== undefined) return 'The half is being checked.'
  if (half.uniqKey === undefined || !(await wasGivenUp(parts, half.uniqKey)))
    return 'The transaction was committed or rolled back.'
  return undefined
}

async function wasGivenUp({ store }: TransactionParts, uniqKey: string): Promise<boolean> {
  const found = await store.queryByKey(
    systemTopicNames.transactionCheckMax,
    uniqKey,
    1,
    0,
    Number.MAX_SAFE_INTEGER,
  )
  return found.records.length > 0
}
