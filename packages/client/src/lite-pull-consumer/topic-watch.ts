import { errorText, type Timer } from '@aerobee/base'
import type { ClientInstance } from '../client-instance.js'
import { readableQueues } from '../rebalance/share.js'
import { type MessageQueue, queueKey } from '../route.js'

const firstMs = 10_000

export type QueueChangeListener = (topic: string, queues: readonly MessageQueue[]) => void

interface Watched {
  listener: QueueChangeListener
  known: string | undefined
}

/** Tells listeners when the queues of a topic are other ones; one listener for each topic. */
export class TopicWatch {
  readonly #instance: ClientInstance
  readonly #periodMs: number
  readonly #userQueue: (queue: MessageQueue) => MessageQueue
  readonly #watched = new Map<string, Watched>()
  #timer: Timer | undefined
  #stopped = false

  constructor(instance: ClientInstance, periodMs: number, userQueue: (queue: MessageQueue) => MessageQueue) {
    this.#instance = instance
    this.#periodMs = periodMs
    this.#userQueue = userQueue
  }

  topics(): Iterable<string> {
    return this.#watched.keys()
  }

  /** What is there now is no change. */
  watch(topic: string, listener: QueueChangeListener): void {
    const known = this.#instance.routes.knownForReading(topic)?.subscribeQueues
    this.#watched.set(topic, { listener, known: known && textOf(known) })
  }

  start(): void {
    this.#next(firstMs)
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  #next(delayMs: number): void {
    if (this.#stopped) return
    this.#timer = this.#instance.surroundings.clock.after(
      delayMs,
      () => void this.#look().then(() => this.#next(this.#periodMs)),
    )
  }

  /** Does not reject. */
  async #look(): Promise<void> {
    for (const [topic, watched] of this.#watched) {
      try {
        const queues = await readableQueues(this.#instance, topic)
        if (!queues || this.#stopped) continue
        const text = textOf(queues)
        const before = watched.known
        watched.known = text
        const own = queues.map((queue) => this.#userQueue(queue))
        if (before !== text)
          watched.listener(this.#userQueue({ topic, brokerName: '', queueId: 0 }).topic, own)
      } catch (thrown) {
        this.#instance.logger.warn(`looking at the queues of topic ${topic} failed: ${errorText(thrown)}`)
      }
    }
  }
}

const textOf = (queues: readonly MessageQueue[]): string => queues.map(queueKey).sort().join()
