import {
  errorText,
  type Logger,
  type PhysicalOffset,
  type QueueOffset,
  type Timer,
  type WallMs,
  withFields,
} from '@aerobee/base'
import type { MessageStore, NewMessage } from '@aerobee/store'
import { systemTopicNames } from '@aerobee/wire'
import type { TableFile } from '../table-file.js'
import { DelayOffsets, type DelayProgress } from './delay-offsets.js'
import { deliveredBehind, dropLost } from './delay-recovery.js'
import { type DeliverParts, deliverAll, deliverable } from './deliver.js'
import { type DueBatch, dueBatch } from './due-batch.js'

export interface DelayParts extends DeliverParts {
  config: DeliverParts['config'] & { flushDelayOffsetInterval: number; delayOffsetUpdateVersionStep: number }
  store: MessageStore
  file: TableFile
}

export interface LevelProgress {
  level: number
  /** Of the first message that waits. */
  offset: QueueOffset
  maxOffset: QueueOffset
}

/** One delay level. Nothing of what waits in it is kept in memory but when its first message is due. */
interface Level {
  readonly level: number
  readonly delayMs: number
  /** Wall ms; 0: look now, infinite: nothing waits. */
  dueAt: WallMs
}

/** Longest sleep: the wall clock may have jumped meanwhile. */
const longestSleepMs = 1000
/** After an error that nobody expected. */
const errorPauseMs = 10_000

/**
 * Delivers what waits in SCHEDULE_TOPIC_XXXX when its time has come (reference: broker-behaviour 8.2). The messages of
 * a level are due in the order of its queue, so each level is one offset and one time, and one timer serves all:
 *
 *   timer, arrival in an empty level ─► levels that are due, in turn ─► read a batch ─► put ─► stored: offset moves
 *                ▲                                                                                      │
 *                └───────────── next due time ◄──────────────────── none is due ◄───────────────────────┘
 *
 * One batch is under way at a time, so between two batches the offsets say exactly what the log holds.
 */
export class DelayService {
  readonly offsets: DelayOffsets
  readonly #parts: DelayParts
  readonly #logger: Logger
  readonly #levels: readonly Level[]
  #timer: Timer | undefined
  #saver: Timer | undefined
  #running: Promise<void> | undefined
  #started = false
  #stopped = false
  /** Records behind the offsets that an earlier run delivered, by physical offset. */
  #delivered = new Set<PhysicalOffset>()
  /** No batch is under way. */
  #settled = true
  /** To be saved once the log is durable that far. */
  #progress: DelayProgress | undefined
  #noteSoon = false

