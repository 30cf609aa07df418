import type { ReceivedMessage } from '../messages.js'

/**
 * What is known of one queue while this consumer holds it: messages that were pulled and are not finished. The offset
 * to commit is the lowest unfinished one, whatever order they finish in (reference: client-behaviour 5, 6.6).
 */
export class ProcessQueue {
  /** The queue is not ours any more: results of running listeners are ignored. */
  dropped = false
  /** Monotonic ms. */
  lastPullMonoMs: number
  #messages = new Map<number, ReceivedMessage>()
  #bytes = 0
  /** Offset behind the last message that was ever put. */
  #end: number | undefined

  constructor(nowMonoMs: number) {
    this.lastPullMonoMs = nowMonoMs
  }

  get count(): number {
    return this.#messages.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Last offset minus first one; 0 when empty. Messages are put in the order of their offsets. */
  get span(): number {
    const first = this.#first()
    return first === undefined || this.#end === undefined ? 0 : this.#end - 1 - first
  }

  put(messages: readonly ReceivedMessage[]): void {
    for (const message of messages) {
      if (this.#messages.has(message.queueOffset)) continue
      this.#messages.set(message.queueOffset, message)
      this.#bytes += message.body.length
      if (this.#end === undefined || message.queueOffset >= this.#end) this.#end = message.queueOffset + 1
    }
  }

  has(message: ReceivedMessage): boolean {
    return this.#messages.get(message.queueOffset) === message
  }

  /** Takes finished messages out. Returns the offset to commit; undefined when there was nothing. */
  remove(messages: readonly ReceivedMessage[]): number | undefined {
    if (this.#messages.size === 0) return undefined
    for (const message of messages)
      if (this.#messages.delete(message.queueOffset)) this.#bytes -= message.body.length
    return this.#first() ?? this.#end
  }

  clear(): void {
    this.#messages.clear()
    this.#bytes = 0
  }

  /** The lowest offset: put in order, and a Map keeps the order of insertion. */
  #first(): number | undefined {
    return this.#messages.keys().next().value
  }
}
