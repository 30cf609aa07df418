import { type Clock, errorText, type Logger, type MonoMs, type Timer } from '@aerobee/base'

/** ms (reference: client-behaviour 8.1). */
const waitIntervalMs = 20_000
const minIntervalMs = 1000

/**
 * Decides when queues are shared out: at the start, every 20 s, soon after a wake-up, and a second after a run that did
 * not reach balance. Runs lie at least a second apart.
 *
 *   idle ──start, timer──► running ──► idle, next run in 20 s or 1 s
 *    └──wake──► idle, next run as soon as a second has passed since the last
 */
export class RebalanceService {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #run: () => Promise<boolean>
  #timer: Timer | undefined
  #running: Promise<void> | undefined
  #woken = false
  #started = false
  #stopped = false
  #lastEndMs: MonoMs = Number.NEGATIVE_INFINITY

  /** `run` resolves with whether balance is reached; a rejection is logged and counts as none. */
  constructor(clock: Clock, logger: Logger, run: () => Promise<boolean>) {
    this.#clock = clock
    this.#logger = logger
    this.#run = run
  }

  /** Resolves after the first run. */
  start(): Promise<void> {
    this.#started = true
    return this.#begin()
  }

  /** Before the start there is nothing to wake. */
  wake(): void {
    if (this.#stopped || !this.#started) return
    this.#woken = true
    if (!this.#running) this.#schedule(0)
  }

  /** Resolves when the run under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#running
  }

  #schedule(delayMs: number): void {
    this.#timer?.cancel()
    const earliest = this.#lastEndMs + minIntervalMs - this.#clock.monoMs()
    this.#timer = this.#clock.after(Math.max(0, delayMs, earliest), () => void this.#begin())
  }

  #begin(): Promise<void> {
    if (this.#running) return this.#running
    const run = this.#once()
    this.#running = run
    return run
  }

  async #once(): Promise<void> {
    this.#timer?.cancel()
    this.#woken = false
    let balanced = false
    try {
      balanced = await this.#run()
    } catch (thrown) {
      if (!this.#stopped) this.#logger.error(`sharing out queues failed: ${errorText(thrown)}`)
    }
    this.#running = undefined
    this.#lastEndMs = this.#clock.monoMs()
    if (!this.#stopped) this.#schedule(balanced && !this.#woken ? waitIntervalMs : 0)
  }
}
