import { errorText, isAerobeeError, type Logger, type QueueOffset } from '@aerobee/base'
import type { MessageStore } from '@aerobee/store'
import type { MessageRecord } from '@aerobee/wire'
import { recordsOf } from '../delivery/read-records.js'
import { halfTopic } from './half-message.js'
import type { HalfQueue } from './half-queue.js'

const batchBytes = 1024 * 1024

export interface ReadRecords {
  records: MessageRecord[]
  /** Where to go on; `end` when nothing is left. */
  next: QueueOffset
  /** The disk did not give the record at `from`; perhaps it does the next time. */
  failed: boolean
}

export interface ReadParts {
  store: MessageStore
  logger: Logger
}

/**
 * Records of a queue from `from` on, before `end`. Their bytes are a copy. One that cannot be read is passed over, so
 * that it holds up none behind it.
 */
export async function readRecords(
  parts: ReadParts,
  topic: string,
  queueId: number,
  from: QueueOffset,
  end: QueueOffset,
  maxCount: number,
): Promise<ReadRecords> {
  const count = Math.min(maxCount, end - from)
  try {
    return await readSome(parts.store, topic, queueId, from, end, count)
  } catch (thrown) {
    if (!isAerobeeError(thrown)) throw thrown
    if (count > 1) return readRecords(parts, topic, queueId, from, end, 1)
    parts.logger.error(`${topic} queue ${queueId} cannot be read at ${from}: ${errorText(thrown)}`)
    return { records: [], next: from + 1, failed: true }
  }
}

async function readSome(
  store: MessageStore,
  topic: string,
  queueId: number,
  from: QueueOffset,
  end: QueueOffset,
  maxCount: number,
): Promise<ReadRecords> {
  const read = await store.read({ topic, queueId, offset: from, maxCount, maxBytes: batchBytes })
  const { nextOffset } = read
  // Where there is nothing it goes on behind; at the end of the queue nothing is left.
  const next = nextOffset > from ? Math.min(nextOffset, end) : end
  return { records: recordsOf(read), next, failed: false }
}

/**
 * Halves from `from` on, which waits, up to the next that does not. `unreadable`: those before `next` that the log has
 * lost or that are damaged.
 */
export async function readHalves(
  parts: ReadParts,
  halves: HalfQueue,
  from: QueueOffset,
  end: QueueOffset,
  most: number,
): Promise<ReadRecords & { unreadable: QueueOffset[] }> {
  const { queueId } = halves
  const run = Math.max(1, halves.runLength(from, end, most))
  const read = await readRecords(parts, halfTopic, queueId, from, from + run, run)
  if (read.failed) return { ...read, unreadable: [] }
  const { records, next } = read
  const min = parts.store.minOffset(halfTopic, queueId)
  if (min > from) halves.lost(min)
  const readable = new Set(records.map(({ queueOffset }) => queueOffset))
  const unreadable: QueueOffset[] = []
  for (let offset = from; offset < next; offset++) if (!readable.has(offset)) unreadable.push(offset)
  return { ...read, unreadable }
}
