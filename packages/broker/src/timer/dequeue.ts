import { type Clock, endOfTurn, errorText, type Logger, MiB, sleep, type Timer } from '@aerobee/base'
import {
  type AppendStatus,
  floorTo,
  type MessageStore,
  type NewMessage,
  type TimerLog,
  type TimerWheel,
} from '@aerobee/store'
import { mayHeal } from '../delivery/may-heal.js'
import type { BrokerStats } from '../stats/broker-stats.js'
import { leaving, type ReadyTimer, readyTimer } from './delivered.js'
import type { TimerMetrics } from './metrics.js'
import type { DueTimer, OpenSlot } from './open-slot.js'
import { mostSlots, OpenSlots } from './open-slots.js'
import { ReadAhead } from './read-ahead.js'
import { timerRecords } from './slot-reader.js'

interface Taken {
  slot: OpenSlot
  timer: DueTimer
  /** The last run delivered it. */
  known: boolean
}

export interface DequeueParts {
  config: { timerStopDequeue: boolean; timerPrecisionMs: number }
  clock: Clock
  logger: Logger
  store: MessageStore
  stats: BrokerStats
  wheel: TimerWheel
  log: TimerLog
  metrics: TimerMetrics
  /** Everything that was stored before this time is in the wheel. */
  hasPlaced(wallMs: number): boolean
  /** Everything that was stored before the start is in the wheel. */
  hasCaughtUp(): boolean
}

/** Messages on their way into the store, and those read at once. */
const flyingMessages = 1024
const flyingBytes = 16 * MiB
/** What one turn of the event loop may cost, about 2 ms, and what of it a message costs that was not read ahead. */
const batchCost = 512
const unreadCost = 2
const batchBytes = 1 * MiB
const pauseMs = 500
const endingCheckMs = 10
/** Empty slots passed in one turn. */
const slotsPerTurn = 20_000

/**
 * Takes timers out of the wheel when they are due and stores each message in its topic (reference: broker-behaviour 8.3,
 * dequeue and delivery). Slots are opened one second ahead, their messages read ahead, and delivered to the millisecond:
 *
 *   readTime      now            readTime + 2 slots
 *      | open slot | open slot …      | wheel
 */
export class TimerDequeue {
  /** Every slot before this time is done with. */
  readTimeMs = 0
  delivered = 0
  readonly slots: OpenSlots
  readonly #parts: DequeueParts
  readonly #readAhead: ReadAhead
  #running: Promise<void> | undefined
  #wanted = false
  #stopped = true
  #ending = false
  #timer: Timer | undefined
  #pausedUntil = 0
  #flyingBytes = 0
  /** Where messages waited that the last run delivered, from slots that were not done with. */
  #known: ReadonlySet<number> = new Set()
  #knownFrom = Number.POSITIVE_INFINITY
  #knownUntil = 0

  constructor(parts: DequeueParts) {
    this.#parts = parts
    this.slots = new OpenSlots(parts, (failed) => {
      if (failed !== undefined) this.#failed(failed)
      this.#readAhead.opened()
      this.wake()
    })
    this.#readAhead = new ReadAhead(parts, () => this.slots.inOrder())
  }

  /** `known`: where messages waited that were delivered behind the offset `knownFrom` of the commit log already. */
  resume(readTimeMs: number, known: ReadonlySet<number>, knownFrom: number): void {
    this.readTimeMs = readTimeMs
    this.#knownUntil = this.#newKnownUntil()
    if (known.size === 0) return
    this.#known = known
    this.#knownFrom = knownFrom
  }

  start(): void {
    this.#stopped = false
    this.wake()
  }

