import type { Clock, Random, Timer } from '@aerobee/base'

/** Work that is done again and again, one run at a time, until stop(). */
export class Periodic {
  readonly #clock: Clock
  readonly #random: Random
  readonly #failed: (what: string, thrown: unknown) => void
  readonly #timers = new Set<Timer>()
  #stopped = false

  constructor(clock: Clock, random: Random, failed: (what: string, thrown: unknown) => void) {
    this.#clock = clock
    this.#random = random
    this.#failed = failed
  }

  /**
   * First after one period, then a period after the last run ended. A tenth of jitter, so that clients that lost a
   * server together do not come back together.
   */
  every(periodMs: number, what: string, run: () => Promise<void>): void {
    if (this.#stopped) return
    const delayMs = periodMs * (0.95 + this.#random.below(100) / 1000)
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(timer)
      run()
        .catch((thrown) => {
          if (!this.#stopped) this.#failed(what, thrown)
        })
        .finally(() => this.every(periodMs, what, run))
    })
    this.#timers.add(timer)
  }

  stop(): void {
    this.#stopped = true
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
  }
}
