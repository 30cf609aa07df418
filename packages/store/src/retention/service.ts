import {
  type Clock,
  errorText,
  type FileSystem,
  type Logger,
  localHour,
  sleep,
  type Timer,
} from '@aerobee/base'
import type { StoreSpace } from '../contracts.js'
import { partitionSpace, storeSpace } from '../space.js'
import { planRetention, type RetainedSegment, type RetentionPlan, type RetentionSettings } from './plan.js'

/** What retention needs of the store. */
export interface RetentionTarget {
  /** Oldest first, with the one that takes appends. */
  segments(): readonly RetainedSegment[]
  /**
   * Takes the oldest segment away, with the queue and index files that end with it. May throw IO_FAILED: then the
   * cycle ends.
   */
  deleteSegment(segment: RetainedSegment): void | Promise<void>
  /** Why messages are refused for want of space; undefined when they are not. Called when it changes. */
  refuse(reason: string | undefined): void
}

export interface RetentionOptions {
  fileSystem: FileSystem
  clock: Clock
  logger: Logger
  commitLogPath: string
  consumeQueuePath: string
  /** Asked in every cycle, since the keys may change. */
  settings: () => RetentionSettings
  target: RetentionTarget
  /** `cleanResourceInterval`. Default 10 s. */
  intervalMs?: number
  /** `deleteCommitLogFilesInterval`: pause between two deletions. Default 100 ms. */
  pauseMs?: number
}

/** As RocketMQ: nothing is deleted in the first minute. */
const firstDeletionMs = 60_000
/** The wall clock may drift and be slewed, but not by this much between two cycles. */
const jumpMs = 60_000
/** How long after a jump no file's age is believed: an operator sees the log line and corrects the clock. */
const jumpGraceMs = 3_600_000
/** Cycles in which a request for deletion stands, as RocketMQ's. */
const askedCycles = 20

/** Watches the disk and deletes what `planRetention` says. */
export class RetentionService {
  readonly #options: RetentionOptions
  #timer: Timer | undefined
  #startedMs = 0
  #lastWallMs: number
  #lastMonoMs: number
  #distrustUntilMs = Number.NEGATIVE_INFINITY
  #asked = 0
  #refusing = false
  #space: StoreSpace = { commitLogRatio: 0, consumeQueueRatio: 0, totalBytes: 0, usableBytes: 0 }
  #cycle: Promise<void> | undefined
  readonly #stopped = new AbortController()

  constructor(options: RetentionOptions) {
    this.#options = options
    this.#lastWallMs = options.clock.wallMs()
    this.#lastMonoMs = options.clock.monoMs()
  }

  /** The first look at the disk comes at once, so that a full one refuses before the first message. */
  start(): void {
    const { clock, intervalMs = 10_000 } = this.#options
    this.#startedMs = clock.monoMs()
    void this.run()
    this.#timer = clock.every(intervalMs, () => void this.run(), { background: true })
  }

  /** Waits for a deletion under way. */
  async stop(): Promise<void> {
    this.#timer?.cancel()
    this.#stopped.abort()
    await this.#cycle
  }

  /** As of the last cycle. */
  get space(): StoreSpace {
    return this.#space
  }

  /** Deletes expired files in the next cycles, whatever the hour (request 329). */
  deleteSoon(): void {
    this.#asked = askedCycles
  }

  /** One cycle; the one under way when there is one. Never rejects. */
  run(): Promise<void> {
    this.#cycle ??= this.#run()
      .catch((thrown: unknown) => {
        this.#options.logger.error(`Retention could not do its work: ${errorText(thrown)}`)
      })
      .finally(() => {
        this.#cycle = undefined
      })
    return this.#cycle
  }

  async #run(): Promise<void> {
    const { clock, settings, target } = this.#options
    this.#watchClock()
    const plan = this.#plan(settings())
    this.#refuse(plan)
    if (clock.monoMs() - this.#startedMs < firstDeletionMs) return
    if (this.#asked > 0) this.#asked -= 1
    this.#announce(plan)
    for (const [i, segment] of plan.deletions.entries()) {
      if (i > 0 && !(await this.#pause())) return
      await target.deleteSegment(segment)
    }
    if (plan.deletions.length > 0) this.#refuse(this.#plan(settings()))
  }

  #plan(settings: RetentionSettings): RetentionPlan {
    const { fileSystem, clock, commitLogPath, consumeQueuePath, target } = this.#options
    const wallMs = clock.wallMs()
    const commitLogSpace = partitionSpace(fileSystem, commitLogPath)
    const consumeQueueSpace = partitionSpace(fileSystem, consumeQueuePath)
    this.#space = storeSpace(commitLogSpace, consumeQueueSpace)
    return planRetention(
      {
        wallMs,
        localHour: localHour(wallMs),
        clockJumped: clock.monoMs() < this.#distrustUntilMs,
        asked: this.#asked > 0,
        segments: target.segments(),
        commitLogSpace,
        consumeQueueSpace,
        refusing: this.#refusing,
      },
      settings,
    )
  }

  #watchClock(): void {
    const { clock, logger } = this.#options
    const [wallMs, monoMs] = [clock.wallMs(), clock.monoMs()]
    const jump = wallMs - this.#lastWallMs - (monoMs - this.#lastMonoMs)
    this.#lastWallMs = wallMs
    this.#lastMonoMs = monoMs
    if (Math.abs(jump) < jumpMs) return
    this.#distrustUntilMs = monoMs + jumpGraceMs
    const seconds = Math.round(jump / 1000)
    logger.warn(
      `The clock jumped by ${seconds} s: for an hour no file is deleted for its age. Check the clock.`,
    )
  }

  #refuse(plan: RetentionPlan): void {
    if (plan.refuse === this.#refusing) return
    this.#refusing = plan.refuse
    const { logger, target } = this.#options
    const reason = `the disk is ${plan.percent}% full`
    if (plan.refuse)
      logger.error(`No messages are taken, because ${reason}. Free space, or lower fileReservedTime.`)
    else logger.info(`The disk is ${plan.percent}% full: messages are taken again.`)
    target.refuse(plan.refuse ? reason : undefined)
  }

  #announce(plan: RetentionPlan): void {
    const { logger } = this.#options
    const { deletions, early, percent, reason } = plan
    if (deletions.length > 0) {
      const upTo = deletions.at(-1)!
      logger.info(`Deleting ${deletions.length} segments of the log: ${reasonText(reason, percent)}.`, {
        fromOffset: deletions[0]!.startOffset,
        toOffset: upTo.startOffset + upTo.sizeBytes,
      })
      if (early > 0)
        logger.warn(`${early} of them go before fileReservedTime, since the disk is ${percent}% full.`)
    } else if (reason === 'space') {
      logger.warn(`The disk is ${percent}% full and no segment may be deleted.`)
    }
  }

  /** False when the service stops. */
  async #pause(): Promise<boolean> {
    const { clock, pauseMs = 100 } = this.#options
    try {
      await sleep(clock, pauseMs, this.#stopped.signal)
      return true
    } catch {
      return false
    }
  }
}

function reasonText(reason: RetentionPlan['reason'], percent: number): string {
  if (reason === 'asked') return 'an operator asked for it'
  return reason === 'hour' ? 'it is the hour of deleteWhen' : `the disk is ${percent}% full`
}
