import { asBuffer } from '@aerobee/base'

const nameEnd = 1
const valueEnd = 2

const noBytes = Buffer.alloc(0)

/**
 * Where the properties that an expression names lie in the text of a message (reference: wire 3.6), found by one
 * pass over its bytes; values become strings only where an operator needs one. Filled anew for each message.
 */
export class PropertySlots {
  readonly names: readonly string[]
  /** First byte of each value, -1 where the message has none; and the byte after the last. */
  readonly starts: Int32Array
  readonly ends: Int32Array
  bytes: Buffer = noBytes
  readonly #encoded: readonly Buffer[]
  /** The first name that begins with a byte, -1 for none; and the next one with the same first byte. */
  readonly #byFirst = new Int16Array(256).fill(-1)
  readonly #nextAlike: Int16Array

  constructor(names: readonly string[]) {
    this.names = names
    this.starts = new Int32Array(names.length).fill(-1)
    this.ends = new Int32Array(names.length)
    this.#encoded = names.map((name) => Buffer.from(name))
    this.#nextAlike = new Int16Array(names.length).fill(-1)
    for (const [slot, name] of this.#encoded.entries()) {
      this.#nextAlike[slot] = this.#byFirst[name[0]!]!
      this.#byFirst[name[0]!] = slot
    }
  }

  /** Properties lie in [from, to) of the bytes; of a name that comes twice the later one counts. */
  read(bytes: Uint8Array, from: number, to: number): void {
    this.bytes = asBuffer(bytes)
    this.starts.fill(-1)
    for (let at = from; at < to; ) {
      const slot = this.#slotAt(bytes, at, to)
      let end = slot < 0 ? at : at + this.#encoded[slot]!.length + 1
      const start = end
      while (end < to && bytes[end] !== valueEnd) end += 1
      if (slot >= 0 && end > start) {
        this.starts[slot] = start
        this.ends[slot] = end
      }
      at = end + 1
    }
  }

  /** Lets the memory of the message go. */
  forget(): void {
    this.bytes = noBytes
  }

  #slotAt(bytes: Uint8Array, at: number, to: number): number {
    for (let slot = this.#byFirst[bytes[at]!]!; slot >= 0; slot = this.#nextAlike[slot]!) {
      const name = this.#encoded[slot]!
      const length = name.length
      if (at + length >= to || bytes[at + length] !== nameEnd) continue
      let same = 1
      while (same < length && bytes[at + same] === name[same]) same += 1
      if (same === length) return slot
    }
    return -1
  }

  has(slot: number): boolean {
    return this.starts[slot]! >= 0
  }

  text(slot: number): string {
    return this.bytes.toString('utf8', this.starts[slot], this.ends[slot])
  }

  /** Whether the value is these bytes of UTF-8. */
  is(slot: number, expected: Uint8Array): boolean {
    const start = this.starts[slot]!
    return this.ends[slot]! - start === expected.length && this.#holds(start, expected)
  }

  startsWith(slot: number, expected: Uint8Array): boolean {
    const start = this.starts[slot]!
    return this.ends[slot]! - start >= expected.length && this.#holds(start, expected)
  }

  endsWith(slot: number, expected: Uint8Array): boolean {
    const start = this.ends[slot]! - expected.length
    return start >= this.starts[slot]! && this.#holds(start, expected)
  }

  #holds(start: number, expected: Uint8Array): boolean {
    const { bytes } = this
    for (let i = 0; i < expected.length; i++) if (bytes[start + i] !== expected[i]) return false
    return true
  }

  /** The value as a whole number of up to 15 digits; undefined when it is written in another way. */
  smallInteger(slot: number): number | undefined {
    const { bytes } = this
    let at = this.starts[slot]!
    const end = this.ends[slot]!
    const isNegative = bytes[at] === minus
    if (isNegative || bytes[at] === plus) at += 1
    if (end === at || end - at > 15) return undefined
    let value = 0
    for (; at < end; at++) {
      const digit = bytes[at]! - zero
      if (digit < 0 || digit > 9) return undefined
      value = value * 10 + digit
    }
    return isNegative ? -value : value
  }
}

const minus = 0x2d
const plus = 0x2b
const zero = 0x30
