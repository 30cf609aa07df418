import type { AtomicFile } from '@aerobee/base'
import { AerobeeError, type Clock, errorText, type Logger, type Timer } from '@aerobee/base'
import type { AbortMarker } from './abort-marker.js'
import type { Checkpoint, CheckpointValues } from './checkpoint.js'
import { Appends } from './commit-log/appends.js'
import { FlushWaiters } from './commit-log/flush-waiters.js'
import { LogBlocks } from './commit-log/log-blocks.js'
import { LogFlush } from './commit-log/log-flush.js'
import { LogWriter } from './commit-log/log-writer.js'
import type { PendingAppend } from './commit-log/pending-append.js'
import type { SegmentList } from './commit-log/segment-list.js'
import type { QueueFiles } from './consume-queue/queue-files.js'
import type { QueueTable } from './consume-queue/queue-table.js'
import type { QueueWriter } from './consume-queue/queue-writer.js'
import type { StoreStatus } from './contracts.js'
import { Dispatch } from './dispatch.js'
import { type StoreEnvironment, type StorePaths, storeMemory } from './environment.js'
import type { MessageIndex } from './index-file/index.js'
import type { OpenFiles } from './open-files.js'
import { logBlockBytes, type StoreMemory } from './options.js'
import { PositionKeeper } from './position-keeper.js'
import { StoreReader } from './read/store-reader.js'
import { fillIndexGaps } from './recovery/index-gaps.js'
import type { StorePositions } from './recovery/positions.js'
import type { Recovered } from './recovery/recover.js'
import type { RetentionService } from './retention/service.js'
import type { StoreLock } from './store-lock.js'
import { makeRetention } from './store-retention.js'

export interface RunningStoreParts {
  environment: StoreEnvironment
  paths: StorePaths
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

const pageBytes = 4096
/** After a segment was begun, the next one is made. */
const prepareDelayMs = 50

/** A recovered store at work: wires the parts together and holds what switches it to read-only. */
export class RunningStore {
  readonly parts: RunningStoreParts
  readonly memory: StoreMemory
  readonly blocks: LogBlocks
  readonly writer: LogWriter
  readonly appends: Appends
  readonly flush: LogFlush
  readonly dispatch: Dispatch
  readonly reader: StoreReader
  readonly keeper: PositionKeeper
  readonly retention: RetentionService
  readonly bootTimestamp: number
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #waiters: FlushWaiters
  readonly #sync: boolean
  #flushTimer: Timer | undefined
  #lastThoroughMs: number
  #preparedFor = -1
  #fillingGaps: Promise<void> | undefined
  #stopped = false
  #broken: string | undefined
  #diskFull: string | undefined

