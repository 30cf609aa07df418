import type { QueueOffset } from '@aerobee/base'

const pageBits = 32_768
const pageWords = pageBits / 32
const allSet = 0xffff_ffff

/**
 * Offsets of a queue, one bit each, from `base` on; all below count as in the set. A million offsets take 125 KB, and
 * what lies below the base takes nothing.
 */
export class OffsetSet {
  #base: QueueOffset
  readonly #pages = new Map<number, Uint32Array>()

  constructor(base: QueueOffset) {
    this.#base = base
  }

  get base(): QueueOffset {
    return this.#base
  }

  has(offset: QueueOffset): boolean {
    if (offset < this.#base) return true
    const page = this.#pages.get(Math.floor(offset / pageBits))
    if (page === undefined) return false
    const bit = offset % pageBits
    return (page[bit >>> 5]! & (1 << (bit & 31))) !== 0
  }

  /** False when it was there before. */
  add(offset: QueueOffset): boolean {
    if (this.has(offset)) return false
    const number = Math.floor(offset / pageBits)
    let page = this.#pages.get(number)
    if (page === undefined) {
      page = new Uint32Array(pageWords)
      this.#pages.set(number, page)
    }
    const bit = offset % pageBits
    page[bit >>> 5] = page[bit >>> 5]! | (1 << (bit & 31))
    return true
  }

  /** The first offset from `from` on that is not in the set; `end` when there is none before. */
  nextMissing(from: QueueOffset, end: QueueOffset): QueueOffset {
    let offset = Math.max(from, this.#base)
    while (offset < end) {
      const page = this.#pages.get(Math.floor(offset / pageBits))
      if (page === undefined) return offset
      const bit = offset % pageBits
      const word = page[bit >>> 5]!
      if (word === allSet) offset += 32 - (bit & 31)
      else if ((word & (1 << (bit & 31))) !== 0) offset += 1
      else return offset
    }
    return end
  }

  /** Moves the base over what is in the set, up to `end` at most; the new base. */
  advance(end: QueueOffset): QueueOffset {
    const base = Math.max(this.#base, this.nextMissing(this.#base, end))
    for (let page = Math.floor(this.#base / pageBits); page < Math.floor(base / pageBits); page++)
      this.#pages.delete(page)
    this.#base = base
    return base
  }
}
