import { AerobeeError, type Clock, errorText, type Logger, type Timer } from '@aerobee/base'
import type { QueueTable } from '../consume-queue/queue-table.js'
import type { OpenFiles } from '../open-files.js'
import { logBlockBytes, type StoreOptions } from '../options.js'
import { Appends } from './appends.js'
import { FlushWaiters } from './flush-waiters.js'
import { LogBlocks } from './log-blocks.js'
import { LogFlush } from './log-flush.js'
import { LogWriter } from './log-writer.js'
import type { PendingAppend } from './pending-append.js'
import type { SegmentList } from './segment-list.js'

export interface CommitLogParts {
  options: StoreOptions
  clock: Clock
  logger: Logger
  files: OpenFiles
  segments: SegmentList
  queues: QueueTable
  /** Of all blocks in memory. */
  cacheBytes: number
  /** Where the log goes on, and what lies before and is durable for certain. */
  end: number
  durableEnd: number
  /** Why the store takes nothing now, for reasons outside the log. */
  refusal(): string | undefined
  /** The record may be seen now: in order of the log. */
  publish(append: PendingAppend): void
  /** All that was published meanwhile is answered. */
  announce(): void
}

const pageBytes = 4096
/** After a segment was begun, the next one is made. */
const prepareDelayMs = 50

/**
 * The commit log of a running store:
 *
 *   append ─► written, at the end of the turn ─┬─ ASYNC_FLUSH ─► published, answered ┄► flushed some time later
 *                                              └─ SYNC_FLUSH ──► flushed ─► published, answered
 */
export class CommitLog {
  readonly segments: SegmentList
  readonly blocks: LogBlocks
  readonly appends: Appends
  readonly flush: LogFlush
  readonly #parts: CommitLogParts
  readonly #writer: LogWriter
  readonly #waiters: FlushWaiters
  readonly #sync: boolean
  #flushTimer: Timer | undefined
  #lastThoroughMs: number
  #preparedFor = -1
  #stopped = false
  #broken: string | undefined

  constructor(parts: CommitLogParts) {
    const { options, clock, logger, files, segments, queues, publish } = parts
    this.#parts = parts
    this.segments = segments
    this.#sync = options.flushDiskType === 'SYNC_FLUSH'
    this.#lastThoroughMs = clock.monoMs()
    const blockBytes = Math.min(logBlockBytes, segments.segmentBytes)
    this.blocks = new LogBlocks(segments, files, { blockBytes, cacheBytes: parts.cacheBytes })
    const appendCrc = options.enabledAppendPropCRC
    this.#writer = new LogWriter({ segments, blocks: this.blocks, files, appendCrc }, parts.end)
    const timeoutMs = () => options.syncFlushTimeout
    this.#waiters = new FlushWaiters({ clock, timeoutMs, durable: publish })
    const flushed = (offset: number) => this.#flushed(offset)
    const failed = (thrown: unknown) => this.#break('A datasync of the commit log failed', thrown)
    this.flush = new LogFlush({ segments, files, flushed, failed }, parts.durableEnd)
    this.appends = new Appends({
      options,
      clock,
      logger,
      queues,
      writer: this.#writer,
      refusal: () => this.refusal(),
      written: (appends) => this.#written(appends),
      broken: (thrown) => this.#break('A write to the commit log failed', thrown),
    })
  }

  /** Behind the last record that is in the files. */
  get writtenEnd(): number {
    return this.#writer.writtenEnd
  }

  /** Behind the last record that was taken. */
  get end(): number {
    return this.#writer.end
  }

  /** Why it takes nothing any more, until the next start. */
  get broken(): string | undefined {
    return this.#broken
  }

  /** Why nothing is taken now. */
  refusal(): string | undefined {
    if (this.#stopped) return 'the store is stopped'
    return this.#broken ?? this.#parts.refusal()
  }

  /** Rejects with IO_FAILED when what was recovered cannot be made durable: nobody may see it then. */
  async start(): Promise<void> {
    const { clock, options } = this.#parts
    this.flush.request(this.writtenEnd)
    await this.flush.settled()
    if (this.#broken !== undefined) throw new AerobeeError('IO_FAILED', this.#broken)
    const period = options.flushIntervalCommitLog
    this.#flushTimer = clock.every(period, () => this.#flushInterval(), { background: true })
  }

  /** Nothing more is taken; resolves when what was is durable, or never will be. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#flushTimer?.cancel()
    this.appends.write()
    this.flush.request(this.writtenEnd)
    await this.flush.settled()
  }

  #written(appends: readonly PendingAppend[]): void {
    this.#prepareSegment()
    if (this.#sync) {
      this.#waiters.add(appends)
      this.flush.request(this.writtenEnd)
      return
    }
    const { publish, announce } = this.#parts
    for (const append of appends) if (append.status === 'PUT_OK') publish(append)
    for (const append of appends) append.answer(append.status)
    announce()
  }

  #flushed(offset: number): void {
    if (!this.#sync) return
    this.#waiters.flushed(offset)
    this.#parts.announce()
  }

  #flushInterval(): void {
    const { options, clock } = this.#parts
    const behind = this.writtenEnd - this.flush.flushedOffset
    if (behind === 0) return
    const now = clock.monoMs()
    const thorough = now - this.#lastThoroughMs >= options.flushCommitLogThoroughInterval
    if (!thorough && behind < options.flushCommitLogLeastPages * pageBytes) return
    if (thorough) this.#lastThoroughMs = now
    this.flush.request(this.writtenEnd)
  }

  /** The segment after the one that takes appends is made before it is needed. */
  #prepareSegment(): void {
    const { segments } = this
    const { last } = segments
    if (last === undefined || last.base === this.#preparedFor || this.writtenEnd < last.base) return
    this.#preparedFor = last.base
    const prepare = () => {
      if (!this.#stopped && this.#broken === undefined) segments.prepareAfter(last.base)
    }
    this.#parts.clock.after(prepareDelayMs, prepare, { background: true })
  }

  /** For ever: only a new start looks at what the device holds. */
  #break(what: string, thrown: unknown): void {
    if (this.#broken === undefined) {
      const text = errorText(thrown)
      this.#parts.logger.error(
        `${what}: no more messages are taken. Check the disk, then start again. ${text}`,
      )
      this.#broken = `${what}: ${text}`
    }
    this.#waiters.giveUp()
  }
}
