import { crc32 } from 'node:zlib'

/**
 * CRC-32 with the sign bit cleared, as Java keeps it. Short runs are summed here, sixteen bytes a step: a call into native
 * code and the view it needs cost more than these. `bytes` and `view` show the same memory.
 */
export function crc31(bytes: Uint8Array, view: DataView, at: number, length: number): number {
  if (length > shortBytes) return crc32(bytes.subarray(at, at + length)) & 0x7fffffff
  let crc = -1
  let i = at
  const end = at + length
  for (const last = end - 16; i <= last; i += 16) {
    const a = crc ^ view.getInt32(i, true)
    const b = view.getInt32(i + 4, true)
    const c = view.getInt32(i + 8, true)
    const d = view.getInt32(i + 12, true)
    crc =
      sums[0xf00 | (a & 0xff)]! ^
      sums[0xe00 | ((a >>> 8) & 0xff)]! ^
      sums[0xd00 | ((a >>> 16) & 0xff)]! ^
      sums[0xc00 | (a >>> 24)]! ^
      sums[0xb00 | (b & 0xff)]! ^
      sums[0xa00 | ((b >>> 8) & 0xff)]! ^
      sums[0x900 | ((b >>> 16) & 0xff)]! ^
      sums[0x800 | (b >>> 24)]! ^
      sums[0x700 | (c & 0xff)]! ^
      sums[0x600 | ((c >>> 8) & 0xff)]! ^
      sums[0x500 | ((c >>> 16) & 0xff)]! ^
      sums[0x400 | (c >>> 24)]! ^
      sums[0x300 | (d & 0xff)]! ^
      sums[0x200 | ((d >>> 8) & 0xff)]! ^
      sums[0x100 | ((d >>> 16) & 0xff)]! ^
      sums[d >>> 24]!
  }
  for (; i < end; i++) crc = sums[(crc ^ view.getUint8(i)) & 0xff]! ^ (crc >>> 8)
  return ~crc & 0x7fffffff
}

/** Where the two ways cost the same. */
const shortBytes = 640

/** At 256 k + b: the sum of byte b that k zero bytes follow. */
const sums = makeSums()

function makeSums(): Int32Array {
  const all = new Int32Array(16 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
    all[byte] = crc
  }
  for (let i = 256; i < all.length; i++) {
    const before = all[i - 256]!
    all[i] = all[before & 0xff]! ^ (before >>> 8)
  }
  return all
}
