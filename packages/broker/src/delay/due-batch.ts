import type { QueueOffset, WallMs } from '@aerobee/base'
import type { MessageStore } from '@aerobee/store'
import { type MessageRecord, systemTopicNames } from '@aerobee/wire'
import { recordsOf } from '../delivery/read-records.js'

export interface DueBatch {
  records: readonly MessageRecord[]
  /** Behind the last one; entries without a record are passed over. */
  next: QueueOffset
  /** When the message at `next` is due; 0 when that is not known, infinite when there is none. */
  dueAt: WallMs
}

/** Of one turn of the event loop: delivering as many takes about 2 ms. */
const mostMessages = 256
const mostBytes = 1024 * 1024
const never = Number.POSITIVE_INFINITY

/** What waits at and behind `offset` of a level and is due at `now`, in order. Rejects with IO_FAILED. */
export async function dueBatch(
  store: MessageStore,
  { level, delayMs }: { level: number; delayMs: number },
  offset: QueueOffset,
  now: WallMs,
): Promise<DueBatch> {
  let dueAt = 0
  const outcome = await store.read({
    topic: systemTopicNames.schedule,
    queueId: level - 1,
    offset,
    maxCount: mostMessages,
    maxBytes: mostBytes,
    // Later than a message of now would be: the clock or the level was set back (reference: broker-behaviour 8.2).
    stopBefore: (code) => {
      if (code <= now || code > now + delayMs) return false
      dueAt = code
      return true
    },
  })
  const { status, nextOffset, maxOffset } = outcome
  if (
    status === 'NO_MATCHED_LOGIC_QUEUE' ||
    status === 'NO_MESSAGE_IN_QUEUE' ||
    status === 'OFFSET_OVERFLOW_ONE'
  )
    return { records: [], next: offset, dueAt: never }
  return {
    records: recordsOf(outcome),
    next: nextOffset,
    dueAt: dueAt === 0 && nextOffset >= maxOffset ? never : dueAt,
  }
}