  constructor(parts: RunningStoreParts) {
    const { environment, segments, files, queues, queueFiles, queueWriter, index, recovered } = parts
    const { options, clock, logger } = environment
    this.parts = parts
    this.#clock = clock
    this.#logger = logger
    this.#sync = options.flushDiskType === 'SYNC_FLUSH'
    this.memory = storeMemory(environment.memory, options)
    this.bootTimestamp = clock.wallMs()
    this.#lastThoroughMs = clock.monoMs()
    const blockBytes = Math.min(logBlockBytes, segments.segmentBytes)
    const limits = { blockBytes, cacheBytes: this.memory.logCacheBytes }
    this.blocks = new LogBlocks(segments, files, limits)
    const appendCrc = options.enabledAppendPropCRC
    this.writer = new LogWriter({ segments, blocks: this.blocks, files, appendCrc }, recovered.end)
    const lastStoreTime = recovered.lastStoreTime || parts.checkpointValues.physicMsgTimestamp
    this.dispatch = new Dispatch(queueWriter, index, recovered.end, lastStoreTime)
    this.#waiters = new FlushWaiters({
      clock,
      timeoutMs: () => options.syncFlushTimeout,
      durable: (append) => this.dispatch.publish(append),
    })
    this.flush = new LogFlush(
      {
        segments,
        files,
        flushed: (offset) => this.#flushed(offset),
        failed: (thrown) => this.#break('A datasync of the commit log failed', thrown),
      },
      recovered.durableEnd,
    )
    this.appends = new Appends({
      options,
      clock,
      logger,
      queues,
      writer: this.writer,
      refusal: () => this.refusal(),
      written: (appends) => this.#written(appends),
      broken: (thrown) => this.#break('A write to the commit log failed', thrown),
    })
    this.reader = new StoreReader({
      options,
      memory: this.memory,
      logger,
      segments,
      blocks: this.blocks,
      files,
      queues,
      queueFiles,
      visibleEnd: () => this.dispatch.position,
    })
    this.keeper = new PositionKeeper({
      options,
      clock,
      logger,
      segments,
      flush: this.flush,
      dispatch: this.dispatch,
      queues,
      queueWriter,
      queueFiles,
      index,
      file: parts.positionsFile,
      checkpoint: parts.checkpoint,
      checkpointValues: parts.checkpointValues,
      positions: parts.positions,
    })
    this.retention = makeRetention(this)
  }

  /** Rejects with IO_FAILED when what was recovered cannot be made durable: nobody may see it then. */
  async start(): Promise<void> {
    this.flush.request(this.writer.writtenEnd)
    await this.flush.settled()
    if (this.flush.broken) throw new AerobeeError('IO_FAILED', this.#broken!)
    const { queueWriter, index, environment } = this.parts
    const { options } = environment
    const period = options.flushIntervalCommitLog
    this.#flushTimer = this.#clock.every(period, () => this.#flushInterval(), { background: true })
    queueWriter.start(options.flushIntervalConsumeQueue)
    index?.start()
    this.keeper.start()
    this.retention.start()
    if (index) this.#fillingGaps = this.#fillIndexGaps(index)
  }

  /** Lets go of the directory, as it is. */
  abandon(): void {
    this.parts.files.close()
    this.parts.lock.release()
  }

  /** Resolves when everything is on disk; the abort marker goes only then. */
  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    const { queueWriter, index, marker, checkpoint, files, lock } = this.parts
    this.#flushTimer?.cancel()
    await this.retention.stop()
    await this.#fillingGaps
    this.appends.write()
    this.flush.request(this.writer.writtenEnd)
    await this.flush.settled()
    queueWriter.stop()
    await index?.stop()
    const complete = await this.keeper.stop()
    if (complete && this.#broken === undefined) marker.clear()
    else this.#logger.warn('The store did not stop in order: the next start recovers it.')
    checkpoint.close()
    files.close()
    lock.release()
  }

  /** Why no message is taken now. */
  refusal(): string | undefined {
    if (this.#stopped) return 'the store is stopped'
    return (
      this.#broken ??
      this.#diskFull ??
      this.parts.queueWriter.refusal ??
      this.parts.index?.refusal ??
      undefined
    )
  }

  setDiskFull(reason: string | undefined): void {
    this.#diskFull = reason
  }

  /** The log keeps the records until retention takes them. */
  deleteTopic(topic: string): void {
    const { queues, queueFiles } = this.parts
    if (!queues.hasTopic(topic)) return
    for (const queue of queues.of(topic)) this.reader.units.forget(queue)
    queues.removeTopic(topic)
    queueFiles.removeTopic(topic)
    this.keeper.noteDeletedTopic(topic, this.writer.end)
  }

  status(): StoreStatus {
    const { segments } = this.parts
    return {
      minPhysicalOffset: segments.first?.base ?? 0,
      maxPhysicalOffset: this.writer.writtenEnd,
      flushedOffset: this.flush.flushedOffset,
      dispatchBehindBytes: this.writer.writtenEnd - this.dispatch.position,
      damagedRecords: this.parts.recovered.damages.length + this.reader.damaged,
      readOnlyReason: this.refusal(),
      bootTimestamp: this.bootTimestamp,
      space: this.retention.space,
    }
  }

  #written(appends: readonly PendingAppend[]): void {
    this.#prepareSegment()
    if (this.#sync) {
      this.#waiters.add(appends)
      this.flush.request(this.writer.writtenEnd)
      return
    }
    for (const append of appends) if (append.status === 'PUT_OK') this.dispatch.publish(append)
    for (const append of appends) append.answer(append.status)
    this.dispatch.announce()
  }

  #flushed(offset: number): void {
    if (!this.#sync) return
    this.#waiters.flushed(offset)
    this.dispatch.announce()
  }

  #flushInterval(): void {
    const { flushCommitLogLeastPages, flushCommitLogThoroughInterval } = this.parts.environment.options
    const behind = this.writer.writtenEnd - this.flush.flushedOffset
    if (behind === 0) return
    const now = this.#clock.monoMs()
    const thorough = now - this.#lastThoroughMs >= flushCommitLogThoroughInterval
    if (!thorough && behind < flushCommitLogLeastPages * pageBytes) return
    if (thorough) this.#lastThoroughMs = now
    this.flush.request(this.writer.writtenEnd)
  }

  /** The segment after the one that takes appends is made before it is needed. */
  #prepareSegment(): void {
    const { segments } = this.parts
    const { last } = segments
    if (last === undefined || last.base === this.#preparedFor || this.writer.writtenEnd < last.base) return
    this.#preparedFor = last.base
    this.#clock.after(
      prepareDelayMs,
      () => {
        if (!this.#stopped && this.#broken === undefined) segments.prepareAfter(last.base)
      },
      { background: true },
    )
  }

  #fillIndexGaps(index: MessageIndex): Promise<void> {
    const { segments, files, environment } = this.parts
    const appendedCrc = environment.options.enabledAppendPropCRC
    const stopped = () => this.#stopped
    return fillIndexGaps({ index, segments, files, logger: this.#logger, appendedCrc, stopped })
  }

  /** For ever: only a new start looks at what the device holds. */
  #break(what: string, thrown: unknown): void {
    if (this.#broken === undefined) {
      this.#logger.error(
        `${what}: no more messages are taken. Check the disk, then start again. ${errorText(thrown)}`,
      )
      this.#broken = `${what}: ${errorText(thrown)}`
    }
    this.#waiters.giveUp()
  }
}
