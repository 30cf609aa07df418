import type { OffsetSlot } from '../offsets/offset-table.js'
import type { ReceivedMessage } from '../received-message.js'
import type { MessageQueue } from '../route.js'

/** ms (reference: client-behaviour 5). */
const lockMaxLiveMs = 30_000
const pullMaxIdleMs = 120_000

/**
 * What is known of one queue while this consumer holds it: messages that were pulled and are not finished, ordered by
 * offset. The offset to commit is the lowest unfinished one, whatever order they finish in (reference: client-behaviour
 * 5, 6.6).
 *
 *   offsets   | 5 | 6 | 7 | 8 | 9 |      ascending
 *   messages  | . | . | m | . | m |      `.` finished, or taken by an orderly listener
 *                       ^ head           everything before is `.`
 */
export class ProcessQueue {
  readonly queue: MessageQueue
  /** Where the offset of the queue is gathered. */
  readonly slot: OffsetSlot
  /** The queue is not ours any more: results of running listeners are ignored. */
  dropped = false
  /** Monotonic ms. */
  lastPullMonoMs: number
  lastConsumeMonoMs: number
  /** Orderly: whether the broker gave this client the lock of the queue. */
  locked = false
  lastLockMonoMs: number
  /** How often letting go of the lock had to wait for a listener. */
  tryUnlockTimes = 0
  /** Settles when the orderly listener that runs now is done; undefined when none runs. */
  listening: Promise<void> | undefined
  /** Messages that the broker has behind the last one pulled. */
  behind = 0
  #offsets: number[] = []
  #messages: (ReceivedMessage | undefined)[] = []
  #head = 0
  #count = 0
  #bytes = 0
  /** Taken by an orderly listener and not committed yet. */
  #taken: ReceivedMessage[] = []
  #consuming = false
  /** Offset behind the last message that was ever put. */
  #end: number | undefined

  constructor(queue: MessageQueue, slot: OffsetSlot, nowMonoMs: number) {
    this.queue = queue
    this.slot = slot
    this.lastPullMonoMs = nowMonoMs
    this.lastConsumeMonoMs = nowMonoMs
    this.lastLockMonoMs = nowMonoMs
  }

  /** Unfinished messages, those of an orderly listener included. */
  get count(): number {
    return this.#count
  }

  /** Of their bodies. */
  get bytes(): number {
    return this.#bytes
  }

  get takenCount(): number {
    return this.#taken.length
  }

  get takenMinOffset(): number | undefined {
    return this.#taken[0]?.queueOffset
  }

  get takenMaxOffset(): number | undefined {
    return this.#taken.at(-1)?.queueOffset
  }

  /** Lowest offset that nobody has taken; undefined when there is none. */
  get minOffset(): number | undefined {
    return this.#offsets[this.#head]
  }

