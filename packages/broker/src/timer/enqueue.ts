import { type Clock, endOfTurn, errorText, javaHash, type Logger, type Timer } from '@aerobee/base'
import { type MessageStore, type TimerUnit, unitMagics } from '@aerobee/store'
import { type RecordOutline, systemTopicNames } from '@aerobee/wire'
import { outlinesOf } from '../delivery/read-records.js'
import { exactDue, javaLong, timerProperties } from './due.js'

export interface EnqueueParts {
  config: { timerStopEnqueue: boolean; timerPrecisionMs: number }
  clock: Clock
  logger: Logger
  store: MessageStore
  /** Puts a timer into its slot. Throws IO_FAILED. */
  place(timer: NewTimer): void
  /** Everything placed goes to the files. Throws IO_FAILED. */
  write(): void
  /** Slots before are still to be delivered, so that the wheel has no room for new ones. */
  isFull(): boolean
}

export interface NewTimer {
  /** Without its place: `previous`, `writeTimeMs` and `delayMs` are set by who puts it into its slot. */
  unit: TimerUnit
  outMs: number
  realTopic: string
  /** The key of the message that it takes back. */
  takesBack: string | undefined
}

const batchMessages = 256
const batchBytes = 1024 * 1024
const retryMs = 100

/** Reads the timer's topic, in order, and puts each message into the wheel (reference: broker-behaviour 8.3, enqueue). */
export class TimerEnqueue {
  /** Messages before this offset are in the wheel. */
  queueOffset = 0
  placed = 0
  readonly #parts: EnqueueParts
  #running: Promise<void> | undefined
  #retry: Timer | undefined
  #stopped = true
  /** Where the timer's topic ended at the start. */
  #endAtStart = 0
  /** Store time of the last message placed. */
  #lastStoreTime = 0

  constructor(parts: EnqueueParts) {
    this.#parts = parts
  }

  resume(queueOffset: number): void {
    const { store } = this.#parts
    const max = store.maxOffset(systemTopicNames.timer, 0)
    this.queueOffset = Math.min(Math.max(queueOffset, store.minOffset(systemTopicNames.timer, 0)), max)
    this.#endAtStart = max
  }

  start(): void {
    this.#stopped = false
    this.wake()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#retry?.cancel()
    await this.#running
  }

  /** There may be more to read. */
  wake(): void {
    if (this.#stopped || this.#running || this.#retry || this.behind === 0) return
    this.#running = this.#run().finally(() => {
      this.#running = undefined
      this.wake()
    })
  }

  /** Messages that are not placed yet. */
  get behind(): number {
    return this.#parts.store.maxOffset(systemTopicNames.timer, 0) - this.queueOffset
  }

  /** Everything that was stored before this time is placed, or waits for an administrator or the disk. */
  hasPlaced(wallMs: number): boolean {
    return this.#running === undefined || this.#lastStoreTime >= wallMs || this.behind === 0
  }

  /** Everything that was stored before the start is placed. */
  get caughtUp(): boolean {
    return this.queueOffset >= this.#endAtStart
  }

  async #run(): Promise<void> {
    const { config, logger, isFull } = this.#parts
    try {
      while (!this.#stopped && this.behind > 0) {
        if (config.timerStopEnqueue || isFull()) {
          this.#tryLater()
          return
        }
        await this.#batch()
        await endOfTurn(this.#parts.clock)
      }
    } catch (thrown) {
      logger.error(`Timers could not be put into the wheel, which is tried again: ${errorText(thrown)}`)
      this.#tryLater()
    }
  }

  #tryLater(): void {
    if (this.#stopped) return
    this.#retry = this.#parts.clock.after(
      retryMs,
      () => {
        this.#retry = undefined
        this.wake()
      },
      { background: true },
    )
  }

  async #batch(): Promise<void> {
    const { store, write } = this.#parts
    const outcome = await store.read({
      topic: systemTopicNames.timer,
      queueId: 0,
      offset: this.queueOffset,
      maxCount: batchMessages,
      maxBytes: batchBytes,
    })
    if (this.#stopped) return
    try {
      for (const record of outlinesOf(outcome)) {
        this.#placeOne(record)
        this.queueOffset = record.queueOffset + 1
        this.#lastStoreTime = record.storeTimestamp
      }
      // Also over what the log lost.
      this.queueOffset = outcome.nextOffset
    } finally {
      write()
    }
  }

  #placeOne(record: RecordOutline): void {
    const { logger, config, place } = this.#parts
    const timer = newTimer(record, config.timerPrecisionMs)
    if (timer === undefined) {
      logger.error(
        `The message at ${record.physicalOffset} of the commit log says no time or no topic, and is no timer.`,
      )
      return
    }
    place(timer)
    this.placed += 1
  }
}

/** What a message of the timer's topic becomes; undefined when it says no time or no topic. */
export function newTimer(record: RecordOutline, precisionMs: number): NewTimer | undefined {
  const found = timerProperties(record.properties)
  const outMs = javaLong(found.outMs ?? '')
  if (!(outMs >= 0) || found.realTopic === undefined) return undefined
  const unit: TimerUnit = {
    previous: -1,
    magic: unitMagics.usual | (found.takesBack === undefined ? 0 : unitMagics.takeBack),
    writeTimeMs: 0,
    delayMs: 0,
    physicalOffset: record.physicalOffset,
    sizeBytes: record.totalSize,
    topicHash: javaHash(found.realTopic),
    dueMs: exactDue(found, outMs, precisionMs, record.storeTimestamp),
  }
  return { unit, outMs, realTopic: found.realTopic, takesBack: found.takesBack }
}