  /**
   * Resolves when nothing is on its way any more. A slot that was begun is delivered to its end first, which takes a
   * second at most: RocketMQ knows of whole slots only.
   */
  async stop(): Promise<void> {
    const { clock, config } = this.#parts
    this.#ending = true
    for (let ms = 0; this.#isWithin() && ms < config.timerPrecisionMs * 2; ms += endingCheckMs)
      await sleep(clock, endingCheckMs)
    this.#stopped = true
    this.#readAhead.stop()
    this.#timer?.cancel()
    await this.#running
    await this.slots.settled()
    while (this.slots.some(({ flying }) => flying > 0)) await endOfTurn(clock)
    for (; this.slots.get(this.readTimeMs)?.done; this.readTimeMs += config.timerPrecisionMs)
      this.slots.delete(this.readTimeMs)
  }

  /** A slot was begun and can be ended. */
  #isWithin(): boolean {
    if (this.#stopped || this.#parts.config.timerStopDequeue || this.#paused()) return false
    return this.slots.some(({ begun, done }) => begun && !done)
  }

  /** What was delivered of slots that are not done with lies at or behind this offset of the commit log. */
  deliveredFrom(): number {
    let from = Math.min(this.#parts.store.status().maxPhysicalOffset, this.#knownFrom)
    for (const slot of this.slots.all()) from = Math.min(from, slot.deliveredFrom)
    return from
  }

  /** What was delivered out of slots that are not done with, as changes of the counts of timers that wait. */
  *counted(): Iterable<[topic: string, change: number]> {
    for (const slot of this.slots.all()) yield* slot.counted
  }

  /** Looks whether something is to be done now. */
  wake(): void {
    if (this.#stopped) return
    this.#wanted = true
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
      if (this.#wanted) this.wake()
    })
  }

  async #run(): Promise<void> {
    const { config } = this.#parts
    while (this.#wanted && !this.#stopped) {
      this.#wanted = false
      try {
        await this.#advance()
        if (!config.timerStopDequeue && !this.#paused()) this.slots.open(this.readTimeMs)
        this.#readAhead.wake()
        await this.#deliver()
      } catch (thrown) {
        this.#failed(thrown)
      }
    }
    this.#arm()
  }

  #failed(thrown: unknown): void {
    const { logger, clock } = this.#parts
    logger.error(`Timers could not be read, which is tried again: ${errorText(thrown)}`)
    this.#pausedUntil = clock.monoMs() + pauseMs
  }

  /** To the first slot that is not done with. */
  async #advance(): Promise<void> {
    const { wheel, config, clock } = this.#parts
    const { timerPrecisionMs: precisionMs } = config
    let passed = 0
    // A slot's time is over when nothing can be put into it any more.
    while (!this.#stopped && this.readTimeMs < floorTo(this.#now(), precisionMs)) {
      const slot = this.slots.get(this.readTimeMs)
      if (slot) {
        if (!slot.done) return
        this.slots.delete(this.readTimeMs)
      } else if (wheel.find(this.readTimeMs)) return
      this.readTimeMs += precisionMs
      this.#passKnown()
      if (++passed % slotsPerTurn === 0) await endOfTurn(clock)
    }
  }

