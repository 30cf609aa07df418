import type { ReceivedMessage } from '../received-message.js'
import { Abandoned } from './listeners.js'

interface Offered {
  message: ReceivedMessage
  finish(): void
  abandon(): void
}

/**
 * A consumer as something to iterate over. A message counts as consumed when the next one is asked for; the one that a
 * loop ends with does not, and is delivered again to whoever consumes then.
 */
export class MessageStream implements AsyncIterableIterator<ReceivedMessage> {
  readonly #offered: Offered[] = []
  readonly #asked: ((result: IteratorResult<ReceivedMessage>) => void)[] = []
  readonly #onReturn: () => Promise<void>
  #current: Offered | undefined
  #ended = false

  constructor(onReturn: () => Promise<void>) {
    this.#onReturn = onReturn
  }

  /** Listener's side: resolves when the message counts as consumed. Rejects with Abandoned when it never will. */
  offer(message: ReceivedMessage): Promise<void> {
    return new Promise((resolve, reject) => {
      const offered = { message, finish: resolve, abandon: () => reject(new Abandoned('the loop has ended')) }
      if (this.#ended) offered.abandon()
      else {
        this.#offered.push(offered)
        this.#hand()
      }
    })
  }

  next(): Promise<IteratorResult<ReceivedMessage>> {
    this.#current?.finish()
    this.#current = undefined
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => {
      this.#asked.push(resolve)
      this.#hand()
    })
  }

  /** The loop was left: closes the consumer. */
  async return(): Promise<IteratorResult<ReceivedMessage>> {
    this.end()
    await this.#onReturn()
    return { done: true, value: undefined }
  }

  /** The message in hand is left to others too. */
  end(): void {
    this.stop()
    this.#current?.abandon()
    this.#current = undefined
  }

  /** No message comes any more; those not asked for are left to others. */
  stop(): void {
    this.#ended = true
    for (const offered of this.#offered.splice(0)) offered.abandon()
    for (const resolve of this.#asked.splice(0)) resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #hand(): void {
    if (this.#offered.length === 0 || this.#asked.length === 0) return
    const offered = this.#offered.shift()!
    // Of several calls of next() at once each finishes the message before it.
    this.#current?.finish()
    this.#current = offered
    this.#asked.shift()!({ done: false, value: offered.message })
  }
}
