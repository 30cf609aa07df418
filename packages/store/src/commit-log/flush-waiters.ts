import type { Clock, Timer } from '@aerobee/base'
import type { PendingAppend } from './pending-append.js'

export interface FlushWaitersParts {
  clock: Clock
  /** `syncFlushTimeout`. */
  timeoutMs(): number
  /** The record is durable: readers may see it. In order of the log. */
  durable(append: PendingAppend): void
}

/**
 * With SYNC_FLUSH: what is written and not yet durable. A record whose answer was given meanwhile, since it does not
 * wait or waited too long, still becomes visible only when it is durable.
 */
export class FlushWaiters {
  readonly #parts: FlushWaitersParts
  #waiting: PendingAppend[] = []
  #head = 0
  #timer: Timer | undefined

  constructor(parts: FlushWaitersParts) {
    this.#parts = parts
  }

  get count(): number {
    return this.#waiting.length - this.#head
  }

  add(appends: readonly PendingAppend[]): void {
    const { clock, timeoutMs } = this.#parts
    const deadlineMs = clock.monoMs() + timeoutMs()
    for (const append of appends) {
      if (append.status !== 'PUT_OK') {
        append.answer(append.status)
        continue
      }
      append.deadlineMs = deadlineMs
      this.#waiting.push(append)
      if (!append.waits) append.answer('PUT_OK')
    }
    if (this.count > 0) this.#watch(timeoutMs())
  }

  /** The log is durable up to an offset. */
  flushed(offset: number): void {
    const waiting = this.#waiting
    const first = this.#head
    let end = first
    while (end < waiting.length && waiting[end]!.physicalOffset < offset) end += 1
    for (let i = first; i < end; i++) this.#parts.durable(waiting[i]!)
    this.#head = end
    for (let i = first; i < end; i++) waiting[i]!.answer('PUT_OK')
    if (end === waiting.length) {
      this.#waiting = []
      this.#head = 0
      this.#timer?.cancel()
      this.#timer = undefined
    } else if (end > 4096 && end * 2 > waiting.length) {
      this.#waiting = waiting.slice(end)
      this.#head = 0
    }
  }

  /** Nothing will become durable any more: nobody knows what the device holds of it. */
  giveUp(): void {
    this.#timer?.cancel()
    const waiting = this.#waiting.slice(this.#head)
    this.#waiting = []
    this.#head = 0
    for (const append of waiting) append.answer('FLUSH_DISK_TIMEOUT')
  }

  /** One timer for all, moved to the oldest that still waits for its answer. */
  #watch(delayMs: number): void {
    this.#timer ??= this.#parts.clock.after(delayMs, () => {
      this.#timer = undefined
      this.#expire()
    })
  }

  #expire(): void {
    const now = this.#parts.clock.monoMs()
    for (let i = this.#head; i < this.#waiting.length; i++) {
      const append = this.#waiting[i]!
      if (append.deadlineMs > now) {
        this.#watch(append.deadlineMs - now)
        return
      }
      append.answer('FLUSH_DISK_TIMEOUT')
    }
  }
}
