import type { ConsumeQueue } from '../consume-queue/consume-queue.js'
import type { AppendOutcome, AppendStatus } from '../contracts.js'

export interface LmqEntry {
  queue: ConsumeQueue
  offset: number
}

/** One record between its append and its answer; serves as the outcome itself. */
export class PendingAppend implements AppendOutcome {
  status: AppendStatus = 'PUT_OK'
  physicalOffset = -1
  queueOffset = -1
  storeTimestamp = -1
  storedBytes = -1
  physicalOffsets: number[] | undefined = undefined
  sizeBytes = 0
  tagsCode = 0
  /** Undefined for a record that no queue shows (a prepared or rolled back message). */
  queue: ConsumeQueue | undefined = undefined
  /** Messages in it. */
  count = 1
  /** Light message queues that show it too, and where. */
  lmq: readonly LmqEntry[] | undefined = undefined
  topic = ''
  uniqKey: string | undefined = undefined
  keys: string | undefined = undefined
  /** By key; not for rolled back messages. */
  indexed = true
  /** False: its answer does not wait for the flush. */
  waits = true
  /** Until when its answer may wait for the flush, monotonic ms. */
  deadlineMs = 0
  /** The first record of its batch, which carries the outcome of all; itself for a single message. */
  first: PendingAppend = this
  /** Of the last record of a batch only; undefined when answered. */
  done: ((outcome: AppendOutcome) => void) | undefined = undefined

  answer(status: AppendStatus): void {
    const { done } = this
    if (done === undefined) return
    this.done = undefined
    const { first } = this
    first.status = status
    if (status !== 'PUT_OK' && status !== 'FLUSH_DISK_TIMEOUT') first.#forgetPlace()
    done(first)
  }

  #forgetPlace(): void {
    this.physicalOffset = -1
    this.queueOffset = -1
    this.storeTimestamp = -1
    this.storedBytes = -1
    this.physicalOffsets = undefined
  }
}
