import type { ConsumeQueue } from '../consume-queue/consume-queue.js'
import type { QueueEntry } from '../contracts.js'
import type { OffsetSearch } from './offset-search.js'

/**
 * Entries of a queue, from the one that an offset belongs to, wherever they lie; none outside of the queue. Rejects with
 * IO_FAILED.
 */
export async function queueEntries(
  search: OffsetSearch,
  queue: ConsumeQueue,
  from: number,
  maxCount: number,
): Promise<QueueEntry[]> {
  const entries: QueueEntry[] = []
  if (from < queue.minOffset || from >= queue.maxOffset) return entries
  const first = await search.unitOf(queue, from)
  for (let unit = first; unit < queue.maxUnit && entries.length < maxCount; unit++) {
    const { offset, physical, size, tagsCode } = await search.entryOf(queue, unit)
    entries.push({ offset, physicalOffset: physical, sizeBytes: size, tagsCode })
  }
  return entries
}
