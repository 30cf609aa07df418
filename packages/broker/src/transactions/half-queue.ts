import type { QueueOffset } from '@aerobee/base'
import { OffsetSet } from './offset-set.js'

/**
 * Which halves of one queue still wait for their outcome. A transaction is named by the queue offset of its first
 * half, its origin; each check moves it to a copy further on:
 *
 *   waiting ──begin──► ending ──finish──► over
 *      ▲ └─copied─┘       └──abandon──► waiting
 *
 * Memory: one bit for each half behind the oldest that waits, and an entry for each that waits as a copy.
 */
export class HalfQueue {
  readonly queueId: number
  /** Halves that need no look any more: over, or copied. */
  readonly passed: OffsetSet
  readonly #copies = new Map<QueueOffset, QueueOffset>()
  readonly #ending = new Set<QueueOffset>()

  constructor(queueId: number, base: QueueOffset) {
    this.queueId = queueId
    this.passed = new OffsetSet(base)
  }

  /** Where the half of a transaction lies now; undefined when it is over. */
  currentOf(origin: QueueOffset): QueueOffset | undefined {
    return this.#copies.get(origin) ?? (this.passed.has(origin) ? undefined : origin)
  }

  isEnding(origin: QueueOffset): boolean {
    return this.#ending.has(origin)
  }

  /** Only who begins may finish: so there is one outcome, however many bring one. */
  begin(origin: QueueOffset): 'begun' | 'ending' | 'over' {
    if (this.#ending.has(origin)) return 'ending'
    if (this.currentOf(origin) === undefined) return 'over'
    this.#ending.add(origin)
    return 'begun'
  }

  /** The outcome was not stored: it waits again. */
  abandon(origin: QueueOffset): void {
    this.#ending.delete(origin)
  }

  /**
   * The outcome is stored. Returns the halves that say so to whoever reads the queue: with the first half every copy
   * is over, however far the reader begins before the last.
   */
  finish(origin: QueueOffset): QueueOffset[] {
    const current = this.currentOf(origin)
    this.#ending.delete(origin)
    if (current === undefined) return []
    this.#copies.delete(origin)
    this.passed.add(current)
    return current === origin ? [origin] : [origin, current]
  }

  /** A copy was stored. False: the transaction ended meanwhile, and the copy is over with it. */
  copied(origin: QueueOffset, copy: QueueOffset): boolean {
    const current = this.currentOf(origin)
    if (current === undefined) {
      this.passed.add(copy)
      return false
    }
    this.passed.add(current)
    this.#copies.set(origin, copy)
    return true
  }

  /**
   * A copy that lies in the queue at the start, after what the op messages list has passed. `listedBelow`: what they
   * list below the base. Whether it is the first that is found of its transaction, and waits.
   */
  found(origin: QueueOffset, copy: QueueOffset, listedBelow: ReadonlySet<QueueOffset>): boolean {
    if (this.#copies.has(origin) || !this.passed.has(origin)) {
      this.copied(origin, copy)
      return false
    }
    if (origin >= this.passed.base || listedBelow.has(origin)) {
      this.passed.add(copy)
      return false
    }
    this.#copies.set(origin, copy)
    return true
  }

  /** These need no look any more, whatever is in them. */
  pass(offsets: readonly QueueOffset[]): void {
    for (const offset of offsets) this.passed.add(offset)
  }

  /** The log keeps no halves before `min` any more. */
  lost(min: QueueOffset): void {
    for (let offset = this.next(0, min); offset < min; offset = this.next(offset + 1, min))
      this.passed.add(offset)
    for (const [origin, copy] of this.#copies) if (copy < min) this.#copies.delete(origin)
  }

  /** The next half from `from` on that waits or is ending; `end` when there is none before. */
  next(from: QueueOffset, end: QueueOffset): QueueOffset {
    return this.passed.nextMissing(from, end)
  }

  /** How many that wait lie side by side from `from` on, `most` at most. */
  runLength(from: QueueOffset, end: QueueOffset, most: number): number {
    let length = 0
    while (length < most && from + length < end && !this.passed.has(from + length)) length++
    return length
  }
}
