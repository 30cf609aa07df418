import { type Clock, errorText, type Logger, type Random, type Timer } from '@aerobee/base'

/** Work that is done again and again, one run at a time, until stop(). */
export class Periodic {
  readonly #clock: Clock
  readonly #random: Random
  readonly #logger: Logger
  readonly #timers = new Set<Timer>()
  #stopped = false

  constructor(clock: Clock, random: Random, logger: Logger) {
    this.#clock = clock
    this.#random = random
    this.#logger = logger
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
          if (!this.#stopped) this.#logger.warn(`${what} failed: ${errorText(thrown)}`)
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
