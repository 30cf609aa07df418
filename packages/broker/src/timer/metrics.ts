import { type Clock, errorText, type Logger } from '@aerobee/base'
import { advance, type DataVersion, readDataVersion } from '../data-version.js'
import type { TableFile } from '../table-file.js'

interface Metric {
  count: number
  timeStamp: number
}

/** Topics counted at most; more have been deleted, or were never there. */
const topicsKept = 100_000

/** Timers that wait, by the topic that they will be delivered to: `config/timermetrics`, the answer to code 61. */
export class TimerMetrics {
  readonly #clock: Clock
  readonly #file: TableFile
  readonly #version: DataVersion
  readonly #topics = new Map<string, Metric>()
  #total = 0

  /** Counts only: what cannot be read begins at zero. */
  constructor({ clock, file, logger }: { clock: Clock; file: TableFile; logger: Logger }) {
    this.#clock = clock
    this.#file = file
    const document = objectOf(loaded(file, logger))
    this.#version = readDataVersion(document.dataVersion, clock)
    for (const [topic, value] of Object.entries(objectOf(document.timingCount))) {
      const { count, timeStamp } = objectOf(value)
      if (!Number.isSafeInteger(count)) continue
      this.#topics.set(topic, {
        count: count as number,
        timeStamp: Number.isSafeInteger(timeStamp) ? (timeStamp as number) : 0,
      })
      this.#total += count as number
    }
  }

  get total(): number {
    return this.#total
  }

  countOf(topic: string): number {
    return this.#topics.get(topic)?.count ?? 0
  }

  add(topic: string, change: number): void {
    let metric = this.#topics.get(topic)
    if (metric === undefined) {
      if (this.#topics.size >= topicsKept) return
      metric = { count: 0, timeStamp: 0 }
      this.#topics.set(topic, metric)
    }
    metric.count += change
    this.#total += change
    advance(this.#version, this.#clock)
    metric.timeStamp = this.#version.timestamp
  }

  /** Of a topic that was counted again; one that is gone stays so. */
  correct(topic: string, change: number): void {
    if (change !== 0 && this.#topics.has(topic)) this.add(topic, change)
  }

  *counts(): Iterable<[topic: string, count: number]> {
    for (const [topic, { count }] of this.#topics) yield [topic, count]
  }

  /** The topic was deleted. */
  remove(topic: string): void {
    this.#total -= this.countOf(topic)
    if (this.#topics.delete(topic)) advance(this.#version, this.#clock)
  }

  saveSoon(): void {
    this.#file.saveSoon(() => this.document())
  }

  document() {
    const { counter, stateVersion, timestamp } = this.#version
    return {
      dataVersion: { counter, stateVersion, timestamp },
      timingCount: Object.fromEntries(this.#topics),
    }
  }
}

function loaded(file: TableFile, logger: Logger): unknown {
  try {
    return file.load()
  } catch (thrown) {
    logger.warn(`The counts of timers begin at zero: ${errorText(thrown)}`)
    return undefined
  }
}

const objectOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
