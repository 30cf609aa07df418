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

/**
 * Sums that only grow, with samples of them behind the figures of the last minute, hour and day. The samples of a span
 * are made with the first of them, so that what lives shortly costs little.
 */
export class Tally {
  /** How often something was added. */
  times = 0
  count = 0
  bytes = 0
  millis = 0
  #minute: Samples | undefined
  #hour: Samples | undefined
  #day: Samples | undefined

  add(count: number, bytes: number, millis: number): void {
    this.times += 1
    this.count += count
    this.bytes += bytes
    this.millis += millis
  }

  sample(span: Span, nowMs: MonoMs): void {
    if (span === 'minute') this.#minute = sampled(this.#minute, span, nowMs, this)
    else if (span === 'hour') this.#hour = sampled(this.#hour, span, nowMs, this)
    else this.#day = sampled(this.#day, span, nowMs, this)
  }

  figures(span: Span, amount: Amount): Figures {
    const samples = span === 'minute' ? this.#minute : span === 'hour' ? this.#hour : this.#day
    return samples?.figures(amount) ?? noFigures
  }

  /** Whether nothing was added for a whole day. */
  get idle(): boolean {
    return this.#day?.idle ?? false
  }
}

function sampled(samples: Samples | undefined, span: Span, nowMs: MonoMs, tally: Tally): Samples {
  const kept = samples ?? new Samples(spans[span].samples, nowMs - spans[span].periodMs)
  kept.push(nowMs, tally)
  return kept
}

/** atMs, times, count, bytes, millis */
const width = 5
const column = { count: 2, bytes: 3, millis: 4 } as const

/** A ring of rows; the first is that of an empty tally one period before. */
class Samples {
  readonly #rows: Float64Array
  readonly #capacity: number
  #size = 1
  #newest = 0

  constructor(capacity: number, startMs: MonoMs) {
    this.#capacity = capacity
    this.#rows = new Float64Array(capacity * width)
    this.#rows[0] = startMs
  }

  push(atMs: MonoMs, { times, count, bytes, millis }: Tally): void {
    this.#newest = (this.#newest + 1) % this.#capacity
    if (this.#size < this.#capacity) this.#size += 1
    this.#rows.set([atMs, times, count, bytes, millis], this.#newest * width)
  }

  get #oldest(): number {
    return (this.#newest + 1 + this.#capacity - this.#size) % this.#capacity
  }

  #grown(at: number): number {
    return this.#rows[this.#newest * width + at]! - this.#rows[this.#oldest * width + at]!
  }

  figures(amount: Amount): Figures {
    const sum = this.#grown(column[amount])
    const elapsedMs = this.#grown(0)
    const times = this.#grown(1)
    return { sum, tps: elapsedMs > 0 ? (sum * 1000) / elapsedMs : 0, avgpt: times > 0 ? sum / times : 0 }
  }

  get idle(): boolean {
    return this.#size === this.#capacity && this.#grown(1) === 0
  }
}
