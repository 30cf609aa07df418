import type { PhysicalOffset, QueueOffset } from '@aerobee/base'
import type { NewMessage } from '@aerobee/store'
import {
  encodeRecord,
  endedProperties,
  findProperty,
  type MessageRecord,
  propertyNames as names,
  offsetMessageId,
  propertyText,
  recordSizeUpperBound,
  removeProperty,
  setProperty,
  systemTopicNames,
  transactionTypes,
  withTransactionType,
} from '@aerobee/wire'
import { restoredMessage } from '../delivery/restored.js'

/**
 * A message of a transaction on its way (reference: broker-behaviour 9):
 *
 *   prepared ──stored──► half ──check──► copy of the half ──check──► copy …
 *                          └── commit ──► message of its real topic
 *                          └── roll back ──► nothing
 *                          └── checked too often, or too old ──► TRANS_CHECK_MAX_TIME_TOPIC
 *
 * A copy names the queue offset of the first half in TRAN_PREPARED_QUEUE_OFFSET: a transaction is known by that.
 */
export const halfTopic = systemTopicNames.transactionHalf

/** Set here only. */
const brokersOwn = [
  names.transactionPreparedQueueOffset,
  names.transactionCheckTimes,
  names.transactionId,
  names.realTopic,
  names.realQueueId,
]

/** Turns a prepared message, ready to be stored, into its half. */
export function toHalf(message: NewMessage): void {
  let properties = message.properties
  for (const name of brokersOwn) if (properties.includes(name)) properties = removeProperty(properties, name)
  message.properties =
    endedProperties(properties) +
    (message.uniqKey === undefined ? '' : propertyText(names.transactionId, message.uniqKey)) +
    propertyText(names.realTopic, message.topic) +
    propertyText(names.realQueueId, String(message.queueId))
  message.topic = halfTopic
  message.queueId = 0
  message.sysFlag = withTransactionType(message.sysFlag, transactionTypes.none)
  // Whoever has the answer may end the transaction, and must find the half then.
  message.waitStoreOk = true
}

/** What the properties of a half say. */
export interface Half {
  record: MessageRecord
  /** Queue offset of the first half. */
  origin: QueueOffset
  realTopic: string
  realQueueId: number
  /** PGROUP. */
  group: string | undefined
  uniqKey: string | undefined
  /** TRANSACTION_CHECK_TIMES. */
  checkTimes: number
  /** CHECK_IMMUNITY_TIME_IN_SECONDS; -1 when it is there and no number, undefined when it is not there. */
  immunitySeconds: number | undefined
}

/** undefined: the record is no half, or does not say where it belongs. */
export function halfOf(record: MessageRecord): Half | undefined {
  if (record.topic !== halfTopic) return undefined
  const { properties } = record
  const realTopic = findProperty(properties, names.realTopic)
  if (realTopic === undefined) return undefined
  const origin = originIn(properties)
  const immunity = findProperty(properties, names.checkImmunityTime)
  return {
    record,
    origin: origin !== undefined && origin < record.queueOffset ? origin : record.queueOffset,
    realTopic,
    realQueueId: numberOf(properties, names.realQueueId) ?? 0,
    group: findProperty(properties, names.producerGroup),
    uniqKey: findProperty(properties, names.uniqKey),
    checkTimes: numberOf(properties, names.transactionCheckTimes) ?? 0,
    immunitySeconds:
      immunity === undefined ? undefined : (numberOf(properties, names.checkImmunityTime) ?? -1),
  }
}

/** What a copy of a half, and what comes of it, says of the first half. */
export const originIn = (properties: string): QueueOffset | undefined =>
  numberOf(properties, names.transactionPreparedQueueOffset)

/** A number of 0 or more. */
function numberOf(properties: string, name: string): number | undefined {
  const text = findProperty(properties, name)
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined
  return Number(text)
}

/** What consumers get. It points back at the half that `halfPhysical` names. */
export function committedMessage(half: Half, halfPhysical: PhysicalOffset): NewMessage {
  const { record, realTopic, realQueueId } = half
  return restoredMessage(record, {
    topic: realTopic,
    queueId: realQueueId,
    sysFlag: withTransactionType(record.sysFlag, transactionTypes.commit),
    preparedTransactionOffset: halfPhysical,
    waitStoreOk: true,
  })
}

/** The half once more, at the end of its queue. */
export function copiedHalf({ record, origin }: Half, checkTimes: number): NewMessage {
  const counted = setProperty(record.properties, names.transactionCheckTimes, String(checkTimes))
  return restoredMessage(record, {
    topic: halfTopic,
    queueId: record.queueId,
    properties: setProperty(counted, names.transactionPreparedQueueOffset, String(origin)),
    waitStoreOk: true,
  })
}

/** For TRANS_CHECK_MAX_TIME_TOPIC: what nobody said how it ended. */
export function givenUpMessage({ record }: Half): NewMessage {
  return restoredMessage(record, {
    topic: systemTopicNames.transactionCheckMax,
    queueId: 0,
    preparedTransactionOffset: record.physicalOffset,
    waitStoreOk: true,
  })
}

/** A half that is checked from the beginning, of one that had been given up. */
export function resumedHalf(record: MessageRecord): NewMessage {
  return restoredMessage(record, {
    topic: halfTopic,
    queueId: 0,
    properties: setProperty(
      removeProperty(record.properties, names.transactionPreparedQueueOffset),
      names.transactionCheckTimes,
      '0',
    ),
    waitStoreOk: true,
  })
}

/** Where a half lies. */
export interface HalfPlace {
  queueOffset: QueueOffset
  physicalOffset: PhysicalOffset
  storeTimestamp: number
}

/** Fields and body of the question to its producer (request 39): the half as a record of its real topic. */
export function checkRequest(half: Half, stored: NewMessage, place: HalfPlace, brokerName: string) {
  const fields = {
    topic: halfTopic,
    tranStateTableOffset: place.queueOffset,
    commitLogOffset: place.physicalOffset,
    msgId: half.uniqKey,
    transactionId: half.uniqKey,
    offsetMsgId: offsetMessageId(stored.storeHost, place.physicalOffset),
    brokerName,
  }
  const topic = Buffer.from(half.realTopic)
  const record = { ...stored, queueId: half.realQueueId }
  const bytes = Buffer.allocUnsafe(recordSizeUpperBound(record, topic.length))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const { queueOffset, physicalOffset, storeTimestamp } = place
  const size = encodeRecord(bytes, view, 0, record, topic, queueOffset, physicalOffset, storeTimestamp)
  return { fields, body: bytes.subarray(0, size) }
}
