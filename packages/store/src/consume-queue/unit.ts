/**
 * An entry of a consume queue (reference: storage 2.2), big endian. Of queue.type SimpleCQ, one for each message:
 *
 *   physicalOffset int64 | sizeBytes int32, of the record | tagsCode int64
 *
 * A size of zero marks what was never written. An entry without a record (before a queue's first message, or where the
 * log is damaged) has physicalOffset 0 and the largest size, as RocketMQ fills the head of a file.
 *
 * Of queue.type BatchCQ, one for each record, which may hold several messages:
 *
 *   physicalOffset int64 | sizeBytes int32 | tagsCode int64 | storeTime int64 | baseOffset int64, of the first message
 *   | count int16, of messages | compactedOffset int32 (-1) | reserved int32 (0)
 */
export const unitBytes = 20
export const batchUnitBytes = 46
export const blankSize = 0x7fff_ffff

const [storeTimeAt, baseAt, countAt, compactedAt, reservedAt] = [20, 28, 36, 38, 42]
const two32 = 0x1_0000_0000

/** What an entry says. */
export interface UnitEntry {
  physical: number
  size: number
  tagsCode: number
  /** Of the record's first message. */
  offset: number
  /** Messages in the record. */
  count: number
}

/** Where the queues of one type lie, and how their entries do there. */
export interface QueueLayout {
  readonly batch: boolean
  readonly directory: string
  readonly unitBytes: number
  readonly unitsPerFile: number
}

/** `fileBytes` is rounded up to whole entries. */
export function queueLayout(batch: boolean, directory: string, fileBytes: number): QueueLayout {
  const bytes = batch ? batchUnitBytes : unitBytes
  return { batch, directory, unitBytes: bytes, unitsPerFile: Math.ceil(fileBytes / bytes) }
}

export function writeUnit(view: DataView, at: number, physical: number, size: number, tagsCode: number) {
  const high = Math.floor(physical / two32)
  view.setInt32(at, high)
  view.setUint32(at + 4, physical - high * two32)
  view.setInt32(at + 8, size)
  const tagsHigh = Math.floor(tagsCode / two32)
  view.setInt32(at + 12, tagsHigh)
  view.setUint32(at + 16, tagsCode - tagsHigh * two32)
}

/** What a BatchCQ has behind the fields that both types have. */
export function writeBatchPart(view: DataView, at: number, storeTime: number, base: number, count: number) {
  writeLong(view, at + storeTimeAt, storeTime)
  writeLong(view, at + baseAt, base)
  view.setInt16(at + countAt, count)
  view.setInt32(at + compactedAt, -1)
  view.setInt32(at + reservedAt, 0)
}

function writeLong(view: DataView, at: number, value: number) {
  const high = Math.floor(value / two32)
  view.setInt32(at, high)
  view.setUint32(at + 4, value - high * two32)
}

export const unitPhysical = (view: DataView, at: number): number =>
  view.getInt32(at) * two32 + view.getUint32(at + 4)

export const unitSize = (view: DataView, at: number): number => view.getInt32(at + 8)

/** Loses bits beyond 2^53: such a code is the address of an extension unit, see `isExtensionAddress`. */
export const unitTagsCode = (view: DataView, at: number): number =>
  view.getInt32(at + 12) * two32 + view.getUint32(at + 16)

export const batchUnitBase = (view: DataView, at: number): number =>
  view.getInt32(at + baseAt) * two32 + view.getUint32(at + baseAt + 4)

export const batchUnitCount = (view: DataView, at: number): number => view.getInt16(at + countAt)

/** RocketMQ with `enableConsumeQueueExt` keeps the code in another file then. */
export const isExtensionAddress = (tagsCode: number): boolean => tagsCode < -0x8000_0000

export const isBlank = (physical: number, size: number): boolean => size === blankSize && physical === 0

/** Bytes that no later version of either broker takes for an entry with a record. */
export function fillBlank(bytes: Buffer, from: number, to: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = from; at < to; at += unitBytes) writeUnit(view, at, 0, blankSize, 0)
}
