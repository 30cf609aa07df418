import type { OffsetSlot } from '../offsets/offset-table.js'
import type { ReceivedMessage } from '../received-message.js'
import type { MessageQueue } from '../route.js'

/** Messages of one pull, on their way to the user. */
export interface Batch {
  readonly queue: LiteQueue
  /** Those of an earlier epoch were overtaken by a seek. */
  readonly epoch: number
  messages: readonly ReceivedMessage[]
}

/** What is known of one queue while this consumer reads it. */
export class LiteQueue {
  readonly queue: MessageQueue
  readonly slot: OffsetSlot
  readonly stop = new AbortController()
  /** Ends the pull under way, for a seek. */
  pulling = new AbortController()
  dropped = false
  paused = false
  /** Where to go on pulling; undefined: where the group is. */
  nextOffset: number | undefined
  /** Counts seeks. */
  epoch = 0
  /** Offset behind what the user is done with; -1: nothing yet. */
  consumed = -1
  /** Offset behind what was handed out and may still be at work; -1: nothing. */
  handed = -1
  brokerId = 0
  /** Cached messages and bytes. */
  count = 0
  bytes = 0
  lastPullMonoMs: number
  #first: number[] = []
  #last = -1

  constructor(queue: MessageQueue, slot: OffsetSlot, nowMonoMs: number) {
    this.queue = queue
    this.slot = slot
    this.lastPullMonoMs = nowMonoMs
  }

  /** Last offset cached minus the first; 0 when there is none. */
  get span(): number {
    return this.count === 0 ? 0 : this.#last - this.#first[0]!
  }

  put(messages: readonly ReceivedMessage[]): Batch {
    this.#first.push(messages[0]!.queueOffset)
    this.#last = messages.at(-1)!.queueOffset
    this.count += messages.length
    for (const message of messages) this.bytes += message.bodyLength
    return { queue: this, epoch: this.epoch, messages }
  }

  /** The oldest batch leaves the cache. */
  take(batch: Batch): void {
    this.#first.shift()
    this.count -= batch.messages.length
    for (const message of batch.messages) this.bytes -= message.bodyLength
  }

  /** What was handed out is done with. */
  finishHanded(): void {
    if (this.handed > this.consumed) this.consumed = this.handed
    this.handed = -1
  }

  /** Goes on at another offset: all that is cached or was handed out counts for nothing. */
  seek(offset: number): void {
    this.epoch++
    this.nextOffset = offset
    this.consumed = offset
    this.handed = -1
    this.count = 0
    this.bytes = 0
    this.#first = []
    this.pulling.abort()
    this.pulling = new AbortController()
  }

  drop(): void {
    this.dropped = true
    this.stop.abort()
    this.pulling.abort()
  }
}
