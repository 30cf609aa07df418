import type { QueueOffset } from '@aerobee/base'
import type { MessageStore } from '@aerobee/store'
import { decodeRecords, type MessageRecord } from '@aerobee/wire'
import { halfTopic } from './half-message.js'
import type { HalfQueue } from './half-queue.js'

const batchBytes = 1024 * 1024

export interface ReadRecords {
  records: MessageRecord[]
  /** Where to go on; `end` when nothing is left. */
  next: QueueOffset
}

/** Records of a queue from `from` on, before `end`. Their bytes are a copy. */
export async function readRecords(
  store: MessageStore,
  topic: string,
  queueId: number,
  from: QueueOffset,
  end: QueueOffset,
  maxCount: number,
): Promise<ReadRecords> {
  const count = Math.min(maxCount, end - from)
  const read = await store.read({ topic, queueId, offset: from, maxCount: count, maxBytes: batchBytes })
  const { status, records: found, nextOffset } = read
  if (status === 'FOUND' && found) {
    const bytes = Buffer.allocUnsafeSlow(found.sizeBytes)
    found.copyTo(bytes, 0)
    const decoded = decodeRecords(bytes)
    return { records: decoded.ok ? decoded.value : [], next: Math.min(nextOffset, end) }
  }
  // What cannot be read is passed over; at the end of the queue nothing is left.
  return { records: [], next: nextOffset > from ? Math.min(nextOffset, end) : end }
}

/**
 * Halves from `from` on, which waits, up to the next that does not. `unreadable`: those before `next` that the log has
 * lost or that are damaged.
 */
export async function readHalves(
  store: MessageStore,
  halves: HalfQueue,
  from: QueueOffset,
  end: QueueOffset,
  most: number,
): Promise<ReadRecords & { unreadable: QueueOffset[] }> {
  const { queueId } = halves
  const run = Math.max(1, halves.runLength(from, end, most))
  const { records, next } = await readRecords(store, halfTopic, queueId, from, from + run, run)
  const min = store.minOffset(halfTopic, queueId)
  if (min > from) halves.lost(min)
  const readable = new Set(records.map(({ queueOffset }) => queueOffset))
  const unreadable: QueueOffset[] = []
  for (let offset = from; offset < next; offset++) if (!readable.has(offset)) unreadable.push(offset)
  return { records, next, unreadable }
}