  /** What the last run delivered can come again until the slots are over that it was put into. */
  #passKnown(): void {
    if (this.#knownUntil === Number.POSITIVE_INFINITY) return
    if (!this.#parts.hasCaughtUp()) this.#knownUntil = this.#newKnownUntil()
    if (this.readTimeMs <= this.#knownUntil) return
    if (this.#known.size > 0) this.#known = new Set()
    this.#knownFrom = this.#knownUntil = Number.POSITIVE_INFINITY
  }

  #newKnownUntil(): number {
    return Math.max(this.#now(), this.readTimeMs) + mostSlots * this.#parts.config.timerPrecisionMs
  }

  async #deliver(): Promise<void> {
    const { config, clock } = this.#parts
    while (!this.#stopped && !config.timerStopDequeue && !this.#paused()) {
      const batch = this.#takeDue()
      if (batch.length === 0) return
      const notReady = batch.filter(({ timer }) => timer.ready === undefined)
      if (notReady.length > 0) await this.#read(notReady, batch)
      const now = this.#now()
      for (const taken of batch) this.#put(taken, now)
      await endOfTurn(clock)
    }
  }

  /** Those that were not read ahead. What lies in memory is there at once. */
  async #read(timers: readonly Taken[], batch: readonly Taken[]): Promise<void> {
    const { store, config } = this.#parts
    try {
      const found = timerRecords(
        store,
        timers.map(({ timer }) => timer),
      )
      const records = found instanceof Promise ? await found : found
      for (const [i, { timer }] of timers.entries()) {
        const record = records[i]
        if (record) timer.ready = readyTimer(record, timer, config.timerPrecisionMs)
      }
    } catch (thrown) {
      for (const { slot, timer } of batch) {
        this.#flyingBytes -= timer.sizeBytes
        slot.giveBack(timer)
      }
      throw thrown
    }
  }

  #takeDue(): Taken[] {
    const { hasPlaced } = this.#parts
    const now = this.#now()
    const batch: Taken[] = []
    let cost = 0
    let bytes = 0
    let flying = 0
    for (const slot of this.slots.all()) flying += slot.flying
    for (const slot of this.slots.inOrder()) {
      // Who takes a message back does so before its slot's time.
      if (!slot.loaded || !hasPlaced(slot.timeMs + 1) || (this.#ending && !slot.begun)) return batch
      while (cost < batchCost && bytes < batchBytes && this.#hasRoom(flying + batch.length)) {
        const timer = slot.take(now)
        if (timer === undefined) break
        this.#flyingBytes += timer.sizeBytes
        bytes += timer.sizeBytes
        cost += timer.ready === undefined ? unreadCost : 1
        batch.push({ slot, timer, known: this.#known.has(timer.physicalOffset) })
      }
    }
    return batch
  }

  #put({ slot, timer, known }: Taken, now: number): void {
    const { logger } = this.#parts
    const { ready } = timer
    if (ready === undefined) {
      logger.error(
        `The commit log does not hold the timer message at ${timer.physicalOffset}: it is not delivered.`,
      )
      this.#land(slot, timer)
      return
    }
    const { message } = ready
    if (message === undefined && !known)
      logger.error(`The timer message at ${timer.physicalOffset} of the commit log belongs to no queue.`)
    if (
      known ||
      message === undefined ||
      (!timer.roll && slot.isTakenBack(ready.realTopic, message.uniqKey))
    ) {
      this.#land(slot, timer)
      if (known) this.#count(slot, ready.realTopic, -1)
      return
    }
    this.#store(leaving(ready, message, now), ready, slot, timer)
  }

  #store(message: NewMessage, ready: ReadyTimer, slot: OpenSlot, timer: DueTimer): void {
    const { store, stats, logger } = this.#parts
    store.append(message, (outcome) => {
      const { status } = outcome
      if (status === 'PUT_OK' || status === 'FLUSH_DISK_TIMEOUT') {
        this.#land(slot, timer)
        this.delivered += 1
        this.#count(slot, ready.realTopic, ready.takesBack ? 1 : -1)
        stats.notePut(message.topic, message.queueId, 1, outcome)
      } else if (!isForGood(status)) {
        this.#pause(status)
        this.#flyingBytes -= timer.sizeBytes
        slot.giveBack(timer)
      } else if (mayHeal(message, status)) {
        this.#store(message, ready, slot, timer)
      } else {
        this.#land(slot, timer)
        logger.error(`a timer message for topic ${message.topic} is dropped: ${status}`)
      }
      if (slot.flying === 0) this.wake()
    })
  }

  #count(slot: OpenSlot, topic: string, change: number): void {
    this.#parts.metrics.add(topic, change)
    slot.noteCount(topic, change)
  }

  #hasRoom(flying: number): boolean {
    return flying < flyingMessages && this.#flyingBytes < flyingBytes
  }

  #land(slot: OpenSlot, timer: DueTimer): void {
    slot.flying -= 1
    this.#flyingBytes -= timer.sizeBytes
  }

  #pause(status: string): void {
    if (!this.#paused())
      this.#parts.logger.warn(
        `The store takes no timer messages (${status}): they are tried again in ${pauseMs} ms.`,
      )
    this.#pausedUntil = this.#parts.clock.monoMs() + pauseMs
  }

  #paused(): boolean {
    return this.#parts.clock.monoMs() < this.#pausedUntil
  }

  /** Wakes up for the next timer, for what is to be read ahead, and at the latest for the next slot. */
  #arm(): void {
    if (this.#stopped) return
    const { clock, config } = this.#parts
    const now = this.#now()
    let next = floorTo(now, config.timerPrecisionMs) + config.timerPrecisionMs
    if (this.#paused()) next = now + this.#pausedUntil - clock.monoMs()
    else if (!config.timerStopDequeue)
      for (const slot of this.slots.all()) {
        next = Math.min(next, this.#readAhead.nextMs)
        if (slot.loaded) next = Math.min(next, slot.nextDue() ?? next)
      }
    this.#timer?.cancel()
    this.#timer = clock.after(Math.max(next - now, 1), () => this.wake(), { background: true })
  }

  #now(): number {
    return this.#parts.clock.wallMs()
  }
}

/** Whether the same message would be refused again. */
const isForGood = (status: AppendStatus) =>
  status === 'MESSAGE_ILLEGAL' ||
  status === 'PROPERTIES_SIZE_EXCEEDED' ||
  status === 'LMQ_CONSUME_QUEUE_NUM_EXCEEDED'
