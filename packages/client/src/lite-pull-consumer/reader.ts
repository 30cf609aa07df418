import { AerobeeError, type Clock, type MonoMs } from '@aerobee/base'
import { type OffsetTable, setOffset } from '../offsets/offset-table.js'
import type { ReceivedMessage } from '../received-message.js'
import type { MessageQueue } from '../route.js'
import type { BatchCache } from './batch-cache.js'
import type { LiteQueue } from './lite-queue.js'
import type { LiteQueues } from './lite-queues.js'
import type { LitePullSettings } from './options.js'

export interface PollOptions {
  /** Default pollTimeoutMillis. */
  timeoutMs?: number
  signal?: AbortSignal
}

export interface ReaderOptions {
  clock: Clock
  settings: LitePullSettings
  cache: BatchCache
  queues: LiteQueues
  offsets: OffsetTable
  running(): boolean
  /** Throws INVALID_ARGUMENT for a queue that is not this consumer's. */
  held(queue: MessageQueue): LiteQueue
}

/** Hands out what was pulled, and keeps count of what the user is done with. */
export class Reader {
  readonly #options: ReaderOptions
  #committedAtMs: MonoMs

  constructor(options: ReaderOptions) {
    this.#options = options
    this.#committedAtMs = options.clock.monoMs()
  }

  async poll({ timeoutMs, signal }: PollOptions): Promise<readonly ReceivedMessage[]> {
    if (timeoutMs !== undefined && timeoutMs < 0)
      throw new AerobeeError('INVALID_ARGUMENT', 'Timeout must not be negative')
    const { cache, settings } = this.#options
    this.#finishHanded()
    const batch = await cache.take(timeoutMs ?? settings.pollTimeoutMillis, signal)
    if (!batch) return []
    batch.queue.handed = batch.messages.at(-1)!.queueOffset + 1
    return batch.messages
  }

  async *batches(options: { signal?: AbortSignal }): AsyncGenerator<readonly ReceivedMessage[], void> {
    while (this.#options.running()) {
      const messages = await this.poll(options)
      if (messages.length > 0) yield messages
    }
  }

  async *messages({ signal }: { signal?: AbortSignal }): AsyncGenerator<ReceivedMessage, void> {
    const { cache, settings, running } = this.#options
    while (running()) {
      this.#finishHanded()
      const batch = await cache.take(settings.pollTimeoutMillis, signal)
      if (!batch) continue
      const { queue, epoch, messages } = batch
      for (const message of messages) {
        if (queue.dropped || queue.epoch !== epoch || !running()) break
        if (signal?.aborted) {
          this.seek(queue, message.queueOffset)
          throw signal.reason
        }
        queue.handed = message.queueOffset + 1
        let asked = false
        try {
          yield message
          asked = true
        } finally {
          // The loop was left: this message and those behind it are read again.
          if (!asked && queue.epoch === epoch) this.seek(queue, message.queueOffset)
        }
        this.#finishHanded()
      }
    }
  }

  seek(lite: LiteQueue, offset: number): void {
    if (lite.dropped) return
    lite.seek(offset)
    this.#options.cache.purge()
  }

  async commit(
    what: readonly MessageQueue[] | readonly (readonly [MessageQueue, number])[] | undefined,
  ): Promise<void> {
    const { queues, offsets, held } = this.#options
    queues.finishHanded()
    if (what === undefined) queues.commit()
    else
      for (const item of what) {
        const [queue, offset] = isPair(item) ? item : [item, undefined]
        const lite = held(queue)
        const committed = offset ?? lite.consumed
        if (committed >= 0) setOffset(lite.slot, committed)
      }
    await offsets.save()
  }

  /** The user comes back for more: what was handed out before is done with, and saved when it is time to. */
  #finishHanded(): void {
    const { queues, settings, clock } = this.#options
    queues.finishHanded()
    if (!settings.autoCommit) return
    const now = clock.monoMs()
    if (now - this.#committedAtMs < settings.autoCommitIntervalMillis) return
    this.#committedAtMs = now
    queues.commit()
  }
}

function isPair(
  item: MessageQueue | readonly [MessageQueue, number],
): item is readonly [MessageQueue, number] {
  return Array.isArray(item)
}
