import { AerobeeError } from '@aerobee/base'
import { BatchQueue } from './batch-queue.js'
import type { ConsumeQueue } from './consume-queue.js'
import { SimpleQueue } from './simple-queue.js'
import type { QueueLayout } from './unit.js'

/** What may become the name of a directory; the broker's own checks are stricter. */
const topicPattern = /^[%|a-zA-Z0-9_-]{1,255}$/

export const isTopicDirectory = (name: string): boolean => topicPattern.test(name)

/** Whether the queues of a topic are of type BatchCQ; undefined for a topic that nobody knows. */
export type BatchTopicTest = (topic: string) => boolean | undefined

export interface QueueLayouts {
  simple: QueueLayout
  batch: QueueLayout
}

/** Every consume queue by topic and id. All queues of a topic are of one type. */
export class QueueTable {
  readonly layouts: QueueLayouts
  readonly #isBatch: BatchTopicTest
  readonly #topics = new Map<string, Map<number, ConsumeQueue>>()
  #lmqCount = 0

  constructor(layouts: QueueLayouts, isBatch: BatchTopicTest) {
    this.layouts = layouts
    this.#isBatch = isBatch
  }

  /** Light message queues that there are. */
  get lmqCount(): number {
    return this.#lmqCount
  }

  /** Of the queues that a topic has or would get; `found` tells where some lie when nobody knows the topic. */
  layoutOf(topic: string, found?: QueueLayout): QueueLayout {
    for (const queue of this.#topics.get(topic)?.values() ?? []) return queue.layout
    const { simple, batch } = this.layouts
    const isBatch = this.#isBatch(topic)
    if (isBatch === undefined) return found ?? simple
    return isBatch ? batch : simple
  }

  find(topic: string, queueId: number): ConsumeQueue | undefined {
    return this.#topics.get(topic)?.get(queueId)
  }

  /** `found` as in `layoutOf`. Throws INVALID_ARGUMENT for a topic that cannot be a directory, whoever asks. */
  findOrAdd(topic: string, queueId: number, found?: QueueLayout): ConsumeQueue {
    const known = this.find(topic, queueId)
    if (known) return known
    if (!isTopicDirectory(topic) || !Number.isInteger(queueId) || queueId < 0) {
      throw new AerobeeError(
        'INVALID_ARGUMENT',
        `${JSON.stringify(topic)} queue ${queueId} is no queue's name`,
      )
    }
    const layout = this.layoutOf(topic, found)
    let queues = this.#topics.get(topic)
    if (!queues) {
      queues = new Map()
      this.#topics.set(topic, queues)
    }
    const queue = layout.batch
      ? new BatchQueue(topic, queueId, layout)
      : new SimpleQueue(topic, queueId, layout)
    queues.set(queueId, queue)
    if (queue.lmq) this.#lmqCount += 1
    return queue
  }

  removeTopic(topic: string): void {
    for (const queue of this.#topics.get(topic)?.values() ?? []) this.remove(queue)
  }

  remove(queue: ConsumeQueue): void {
    queue.deleted = true
    const queues = this.#topics.get(queue.topic)
    if (queues?.delete(queue.queueId) && queue.lmq) this.#lmqCount -= 1
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
