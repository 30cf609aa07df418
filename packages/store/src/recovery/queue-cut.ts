import type { ConsumeQueue } from '../consume-queue/consume-queue.js'
import type { QueueFiles } from '../consume-queue/queue-files.js'
import type { QueueTable } from '../consume-queue/queue-table.js'
import { isBlank } from '../consume-queue/unit.js'

/** Drops entries whose records lie at or beyond the end of the log. Throws IO_FAILED. */
export function trimQueues(queues: QueueTable, files: QueueFiles, logEnd: number): void {
  for (const queue of [...queues.all()]) {
    if (queue.maxPhysical < logEnd) continue
    let end = queue.maxOffset
    while (end > queue.minOffset) {
      const { physical, size } = entryOf(queue, files, end - 1)
      if (!isBlank(physical, size) && physical < logEnd) break
      end -= 1
    }
    files.cutQueue(queue, end)
    if (queue.maxOffset === 0) queues.remove(queue)
  }
}

function entryOf(queue: ConsumeQueue, files: QueueFiles, offset: number) {
  return queue.inTail(offset)
    ? { physical: queue.physicalAt(offset), size: queue.sizeAt(offset) }
    : files.entrySync(queue, offset)
}
