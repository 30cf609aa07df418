import {
  asBuffer,
  assert,
  bad,
  good,
  type PhysicalOffset,
  type QueueOffset,
  type Result,
  readInt64,
} from '@aerobee/base'
import { encodeRecord, recordAt, recordMagics, smallestRecordBytes, storeTimestampAt } from './record.js'
import { bornHostBytes, storeHostBytes } from './system-flag.js'

/** Readers of fixed places, for records already known to be whole. 64-bit values: NaN beyond ±(2^53-1). */
export const readTotalSize = (view: DataView, at: number): number => view.getInt32(at)
export const readMagic = (view: DataView, at: number): number => view.getInt32(at + recordAt.magic)
export const readQueueId = (view: DataView, at: number): number => view.getInt32(at + recordAt.queueId)
export const readSysFlag = (view: DataView, at: number): number => view.getInt32(at + recordAt.sysFlag)
export const readQueueOffset = (view: DataView, at: number): QueueOffset =>
  readInt64(view, at + recordAt.queueOffset)
export const readPhysicalOffset = (view: DataView, at: number): PhysicalOffset =>
  readInt64(view, at + recordAt.physicalOffset)
export const readStoreTimestamp = (view: DataView, at: number): number =>
  readInt64(view, storeTimestampAt(view, at))

/** Where the properties of a whole record begin, which end with it; -1 when its lengths do not add up. */
export function readPropertiesAt(view: DataView, at: number): number {
  const sysFlag = readSysFlag(view, at)
  const end = at + readTotalSize(view, at)
  const bodyAt = at + recordAt.bornHost + bornHostBytes(sysFlag) + 8 + storeHostBytes(sysFlag) + 16
  if (bodyAt > end) return -1
  const topicAt = bodyAt + view.getInt32(bodyAt - 4)
  if (topicAt < bodyAt || topicAt + 4 > end) return -1
  const isV2 = readMagic(view, at) === recordMagics.v2
  const topicBytes = isV2 ? view.getInt16(topicAt) : view.getInt8(topicAt)
  const propertiesAt = topicAt + (isV2 ? 2 : 1) + topicBytes + 2
  if (topicBytes < 0 || propertiesAt > end) return -1
  return propertiesAt + view.getInt16(propertiesAt - 2) === end ? propertiesAt : -1
}

/** A record of the log, or a message as consumers get it. Bytes are views into what was decoded. */
export interface MessageRecord {
  totalSize: number
  /** V2 for topics of more than 127 bytes. */
  version: 1 | 2
  bodyCrc: number
  queueId: number
  flag: number
  queueOffset: QueueOffset
  physicalOffset: PhysicalOffset
  sysFlag: number
  /** Given by the producer; beyond ±(2^53-1) the nearest number within, as preparedTransactionOffset. */
  bornTimestamp: number
  /** 8 or 20 bytes: ip and port (host.ts). */
  bornHost: Uint8Array
  storeTimestamp: number
  storeHost: Uint8Array
  reconsumeTimes: number
  preparedTransactionOffset: number
  /** As stored, perhaps compressed. */
  body: Uint8Array
  topic: string
  /** Stored text form; the bytes beside are exact even where they are no UTF-8. */
  properties: string
  propertiesBytes: Uint8Array
}

/** What is looked at by those who do not want the message itself. */
export type RecordOutline = Pick<
  MessageRecord,
  'totalSize' | 'queueOffset' | 'physicalOffset' | 'storeTimestamp' | 'properties'
>

/** Where the parts of variable length lie. */
export interface RecordShape {
  totalSize: number
  version: 1 | 2
  storeTimestampAt: number
  bodyAt: number
  bodyBytes: number
  topicAt: number
  topicBytes: number
  propertiesAt: number
  propertiesBytes: number
}

/** Checks every length of the record at `at`, which must end by `end`. Contents are not looked at. */
export function readRecordShape(view: DataView, at: number, end: number): Result<RecordShape> {
  const shape = emptyShape()
  const reason = fillRecordShape(shape, view, at, end)
  return reason === undefined ? good(shape) : bad(reason)
}

