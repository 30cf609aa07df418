import { type Clock, errorText, type Logger, type Timer } from '@aerobee/base'
import { type MessageRequest, type PopRequest, type PullRequest, requestName } from './message-request.js'

/** What is done with one request. Each re-inserts it exactly once, or ends it. */
export interface RequestProcedures {
  pull(request: PullRequest): void
  /** Absent: pop requests are dropped with a warning. */
  pop?(request: PopRequest): void
}

/**
 * Takes message requests in the order they come, delayed ones when their time is there (reference: client-behaviour 4).
 *
 *   running ──stop()──► stopped: nothing is taken any more, and no timer is left
 */
export class PullService {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #procedures: RequestProcedures
  readonly #waiting: MessageRequest[] = []
  readonly #timers = new Set<Timer>()
  #draining = false
  #stopped = false

  constructor(clock: Clock, logger: Logger, procedures: RequestProcedures) {
    this.#clock = clock
    this.#logger = logger
    this.#procedures = procedures
  }

  submit(request: MessageRequest): void {
    if (this.#stopped) return
    this.#waiting.push(request)
    if (!this.#draining) this.#drain()
  }

  submitLater(request: MessageRequest, delayMs: number): void {
    this.later(delayMs, () => this.submit(request))
  }

  /** Runs once, unless the service is stopped before. */
  later(delayMs: number, run: () => void): void {
    if (this.#stopped) return
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(timer)
      run()
    })
    this.#timers.add(timer)
  }

  stop(): void {
    this.#stopped = true
    this.#waiting.length = 0
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
  }

  #drain(): void {
    this.#draining = true
    for (let request = this.#waiting.shift(); request; request = this.#waiting.shift()) this.#run(request)
    this.#draining = false
  }

  #run(request: MessageRequest): void {
    try {
      if (request.mode === 'PULL') this.#procedures.pull(request)
      else if (this.#procedures.pop) this.#procedures.pop(request)
      else this.#logger.warn(`the ${requestName(request)} is dropped: this consumer does not pop`)
    } catch (thrown) {
      this.#logger.error(`the ${requestName(request)} failed: ${errorText(thrown)}`)
    }
  }
}
