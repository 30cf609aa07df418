import { rolls, type TimerUnit } from '@aerobee/store'

/** A timer in a slot that is being delivered. */
export interface DueTimer {
  physicalOffset: number
  sizeBytes: number
  writeTimeMs: number
  dueMs: number
  roll: boolean
  tries: number
}

/** Numbers kept for each timer: physical offset, size (below zero for one that rolls), write time. */
const width = 3

/**
 * A slot whose time has come or is near: its timers by the millisecond at which they are due, those of one millisecond in
 * the order in which they were stored. Three numbers for each, nothing else.
 */
export class OpenSlot {
  readonly timeMs: number
  /** What is delivered of it lies at or behind this offset of the commit log. */
  readonly deliveredFrom: number
  /** Keys of messages that were taken back. */
  readonly takenBack = new Set<string>()
  /** Everything that was in the wheel is here. */
  loaded = false
  /** One of it was handed out. */
  begun = false
  /** Handed out, and not yet done with. */
  flying = 0
  waiting = 0
  readonly #precisionMs: number
  readonly #buckets: (number[] | undefined)[]
  #bucket = 0
  #at = 0
  readonly #again: DueTimer[] = []
  /** Came while the older ones were read. */
  #late: TimerUnit[] = []

  constructor(timeMs: number, precisionMs: number, deliveredFrom: number) {
    this.timeMs = timeMs
    this.deliveredFrom = deliveredFrom
    this.#precisionMs = precisionMs
    this.#buckets = new Array(precisionMs + 1).fill(undefined)
  }

  /** What the wheel held, newest first. */
  load(units: readonly TimerUnit[]): void {
    for (let i = units.length - 1; i >= 0; i--) this.#push(units[i]!)
    for (const unit of this.#late) this.#push(unit)
    this.#late = []
    this.loaded = true
  }

  /** One that was stored now. */
  add(unit: TimerUnit): void {
    if (this.loaded) this.#push(unit)
    else this.#late.push(unit)
  }

  /** When the next one is due; undefined when none waits. */
  nextDue(): number | undefined {
    if (this.#again.length > 0) return this.timeMs
    return this.#forward() ? this.timeMs + this.#bucket : undefined
  }

  /** The next one that is due by now. */
  take(nowMs: number): DueTimer | undefined {
    const timer = this.#next(nowMs)
    if (timer === undefined) return undefined
    this.begun = true
    this.waiting -= 1
    this.flying += 1
    return timer
  }

  /** It could not be delivered, and is the next one again. */
  giveBack(timer: DueTimer): void {
    this.flying -= 1
    this.waiting += 1
    timer.tries += 1
    this.#again.push(timer)
  }

  get done(): boolean {
    return this.loaded && this.waiting === 0 && this.flying === 0
  }

  #next(nowMs: number): DueTimer | undefined {
    const again = this.#again.shift()
    if (again) return again
    if (!this.#forward() || this.timeMs + this.#bucket > nowMs) return undefined
    const bucket = this.#buckets[this.#bucket]!
    const at = this.#at
    this.#at += width
    const size = bucket[at + 1]!
    return {
      physicalOffset: bucket[at]!,
      sizeBytes: Math.abs(size),
      writeTimeMs: bucket[at + 2]!,
      dueMs: this.timeMs + this.#bucket,
      roll: size < 0,
      tries: 0,
    }
  }

  #push(unit: TimerUnit): void {
    const latest = this.#precisionMs
    // RocketMQ does not say when within the slot's span; the end of it is never early. A roll may be at any time.
    const wanted = rolls(unit) ? 0 : unit.dueMs === 0 ? latest : unit.dueMs - this.timeMs
    const bucket = Math.max(Math.min(wanted, latest), 0)
    if (bucket < this.#bucket) this.#backTo(bucket)
    let timers = this.#buckets[bucket]
    if (timers === undefined) {
      timers = []
      this.#buckets[bucket] = timers
    }
    timers.push(unit.physicalOffset, rolls(unit) ? -unit.sizeBytes : unit.sizeBytes, unit.writeTimeMs)
    this.waiting += 1
  }

  #backTo(bucket: number): void {
    this.#buckets[this.#bucket]?.splice(0, this.#at)
    this.#bucket = bucket
    this.#at = 0
  }

  /** To the next timer; false when there is none. */
  #forward(): boolean {
    const buckets = this.#buckets
    for (; this.#bucket < buckets.length; this.#bucket++) {
      const timers = buckets[this.#bucket]
      if (timers !== undefined) {
        if (this.#at < timers.length) return true
        buckets[this.#bucket] = undefined
        this.#at = 0
      }
    }
    this.#bucket = buckets.length - 1
    return false
  }
}