export const emptyShape = (): RecordShape => ({
  totalSize: 0,
  version: 1,
  storeTimestampAt: 0,
  bodyAt: 0,
  bodyBytes: 0,
  topicAt: 0,
  topicBytes: 0,
  propertiesAt: 0,
  propertiesBytes: 0,
})

/** The same into a shape that is there, for those who look at many; returns why it is no record. */
export function fillRecordShape(
  shape: RecordShape,
  view: DataView,
  at: number,
  end: number,
): string | undefined {
  if (end - at < smallestRecordBytes) return `${end - at} bytes are too few for a record`
  const magic = readMagic(view, at)
  if (magic !== recordMagics.v1 && magic !== recordMagics.v2) return `unknown record magic ${magic}`
  const totalSize = readTotalSize(view, at)
  if (totalSize < smallestRecordBytes || totalSize > end - at)
    return `record size ${totalSize} does not fit into ${end - at} bytes`
  const sysFlag = readSysFlag(view, at)
  const recordEnd = at + totalSize
  const timeAt = at + recordAt.bornHost + bornHostBytes(sysFlag)
  const bodyAt = timeAt + 8 + storeHostBytes(sysFlag) + 16
  const version = magic === recordMagics.v1 ? 1 : 2
  const lengthsBytes = version + 2
  if (bodyAt + lengthsBytes > recordEnd) return `record size ${totalSize} leaves no room for its hosts`
  const bodyBytes = view.getInt32(bodyAt - 4)
  if (bodyBytes < 0 || bodyBytes > recordEnd - bodyAt - lengthsBytes)
    return `body of ${bodyBytes} bytes in a record of ${totalSize}`
  const topicAt = bodyAt + bodyBytes + version
  const topicBytes = version === 1 ? view.getInt8(topicAt - 1) : view.getInt16(topicAt - 2)
  if (topicBytes < 0 || topicBytes > recordEnd - topicAt - 2)
    return `topic of ${topicBytes} bytes in a record of ${totalSize}`
  const propertiesAt = topicAt + topicBytes + 2
  const propertiesBytes = view.getInt16(propertiesAt - 2)
  if (propertiesBytes !== recordEnd - propertiesAt)
    return `properties of ${propertiesBytes} bytes where ${recordEnd - propertiesAt} are left`
  shape.totalSize = totalSize
  shape.version = version
  shape.storeTimestampAt = timeAt
  shape.bodyAt = bodyAt
  shape.bodyBytes = bodyBytes
  shape.topicAt = topicAt
  shape.topicBytes = topicBytes
  shape.propertiesAt = propertiesAt
  shape.propertiesBytes = propertiesBytes
  return undefined
}

/** The record at `at`. Lengths are checked, CRCs are not (see record-check.ts). */
export function decodeRecord(bytes: Uint8Array, at = 0): Result<MessageRecord> {
  return decodeAt(asBuffer(bytes), new DataView(bytes.buffer, bytes.byteOffset, bytes.length), at)
}

/** Records that lie one after the other, as the body of a pull answer has them. */
export const decodeRecords = (bytes: Uint8Array): Result<MessageRecord[]> => decodeAll(bytes, decodeAt)

/** The same, at a fraction of the cost. */
export const decodeOutlines = (bytes: Uint8Array): Result<RecordOutline[]> => decodeAll(bytes, outlineAt)

