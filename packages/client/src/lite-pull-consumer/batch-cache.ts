import type { Clock } from '@aerobee/base'
import type { Batch } from './lite-queue.js'

/** Batches between the pulls and poll(), in the order they came. */
export class BatchCache {
  readonly #clock: Clock
  #batches: Batch[] = []
  readonly #waiting: ((batch: Batch | undefined) => void)[] = []
  #closed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#batches.length
  }

  add(batch: Batch): void {
    this.#batches.push(batch)
    const waiting = this.#waiting.shift()
    if (waiting) waiting(this.#take())
  }

  /** Batches of queues that are gone, or were left by a seek, count no more. */
  purge(): void {
    this.#batches = this.#batches.filter(isValid)
  }

  /** undefined after the time. Rejects with the signal's reason. */
  take(timeoutMs: number, signal: AbortSignal | undefined): Promise<Batch | undefined> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    const batch = this.#take()
    if (batch || timeoutMs <= 0 || this.#closed) return Promise.resolve(batch)
    return new Promise((resolve, reject) => {
      const end = () => {
        timer.cancel()
        signal?.removeEventListener('abort', onAbort)
        const at = this.#waiting.indexOf(wake)
        if (at >= 0) this.#waiting.splice(at, 1)
      }
      const wake = (got: Batch | undefined) => {
        end()
        resolve(got)
      }
      const onAbort = () => {
        end()
        reject(signal?.reason)
      }
      const timer = this.#clock.after(timeoutMs, () => wake(undefined))
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(wake)
    })
  }

  /** Who waits gets nothing. */
  close(): void {
    this.#closed = true
    this.#batches = []
    for (const wake of [...this.#waiting]) wake(undefined)
  }

  #take(): Batch | undefined {
    for (let batch = this.#batches.shift(); batch; batch = this.#batches.shift()) {
      if (!isValid(batch)) continue
      batch.queue.take(batch)
      return batch
    }
    return undefined
  }
}

const isValid = ({ queue, epoch }: Batch): boolean => !queue.dropped && queue.epoch === epoch
