import { AerobeeError, errorText } from './errors.js'
import type { Logger } from './logger.js'

/**
 *   new ──start()──► starting ──► running ──stop()──► stopping ──► stopped
 *                        └─ a part fails: started parts stop in reverse ─► stopped
 * Parts start in order and stop in reverse order.
 */
export interface Part {
  name: string
  start?(): void | Promise<void>
  stop?(): void | Promise<void>
}

export type LifecycleState = 'new' | 'starting' | 'running' | 'stopping' | 'stopped'

export class Lifecycle {
  readonly #parts: readonly Part[]
  readonly #logger: Logger
  #state: LifecycleState = 'new'
  #started: Part[] = []
  #stopping: Promise<void> | undefined

  constructor(parts: readonly Part[], logger: Logger) {
    this.#parts = parts
    this.#logger = logger
  }

  get state(): LifecycleState {
    return this.#state
  }

  /** Rejects with the first part's failure, after the parts already started were stopped again. */
  async start(): Promise<void> {
    if (this.#state !== 'new') throw new AerobeeError('CLOSED', `start() in state ${this.#state}: start once`)
    this.#state = 'starting'
    for (const part of this.#parts) {
      try {
        await part.start?.()
        this.#started.push(part)
      } catch (thrown) {
        await this.stop()
        throw thrown
      }
    }
    if (this.#state === 'starting') this.#state = 'running'
  }

  /** Idempotent; a part that fails to stop is logged and does not keep the others from stopping. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopParts()
    return this.#stopping
  }

  async #stopParts(): Promise<void> {
    this.#state = 'stopping'
    for (const part of this.#started.reverse()) {
      try {
        await part.stop?.()
      } catch (thrown) {
        this.#logger.error(`stopping ${part.name} failed: ${errorText(thrown)}`)
      }
    }
    this.#state = 'stopped'
  }
}