function decodeAll<T extends RecordOutline>(
  bytes: Uint8Array,
  decode: (bytes: Buffer, view: DataView, at: number) => Result<T>,
): Result<T[]> {
  const buffer = asBuffer(bytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const records: T[] = []
  for (let at = 0; at < bytes.length; ) {
    const record = decode(buffer, view, at)
    if (!record.ok) return bad(`record ${records.length} at byte ${at}: ${record.reason}`)
    records.push(record.value)
    at += record.value.totalSize
  }
  return good(records)
}

/** Taken apart one at a time. */
const scratch = emptyShape()

function decodeAt(bytes: Buffer, view: DataView, at: number): Result<MessageRecord> {
  const reason = fillRecordShape(scratch, view, at, bytes.length)
  if (reason !== undefined) return bad(reason)
  const { totalSize, version, storeTimestampAt: timeAt, bodyAt, bodyBytes } = scratch
  const { topicAt, topicBytes, propertiesAt, propertiesBytes } = scratch
  const queueOffset = readQueueOffset(view, at)
  const physicalOffset = readPhysicalOffset(view, at)
  const storeTimestamp = readInt64(view, timeAt)
  const outside = outsideOf(queueOffset, physicalOffset, storeTimestamp)
  if (outside !== undefined) return bad(outside)
  return good({
    totalSize,
    version,
    bodyCrc: view.getInt32(at + recordAt.bodyCrc),
    queueId: readQueueId(view, at),
    flag: view.getInt32(at + recordAt.flag),
    queueOffset,
    physicalOffset,
    sysFlag: readSysFlag(view, at),
    bornTimestamp: readNearest(view, at + recordAt.bornTimestamp),
    bornHost: bytes.subarray(at + recordAt.bornHost, timeAt),
    storeTimestamp,
    storeHost: bytes.subarray(timeAt + 8, bodyAt - 16),
    reconsumeTimes: view.getInt32(bodyAt - 16),
    preparedTransactionOffset: readNearest(view, bodyAt - 12),
    body: bytes.subarray(bodyAt, bodyAt + bodyBytes),
    topic: bytes.toString('utf8', topicAt, topicAt + topicBytes),
    properties: bytes.toString('utf8', propertiesAt, propertiesAt + propertiesBytes),
    propertiesBytes: bytes.subarray(propertiesAt, propertiesAt + propertiesBytes),
  })
}

function outlineAt(bytes: Buffer, view: DataView, at: number): Result<RecordOutline> {
  const reason = fillRecordShape(scratch, view, at, bytes.length)
  if (reason !== undefined) return bad(reason)
  const { totalSize, storeTimestampAt: timeAt, propertiesAt, propertiesBytes } = scratch
  const queueOffset = readQueueOffset(view, at)
  const physicalOffset = readPhysicalOffset(view, at)
  const storeTimestamp = readInt64(view, timeAt)
  const outside = outsideOf(queueOffset, physicalOffset, storeTimestamp)
  if (outside !== undefined) return bad(outside)
  const properties = bytes.toString('utf8', propertiesAt, propertiesAt + propertiesBytes)
  return good({ totalSize, queueOffset, physicalOffset, storeTimestamp, properties })
}

function outsideOf(queueOffset: number, physicalOffset: number, storeTimestamp: number): string | undefined {
  if (!(queueOffset >= 0)) return 'the queue offset is outside [0, 2^53-1]'
  if (!(physicalOffset >= 0)) return 'the physical offset is outside [0, 2^53-1]'
  return Number.isNaN(storeTimestamp) ? 'the store time is beyond 2^53-1' : undefined
}

function readNearest(view: DataView, at: number): number {
  const value = readInt64(view, at)
  if (!Number.isNaN(value)) return value
  return view.getInt32(at) < 0 ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER
}

/**
 * The smallest record, with offsets and times beyond 2^31. V8 keeps small numbers of an object another way than large ones,
 * and where the first large one comes after it optimized the code, it makes every later object twice. A log grows beyond
 * 2^31 sooner or later: so the first record decoded by a process is this one.
 */
export const largeRecord: MessageRecord = decodedLarge(2 ** 40)

function decodedLarge(large: number): MessageRecord {
  const bytes = Buffer.alloc(smallestRecordBytes)
  const none = new Uint8Array(0)
  const host = new Uint8Array(8)
  const small = { queueId: 0, flag: 0, sysFlag: 0, reconsumeTimes: 0, body: none, properties: '' }
  const fields = { ...small, bornTimestamp: large, bornHost: host, storeHost: host }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  encodeRecord(bytes, view, 0, { ...fields, preparedTransactionOffset: large }, none, large, large, large)
  const record = decodeRecord(bytes)
  assert(record.ok, 'what was encoded can be decoded')
  return record.value
}
