import { bad, compactLocalTime, good, javaHash, type Result, readInt64, writeInt64 } from '@aerobee/base'

/**
 * Bytes of an index file (reference: storage 2.3), big-endian; the file is sparse at its full size from the start.
 *
 *   header 40 | slots: slotCount x 4 | entries: entryCapacity x 20, number 0 unused
 *
 *   header: beginTimestamp 8 | endTimestamp 8 | beginPhysical 8 | endPhysical 8 | usedSlots 4 | nextEntry 4
 *   slot:   number of the newest entry whose keyHash % slotCount is this slot, 0 for none
 *   entry:  keyHash 4 | physicalOffset 8 | seconds since beginTimestamp 4 | number of the slot's entry before it 4
 *
 * Ours alone: `usedSlots` 0 beside existing entries says that the slots were not written yet. RocketMQ never writes
 * that, and drops such a file as it drops every unfinished index file after a crash.
 */
export const headerBytes = 40
export const slotBytes = 4
export const entryBytes = 20

export interface IndexLayout {
  slotCount: number
  entryCapacity: number
}

export interface IndexHeader {
  /** Wall ms of the first and the last entry's store time. */
  beginTimestamp: number
  endTimestamp: number
  beginPhysical: number
  endPhysical: number
  usedSlots: number
  /** One above the last entry's number: 1 in an empty file, `entryCapacity` in a full one. */
  nextEntry: number
}

/** `maxHashSlotNum` and `maxIndexNum` of RocketMQ. */
export const defaultIndexLayout: IndexLayout = { slotCount: 5_000_000, entryCapacity: 20_000_000 }

export function fileBytes(layout: IndexLayout): number {
  return slotsEnd(layout) + layout.entryCapacity * entryBytes
}

export function slotsEnd(layout: IndexLayout): number {
  return headerBytes + layout.slotCount * slotBytes
}

export function entryPosition(layout: IndexLayout, entry: number): number {
  return slotsEnd(layout) + entry * entryBytes
}

export function encodeHeader(header: IndexHeader): Uint8Array {
  const bytes = new Uint8Array(headerBytes)
  const view = new DataView(bytes.buffer)
  writeInt64(view, 0, header.beginTimestamp)
  writeInt64(view, 8, header.endTimestamp)
  writeInt64(view, 16, header.beginPhysical)
  writeInt64(view, 24, header.endPhysical)
  view.setInt32(32, header.usedSlots)
  view.setInt32(36, header.nextEntry)
  return bytes
}

/** A file of zeros is an empty index file, as in RocketMQ. */
export function decodeHeader(bytes: Uint8Array, layout: IndexLayout): Result<IndexHeader> {
  if (bytes.length < headerBytes) return bad('the header is cut')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const header: IndexHeader = {
    beginTimestamp: readInt64(view, 0),
    endTimestamp: readInt64(view, 8),
    beginPhysical: readInt64(view, 16),
    endPhysical: readInt64(view, 24),
    usedSlots: view.getInt32(32),
    nextEntry: Math.max(1, view.getInt32(36)),
  }
  if (header.nextEntry > layout.entryCapacity) return bad(`it claims ${header.nextEntry - 1} entries`)
  if (header.usedSlots < 0 || header.usedSlots > Math.min(layout.slotCount, header.nextEntry)) {
    return bad(`it claims ${header.usedSlots} used slots`)
  }
  if (!(header.beginPhysical >= 0 && header.endPhysical >= header.beginPhysical)) {
    return bad('its physical offsets are out of order')
  }
  if (!(header.beginTimestamp >= 0 && header.endTimestamp >= 0)) return bad('its times are no times')
  return good(header)
}

/** The hash of `topic + '#'`, to go on from with `keyHash`. */
export function topicHash(topic: string): number {
  return (Math.imul(javaHash(topic), 31) + 35) | 0
}

/** |Java hash of `topic#key`|; the one int32 without a positive twin counts as 0. */
export function keyHash(fromTopic: number, key: string, from = 0, to = key.length): number {
  let hash = fromTopic
  for (let i = from; i < to; i++) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0
  if (hash >= 0) return hash
  return hash === -0x8000_0000 ? 0 : -hash
}

const namePattern = /^\d{17}$/

export function isIndexFileName(name: string): boolean {
  return namePattern.test(name)
}

/** Local time as yyyyMMddHHmmssSSS, but always above `previous`, whatever the clock says. */
export function indexFileName(wallMs: number, previous: string | undefined): string {
  const name = compactLocalTime(wallMs)
  if (previous === undefined || name > previous) return name
  return (BigInt(previous) + 1n).toString().padStart(17, '0')
}