  /** Highest offset that nobody has taken; undefined when there is none. */
  get maxOffset(): number | undefined {
    for (let i = this.#offsets.length - 1; i >= this.#head; i--)
      if (this.#messages[i] !== undefined) return this.#offsets[i]
    return undefined
  }

  /** Last offset minus first one; 0 when empty. */
  get span(): number {
    const first = this.minOffset
    return first === undefined ? 0 : this.maxOffset! - first
  }

  /** Lowest message that nobody has taken. */
  get first(): ReceivedMessage | undefined {
    return this.#messages[this.#head]
  }

  lockExpired(nowMonoMs: number): boolean {
    return nowMonoMs - this.lastLockMonoMs > lockMaxLiveMs
  }

  pullExpired(nowMonoMs: number): boolean {
    return nowMonoMs - this.lastPullMonoMs > pullMaxIdleMs
  }

  /** Whether an orderly listener has to be set going: there are messages, and none is at work. */
  put(messages: readonly ReceivedMessage[]): boolean {
    for (const message of messages) {
      if (!this.#insert(message)) continue
      this.#count++
      this.#bytes += message.bodyLength
      if (this.#end === undefined || message.queueOffset >= this.#end) this.#end = message.queueOffset + 1
    }
    const last = messages.at(-1)
    if (last && last.maxOffset >= 0) this.behind = Math.max(0, last.maxOffset - last.queueOffset - 1)
    if (this.#consuming || this.#head >= this.#offsets.length) return false
    this.#consuming = true
    return true
  }

  has(message: ReceivedMessage): boolean {
    return this.#messages[this.#find(message.queueOffset)] === message
  }

  /** Takes finished messages out. Returns the offset to commit; undefined when there was nothing. */
  remove(messages: readonly ReceivedMessage[]): number | undefined {
    if (this.#count === 0) return undefined
    for (const message of messages) {
      const at = this.#find(message.queueOffset)
      if (at < 0 || this.#messages[at] === undefined) continue
      this.#messages[at] = undefined
      this.#count--
      this.#bytes -= message.bodyLength
    }
    this.#trim()
    return this.minOffset ?? this.#end
  }

  /** Orderly: the lowest `count` messages are the listener's now. None left: no listener is at work. */
  take(count: number): ReceivedMessage[] {
    const taken: ReceivedMessage[] = []
    for (let i = this.#head; i < this.#offsets.length && taken.length < count; i++) {
      const message = this.#messages[i]
      if (message === undefined) continue
      taken.push(message)
      this.#messages[i] = undefined
    }
    this.#trim()
    for (const message of taken) this.#taken.push(message)
    if (taken.length === 0) this.#consuming = false
    return taken
  }

  /** Orderly: all that was taken is finished. Returns the offset to commit; undefined when nothing was taken. */
  commit(): number | undefined {
    const last = this.#taken.at(-1)
    for (const message of this.#taken) this.#bytes -= message.bodyLength
    this.#count -= this.#taken.length
    this.#taken = []
    return last === undefined ? undefined : last.queueOffset + 1
  }

  /** Orderly: all that was taken goes back. */
  rollback(): void {
    for (const message of this.#taken) this.#insert(message)
    this.#taken = []
  }

  /** Orderly: these go back. */
  takeAgain(messages: readonly ReceivedMessage[]): void {
    const again = new Set(messages)
    this.#taken = this.#taken.filter((message) => !again.has(message))
    for (const message of messages) this.#insert(message)
  }

  clear(): void {
    this.#offsets = []
    this.#messages = []
    this.#head = 0
    this.#count = 0
    this.#bytes = 0
    this.#taken = []
    this.#consuming = false
  }

  /** False when the offset is there already. */
  #insert(message: ReceivedMessage): boolean {
    const offset = message.queueOffset
    const last = this.#offsets.length - 1
    if (last < 0 || offset > this.#offsets[last]!) {
      this.#offsets.push(offset)
      this.#messages.push(message)
      return true
    }
    const at = this.#lowerBound(offset)
    if (this.#offsets[at] === offset) {
      if (this.#messages[at] !== undefined) return false
      this.#messages[at] = message
    } else {
      this.#offsets.splice(at, 0, offset)
      this.#messages.splice(at, 0, message)
    }
    this.#head = Math.min(this.#head, at)
    return true
  }

  #find(offset: number): number {
    const at = this.#lowerBound(offset)
    return this.#offsets[at] === offset ? at : -1
  }

  /** First place whose offset is not below. */
  #lowerBound(offset: number): number {
    let low = 0
    let high = this.#offsets.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#offsets[middle]! < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  #trim(): void {
    const length = this.#offsets.length
    while (this.#head < length && this.#messages[this.#head] === undefined) this.#head++
    if (this.#head === length) {
      this.#offsets = []
      this.#messages = []
      this.#head = 0
    } else if (this.#head > 1024 && this.#head * 2 > length) {
      this.#offsets.splice(0, this.#head)
      this.#messages.splice(0, this.#head)
      this.#head = 0
    }
  }
}
