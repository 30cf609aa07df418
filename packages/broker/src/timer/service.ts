import { type Clock, errorText, type FileSystem, type Logger, type Random, type Timer } from '@aerobee/base'
import {
  encodeTimerCheckpoint,
  floorTo,
  type MessageStore,
  openTimerFiles,
  recoverTimer,
  type TimerCheckpoint,
  type TimerFiles,
  type TimerMessage,
  unitMagics,
  windowSlots,
  withUnit,
} from '@aerobee/store'
import { decodeRecord, systemTopicNames } from '@aerobee/wire'
import type { BrokerConfig } from '../config-keys.js'
import { waitedAt } from '../delivery/mark.js'
import type { TimerHook } from '../delivery/put.js'
import type { BrokerStats } from '../stats/broker-stats.js'
import type { TableFile } from '../table-file.js'
import { TimerDequeue } from './dequeue.js'
import { type NewTimer, newTimer, TimerEnqueue } from './enqueue.js'
import { timerHook } from './hook.js'
import { TimerMetrics } from './metrics.js'
import { placeOf, rollWindowMs } from './placement.js'
import { TimerRecount } from './recount.js'

export type TimerConfig = Pick<
  BrokerConfig,
  | 'storePathRootDir'
  | 'mappedFileSizeTimerLog'
  | 'timerWheelEnable'
  | 'timerPrecisionMs'
  | 'timerRollWindowSlot'
  | 'timerMaxDelaySec'
  | 'timerStopEnqueue'
  | 'timerStopDequeue'
  | 'timerCongestNumEachSlot'
  | 'timerFlushIntervalMs'
  | 'timerEnableCheckMetrics'
  | 'timerCheckMetricsWhen'
  | 'timerMetricSmallThreshold'
>

export interface TimerServiceParts {
  config: TimerConfig
  clock: Clock
  fileSystem: FileSystem
  logger: Logger
  random: Random
  store: MessageStore
  stats: BrokerStats
  /** `timermetrics`. */
  file: TableFile
}

const cleanEveryMs = 30_000
/** With no timers under way the checkpoint only moves on for this. */
const idleCheckpointMs = 10_000

/**
 * Messages with a time of delivery (reference: broker-behaviour 8.3): the hook sends them to the timer's topic, enqueue
 * puts them into the wheel, dequeue stores them in their topic when they are due.
 *
 *   send ─► rmq_sys_wheel_timer ─► timerlog + timerwheel ─► topic
 *
 * A checkpoint says how far both have come, once commit log, timer log and wheel are durable up to there. What was
 * delivered behind it is found in the commit log, so that a restart neither loses nor repeats.
 */
export class TimerService {
  readonly metrics: TimerMetrics
  readonly hook: TimerHook
  readonly #parts: TimerServiceParts
  readonly #precisionMs: number
  readonly #windowMs: number
  readonly #enqueue: TimerEnqueue
  #files: TimerFiles | undefined
  #dequeue: TimerDequeue | undefined
  #recount: TimerRecount | undefined
  #timers: Timer[] = []
  #checkpoint: TimerCheckpoint | undefined
  #saved: { deliveredFrom: number; atMs: number } | undefined
  #saving: Promise<void> | undefined
  #gaveUp = false
  #rates = { placed: 0, delivered: 0, enqueueTps: 0, dequeueTps: 0 }

  constructor(parts: TimerServiceParts) {
    const { config, store } = parts
    this.#parts = parts
    this.#precisionMs = config.timerPrecisionMs
    this.#windowMs = rollWindowMs(config.timerRollWindowSlot, config.timerPrecisionMs)
    this.metrics = new TimerMetrics(parts)
    this.hook = timerHook({ ...parts, slotCount: (slotMs) => this.#files?.wheel.find(slotMs)?.count ?? 0 })
    this.#enqueue = new TimerEnqueue({
      ...parts,
      place: (timer) => this.#place(timer),
      write: () => {
        this.#files!.log.write()
        this.#dequeue!.wake()
      },
      isFull: () => this.#dequeue!.readTimeMs < parts.clock.wallMs() - windowSlots * this.#precisionMs,
    })
    store.onArrival((topic) => {
      if (topic === systemTopicNames.timer) this.#enqueue.wake()
    })
  }

