import type { Clock, MonoMs, WallMs } from '@aerobee/base'
import type { AppendOutcome } from '@aerobee/store'
import { PutTimes } from './put-times.js'
import { type Figures, type Span, spans, Tally } from './tally.js'
import { Traffic } from './traffic.js'

/** Sums that only grow; indexes below. */
export interface Totals {
  putTimes: number
  putBytes: number
  putFailed: number
  /** Pulls that found something, and that did not. */
  getFound: number
  getMissed: number
  /** Messages given to consumers. */
  getTransferred: number
  putOfUsers: number
  getOfUsers: number
}

interface Sample {
  atMonoMs: MonoMs
  putTimes: number
  getFound: number
  getMissed: number
  getTransferred: number
}

const sampleSpans = [10, 60, 600] as const
const secondMs = 1000
const mostSharing = 16

export interface BrokerStatsOptions {
  clock: Clock
  /** `enableDetailStat`: whether queues are counted one by one. */
  settings: { enableDetailStat: boolean }
  isSystem: (topic: string) => boolean
}

export type StoredRecords = Pick<AppendOutcome, 'storedBytes' | 'storeTimestamp'>

/** Of the whole broker; by name as request 315 asks for them. */
export type BrokerTotal =
  | 'BROKER_PUT_NUMS'
  | 'BROKER_GET_NUMS'
  | 'BROKER_PUT_NUMS_WITHOUT_SYSTEM_TOPIC'
  | 'BROKER_GET_NUMS_WITHOUT_SYSTEM_TOPIC'

/**
 * Counters behind the figures of requests 28, 202, 208, 315 and 317: additions on the hot path, one sample a second
 * beside it.
 */
