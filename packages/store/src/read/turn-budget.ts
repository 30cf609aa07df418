import type { Clock } from '@aerobee/base'

/** Comparisons of about 0.1 µs: 2 ms. A pull that looks at 800 messages with a typical expression fits. */
const unitsPerTurn = 20_000

/**
 * Work that all readers together may do in one turn of the event loop. Who finds it used up waits; of those who wait,
 * one goes on with each turn, so that a costly reader holds up neither the others nor anything else for long.
 */
export class TurnBudget {
  readonly #clock: Clock
  readonly #waiting: (() => void)[] = []
  #left = unitsPerTurn
  #armed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** False: nothing is left. The last piece may be larger than what is left. */
  spend(units: number): boolean {
    if (this.#left <= 0) return false
    this.#left -= units
    this.#arm()
    return true
  }

  /** Resolves when it is the caller's turn. */
  nextTurn(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#arm()
    })
  }

  #arm(): void {
    if (this.#armed) return
    this.#armed = true
    this.#clock.endOfTurn(() => {
      this.#armed = false
      this.#left = unitsPerTurn
      this.#waiting.shift()?.()
      if (this.#waiting.length > 0) this.#arm()
    })
  }
}
