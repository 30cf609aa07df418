import { type AtomicFile, type Logger, MiB } from '@aerobee/base'
import type { AbortMarker } from './abort-marker.js'
import type { Checkpoint, CheckpointValues } from './checkpoint.js'
import { CommitLog } from './commit-log/commit-log.js'
import type { SegmentList } from './commit-log/segment-list.js'
import type { QueueFiles } from './consume-queue/queue-files.js'
import type { QueueTable } from './consume-queue/queue-table.js'
import type { QueueWriter } from './consume-queue/queue-writer.js'
import type { RecordVisitor, StoreStatus } from './contracts.js'
import { Dispatch } from './dispatch.js'
import { type StoreEnvironment, type StorePaths, storeMemory } from './environment.js'
import type { MessageIndex } from './index-file/index.js'
import type { OpenFiles } from './open-files.js'
import { PositionKeeper } from './position-keeper.js'
import { StoreReader } from './read/store-reader.js'
import { fillIndexGaps } from './recovery/index-gaps.js'
import type { StorePositions } from './recovery/positions.js'
import type { Recovered } from './recovery/recover.js'
import { scanLog } from './recovery/scan.js'
import type { RetentionService } from './retention/service.js'
import type { StoreLock } from './store-lock.js'
import { makeRetention } from './store-retention.js'

export interface RunningStoreParts {
  environment: StoreEnvironment
  paths: StorePaths
  delayLevels: readonly number[]
  files: OpenFiles
  lock: StoreLock
  marker: AbortMarker
  checkpoint: Checkpoint
  checkpointValues: CheckpointValues
  positionsFile: AtomicFile
  positions: StorePositions | undefined
  segments: SegmentList
  queues: QueueTable
  queueFiles: QueueFiles
  queueWriter: QueueWriter
  index: MessageIndex | undefined
  recovered: Recovered
}

/** A recovered store at work: wires its parts together, starts and stops them in order. */
export class RunningStore {
  readonly parts: RunningStoreParts
  readonly log: CommitLog
  readonly dispatch: Dispatch
  readonly reader: StoreReader
  readonly keeper: PositionKeeper
  readonly retention: RetentionService
  readonly #logger: Logger
  readonly #bootTimestamp: number
  #fillingGaps: Promise<void> | undefined
  #stopped = false
  #diskFull: string | undefined

  constructor(parts: RunningStoreParts) {
    const { environment, index, queueWriter, recovered, checkpointValues } = parts
    const { options, clock, logger } = environment
    this.parts = parts
    this.#logger = logger
    this.#bootTimestamp = clock.wallMs()
    const memory = storeMemory(environment.memory, options)
    const lastStoreTime = recovered.lastStoreTime || checkpointValues.physicMsgTimestamp
    const dispatch = new Dispatch(queueWriter, index, recovered.end, lastStoreTime)
    this.dispatch = dispatch
    this.log = new CommitLog({
      ...parts,
      ...environment,
      cacheBytes: memory.logCacheBytes,
      end: recovered.end,
      durableEnd: recovered.durableEnd,
      refusal: () => this.#diskFull ?? queueWriter.refusal ?? index?.refusal,
      publish: (append) => dispatch.publish(append),
      announce: () => dispatch.announce(),
    })
    const { blocks, flush } = this.log
    const visibleEnd = () => dispatch.position
    this.reader = new StoreReader({ ...parts, options, clock, logger, memory, blocks, visibleEnd })
    this.keeper = new PositionKeeper({
      ...parts,
      options,
      clock,
      logger,
      flush,
      dispatch,
      torn: recovered.torn,
      file: parts.positionsFile,
    })
    this.retention = makeRetention(this)
  }

  /** Rejects with IO_FAILED when what was recovered cannot be made durable: then the directory is left as it is. */
  async start(): Promise<void> {
    const { queueWriter, index, environment, files, lock } = this.parts
    try {
      await this.log.start()
    } catch (thrown) {
      files.close()
      lock.release()
      throw thrown
    }
    queueWriter.start(environment.options.flushIntervalConsumeQueue)
    index?.start()
    this.keeper.start()
    this.retention.start()
    if (index) this.#fillingGaps = this.#fillIndexGaps(index)
  }

  /** Resolves when everything is on disk; the abort marker goes only then. */
  async stop(): Promise<void> {
    this.#stopped = true
    const { queueWriter, index, marker, checkpoint, files, lock } = this.parts
    await this.log.stop()
    await this.retention.stop()
    await this.#fillingGaps
    queueWriter.stop()
    await index?.stop()
    const complete = await this.keeper.stop()
    if (complete && this.log.broken === undefined) marker.clear()
    else this.#logger.warn('The store did not stop in order: the next start recovers it.')
    checkpoint.close()
    files.close()
    lock.release()
  }

  setDiskFull(reason: string | undefined): void {
    this.#diskFull = reason
  }

  /** The log keeps the records until retention takes them. */
  deleteTopic(topic: string): Promise<void> {
    const { queues, queueFiles } = this.parts
    if (!queues.hasTopic(topic)) return this.keeper.deletionsSaved()
    const layout = queues.layoutOf(topic)
    for (const queue of queues.of(topic)) this.reader.units.forget(queue)
    // What was sent to it belongs to it, and has its place in the log from now on.
    this.log.appends.write()
    queues.removeTopic(topic)
    this.keeper.noteDeletedTopic(topic, this.log.writtenEnd)
    queueFiles.removeTopic(topic, layout)
    return this.keeper.deletionsSaved()
  }

  makeDurable(): Promise<boolean> {
    return this.log.flush.reach(this.log.writtenEnd)
  }

  async scan(from: number, visit: RecordVisitor): Promise<void> {
    const { environment, segments } = this.parts
    const start = Math.max(from, segments.first?.base ?? 0)
    const end = this.log.writtenEnd
    if (start >= end) return
    await scanLog(
      {
        ...this.parts,
        appendedCrc: environment.options.enabledAppendPropCRC,
        sureEnd: Number.POSITIVE_INFINITY,
        torn: this.parts.recovered.torn,
        windowBytes: 1 * MiB,
        record: (window, at, shape) => visit(window.view, at, shape),
        damage: () => {},
      },
      start,
      end,
    )
  }

  status(): StoreStatus {
    const { log } = this
    return {
      minPhysicalOffset: log.segments.first?.base ?? 0,
      maxPhysicalOffset: log.writtenEnd,
      flushedOffset: log.flush.flushedOffset,
      dispatchBehindBytes: log.writtenEnd - this.dispatch.position,
      damagedRecords: this.parts.recovered.damages.length + this.reader.damaged,
      readOnlyReason: log.refusal(),
      bootTimestamp: this.#bootTimestamp,
      space: this.retention.space,
    }
  }

  #fillIndexGaps(index: MessageIndex): Promise<void> {
    const { environment } = this.parts
    const { options, logger } = environment
    const stopped = () => this.#stopped
    const { torn } = this.parts.recovered
    return fillIndexGaps({
      ...this.parts,
      torn,
      index,
      logger,
      appendedCrc: options.enabledAppendPropCRC,
      stopped,
    })
  }
}
