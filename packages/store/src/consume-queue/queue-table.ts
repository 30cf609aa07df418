import { AerobeeError } from '@aerobee/base'
import { ConsumeQueue } from './consume-queue.js'

/** What may become the name of a directory; the broker's own checks are stricter. */
const topicPattern = /^[%|a-zA-Z0-9_-]{1,255}$/

export const isTopicDirectory = (name: string): boolean => topicPattern.test(name)

/** Every consume queue by topic and id. */
export class QueueTable {
  readonly #topics = new Map<string, Map<number, ConsumeQueue>>()

  find(topic: string, queueId: number): ConsumeQueue | undefined {
    return this.#topics.get(topic)?.get(queueId)
  }

  /** Throws INVALID_ARGUMENT for a topic that cannot be a directory, whoever asks. */
  findOrAdd(topic: string, queueId: number): ConsumeQueue {
    const found = this.find(topic, queueId)
    if (found) return found
    if (!isTopicDirectory(topic) || !Number.isInteger(queueId) || queueId < 0) {
      throw new AerobeeError(
        'INVALID_ARGUMENT',
        `${JSON.stringify(topic)} queue ${queueId} is no queue's name`,
      )
    }
    let queues = this.#topics.get(topic)
    if (!queues) {
      queues = new Map()
      this.#topics.set(topic, queues)
    }
    const queue = new ConsumeQueue(topic, queueId)
    queues.set(queueId, queue)
    return queue
  }

  removeTopic(topic: string): void {
    for (const queue of this.#topics.get(topic)?.values() ?? []) queue.deleted = true
    this.#topics.delete(topic)
  }

  remove(queue: ConsumeQueue): void {
    queue.deleted = true
    const queues = this.#topics.get(queue.topic)
    queues?.delete(queue.queueId)
    if (queues?.size === 0) this.#topics.delete(queue.topic)
  }

  hasTopic(topic: string): boolean {
    return this.#topics.has(topic)
  }

  of(topic: string): ConsumeQueue[] {
    return [...(this.#topics.get(topic)?.values() ?? [])]
  }

  *all(): IterableIterator<ConsumeQueue> {
    for (const queues of this.#topics.values()) yield* queues.values()
  }

  /** Topic -> ids of queues that ever held a message. */
  ids(): Map<string, readonly number[]> {
    const ids = new Map<string, readonly number[]>()
    for (const [topic, queues] of this.#topics) {
      const filled = [...queues.values()].filter((queue) => queue.maxOffset > 0)
      if (filled.length > 0)
        ids.set(
          topic,
          filled.map((queue) => queue.queueId).sort((a, b) => a - b),
        )
    }
    return ids
  }
}
