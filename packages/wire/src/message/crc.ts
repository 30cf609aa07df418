import { crc32 } from 'node:zlib'

/**
 * CRC-32 with the sign bit cleared, as Java keeps it. Short runs are summed here, eight bytes a step: a call into native
 * code and the view it needs cost more than these.
 */
export function crc31(bytes: Uint8Array, at: number, length: number): number {
  if (length > shortBytes) return crc32(bytes.subarray(at, at + length)) & 0x7fffffff
  let crc = -1
  let i = at
  const end = at + length
  for (const last = end - 8; i <= last; i += 8) {
    const low = crc ^ (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24))
    crc =
      table7[low & 0xff]! ^
      table6[(low >>> 8) & 0xff]! ^
      table5[(low >>> 16) & 0xff]! ^
      table4[low >>> 24]! ^
      table3[bytes[i + 4]!]! ^
      table2[bytes[i + 5]!]! ^
      table1[bytes[i + 6]!]! ^
      table0[bytes[i + 7]!]!
  }
  for (; i < end; i++) crc = table0[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8)
  return ~crc & 0x7fffffff
}

/** Where the two ways cost the same. */
const shortBytes = 192

/** Table k: the sum of a byte that k zero bytes follow. */
const tables = makeTables()
const [table0, table1, table2, table3, table4, table5, table6, table7] = tables as [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
]

function makeTables(): Int32Array[] {
  const first = new Int32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
    first[byte] = crc
  }
  const all = [first]
  while (all.length < 8) all.push(all.at(-1)!.map((crc) => first[crc & 0xff]! ^ (crc >>> 8)))
  return all
}
