/**
 * An entry of a consume queue (reference: storage 2.2), big endian:
 *
 *   physicalOffset int64 | sizeBytes int32, of the record | tagsCode int64
 *
 * A size of zero marks what was never written. An entry without a record (before a queue's first message, or where the
 * log is damaged) has physicalOffset 0 and the largest size, as RocketMQ fills the head of a file.
 */
export const unitBytes = 20
export const blankSize = 0x7fff_ffff

const two32 = 0x1_0000_0000

export function writeUnit(view: DataView, at: number, physical: number, size: number, tagsCode: number) {
  const high = Math.floor(physical / two32)
  view.setInt32(at, high)
  view.setUint32(at + 4, physical - high * two32)
  view.setInt32(at + 8, size)
  const tagsHigh = Math.floor(tagsCode / two32)
  view.setInt32(at + 12, tagsHigh)
  view.setUint32(at + 16, tagsCode - tagsHigh * two32)
}

export const unitPhysical = (view: DataView, at: number): number =>
  view.getInt32(at) * two32 + view.getUint32(at + 4)

export const unitSize = (view: DataView, at: number): number => view.getInt32(at + 8)

/** Loses bits beyond 2^53: such a code is the address of an extension unit, see `isExtensionAddress`. */
export const unitTagsCode = (view: DataView, at: number): number =>
  view.getInt32(at + 12) * two32 + view.getUint32(at + 16)

/** RocketMQ with `enableConsumeQueueExt` keeps the code in another file then. */
export const isExtensionAddress = (tagsCode: number): boolean => tagsCode < -0x8000_0000

export const isBlank = (physical: number, size: number): boolean => size === blankSize && physical === 0

/** Bytes that no later version of either broker takes for an entry with a record. */
export function fillBlank(bytes: Buffer, from: number, to: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = from; at < to; at += unitBytes) writeUnit(view, at, 0, blankSize, 0)
}
