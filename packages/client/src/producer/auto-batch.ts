import type { Timer } from '@aerobee/base'
import { isRetryTopic } from '@aerobee/wire'
import { bodyBytes, type OutgoingMessage } from '../outgoing-message.js'
import { isDelayed } from './build-message.js'
import type { SendOptions, SendResult } from './options.js'
import type { Sender } from './sender.js'

interface Gathered {
  readonly messages: OutgoingMessage[]
  readonly waiting: { resolve(result: SendResult): void; reject(error: unknown): void }[]
  readonly options: SendOptions
  bytes: number
  timer: Timer | undefined
}

type SendBatch = (messages: readonly OutgoingMessage[], options: SendOptions) => Promise<SendResult[]>

/**
 * Gathers single sends into batches (reference: client-behaviour 2.6): those of one topic, queue, tag and waitStoreMsgOK go
 * together once their bodies reach batchMaxBytes, or the first has waited for batchMaxDelayMs.
 */
export class AutoBatch {
  readonly #sender: Sender
  readonly #sendBatch: SendBatch
  readonly #gathered = new Map<string, Gathered>()
  readonly #sending = new Set<Promise<void>>()
  #heldBytes = 0

  constructor(sender: Sender, sendBatch: SendBatch) {
    this.#sender = sender
    this.#sendBatch = sendBatch
  }

  /** Whether the message may wait for others. */
  takes(message: OutgoingMessage, { selector, signal, timeoutMs }: SendOptions): boolean {
    if (selector || signal || timeoutMs !== undefined || message.shardingKey !== undefined) return false
    if (isDelayed(message) || isRetryTopic(message.topic)) return false
    return this.#heldBytes < this.#sender.settings.totalBatchMaxBytes
  }

  /** Rejects at once with INVALID_ARGUMENT for a message that cannot be sent, so that it spoils no others. */
  send(message: OutgoingMessage, options: SendOptions): Promise<SendResult> {
    this.#sender.request(message)
    const { batchMaxBytes, batchMaxDelayMs } = this.#sender.settings
    const key = keyOf(message, options)
    let gathered = this.#gathered.get(key)
    if (!gathered) {
      gathered = { messages: [], waiting: [], options, bytes: 0, timer: undefined }
      this.#gathered.set(key, gathered)
      const { clock } = this.#sender.instance.surroundings
      gathered.timer = clock.after(batchMaxDelayMs, () => this.#flush(key))
    }
    const bytes = bodyBytes(message.body).length
    gathered.messages.push(message)
    gathered.bytes += bytes
    this.#heldBytes += bytes
    const { waiting } = gathered
    return new Promise((resolve, reject) => {
      waiting.push({ resolve, reject })
      if (gathered.bytes > batchMaxBytes) this.#flush(key)
    })
  }

  /** Sends what is gathered, and resolves when it was answered. */
  async close(): Promise<void> {
    for (const key of [...this.#gathered.keys()]) this.#flush(key)
    await Promise.all(this.#sending)
  }

  #flush(key: string): void {
    const gathered = this.#gathered.get(key)
    if (!gathered) return
    this.#gathered.delete(key)
    gathered.timer?.cancel()
    const sending = this.#send(gathered).finally(() => this.#sending.delete(sending))
    this.#sending.add(sending)
  }

  /** Does not reject. */
  async #send({ messages, waiting, options, bytes }: Gathered): Promise<void> {
    try {
      const results = await this.#sendBatch(messages, options)
      for (const [i, { resolve }] of waiting.entries()) resolve(results[i]!)
    } catch (thrown) {
      for (const { reject } of waiting) reject(thrown)
    } finally {
      this.#heldBytes -= bytes
    }
  }
}

function keyOf(message: OutgoingMessage, { queue }: SendOptions): string {
  const place = queue ? `${queue.brokerName}@${queue.queueId}` : ''
  return JSON.stringify([message.topic, place, message.waitStoreMsgOK ?? true, message.tags ?? ''])
}
