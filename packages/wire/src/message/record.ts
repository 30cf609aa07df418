import { assert, writeInt64 } from '@aerobee/base'
import { crc31 } from './crc.js'
import { bornHostBytes, storeHostBytes } from './system-flag.js'

/**
 * A record of the commit log (reference: storage 2.1). Integers are big endian.
 *
 *    0  totalSize        int32     whole record
 *    4  magic            int32     V1, or V2 when the topic has more than 127 bytes
 *    8  bodyCrc          int32     CRC-32 of the stored body, without its sign bit
 *   12  queueId          int32
 *   16  flag             int32
 *   20  queueOffset      int64
 *   28  physicalOffset   int64
 *   36  sysFlag          int32
 *   40  bornTimestamp    int64
 *   48  bornHost         8 or 20   by sysFlag
 *    .  storeTimestamp   int64
 *    .  storeHost        8 or 20   by sysFlag
 *    .  reconsumeTimes   int32
 *    .  preparedTransactionOffset  int64
 *    .  body             int32 n + n bytes
 *    .  topic            uint8 n (V1) or int16 n (V2) + n bytes
 *    .  properties       int16 n + n bytes
 *
 * The end of a file that the next record does not fit into:
 *
 *    0  remaining        int32     bytes up to the end of the file, these included
 *    4  blank magic      int32
 *    8  anything
 */
export const recordMagics = { v1: -626843481, v2: -626843477, blank: -875286124 } as const

/** Where fields lie whose place does not depend on the host sizes. */
export const recordAt = {
  totalSize: 0,
  magic: 4,
  bodyCrc: 8,
  queueId: 12,
  flag: 16,
  queueOffset: 20,
  physicalOffset: 28,
  sysFlag: 36,
  bornTimestamp: 40,
  bornHost: 48,
} as const

/** Bytes of the smallest record: IPv4 hosts, no body, no topic, no properties. */
export const smallestRecordBytes = 91
/** Bytes that must stay free behind a record for the mark of the file's end. */
export const fileEndBytes = 8
/** Topic bytes above which a record is V2. */
export const v1TopicBytes = 127
/** Reserved at the end of the properties for their appended CRC (see record-crc.ts). */
export const appendedCrcBytes = 20

/** What a record takes as it is. */
export interface RecordFields {
  readonly queueId: number
  readonly flag: number
  readonly sysFlag: number
  readonly bornTimestamp: number
  /** 8 or 20 bytes, agreeing with sysFlag, as storeHost. */
  readonly bornHost: Uint8Array
  readonly storeHost: Uint8Array
  readonly reconsumeTimes: number
  readonly preparedTransactionOffset: number
  readonly body: Uint8Array
  /** Stored text form, at most 32,767 bytes in UTF-8. */
  readonly properties: string
}

/** Exact size, for lengths in bytes. */
export function recordSizeBytes(
  sysFlag: number,
  topicBytes: number,
  bodyBytes: number,
  propertiesBytes: number,
): number {
  const topicLengthBytes = topicBytes > v1TopicBytes ? 2 : 1
  const hosts = bornHostBytes(sysFlag) + storeHostBytes(sysFlag)
  return smallestRecordBytes - 17 + hosts + topicLengthBytes + bodyBytes + topicBytes + propertiesBytes
}

/**
 * A bound that needs no counting of bytes: UTF-8 takes at most three for a UTF-16 unit. When even this fits into
 * the file, the exact size need not be known before encodeRecord.
 */
export function recordSizeUpperBound(fields: RecordFields, topicBytes: number): number {
  return recordSizeBytes(
    fields.sysFlag,
    topicBytes,
    fields.body.length,
    fields.properties.length * 3 + 1 + appendedCrcBytes,
  )
}

/** Bytes of the properties in a record. */
export function storedPropertiesBytes(properties: string, appendCrc = false): number {
  const bytes = Buffer.byteLength(properties)
  return appendCrc ? bytes + separatorBytes(properties) + appendedCrcBytes : bytes
}

const propertyEnd = 2

