import { errorText, type PhysicalOffset } from '@aerobee/base'
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
 * `messageId` names what lies in TRANS_CHECK_MAX_TIME_TOPIC, or the half. One that waits, was committed, was rolled
 * back or was taken up already is refused: it would get a second outcome. To be called one after the other.
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
  if (record.topic === systemTopicNames.transactionCheckMax) {
    if (findProperty(record.properties, propertyNames.realTopic) === undefined)
      return 'The message does not say where it belongs.'
    const uniqKey = findProperty(record.properties, propertyNames.uniqKey)
    // Without a key nobody knows.
    return uniqKey === undefined ? undefined : takenUp(parts, uniqKey, record.physicalOffset)
  }
  const half = halfOf(record)
  if (!half) return `It belongs to ${record.topic}, and is no half of a transaction.`
  const lane = lanes.find(({ halves }) => halves.queueId === record.queueId)
  if (lane?.halves.currentOf(half.origin) !== undefined) return 'The half is being checked.'
  const { uniqKey } = half
  const givenUp =
    uniqKey === undefined ? -1 : await newest(parts, systemTopicNames.transactionCheckMax, uniqKey)
  if (uniqKey === undefined || givenUp < 0) return 'The transaction was committed or rolled back.'
  return takenUp(parts, uniqKey, givenUp)
}

/** Refuses where a half is newer than what was given up: that one gets the outcome. */
async function takenUp(
  parts: TransactionParts,
  uniqKey: string,
  givenUp: PhysicalOffset,
): Promise<string | undefined> {
  const half = await newest(parts, systemTopicNames.transactionHalf, uniqKey)
  return half > givenUp ? 'The transaction was taken up again already.' : undefined
}

/** Where the last message with this key lies; -1 when the index knows none. */
async function newest({ store }: TransactionParts, topic: string, uniqKey: string): Promise<number> {
  const { records } = await store.queryByKey(topic, uniqKey, sameHash, 0, Number.MAX_SAFE_INTEGER)
  for (const bytes of records) {
    const record = decodeRecord(bytes)
    if (!record.ok || record.value.topic !== topic) continue
    const { properties, physicalOffset } = record.value
    if (findProperty(properties, propertyNames.uniqKey) === uniqKey) return physicalOffset
  }
  return -1
}

/** The index knows hashes of keys only, and names the newest first: so many are looked at. */
const sameHash = 32