  /** After the store. Rejects with STORE_CORRUPT, IO_FAILED. */
  async start(): Promise<void> {
    const { config, clock } = this.#parts
    if (!config.timerWheelEnable) return
    const files = openTimerFiles({ ...this.#parts, options: config })
    this.#files = files
    const dequeue = new TimerDequeue({
      ...this.#parts,
      ...files,
      metrics: this.metrics,
      hasPlaced: (wallMs) => this.#enqueue.hasPlaced(wallMs),
      hasCaughtUp: () => this.#enqueue.caughtUp,
    })
    this.#dequeue = dequeue
    await this.#recover(files, dequeue)
    this.#recount = new TimerRecount({ ...this.#parts, log: files.log, metrics: this.metrics, dequeue })
    this.#recount.start()
    const background = { background: true }
    this.#timers = [
      clock.every(config.timerFlushIntervalMs, () => this.#tick(), background),
      clock.every(cleanEveryMs, () => this.#clean(), background),
    ]
  }

  /** Before the store: resolves when the files say exactly what was delivered. */
  async stop(): Promise<void> {
    const files = this.#files
    if (files === undefined) return
    for (const timer of this.#timers) timer.cancel()
    await this.#recount?.stop()
    await this.#enqueue.stop()
    await this.#dequeue?.stop()
    await this.#saving
    await this.#save(true)
    this.metrics.saveSoon()
    files.close()
    this.#files = undefined
  }

  /** The answer to code 60; undefined when there is no timer. */
  checkpointBytes(): Uint8Array | undefined {
    return this.#files && encodeTimerCheckpoint(this.#checkpointNow())
  }

  /** For request 28. */
  figures() {
    const { clock } = this.#parts
    const dequeue = this.#dequeue
    const behindMs = dequeue ? clock.wallMs() - dequeue.readTimeMs : 0
    const { enqueueTps, dequeueTps } = this.#rates
    return {
      readBehindSeconds: Math.max(Math.floor(behindMs / 1000), 0),
      offsetBehind: this.#files ? this.#enqueue.behind : 0,
      waiting: this.metrics.total,
      enqueueTps,
      dequeueTps,
    }
  }

  async #recover(files: TimerFiles, dequeue: TimerDequeue): Promise<void> {
    const { store, logger, clock } = this.#parts
    const { checkpoint, own } = files.checkpoint.load()
    const positions = await recoverTimer({
      ...files,
      checkpoint,
      own,
      nowMs: clock.wallMs(),
      logger,
      messageAt: (physicalOffset, sizeBytes) => this.#messageAt(physicalOffset, sizeBytes),
    })
    const delivered = new Set<number>()
    const deliveredFrom = own?.deliveredFrom ?? Number.POSITIVE_INFINITY
    await store.scan(deliveredFrom, (view, _at, shape) => {
      const offset = waitedAt(view, shape)
      if (offset !== undefined) delivered.add(offset)
    })
    this.#checkpoint = checkpoint
    dequeue.resume(positions.readTimeMs, delivered, deliveredFrom)
    this.#enqueue.resume(positions.queueOffset)
    // From here on the files change, and are in order no longer.
    await this.#save(false)
    dequeue.start()
    this.#enqueue.start()
  }

  async #messageAt(physicalOffset: number, sizeBytes: number): Promise<TimerMessage | undefined> {
    const { store } = this.#parts
    const bytes = store.recordNow(physicalOffset, sizeBytes) ?? (await store.recordAt(physicalOffset))
    const record = bytes && decodeRecord(bytes)
    if (!record?.ok || record.value.totalSize !== sizeBytes) return undefined
    const { topic, queueId, queueOffset } = record.value
    if (topic !== systemTopicNames.timer || queueId !== 0) return undefined
    const timer = newTimer(record.value, this.#precisionMs)
    return timer && { queueOffset, dueMs: timer.unit.dueMs }
  }

  #place({ unit, outMs, realTopic, takesBack }: NewTimer): void {
    const { wheel, log } = this.#files!
    const dequeue = this.#dequeue!
    const firstMs = dequeue.readTimeMs
    const writeMs = Math.max(floorTo(this.#parts.clock.wallMs(), this.#precisionMs), firstMs)
    const { slotMs, roll } = placeOf(outMs, { writeMs, firstMs }, this.#windowMs, this.#precisionMs)
    const writeTimeMs = Math.min(writeMs, slotMs)
    const slot = wheel.find(slotMs)
    if (roll) unit.magic |= unitMagics.roll
    unit.previous = slot?.last ?? -1
    unit.writeTimeMs = writeTimeMs
    unit.delayMs = slotMs - writeTimeMs
    const position = log.append(unit)
    wheel.put(slotMs, withUnit(slot, position, unit))
    this.metrics.add(realTopic, takesBack === undefined ? 1 : -1)
    dequeue.slots.placed(slotMs, unit, roll ? undefined : takesBack)
  }

  #checkpointNow(): TimerCheckpoint {
    const { stateVersion, timestamp, counter } = this.#checkpoint!
    const { queueOffset } = this.#enqueue
    return {
      readTimeMs: this.#dequeue!.readTimeMs,
      logEnd: this.#files!.log.end,
      queueOffset,
      masterQueueOffset: queueOffset,
      stateVersion,
      timestamp,
      counter,
    }
  }

  #tick(): void {
    const { placed } = this.#enqueue
    const { delivered } = this.#dequeue!
    const seconds = this.#parts.config.timerFlushIntervalMs / 1000
    this.#rates = {
      placed,
      delivered,
      enqueueTps: (placed - this.#rates.placed) / seconds,
      dequeueTps: (delivered - this.#rates.delivered) / seconds,
    }
    if (this.#saving || !this.#isDue()) return
    this.#saving = this.#save(false).finally(() => {
      this.#saving = undefined
    })
  }

  /** Whether more happened than that time passed. */
  #isDue(): boolean {
    const before = this.#checkpoint!
    const now = this.#checkpointNow()
    const saved = this.#saved
    if (!saved || now.logEnd !== before.logEnd || now.queueOffset !== before.queueOffset) return true
    if (this.#rates.dequeueTps > 0) return true
    const grown = this.#parts.store.status().maxPhysicalOffset !== saved.deliveredFrom
    return grown && this.#parts.clock.monoMs() - saved.atMs >= idleCheckpointMs
  }

  async #save(stopped: boolean): Promise<void> {
    const { store, logger, clock } = this.#parts
    const files = this.#files!
    if (this.#gaveUp) return
    const now = this.#checkpointNow()
    const checkpoint = { ...now, timestamp: clock.wallMs(), counter: now.counter + 1 }
    const deliveredFrom = this.#dequeue!.deliveredFrom()
    try {
      await files.log.sync()
      await files.wheel.flush()
    } catch (thrown) {
      this.#gaveUp = true
      logger.error(
        `The timer's files could not be made durable, the next start reads more: ${errorText(thrown)}`,
      )
      return
    }
    if (!(await store.makeDurable())) return
    try {
      await files.checkpoint.save(checkpoint, { deliveredFrom, stopped })
    } catch (thrown) {
      logger.error(`The timer's checkpoint could not be written: ${errorText(thrown)}`)
      return
    }
    this.#checkpoint = checkpoint
    this.#saved = { deliveredFrom, atMs: clock.monoMs() }
    this.metrics.saveSoon()
  }

  #clean(): void {
    const { store, logger } = this.#parts
    this.#files?.log.removeBefore(store.status().minPhysicalOffset).catch((thrown: unknown) => {
      logger.warn(`Old files of the timer log could not be removed: ${errorText(thrown)}`)
    })
  }
}
