import type { Clock, MonoMs, Timer } from '@aerobee/base'

/** Something with a deadline; its links belong to the wheel. */
export interface Expiring {
  readonly deadlineMs: MonoMs
  wheelSlot: number
  wheelNext: Expiring | undefined
  wheelPrevious: Expiring | undefined
  /** The deadline has passed; the wheel has let go of it. */
  expire(): void
}

const slots = 256
const slotMs = 64

/**
 * Deadlines of any number of things with one timer: a ring of lists, a slot for each 64 ms.
 *
 *   slot of an entry = floor(deadline / 64) mod 256; one turn of the ring is 16 s, entries later than that are
 *   passed over until their turn comes
 *
 * Adding and removing is O(1) and allocates nothing. The timer is set for the earliest deadline of the coming turn;
 * it stays when that entry is removed, so that answered calls cost no timer.
 */
export class DeadlineWheel {
  readonly #clock: Clock
  readonly #heads: (Expiring | undefined)[] = new Array<Expiring | undefined>(slots).fill(undefined)
  #count = 0
  #timer: Timer | undefined
  #timerAtMs: MonoMs = Number.POSITIVE_INFINITY
  /** Slot number (not modulo) up to which everything was looked at. */
  #lookedAt: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#lookedAt = Math.floor(clock.monoMs() / slotMs)
  }

  get size(): number {
    return this.#count
  }

  /** The deadline must not lie before the clock's present. */
  add(entry: Expiring): void {
    const slot = Math.floor(entry.deadlineMs / slotMs) % slots
    const head = this.#heads[slot]
    entry.wheelSlot = slot
    entry.wheelPrevious = undefined
    entry.wheelNext = head
    if (head) head.wheelPrevious = entry
    this.#heads[slot] = entry
    this.#count++
    if (entry.deadlineMs < this.#timerAtMs) this.#setTimer(entry.deadlineMs)
  }

  /** Idempotent. */
  remove(entry: Expiring): void {
    const slot = entry.wheelSlot
    if (slot < 0) return
    const { wheelNext: next, wheelPrevious: previous } = entry
    if (previous) previous.wheelNext = next
    else this.#heads[slot] = next
    if (next) next.wheelPrevious = previous
    entry.wheelSlot = -1
    entry.wheelNext = undefined
    entry.wheelPrevious = undefined
    this.#count--
  }

  /** For closing: no timer is left. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerAtMs = Number.POSITIVE_INFINITY
  }

  #setTimer(atMs: MonoMs): void {
    const now = this.#clock.monoMs()
    this.#timer?.cancel()
    this.#timerAtMs = atMs
    this.#timer = this.#clock.after(Math.max(0, Math.ceil(atMs - now)), this.#ring, { background: true })
  }

  readonly #ring = () => {
    const now = this.#clock.monoMs()
    const nowSlot = Math.floor(now / slotMs)
    const first = Math.max(this.#lookedAt, nowSlot - slots + 1)
    this.#timer = undefined
    const expired: Expiring[] = []
    for (let slot = first; slot <= nowSlot; slot++)
      for (let entry = this.#heads[slot % slots]; entry; entry = entry.wheelNext)
        if (entry.deadlineMs <= now) expired.push(entry)
    this.#lookedAt = nowSlot
    for (const entry of expired) this.remove(entry)
    this.#timerAtMs = Number.POSITIVE_INFINITY
    if (this.#count > 0) this.#setTimer(this.#earliest(nowSlot))
    for (const entry of expired) entry.expire()
  }

  /** Of the coming turn of the ring; its end when there is none. */
  #earliest(nowSlot: number): MonoMs {
    for (let slot = nowSlot; slot < nowSlot + slots; slot++) {
      let earliest = Number.POSITIVE_INFINITY
      for (let entry = this.#heads[slot % slots]; entry; entry = entry.wheelNext)
        if (entry.deadlineMs < (slot + 1) * slotMs && entry.deadlineMs < earliest) earliest = entry.deadlineMs
      if (earliest < Number.POSITIVE_INFINITY) return earliest
    }
    return (nowSlot + slots) * slotMs
  }
}
