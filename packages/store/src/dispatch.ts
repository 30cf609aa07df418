import type { QueueOffset } from '@aerobee/base'
import type { PendingAppend } from './commit-log/pending-append.js'
import type { ConsumeQueue } from './consume-queue/consume-queue.js'
import type { QueueWriter } from './consume-queue/queue-writer.js'
import type { MessageIndex } from './index-file/index.js'

export type ArrivalListener = (topic: string, queueId: number, maxOffset: QueueOffset) => void

/** Makes records visible: entries of queue and index, then word to whoever waits. */
export class Dispatch {
  /** Records before this offset have their entries. */
  position: number
  /** Of the newest of them, wall ms. */
  lastStoreTime: number
  readonly #queues: QueueWriter
  readonly #index: MessageIndex | undefined
  readonly #listeners: ArrivalListener[] = []
  #longer: ConsumeQueue[] = []

  constructor(queues: QueueWriter, index: MessageIndex | undefined, position: number, lastStoreTime: number) {
    this.#queues = queues
    this.#index = index
    this.position = position
    this.lastStoreTime = lastStoreTime
  }

  onArrival(listener: ArrivalListener): void {
    this.#listeners.push(listener)
  }

  publish(record: PendingAppend): void {
    const { queue, physicalOffset, sizeBytes } = record
    if (queue !== undefined) this.#toQueue(queue, record, record.queueOffset, record.count)
    if (record.lmq !== undefined) {
      for (const { queue: other, offset } of record.lmq) this.#toQueue(other, record, offset, 1)
    }
    if (record.indexed && this.#index !== undefined) {
      this.#index.put(record.topic, record.uniqKey, record.keys, physicalOffset, record.storeTimestamp)
    }
    this.position = physicalOffset + sizeBytes
    this.lastStoreTime = record.storeTimestamp
  }

  #toQueue(queue: ConsumeQueue, record: PendingAppend, offset: number, count: number): void {
    if (queue.deleted) return
    const { physicalOffset, sizeBytes, tagsCode, storeTimestamp } = record
    queue.push(physicalOffset, sizeBytes, tagsCode, storeTimestamp, offset, count)
    this.#queues.note(queue)
    if (queue.announced) return
    queue.announced = true
    this.#longer.push(queue)
  }

  /** Once per queue for all that was published since the last call. */
  announce(): void {
    const longer = this.#longer
    if (longer.length === 0) return
    this.#longer = []
    for (const queue of longer) {
      queue.announced = false
      for (const listener of this.#listeners) listener(queue.topic, queue.queueId, queue.maxOffset)
    }
  }
}
