import { AerobeeError, type Clock, type Timer } from '@aerobee/base'

interface Waiting {
  bytes: number
  go(): void
  fail(error: unknown): void
}

/** Bounds what is under way in count and bytes; who comes when it is full waits in turn. */
export class BackPressure {
  readonly #clock: Clock
  readonly #mostCount: number
  readonly #mostBytes: number
  readonly #waiting: Waiting[] = []
  #count = 0
  #bytes = 0

  constructor(clock: Clock, mostCount: number, mostBytes: number) {
    this.#clock = clock
    this.#mostCount = mostCount
    this.#mostBytes = mostBytes
  }

  /** At once, or not. */
  tryAcquire(bytes: number): boolean {
    if (this.#waiting.length > 0 || !this.#fits(bytes)) return false
    this.#take(bytes)
    return true
  }

  /** Rejects with TIMEOUT, with the signal's reason, and as close() says. */
  acquire(bytes: number, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.tryAcquire(bytes)) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const end = () => {
        timer.cancel()
        signal?.removeEventListener('abort', onAbort)
        const at = this.#waiting.indexOf(waiting)
        if (at >= 0) this.#waiting.splice(at, 1)
      }
      const waiting: Waiting = {
        bytes,
        go: () => {
          end()
          this.#take(bytes)
          resolve()
        },
        fail: (error) => {
          end()
          reject(error)
        },
      }
      const onAbort = () => waiting.fail(signal?.reason)
      const timer: Timer = this.#clock.after(timeoutMs, () => waiting.fail(this.#timeout(timeoutMs)))
      signal?.addEventListener('abort', onAbort, { once: true })
      if (signal?.aborted) return onAbort()
      this.#waiting.push(waiting)
    })
  }

  release(bytes: number): void {
    this.#count--
    this.#bytes -= bytes
    for (let next = this.#waiting[0]; next && this.#fits(next.bytes); next = this.#waiting[0]) next.go()
  }

  /** Who waits is told. */
  close(error: () => unknown): void {
    for (const waiting of [...this.#waiting]) waiting.fail(error())
  }

  /** One message that is larger than all that may be under way goes alone. */
  #fits(bytes: number): boolean {
    return this.#count < this.#mostCount && (this.#count === 0 || this.#bytes + bytes <= this.#mostBytes)
  }

  #take(bytes: number): void {
    this.#count++
    this.#bytes += bytes
  }

  #timeout(timeoutMs: number): AerobeeError {
    return new AerobeeError(
      'TIMEOUT',
      `send message tryAcquire semaphoreAsync${this.#count >= this.#mostCount ? 'Num' : 'Size'} timeout: ${this.#count} messages and ${this.#bytes} bytes were under way for ${timeoutMs} ms; send fewer at once`,
      { retryable: true },
    )
  }
}
