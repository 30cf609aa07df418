import type { Logger } from '@aerobee/base'
import {
  type RecordShape,
  readQueueId,
  readQueueOffset,
  readSysFlag,
  systemFlags,
  transactionType,
  transactionTypes,
} from '@aerobee/wire'
import type { ConsumeQueue } from '../consume-queue/consume-queue.js'
import { isTopicDirectory, type QueueTable } from '../consume-queue/queue-table.js'
import type { QueueWriter } from '../consume-queue/queue-writer.js'
import type { MessageIndex } from '../index-file/index.js'
import { lmqQueueId } from '../multi-dispatch.js'
import type { LogWindow } from './log-window.js'
import { readEntry } from './read-entry.js'

export interface ReplayParts {
  queues: QueueTable
  writer: QueueWriter
  index: MessageIndex | undefined
  logger: Logger
  deletedTopics: ReadonlyMap<string, number>
  delayLevels: readonly number[]
  /** Whether light message queues get what was dispatched to them. */
  multiDispatch: boolean
  /** Drops a queue's entries at and beyond an offset, in memory and in files. */
  cut(queue: ConsumeQueue, offset: number): void
  /** Where the scan began, and the oldest record of the log. */
  scanFrom: number
  logStart: number
  /** Every entry for a record before `scanFrom` is there: what is missing behind it is lost. */
  complete: boolean
}

/** Entries that are missing need records from before `scanFrom`. */
export class GapFound extends Error {
  readonly scanFrom: number
  constructor(scanFrom: number) {
    super(`entries are missing that come from records at ${scanFrom} and later`)
    this.scanFrom = scanFrom
  }
}

/** More lost messages in a row than this are a damaged queue offset rather than a damaged log. */
const largestGap = 1_000_000

/** What a queue is to hold of a record. */
interface Place {
  offset: number
  count: number
  physical: number
  size: number
  tagsCode: number
  storeTime: number
}

/** Gives the records of the log to queues and index; what they have already is passed over. */
export class Replay {
  readonly #parts: ReplayParts
  /** Records that say to be older in their queue than the one before them. */
  readonly #doubtful = new Map<ConsumeQueue, Place>()
  records = 0
  lastStoreTime = 0

  constructor(parts: ReplayParts) {
    this.#parts = parts
  }

  /** A sound record at `at` of the window. Throws GapFound, IO_FAILED. */
  record(window: LogWindow, at: number, shape: RecordShape): void {
    const { queues, delayLevels, multiDispatch, index } = this.#parts
    const { view } = window
    const physical = window.start + at
    const entry = readEntry(window, at, shape, delayLevels)
    const { topic, storeTimestamp, tagsCode, uniqKey, keys } = entry
    const queueId = readQueueId(view, at)
    const queueOffset = readQueueOffset(view, at)
    this.records += 1
    const known = queues.find(topic, queueId)
    const possible = queueOffset >= 0 && queueId >= 0 && storeTimestamp >= 0
    if (!possible || (!known && !isTopicDirectory(topic))) {
      this.#parts.logger.warn(`The record at ${physical} is passed over: its topic, queue or time cannot be.`)
      return
    }
    this.lastStoreTime = storeTimestamp
    const sysFlag = readSysFlag(view, at)
    const type = transactionType(sysFlag)
    const shown = type === transactionTypes.none || type === transactionTypes.commit
    const place = { physical, size: shape.totalSize, tagsCode, storeTime: storeTimestamp }
    // What light message queues show outlives the topic that it was sent to.
    if (shown && multiDispatch) {
      for (const { topic: name, offset } of entry.lmq) this.#toLmq(name, { ...place, offset, count: 1 })
    }
    if (this.#isDeleted(topic, physical)) return
    if (shown) {
      const { simple, batch } = queues.layouts
      const found = (sysFlag & systemFlags.innerBatch) !== 0 ? batch : simple
      const queue = known ?? queues.findOrAdd(topic, queueId, found)
      this.#toQueue(queue, { ...place, offset: queueOffset, count: entry.count })
    }
    if (type !== transactionTypes.rollback) index?.put(topic, uniqKey, keys, physical, storeTimestamp)
  }

  /** Whether it belongs to a life of the topic that ended with its deletion. */
  #isDeleted(topic: string, physical: number): boolean {
    const { deletedTopics } = this.#parts
    return deletedTopics.size > 0 && physical < (deletedTopics.get(topic) ?? 0)
  }

  /** No more records come. */
  finish(): void {
    for (const [queue, doubtful] of this.#doubtful) {
      this.#doubtful.delete(queue)
      if (doubtful.offset === 0) this.#beginAgain(queue, doubtful)
      else this.#passOver(queue, doubtful)
    }
  }

  #toLmq(topic: string, place: Place): void {
    if (this.#isDeleted(topic, place.physical)) return
    this.#toQueue(this.#parts.queues.findOrAdd(topic, lmqQueueId), place)
  }

  #toQueue(queue: ConsumeQueue, place: Place): void {
    const { offset, physical } = place
    if (physical <= queue.maxPhysical) return
    const doubtful = this.#doubtful.get(queue)
    if (doubtful !== undefined) {
      if (physical <= doubtful.physical) return
      this.#doubtful.delete(queue)
      if (offset === doubtful.offset + doubtful.count) this.#beginAgain(queue, doubtful)
      else this.#passOver(queue, doubtful)
    }
    if (offset < queue.maxOffset) {
      this.#doubtful.set(queue, place)
      return
    }
    if (offset > queue.maxOffset && !this.#closeGap(queue, offset, physical)) return
    this.#push(queue, place)
  }

  /** Two records in a row agree: the topic was deleted and made again, and its later life counts. */
  #beginAgain(queue: ConsumeQueue, place: Place): void {
    const { offset, physical } = place
    this.#parts.logger.warn(
      `${nameOf(queue)} begins again at offset ${offset}, by the record at ${physical}.`,
    )
    this.#parts.cut(queue, offset)
    this.#push(queue, place)
  }

  /** One record alone disagrees with those around it. */
  #passOver(queue: ConsumeQueue, { offset, physical }: Place): void {
    this.#parts.logger.error(
      `The record at ${physical} is passed over: its offset ${offset} in ${nameOf(queue)} was taken before.`,
    )
  }

  #push(queue: ConsumeQueue, { physical, size, tagsCode, storeTime, offset, count }: Place): void {
    if (queue.empty) queue.restartAt(offset)
    queue.push(physical, size, tagsCode, storeTime, offset, count)
    queue.nextOffset = queue.maxOffset
    this.#parts.writer.note(queue)
  }

  /** False: the record is passed over. */
  #closeGap(queue: ConsumeQueue, offset: number, physical: number): boolean {
    const { scanFrom, logStart, complete, logger } = this.#parts
    const what = nameOf(queue)
    const empty = queue.maxPhysical < 0
    const needed = empty ? logStart : Math.max(logStart, queue.maxPhysical)
    if (!complete && scanFrom > needed) throw new GapFound(needed)
    if (empty && queue.empty) return true
    const count = offset - queue.maxOffset
    if (count > largestGap) {
      logger.error(
        `The record at ${physical} is passed over: it says to be ${count} beyond the end of ${what}.`,
      )
      return false
    }
    logger.error(`${count} messages of ${what} are lost, from offset ${queue.maxOffset} on.`)
    queue.skipTo(offset)
    return true
  }
}

const nameOf = (queue: ConsumeQueue) => `${queue.topic} queue ${queue.queueId}`
