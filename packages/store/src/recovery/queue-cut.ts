import type { ConsumeQueue } from '../consume-queue/consume-queue.js'
import type { QueueFiles } from '../consume-queue/queue-files.js'
import type { QueueTable } from '../consume-queue/queue-table.js'
import { isBlank } from '../consume-queue/unit.js'

/** Drops entries whose records lie at or beyond the end of the log. Throws IO_FAILED. */
export function trimQueues(queues: QueueTable, files: QueueFiles, logEnd: number): void {
  for (const queue of [...queues.all()]) {
    if (queue.maxPhysical < logEnd) continue
    let end = queue.maxUnit
    while (end > queue.minUnit) {
      const { physical, size } = entryOf(queue, files, end - 1)
      if (!isBlank(physical, size) && physical < logEnd) break
      end -= 1
    }
    files.cutQueue(queue, end)
    if (queue.maxOffset === 0) queues.remove(queue)
  }
}

/** Drops the entries from an offset on. Throws IO_FAILED. */
export function cutAt(files: QueueFiles, queue: ConsumeQueue, offset: number): void {
  const nothingBefore = queue.layout.batch && offset <= queue.minOffset
  files.cutQueue(queue, nothingBefore ? 0 : files.unitOfSync(queue, offset))
}

const entryOf = (queue: ConsumeQueue, files: QueueFiles, unit: number) =>
  queue.inTail(unit) ? queue.entryAt(unit) : files.entrySync(queue, unit)
