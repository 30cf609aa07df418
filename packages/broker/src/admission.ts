import { failure, type Reply } from '@aerobee/net'
import { responseCodes } from '@aerobee/wire'

export interface AdmissionLimits {
  sendThreadPoolQueueCapacity: number
  pullThreadPoolQueueCapacity: number
}

/** Bytes of bodies that may wait for the disk at once: what a gigabyte link brings in a second. */
const waitingBytesLimit = 128 * 1024 * 1024

/**
 * How much work may be under way (reference: broker-behaviour 3.7). Nothing waits for a thread here, so the only
 * queue is that of sends which the store has not answered yet. A refusal says what was full.
 */
export class Admission {
  readonly #limits: AdmissionLimits
  #sends = 0
  #sendBytes = 0

  constructor(limits: AdmissionLimits) {
    this.#limits = limits
  }

  get sendsUnderWay(): number {
    return this.#sends
  }

  /** undefined: admitted, and the caller says sendDone() once. */
  admitSend(bytes: number): Reply | undefined {
    const capacity = this.#limits.sendThreadPoolQueueCapacity
    if (this.#sends >= capacity) return overload(`${this.#sends} sends wait for the disk, limit ${capacity}`)
    if (this.#sendBytes + bytes > waitingBytesLimit && this.#sends > 0)
      return overload(`${this.#sendBytes} bytes of sends wait for the disk, limit ${waitingBytesLimit}`)
    this.#sends++
    this.#sendBytes += bytes
    return undefined
  }

  sendDone(bytes: number): void {
    this.#sends--
    this.#sendBytes -= bytes
  }

  /** `held`: pulls that wait for messages now. */
  admitPull(held: number): Reply | undefined {
    const capacity = this.#limits.pullThreadPoolQueueCapacity
    return held < capacity ? undefined : overload(`${held} pulls are held, limit ${capacity}`)
  }
}

export const overload = (reason: string): Reply =>
  failure(responseCodes.SYSTEM_BUSY, `[OVERLOAD]system busy, start flow control for a while: ${reason}`)
