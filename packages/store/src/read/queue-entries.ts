import type { ConsumeQueue } from '../consume-queue/consume-queue.js'
import { unitBytes, unitPhysical, unitSize, unitTagsCode } from '../consume-queue/unit.js'
import type { UnitBlocks } from '../consume-queue/unit-blocks.js'
import type { QueueEntry } from '../contracts.js'

/** Entries of a queue from an offset on, wherever they lie; none outside of the queue. Rejects with IO_FAILED. */
export async function queueEntries(
  units: UnitBlocks,
  queue: ConsumeQueue,
  from: number,
  maxCount: number,
): Promise<QueueEntry[]> {
  const entries: QueueEntry[] = []
  if (from < queue.minOffset) return entries
  for (let offset = from; offset < queue.maxOffset && entries.length < maxCount; offset++) {
    entries.push(
      queue.inTail(offset) ? entryInMemory(queue, offset) : await entryOnDisk(units, queue, offset),
    )
  }
  return entries
}

const entryInMemory = (queue: ConsumeQueue, offset: number): QueueEntry => ({
  offset,
  physicalOffset: queue.physicalAt(offset),
  sizeBytes: queue.sizeAt(offset),
  tagsCode: queue.tagsCodeAt(offset),
})

async function entryOnDisk(units: UnitBlocks, queue: ConsumeQueue, offset: number): Promise<QueueEntry> {
  const { view, start } = units.find(queue, offset) ?? (await units.load(queue, offset))
  const at = (offset - start) * unitBytes
  return {
    offset,
    physicalOffset: unitPhysical(view, at),
    sizeBytes: unitSize(view, at),
    tagsCode: unitTagsCode(view, at),
  }
}