export class BrokerStats {
  readonly totals: Totals = {
    putTimes: 0,
    putBytes: 0,
    putFailed: 0,
    getFound: 0,
    getMissed: 0,
    getTransferred: 0,
    putOfUsers: 0,
    getOfUsers: 0,
  }
  readonly startedAtWallMs: WallMs
  readonly putTimes = new PutTimes()
  readonly traffic: Traffic
  /** Greatest time that a read took, ms. */
  getMillisMax = 0
  readonly #clock: Clock
  readonly #detailed: boolean
  /** Ring of the last 600 s and one, oldest first. */
  readonly #samples: Sample[] = []
  readonly #whole: Readonly<Record<BrokerTotal, Tally>> = {
    BROKER_PUT_NUMS: new Tally(),
    BROKER_GET_NUMS: new Tally(),
    BROKER_PUT_NUMS_WITHOUT_SYSTEM_TOPIC: new Tally(),
    BROKER_GET_NUMS_WITHOUT_SYSTEM_TOPIC: new Tally(),
  }
  #readFor = 0
  #elapsed = 0
  #sharing = 0
  #seconds = 0
  #yesterdayMorning = { put: 0, get: 0 }
  #todayMorning = { put: 0, get: 0 }

  constructor({ clock, settings, isSystem }: BrokerStatsOptions) {
    this.#clock = clock
    this.#detailed = settings.enableDetailStat
    this.startedAtWallMs = clock.wallMs()
    this.traffic = new Traffic(isSystem)
  }

  /** `count` messages that were stored now, in one append. */
  notePut(topic: string, queueId: number, count: number, stored: StoredRecords): void {
    const { totals, traffic } = this
    const bytes = stored.storedBytes
    const millis = this.#elapsedMs(stored.storeTimestamp)
    totals.putTimes += count
    totals.putBytes += bytes
    const topicTraffic = traffic.topic(topic)
    if (!topicTraffic.system) totals.putOfUsers += count
    topicTraffic.put.add(count, bytes, millis)
    if (this.#detailed) traffic.queuePut(topicTraffic, queueId).add(count, bytes, millis)
    this.putTimes.note(millis)
  }

  /** Messages of one millisecond share a reading of the clock, a few at a time: it costs more than all the counting. */
  #elapsedMs(storeTimestamp: number): number {
    if (storeTimestamp !== this.#readFor || ++this.#sharing === mostSharing) {
      this.#readFor = storeTimestamp
      this.#sharing = 0
      this.#elapsed = Math.max(this.#clock.wallMs() - storeTimestamp, 0)
    }
    return this.#elapsed
  }

  notePutFailed(): void {
    this.totals.putFailed++
  }

  /** One answer to a consumer; `count` 0 when it found nothing. */
  noteGet(
    topic: string,
    group: string,
    queueId: number,
    count: number,
    bytes: number,
    elapsedMs: number,
  ): void {
    const { totals, traffic } = this
    if (count === 0) {
      totals.getMissed++
      return
    }
    totals.getFound++
    totals.getTransferred += count
    const topicTraffic = traffic.topic(topic)
    if (!topicTraffic.system) totals.getOfUsers += count
    const groupTraffic = traffic.group(topicTraffic, group)
    groupTraffic.got.add(count, bytes, elapsedMs)
    if (this.#detailed) traffic.queueGet(groupTraffic, queueId).add(count, bytes, elapsedMs)
    if (elapsedMs > this.getMillisMax) this.getMillisMax = elapsedMs
  }

  /** A message of `topic` that the group wants again later. */
  noteSendBack(topic: string, group: string): void {
    const { traffic } = this
    traffic.sentBack(traffic.group(traffic.topic(topic), group)).add(1, 0, 0)
  }

  /** Messages a second over the last minute. */
  putTps(topic: string): number {
    return this.traffic.find(topic)?.put.figures('minute', 'count').tps ?? 0
  }

  getTps(topic: string, group: string): number {
    return this.traffic.find(topic)?.groups.get(group)?.got.figures('minute', 'count').tps ?? 0
  }

  broker(total: BrokerTotal, span: Span): Figures {
    return this.#whole[total].figures(span, 'count')
  }

  /** Once a second. */
  sample(): void {
    const { putTimes, getFound, getMissed, getTransferred } = this.totals
    this.#samples.push({ atMonoMs: this.#clock.monoMs(), putTimes, getFound, getMissed, getTransferred })
    if (this.#samples.length > 601) this.#samples.shift()
    this.traffic.goOn(this.#clock.monoMs())
    for (const span of Object.keys(spans) as Span[])
      if ((this.#seconds * secondMs) % spans[span].periodMs === 0) this.#sampleSpan(span)
    if (this.#seconds > 0 && this.#seconds % 60 === 0) this.putTimes.turnMinute()
    this.#seconds++
  }

  #sampleSpan(span: Span): void {
    const nowMs = this.#clock.monoMs()
    const { putTimes, putOfUsers, getTransferred, getOfUsers } = this.totals
    this.#whole.BROKER_PUT_NUMS.count = putTimes
    this.#whole.BROKER_PUT_NUMS_WITHOUT_SYSTEM_TOPIC.count = putOfUsers
    this.#whole.BROKER_GET_NUMS.count = getTransferred
    this.#whole.BROKER_GET_NUMS_WITHOUT_SYSTEM_TOPIC.count = getOfUsers
    for (const tally of Object.values(this.#whole)) tally.sample(span, nowMs)
    this.traffic.sample(span, nowMs)
  }

  /** At midnight: the day's counters begin again. */
  turnDay(): void {
    this.#yesterdayMorning = this.#todayMorning
    this.#todayMorning = { put: this.totals.putOfUsers, get: this.totals.getOfUsers }
  }

  get day(): { yesterdayMorning: { put: number; get: number }; todayMorning: { put: number; get: number } } {
    return { yesterdayMorning: this.#yesterdayMorning, todayMorning: this.#todayMorning }
  }

  /** Per second over the last 10, 60 and 600 s; shorter when there are fewer samples yet; empty without any. */
  rates(of: (sample: Omit<Sample, 'atMonoMs'>) => number): number[] {
    const last = this.#samples.at(-1)
    if (!last || this.#samples.length < 2) return []
    return sampleSpans.map((seconds) => {
      const first = this.#samples[Math.max(0, this.#samples.length - 1 - seconds)]!
      const elapsedMs = last.atMonoMs - first.atMonoMs
      return elapsedMs > 0 ? ((of(last) - of(first)) * 1000) / elapsedMs : 0
    })
  }
}
