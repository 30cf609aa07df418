import type { Clock, MonoMs, WallMs } from '@aerobee/base'

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

/** Cheap counters behind the figures of request 28: additions on the hot path, one sample a second beside it. */
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
  /** Greatest time between a request and its answer, ms. */
  putMillisMax = 0
  getMillisMax = 0
  readonly #clock: Clock
  /** Ring of the last 600 s and one, oldest first. */
  readonly #samples: Sample[] = []
  #yesterdayMorning = { put: 0, get: 0 }
  #todayMorning = { put: 0, get: 0 }

  constructor(clock: Clock) {
    this.#clock = clock
    this.startedAtWallMs = clock.wallMs()
  }

  /** `userTopic`: not one of the broker's own. */
  notePut(count: number, bytes: number, userTopic: boolean): void {
    this.totals.putTimes += count
    this.totals.putBytes += bytes
    if (userTopic) this.totals.putOfUsers += count
  }

  notePutFailed(): void {
    this.totals.putFailed++
  }

  noteGet(count: number, userTopic: boolean): void {
    if (count === 0) {
      this.totals.getMissed++
      return
    }
    this.totals.getFound++
    this.totals.getTransferred += count
    if (userTopic) this.totals.getOfUsers += count
  }

  /** Once a second. */
  sample(): void {
    const { putTimes, getFound, getMissed, getTransferred } = this.totals
    this.#samples.push({ atMonoMs: this.#clock.monoMs(), putTimes, getFound, getMissed, getTransferred })
    if (this.#samples.length > 601) this.#samples.shift()
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
