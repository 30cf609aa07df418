import type { ConsumeQueue } from './consume-queue/consume-queue.js'
import type { RunningStore } from './running-store.js'

/**
 * Takes the files of queues away that hold no message any more: retention keeps the last file of each. Such a queue
 * goes on at its offset, which `positions.json` remembers, since an offset names one message for ever. Resolves to
 * how many queues were emptied; `kept` names topics that are left alone. Rejects with IO_FAILED.
 */
export async function dropExpiredQueueFiles(
  store: RunningStore,
  kept: (topic: string) => boolean,
): Promise<number> {
  const { queues, queueFiles } = store.parts
  const expired = (queue: ConsumeQueue) => !kept(queue.topic) && isExpired(store, queue)
  if (![...queues.all()].some(expired)) return 0
  // The positions on disk know the end of each queue before its files go.
  if (!(await store.keeper.advance())) return 0
  let dropped = 0
  for (const queue of [...queues.all()]) {
    if (!expired(queue)) continue
    store.reader.units.forget(queue)
    queueFiles.removeQueue(queue)
    queue.continueAt(queue.maxUnit, queue.maxOffset)
    dropped += 1
  }
  return dropped
}

/** Every entry is for a record that was deleted, nothing is on its way in, and there are files. */
function isExpired({ log, parts }: RunningStore, queue: ConsumeQueue): boolean {
  const logStart = parts.segments.first?.base ?? log.writtenEnd
  const { minOffset, maxOffset, nextOffset, maxPhysical } = queue
  return (
    queue.filesEnd > queue.filesStart &&
    minOffset === maxOffset &&
    nextOffset === maxOffset &&
    queue.unwritten === 0 &&
    maxPhysical < logStart
  )
}
