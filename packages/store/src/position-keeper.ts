import type { AtomicFile } from '@aerobee/base'
import { type Clock, errorText, type Logger, MiB, type Timer } from '@aerobee/base'
import type { Checkpoint, CheckpointValues } from './checkpoint.js'
import type { LogFlush } from './commit-log/log-flush.js'
import type { SegmentList } from './commit-log/segment-list.js'
import type { QueueFiles } from './consume-queue/queue-files.js'
import type { QueueTable } from './consume-queue/queue-table.js'
import type { QueueWriter } from './consume-queue/queue-writer.js'
import type { Dispatch } from './dispatch.js'
import type { MessageIndex } from './index-file/index.js'
import type { StoreOptions } from './options.js'
import { positionsText, type QueuePosition, type StorePositions } from './recovery/positions.js'

export interface PositionKeeperParts {
  options: StoreOptions
  clock: Clock
  logger: Logger
  segments: SegmentList
  flush: LogFlush
  dispatch: Dispatch
  queues: QueueTable
  queueWriter: QueueWriter
  queueFiles: QueueFiles
  index: MessageIndex | undefined
  /** Records that recovery passed over for good. */
  torn: ReadonlySet<number>
  /** `positions.json`. */
  file: AtomicFile
  checkpoint: Checkpoint
  checkpointValues: CheckpointValues
  /** As the store was found. */
  positions: StorePositions | undefined
}

/** So much of the log is read again after a crash at most, unless making queues durable takes too long. */
const bytesPerAdvance = 128 * MiB
const checkPeriodMs = 1000
/** Of the time, the share spent on it is at most one in so many. */
const restFactor = 10

/**
 * Moves the position on from which recovery starts: log durable, then queue entries durable, then `positions.json`,
 * then the checkpoint that RocketMQ reads.
 */
export class PositionKeeper {
  readonly #parts: PositionKeeperParts
  readonly #deletedTopics: Map<string, number>
  #checkpoint: CheckpointValues
  /** As in the file. */
  #last: StorePositions | undefined
  #advanced = false
  #unsavedDeletion = false
  /** An advance that has not begun yet. */
  #savingDeletions: Promise<void> | undefined
  #lastEndMs: number
  #lastDurationMs = 0
  #work: Promise<void> = Promise.resolve()
  #busy = false
  #gaveUp = false
  #timer: Timer | undefined

  constructor(parts: PositionKeeperParts) {
    this.#parts = parts
    this.#checkpoint = parts.checkpointValues
    this.#last = parts.positions
    this.#deletedTopics = new Map(parts.positions?.deletedTopics)
    this.#lastEndMs = parts.clock.monoMs()
  }

  start(): void {
    if (this.#last === undefined) void this.#begin()
    this.#timer = this.#parts.clock.every(checkPeriodMs, () => this.#tick(), { background: true })
  }

  /** At once: a crash before there are positions leaves recovery to what the files look like. The first regular one follows. */
  async #begin(): Promise<void> {
    await this.advance()
    this.#advanced = false
  }

  /** Moves on to the present end. Resolves to whether it did. */
  advance(): Promise<boolean> {
    return this.#enqueue(() => this.#advance())
  }

  /** The last advance; nothing changes afterwards. */
  async stop(): Promise<boolean> {
    this.#timer?.cancel()
    return this.advance()
  }

  /** Before segments below this offset are deleted. Rejects with IO_FAILED. */
  async noteLogStart(minPhysicalOffset: number): Promise<void> {
    await this.#enqueue(async () => {
      if (this.#last === undefined) return
      const positions = { ...this.#last, minPhysicalOffset }
      await this.#parts.file.save(positionsText(positions))
      this.#last = positions
    })
  }