  constructor(parts: DelayParts) {
    const { clock, config, file, store } = parts
    this.#logger = withFields(parts.logger, { part: 'delay' })
    this.#parts = { ...parts, logger: this.#logger }
    this.offsets = new DelayOffsets({
      clock,
      file,
      deliveriesPerVersion: config.delayOffsetUpdateVersionStep,
    })
    this.#levels = parts.delayLevels.map((delayMs, i) => ({
      level: i + 1,
      delayMs,
      dueAt: 0,
    }))
    store.onArrival((topic, queueId) => {
      if (topic === systemTopicNames.schedule) this.#arrived(queueId)
    })
  }

  /** Once the store is open, before anything is put. Rejects with IO_FAILED. */
  async recover(): Promise<void> {
    const { store } = this.#parts
    const levels = this.#levels.length
    this.#delivered = await deliveredBehind({ store, logger: this.#logger, offsets: this.offsets, levels })
  }

  start(): void {
    const { clock, config } = this.#parts
    this.#started = true
    // Twice per interval: what one tick notes is durable by the next, which saves it.
    const period = Math.max(config.flushDelayOffsetInterval / 2, 1)
    this.#saver = clock.every(period, () => this.#save(), { background: true })
    this.#run()
  }

  /** Resolves when no batch is under way. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    this.#saver?.cancel()
    await this.#running
  }

  /** Those that ever held a message. */
  *levels(): Iterable<LevelProgress> {
    for (const { level } of this.#levels) {
      const maxOffset = this.#parts.store.maxOffset(systemTopicNames.schedule, level - 1)
      if (maxOffset > 0) yield { level, offset: this.offsets.next(level), maxOffset }
    }
  }

  /** After the store has stopped in order: then the next start need not look through the log. */
  saveAtEnd(): void {
    if (!this.#started || !this.#exact) return
    const { maxPhysicalOffset, flushedOffset } = this.#parts.store.status()
    if (flushedOffset < maxPhysicalOffset) return
    try {
      this.offsets.save(this.offsets.progress(maxPhysicalOffset))
    } catch (thrown) {
      this.#logger.error(`delayOffset.json could not be saved at the end: ${errorText(thrown)}`)
    }
  }

  #arrived(queueId: number): void {
    const level = this.#levels[queueId]
    if (!level || level.dueAt !== Number.POSITIVE_INFINITY) return
    level.dueAt = 0
    this.#arm()
  }

  /** The next look, at the time when the first message is due. */
  #arm(): void {
    if (!this.#started || this.#stopped || this.#running) return
    const { clock } = this.#parts
    let first = Number.POSITIVE_INFINITY
    for (const { dueAt } of this.#levels) if (dueAt < first) first = dueAt
    this.#timer?.cancel()
    this.#timer = undefined
    if (first === Number.POSITIVE_INFINITY) return
    const sleepMs = Math.min(Math.max(first - clock.wallMs(), 0), longestSleepMs)
    this.#sleep(sleepMs)
  }

  #sleep(delayMs: number): void {
    this.#timer = this.#parts.clock.after(delayMs, () => this.#run(), { background: true })
  }

  #run(): void {
    if (this.#running || this.#stopped) return
    this.#running = this.#deliverDue().then(
      () => {
        this.#running = undefined
        this.#arm()
      },
      (thrown: unknown) => {
        this.#running = undefined
        this.#logger.error(`delayed messages wait ${errorPauseMs} ms longer: ${errorText(thrown)}`)
        if (!this.#stopped) this.#sleep(errorPauseMs)
      },
    )
  }

  /** Batch by batch, the levels in turn, until none is due. */
  async #deliverDue(): Promise<void> {
    const { clock } = this.#parts
    for (let found = true; found && !this.#stopped; ) {
      found = false
      for (const level of this.#levels) {
        if (this.#stopped || level.dueAt > clock.wallMs()) continue
        found = true
        await this.#deliver(level)
      }
    }
    if (this.#delivered.size > 0 && !this.#stopped) await dropLost(this.#parts.store, this.#delivered)
  }

  async #deliver(level: Level): Promise<void> {
    const { store, clock } = this.#parts
    const first = this.offsets.next(level.level)
    // An arrival while the batch is under way sets it to 0.
    level.dueAt = Number.POSITIVE_INFINITY
    let batch: DueBatch
    try {
      batch = await dueBatch(store, level, first, clock.wallMs())
    } catch (thrown) {
      level.dueAt = 0
      throw thrown
    }
    const messages: NewMessage[] = []
    for (const record of batch.records) {
      if (this.#delivered.size > 0 && this.#delivered.delete(record.physicalOffset)) continue
      const message = deliverable(record)
      if (message) messages.push(message)
      else
        this.#logger.error(`the delayed message at ${record.physicalOffset} is dropped: it has no real topic`)
    }
    this.#settled = false
    if (!(await deliverAll(this.#parts, messages, () => this.#stopped))) return
    this.offsets.move(level.level, batch.next)
    this.offsets.noteDelivered(messages.length)
    level.dueAt = Math.min(level.dueAt, batch.dueAt)
    this.#settled = true
    if (this.#noteSoon) this.#note()
  }

  /** The offsets say exactly what the log holds. */
  get #exact(): boolean {
    return this.#settled && this.#delivered.size === 0
  }

  /** Takes down what is so now; while the offsets are not exact, as soon as they are. */
  #note(): void {
    this.#noteSoon = !this.#exact
    if (this.#exact) this.#progress = this.offsets.progress(this.#parts.store.status().maxPhysicalOffset)
  }

  /** Saves what was noted if it is durable; only then may a start build upon it. */
  #save(): void {
    const progress = this.#progress
    if (!progress) {
      this.#note()
      return
    }
    if (this.#parts.store.status().flushedOffset < progress.logPosition) return
    if (this.offsets.isNews(progress)) this.offsets.saveSoon(progress)
    this.#note()
  }
}
