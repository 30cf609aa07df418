import { crc32 } from 'node:zlib'
import { appendedCrcBytes } from './record.js'

/**
 * The CRC that a broker with `enabledAppendPropCRC` appends as last property (reference: storage 2.1):
 *
 *   "__CRC32#" | U+0001 | 10 decimal digits, the least significant first | U+0002
 *
 * It covers the record without these 20 bytes, sign bit cleared.
 */
const prefix = Buffer.from('__CRC32#\u0001', 'latin1')
const digitCount = 10
const digitZero = 0x30
const propertyEnd = 2

export function encodeCrcProperty(target: Uint8Array, at: number, crc: number): void {
  target.set(prefix, at)
  let rest = crc
  for (let i = 0; i < digitCount; i++) {
    target[at + prefix.length + i] = digitZero + (rest % 10)
    rest = Math.floor(rest / 10)
  }
  target[at + appendedCrcBytes - 1] = propertyEnd
}

/** undefined when the 20 bytes at `at` are none. */
export function decodeCrcProperty(bytes: Uint8Array, at: number): number | undefined {
  if (at < 0 || at + appendedCrcBytes > bytes.length) return undefined
  for (let i = 0; i < prefix.length; i++) if (bytes[at + i] !== prefix[i]) return undefined
  if (bytes[at + appendedCrcBytes - 1] !== propertyEnd) return undefined
  let crc = 0
  for (let i = digitCount - 1; i >= 0; i--) {
    const digit = bytes[at + prefix.length + i]! - digitZero
    if (digit < 0 || digit > 9) return undefined
    crc = crc * 10 + digit
  }
  return crc
}

/** Fills the room that encodeRecord left with `appendCrc`: last of all, after offsets and time are final. */
export function sealRecord(target: Uint8Array, at: number, totalSize: number): void {
  const crcAt = at + totalSize - appendedCrcBytes
  encodeCrcProperty(target, crcAt, crc32(target.subarray(at, crcAt)) & 0x7fffffff)
}

/** Whether the appended CRC of a whole record is right; undefined when it carries none. */
export function checkSeal(bytes: Uint8Array, at: number, totalSize: number): boolean | undefined {
  const crcAt = at + totalSize - appendedCrcBytes
  const expected = decodeCrcProperty(bytes, crcAt)
  if (expected === undefined) return resemblesSeal(bytes, crcAt) ? false : undefined
  return (crc32(bytes.subarray(at, crcAt)) & 0x7fffffff) === expected
}

/** The CRC itself may be what is damaged: all but one of its fixed bytes are there. */
function resemblesSeal(bytes: Uint8Array, at: number): boolean {
  if (at < 0) return false
  let same = bytes[at + appendedCrcBytes - 1] === propertyEnd ? 1 : 0
  for (let i = 0; i < prefix.length; i++) if (bytes[at + i] === prefix[i]) same += 1
  return same >= prefix.length
}
