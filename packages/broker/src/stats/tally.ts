import type { MonoMs } from '@aerobee/base'

/** Samples kept for each span, and how far they are apart (reference: broker-behaviour 13, request 315). */
export const spans = {
  minute: { samples: 7, periodMs: 10_000 },
  hour: { samples: 7, periodMs: 600_000 },
  day: { samples: 25, periodMs: 3_600_000 },
} as const
export type Span = keyof typeof spans

/** What a tally adds up. */
export type Amount = 'count' | 'bytes' | 'millis'

/** Of one span: what was added, per second, and per time that something was added. */
export interface Figures {
  readonly sum: number
  readonly tps: number
  readonly avgpt: number
}

export const noFigures: Figures = { sum: 0, tps: 0, avgpt: 0 }

/** A row of samples: atMs, times, count, bytes, millis */
const width = 5
const column = { count: 2, bytes: 3, millis: 4 } as const
/** Rows of the spans, one after the other in one array. */
const firstRow = {
  minute: 0,
  hour: spans.minute.samples,
  day: spans.minute.samples + spans.hour.samples,
} as const
const rowsOfAll = spans.minute.samples + spans.hour.samples + spans.day.samples

/**
 * Sums that only grow, with samples of them behind the figures of the last minute, hour and day: a ring of rows for
 * each span, made with the first sample. It begins one period before that, with nothing.
 */
export class Tally {
  /** How often something was added. */
  times = 0
  count = 0
  bytes = 0
  millis = 0
  #rows: Float64Array | undefined
  /** Newest row of each span; -1 before the first sample. */
  #minute = -1
  #hour = -1
  #day = -1

  add(count: number, bytes: number, millis: number): void {
    this.times += 1
    this.count += count
    this.bytes += bytes
    this.millis += millis
  }

  sample(span: Span, nowMs: MonoMs): void {
    if (span === 'minute') this.#minute = this.#push(span, this.#minute, nowMs)
    else if (span === 'hour') this.#hour = this.#push(span, this.#hour, nowMs)
    else this.#day = this.#push(span, this.#day, nowMs)
  }

  figures(span: Span, amount: Amount): Figures {
    const newest = span === 'minute' ? this.#minute : span === 'hour' ? this.#hour : this.#day
    if (newest < 0) return noFigures
    const sum = this.#grown(span, newest, column[amount])
    const elapsedMs = this.#grown(span, newest, 0)
    const times = this.#grown(span, newest, 1)
    return { sum, tps: elapsedMs > 0 ? (sum * 1000) / elapsedMs : 0, avgpt: times > 0 ? sum / times : 0 }
  }

  /** Whether nothing was added for a whole day; what was never added to is idle at once. */
  get idle(): boolean {
    return this.#day >= 0 && this.#grown('day', this.#day, 1) === 0
  }

  #push(span: Span, newest: number, nowMs: MonoMs): number {
    const { samples, periodMs } = spans[span]
    this.#rows ??= new Float64Array(rowsOfAll * width)
    const rows = this.#rows
    const first = firstRow[span]
    if (newest < 0) for (let row = first; row < first + samples; row++) rows[row * width] = nowMs - periodMs
    const row = (newest + 1) % samples
    const at = (first + row) * width
    rows[at] = nowMs
    rows[at + 1] = this.times
    rows[at + 2] = this.count
    rows[at + 3] = this.bytes
    rows[at + 4] = this.millis
    return row
  }

  /** From the oldest row of a span to the newest. */
  #grown(span: Span, newest: number, at: number): number {
    const first = firstRow[span]
    const oldest = (newest + 1) % spans[span].samples
    return this.#rows![(first + newest) * width + at]! - this.#rows![(first + oldest) * width + at]!
  }
}
