/** Branded integers. A 64-bit value is checked to lie within 2^53-1 where it enters the process. */
declare const physicalOffset: unique symbol
declare const queueOffset: unique symbol
declare const queueId: unique symbol
declare const byteCount: unique symbol

/** Byte position in the commit log, counted from the start of its first segment ever. */
export type PhysicalOffset = number & { readonly [physicalOffset]?: true }
/** Index of a message within its queue. */
export type QueueOffset = number & { readonly [queueOffset]?: true }
export type QueueId = number & { readonly [queueId]?: true }
export type ByteCount = number & { readonly [byteCount]?: true }

const two32 = 0x1_0000_0000

/** Big-endian int64 as a number; NaN when outside ±(2^53-1). */
export function readInt64(view: DataView, at: number): number {
  const value = view.getInt32(at) * two32 + view.getUint32(at + 4)
  return Number.isSafeInteger(value) ? value : Number.NaN
}

/** `value` must be a safe integer. */
export function writeInt64(view: DataView, at: number, value: number): void {
  const high = Math.floor(value / two32)
  view.setInt32(at, high)
  view.setUint32(at + 4, value - high * two32)
}
