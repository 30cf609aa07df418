import { rolls, type TimerUnit } from '@aerobee/store'
import type { ReadyTimer } from './delivered.js'

/** A timer in a slot that is being delivered. */
export interface DueTimer {
  physicalOffset: number
  sizeBytes: number
  writeTimeMs: number
  roll: boolean
  /** Its message was read already. */
  ready: ReadyTimer | undefined
}

/** Numbers kept for each timer: physical offset, size (below zero for one that rolls), write time. */
const width = 3
/** Of a slot that is being read: the same, and when it is due; a million units would take 200 MB. */
const readWidth = width + 1

export function noteUnit(numbers: number[], unit: TimerUnit): void {
  const { physicalOffset, sizeBytes, writeTimeMs, dueMs } = unit
  // RocketMQ does not say when within the slot's span; the end of it is never early. A roll may be at any time.
  if (rolls(unit)) numbers.push(physicalOffset, -sizeBytes, writeTimeMs, 0)
  else numbers.push(physicalOffset, sizeBytes, writeTimeMs, dueMs === 0 ? Number.POSITIVE_INFINITY : dueMs)
}

/** A message is read ahead so long before it is due, and longer where many are due in one millisecond. */
const aheadMs = 30
const aheadMsEach = 0.02

/**
 * A slot whose time has come or is near: its timers by the millisecond at which they are due, those of one millisecond in
 * the order in which they were stored. Three numbers for each, and of the next ones the message, read ahead.
 */
export class OpenSlot {
  readonly timeMs: number
  /** What is delivered of it lies at or behind this offset of the commit log. */
  readonly deliveredFrom: number
  /** Keys of messages that were taken back. */
  readonly takenBack = new Set<string>()
  /** What deliveries out of it changed in the counts of timers that wait, by topic. */
  readonly counted = new Map<string, number>()
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
  /** Where the next message is to be read ahead. */
  #aheadBucket = 0
  #aheadAt = 0
  /** By physical offset; those that were taken before they were read are dropped with the slot. */
  readonly #ready = new Map<number, ReadyTimer>()
  /** Of the records read ahead and not taken yet. */
  readyBytes = 0
  /** Came while the older ones were read. */
  #late: number[] = []

  constructor(timeMs: number, precisionMs: number, deliveredFrom: number) {
    this.timeMs = timeMs
    this.deliveredFrom = deliveredFrom
    this.#precisionMs = precisionMs
    this.#buckets = new Array(precisionMs + 1).fill(undefined)
  }

  /** What the wheel held, as `noteUnit` notes it, newest first. */
  load(units: readonly number[]): void {
    for (let at = units.length - readWidth; at >= 0; at -= readWidth) this.#push(units, at)
    this.loaded = true
    this.#addLate()
  }

  /** One that was stored now. */
  add(unit: TimerUnit): void {
    noteUnit(this.#late, unit)
    if (this.loaded) this.#addLate()
  }

  #addLate(): void {
    for (let at = 0; at < this.#late.length; at += readWidth) this.#push(this.#late, at)
    this.#late.length = 0
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
    // What was made of it says when it left.
    timer.ready = undefined
    this.#again.push(timer)
  }

  /** When the next ones are to be read ahead; infinite when all were. */
  nextAhead(): number {
    let next = Number.POSITIVE_INFINITY
    for (let bucket = this.#aheadBucket; bucket < this.#buckets.length; bucket++)
      if (this.#unread(bucket) > 0) next = Math.min(next, this.#aheadTime(bucket))
    return next
  }

  /** Those that are to be read ahead by now, each once. */
  ahead(nowMs: number, mostTimers: number, mostBytes: number): DueTimer[] {
    const timers: DueTimer[] = []
    if (this.#aheadBucket < this.#bucket) this.#aheadFrom(this.#bucket, this.#at)
    if (this.#aheadBucket === this.#bucket && this.#aheadAt < this.#at) this.#aheadAt = this.#at
    let until = this.#buckets.length - 1
    while (until >= this.#aheadBucket && (this.#unread(until) === 0 || this.#aheadTime(until) > nowMs))
      until--
    for (let bytes = 0; this.#aheadBucket <= until && timers.length < mostTimers && bytes < mostBytes; ) {
      if (this.#unread(this.#aheadBucket) > 0) {
        const timer = this.#timerAt(this.#aheadBucket, this.#aheadAt)
        timers.push(timer)
        bytes += timer.sizeBytes
        this.#aheadAt += width
      } else this.#aheadFrom(this.#aheadBucket + 1, 0)
    }
    return timers
  }

  /** Timers of a bucket at or behind the one read last that were not read ahead. */
  #unread(bucket: number): number {
    const numbers = this.#buckets[bucket]
    if (numbers === undefined) return 0
    return (numbers.length - (bucket === this.#aheadBucket ? this.#aheadAt : 0)) / width
  }

  #aheadTime(bucket: number): number {
    return this.timeMs + bucket - aheadMs - aheadMsEach * this.#unread(bucket)
  }

  /** Keeps what was read ahead until the timer is taken. */
  keep(timer: DueTimer, ready: ReadyTimer): void {
    this.#ready.set(timer.physicalOffset, ready)
    this.readyBytes += timer.sizeBytes
  }

  noteCount(topic: string, change: number): void {
    this.counted.set(topic, (this.counted.get(topic) ?? 0) + change)
  }

  isTakenBack(realTopic: string, uniqKey: string | undefined): boolean {
    return this.takenBack.size > 0 && this.takenBack.has(`${realTopic}+${uniqKey}`)
  }

  get done(): boolean {
    return this.loaded && this.waiting === 0 && this.flying === 0
  }

  #next(nowMs: number): DueTimer | undefined {
    const again = this.#again.shift()
    if (again) return again
    if (!this.#forward() || this.timeMs + this.#bucket > nowMs) return undefined
    const timer = this.#timerAt(this.#bucket, this.#at)
    this.#at += width
    timer.ready = this.#ready.get(timer.physicalOffset)
    if (timer.ready !== undefined) {
      this.#ready.delete(timer.physicalOffset)
      this.readyBytes -= timer.sizeBytes
    }
    return timer
  }

  #timerAt(bucket: number, at: number): DueTimer {
    const numbers = this.#buckets[bucket]!
    const size = numbers[at + 1]!
    return {
      physicalOffset: numbers[at]!,
      sizeBytes: Math.abs(size),
      writeTimeMs: numbers[at + 2]!,
      roll: size < 0,
      ready: undefined,
    }
  }

  #aheadFrom(bucket: number, at: number): void {
    this.#aheadBucket = bucket
    this.#aheadAt = at
  }

  #push(numbers: readonly number[], at: number): void {
    const bucket = Math.max(Math.min(numbers[at + width]! - this.timeMs, this.#precisionMs), 0)
    if (bucket < this.#bucket) this.#backTo(bucket)
    let timers = this.#buckets[bucket]
    if (timers === undefined) {
      timers = []
      this.#buckets[bucket] = timers
    }
    timers.push(numbers[at]!, numbers[at + 1]!, numbers[at + 2]!)
    this.waiting += 1
  }

  #backTo(bucket: number): void {
    this.#buckets[this.#bucket]?.splice(0, this.#at)
    if (this.#aheadBucket === this.#bucket) this.#aheadAt = Math.max(this.#aheadAt - this.#at, 0)
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
