import type { Clock, Logger } from '@aerobee/base'
import { floorTo, type MessageStore, type TimerLog, type TimerUnit, type TimerWheel } from '@aerobee/store'
import { OpenSlot } from './open-slot.js'
import { readSlotTimers } from './slot-reader.js'

export interface OpenSlotsParts {
  config: { timerPrecisionMs: number }
  clock: Clock
  logger: Logger
  store: MessageStore
  wheel: TimerWheel
  log: TimerLog
}

/** The one that is delivered, and the next one. */
export const mostSlots = 2

/** The slots whose time has come, and the one after. They are read while those that are open are delivered. */
export class OpenSlots {
  readonly #parts: OpenSlotsParts
  readonly #done: (failed: unknown) => void
  readonly #slots = new Map<number, OpenSlot>()
  #opening: Promise<void> | undefined

  /** `done`: one was read, or could not be, with the reason. */
  constructor(parts: OpenSlotsParts, done: (failed: unknown) => void) {
    this.#parts = parts
    this.#done = done
  }

  get(timeMs: number): OpenSlot | undefined {
    return this.#slots.get(timeMs)
  }

  delete(timeMs: number): void {
    this.#slots.delete(timeMs)
  }

  all(): Iterable<OpenSlot> {
    return this.#slots.values()
  }

  inOrder(): OpenSlot[] {
    return [...this.#slots.values()].sort((a, b) => a.timeMs - b.timeMs)
  }

  some(is: (slot: OpenSlot) => boolean): boolean {
    for (const slot of this.#slots.values()) if (is(slot)) return true
    return false
  }

  /** A timer was put into the wheel. `takesBack`: the key of the message that it takes back. */
  placed(timeMs: number, unit: TimerUnit, takesBack: string | undefined): void {
    const slot = this.#slots.get(timeMs)
    if (slot === undefined) return
    if (takesBack === undefined) slot.add(unit)
    else slot.takenBack.add(takesBack)
  }

  /** Opens those at and behind `readTimeMs` that are not; what is under way stays the only one. */
  open(readTimeMs: number): void {
    if (this.#opening) return
    const next = this.#next(readTimeMs)
    if (next === undefined) return
    this.#opening = this.#read(next.timeMs, next.last).then(
      () => {
        this.#opening = undefined
        this.#done(undefined)
      },
      (thrown: unknown) => {
        this.#opening = undefined
        this.#done(thrown)
      },
    )
  }

  /** Resolves when none is being read. */
  async settled(): Promise<void> {
    await this.#opening
  }

  #next(readTimeMs: number): { timeMs: number; last: number } | undefined {
    const { wheel, config, clock } = this.#parts
    const { timerPrecisionMs: precisionMs } = config
    const until = floorTo(clock.wallMs(), precisionMs) + precisionMs
    for (let i = 0; i < mostSlots; i++) {
      const timeMs = readTimeMs + i * precisionMs
      if (timeMs > until || this.#slots.has(timeMs)) continue
      const place = wheel.find(timeMs)
      if (place) return { timeMs, last: place.last }
    }
    return undefined
  }

  async #read(timeMs: number, last: number): Promise<void> {
    const { store, config, logger } = this.#parts
    const slot = new OpenSlot(timeMs, config.timerPrecisionMs, store.status().maxPhysicalOffset)
    this.#slots.set(timeMs, slot)
    try {
      const { units, takenBack, damage } = await readSlotTimers(this.#parts, timeMs, last)
      if (damage !== undefined) logger.error(damage)
      for (const key of takenBack) slot.takenBack.add(key)
      slot.load(units)
    } catch (thrown) {
      // What came meanwhile is in the wheel too.
      this.#slots.delete(timeMs)
      throw thrown
    }
  }
}