/** Text in front of the appended CRC must end with U+0002. */
function separatorBytes(properties: string): 0 | 1 {
  return properties.length > 0 && properties.charCodeAt(properties.length - 1) !== propertyEnd ? 1 : 0
}

/**
 * Writes a record at `at` and returns its size. The room up to recordSizeUpperBound or the exact size must be there.
 * Offsets and the store time may still be changed with patchRecord. With `appendCrc` room for the CRC property is
 * left at the end, to be filled by sealRecord once nothing changes any more.
 */
export function encodeRecord(
  target: Buffer,
  view: DataView,
  at: number,
  fields: RecordFields,
  topic: Uint8Array,
  queueOffset: number,
  physicalOffset: number,
  storeTimestamp: number,
  appendCrc = false,
): number {
  const { sysFlag, body, bornHost, storeHost } = fields
  assert(bornHost.length === bornHostBytes(sysFlag), 'the born host has the size that sysFlag says')
  assert(storeHost.length === storeHostBytes(sysFlag), 'the store host has the size that sysFlag says')
  const long = topic.length > v1TopicBytes
  view.setInt32(at + 4, long ? recordMagics.v2 : recordMagics.v1)
  view.setInt32(at + 12, fields.queueId)
  view.setInt32(at + 16, fields.flag)
  writeInt64(view, at + 20, queueOffset)
  writeInt64(view, at + 28, physicalOffset)
  view.setInt32(at + 36, sysFlag)
  writeInt64(view, at + 40, fields.bornTimestamp)
  let end = writeBytes(target, at + 48, bornHost)
  writeInt64(view, end, storeTimestamp)
  end = writeBytes(target, end + 8, storeHost)
  view.setInt32(end, fields.reconsumeTimes)
  writeInt64(view, end + 4, fields.preparedTransactionOffset)
  view.setInt32(end + 12, body.length)
  target.set(body, end + 16)
  view.setInt32(at + 8, crc31(target, view, end + 16, body.length))
  end += 16 + body.length
  if (long) {
    view.setInt16(end, topic.length)
    end = writeBytes(target, end + 2, topic)
  } else {
    target[end] = topic.length
    end = writeBytes(target, end + 1, topic)
  }
  end = writeProperties(target, view, end, fields.properties, appendCrc)
  view.setInt32(at, end - at)
  return end - at
}

function writeProperties(
  target: Buffer,
  view: DataView,
  at: number,
  properties: string,
  appendCrc: boolean,
): number {
  const start = at + 2
  let end = properties.length === 0 ? start : start + target.write(properties, start, 'utf8')
  if (appendCrc) {
    if (separatorBytes(properties) === 1) target[end++] = propertyEnd
    end += appendedCrcBytes
  }
  assert(end - start <= 0x7fff, 'properties fit into their int16 length')
  view.setInt16(at, end - start)
  return end
}

/** Short runs: a loop beats the call of TypedArray.set. */
function writeBytes(target: Buffer, at: number, bytes: Uint8Array): number {
  const length = bytes.length
  if (length > 32) target.set(bytes, at)
  else for (let i = 0; i < length; i++) target[at + i] = bytes[i]!
  return at + length
}

/** Gives a record that lies at `at` its place and time. */
export function patchRecord(
  view: DataView,
  at: number,
  queueOffset: number,
  physicalOffset: number,
  storeTimestamp: number,
): void {
  writeInt64(view, at + recordAt.queueOffset, queueOffset)
  writeInt64(view, at + recordAt.physicalOffset, physicalOffset)
  writeInt64(view, storeTimestampAt(view, at), storeTimestamp)
}

/** Where the store time of the record at `at` lies. */
export function storeTimestampAt(view: DataView, at: number): number {
  return at + recordAt.bornHost + bornHostBytes(view.getInt32(at + recordAt.sysFlag))
}

/** Marks the rest of a file, from `at` on, as unused. */
export function encodeFileEnd(view: DataView, at: number, remainingBytes: number): void {
  assert(remainingBytes >= fileEndBytes, 'room for the mark of the file end')
  view.setInt32(at, remainingBytes)
  view.setInt32(at + 4, recordMagics.blank)
}
