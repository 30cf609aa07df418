import { type Clock, endOfTurn, errorText, type Logger, limits } from '@aerobee/base'
import type { MessageStore } from '@aerobee/store'
import { readyTimer } from './delivered.js'
import type { OpenSlot } from './open-slot.js'
import { timerRecords } from './slot-reader.js'

export interface ReadAheadParts {
  config: { timerPrecisionMs: number }
  clock: Clock
  logger: Logger
  store: MessageStore
}

const batchTimers = 128
const batchBytes = 256 * 1024
/** So much more is read at once than is to be read now, */
const stepMs = 10
/** and what was put into an open slot meanwhile is seen so late. */
const lookMs = 100

/**
 * Reads the messages of timers before they are due, so that at their millisecond only the store has work to do: what lies
 * on the disk is there, and many that are due at once leave within a few turns. Nothing is lost where it does not come in
 * time: such a message is read when it is due.
 */
export class ReadAhead {
  readonly #parts: ReadAheadParts
  readonly #slots: () => readonly OpenSlot[]
  /** When the next ones are to be read. */
  nextMs = 0
  #running = false
  #stopped = false

  /** `slots`: those that are open now, the next one to be delivered first. */
  constructor(parts: ReadAheadParts, slots: () => readonly OpenSlot[]) {
    this.#parts = parts
    this.#slots = slots
  }

  stop(): void {
    this.#stopped = true
  }

  /** There may be more to read. */
  wake(): void {
    if (this.#running || this.#stopped || this.#parts.clock.wallMs() < this.nextMs) return
    this.#running = true
    this.#run().then(
      () => this.#rest(),
      (thrown: unknown) => {
        this.#rest()
        this.#parts.logger.debug(`Timers could not be read ahead: ${errorText(thrown)}`)
      },
    )
  }

  /** A slot was opened. */
  opened(): void {
    this.nextMs = 0
  }

  #rest(): void {
    this.#running = false
    let next = this.#parts.clock.wallMs() + lookMs
    for (const slot of this.#slots()) if (slot.loaded) next = Math.min(next, slot.nextAhead())
    this.nextMs = next
  }

  async #run(): Promise<void> {
    while (!this.#stopped && (await this.#batch())) await endOfTurn(this.#parts.clock)
  }

  /** False: there is nothing more to read, or no room. */
  async #batch(): Promise<boolean> {
    const { store, config, clock } = this.#parts
    const slots = this.#slots()
    const room = limits.timersAheadBytes - slots.reduce((bytes, slot) => bytes + slot.readyBytes, 0)
    for (const slot of slots) {
      if (!slot.loaded || room <= 0) return false
      const timers = slot.ahead(clock.wallMs() + stepMs, batchTimers, Math.min(batchBytes, room))
      if (timers.length === 0) continue
      const found = timerRecords(store, timers)
      const records = found instanceof Promise ? await found : found
      for (const [i, timer] of timers.entries()) {
        const record = records[i]
        if (record !== undefined) slot.keep(timer, readyTimer(record, timer, config.timerPrecisionMs))
      }
      return true
    }
    return false
  }
}