  /** Records of the topic before this offset belong to nobody. */
  noteDeletedTopic(topic: string, physicalOffset: number): void {
    this.#deletedTopics.set(topic, physicalOffset)
    this.#unsavedDeletion = true
    this.#savingDeletions ??= this.#enqueue(async () => {
      // Those that come from now on are not among what this one saves.
      this.#savingDeletions = undefined
      await this.#advance()
    })
  }

  /** Resolves when the topics deleted until now are noted on disk, or when that failed and is tried again. */
  async deletionsSaved(): Promise<void> {
    await (this.#savingDeletions ?? this.#work)
  }

  #tick(): void {
    const { clock, dispatch, options } = this.#parts
    if (this.#busy || this.#gaveUp) return
    const behind = dispatch.position - (this.#last?.dispatched ?? 0)
    const restedMs = clock.monoMs() - this.#lastEndMs
    if (this.#unsavedDeletion) {
      if (restedMs >= this.#lastDurationMs * restFactor) void this.advance()
      return
    }
    if (this.#advanced && (behind === 0 || restedMs < this.#lastDurationMs * restFactor)) return
    const due = !this.#advanced || restedMs >= options.flushConsumeQueueThoroughInterval
    if (due || behind >= bytesPerAdvance) void this.advance()
  }

  #enqueue<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#work.then(run)
    this.#work = result.then(
      () => {},
      () => {},
    )
    return result
  }

  async #advance(): Promise<boolean> {
    if (this.#gaveUp) return false
    const { clock, logger } = this.#parts
    this.#busy = true
    const begunMs = clock.monoMs()
    const deletion = this.#unsavedDeletion
    this.#unsavedDeletion = false
    try {
      return await this.#makeDurable()
    } catch (thrown) {
      this.#unsavedDeletion ||= deletion
      logger.error(`Queue entries could not be made durable, recovery may take longer: ${errorText(thrown)}`)
      return false
    } finally {
      this.#busy = false
      this.#lastEndMs = clock.monoMs()
      this.#lastDurationMs = this.#lastEndMs - begunMs
    }
  }

  async #makeDurable(): Promise<boolean> {
    const { flush, dispatch, queueWriter, queueFiles, file, checkpoint } = this.#parts
    const positions = this.#snapshot()
    const checkpointNow = this.#checkpointAt(positions.dispatched)
    if (!(await flush.reach(positions.dispatched))) return false
    await queueWriter.writeAll()
    try {
      await queueFiles.sync()
    } catch (thrown) {
      // What a failed datasync lost cannot be told, nor asked for again.
      this.#gaveUp = true
      throw thrown
    }
    const saved = { ...positions, checkpoints: [checkpointNow, this.#checkpoint] }
    await file.save(positionsText(saved))
    this.#last = saved
    this.#advanced = true
    await checkpoint.save(checkpointNow)
    this.#checkpoint = checkpointNow
    for (const queue of this.#parts.queues.all()) if (!queue.dirty) queue.shrink()
    return dispatch.position === positions.dispatched
  }

  #snapshot(): StorePositions {
    const { segments, dispatch, queues, index } = this.#parts
    const table = new Map<string, Map<number, QueuePosition>>()
    for (const queue of queues.all()) {
      if (queue.maxOffset === 0) continue
      let ofTopic = table.get(queue.topic)
      if (!ofTopic) {
        ofTopic = new Map()
        table.set(queue.topic, ofTopic)
      }
      const { minOffset, maxOffset, minPhysical, maxPhysical } = queue
      const known = { minOffset, maxOffset, minPhysical, maxPhysical }
      const units = { min: queue.minUnit, max: queue.maxUnit }
      ofTopic.set(queue.queueId, queue.layout.batch ? { ...known, units } : known)
    }
    const minPhysicalOffset = segments.first?.base ?? 0
    for (const [topic, offset] of this.#deletedTopics) {
      if (offset <= minPhysicalOffset) this.#deletedTopics.delete(topic)
    }
    return {
      minPhysicalOffset,
      dispatched: dispatch.position,
      indexed: index !== undefined && !index.empty,
      checkpoints: [],
      deletedTopics: new Map(this.#deletedTopics),
      torn: [...this.#parts.torn].filter((offset) => offset >= minPhysicalOffset),
      queues: table,
    }
  }

  #checkpointAt(dispatched: number): CheckpointValues {
    const { dispatch, index } = this.#parts
    return {
      ...this.#checkpoint,
      physicMsgTimestamp: dispatch.lastStoreTime,
      logicsMsgTimestamp: dispatch.lastStoreTime,
      indexMsgTimestamp: index?.sealedTimestamp ?? this.#checkpoint.indexMsgTimestamp,
      confirmPhyOffset: dispatched,
    }
  }
}
