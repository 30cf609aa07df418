/** Times from a second on are counted by the second, and from ten on all together. */
const fineMs = 1000
const coarse = 10
const steps = fineMs + coarse

/** The first bound is inclusive, the others are not, as upstream's. */
const distribution: readonly (readonly [name: string, belowMs: number])[] = [
  ['<=0ms', 1],
  ['0~10ms', 10],
  ['10~50ms', 50],
  ['50~100ms', 100],
  ['100~200ms', 200],
  ['200~500ms', 500],
  ['500ms~1s', 1000],
  ['1~2s', 2000],
  ['2~3s', 3000],
  ['3~4s', 4000],
  ['4~5s', 5000],
  ['5~10s', 10_000],
  ['10s~', Number.POSITIVE_INFINITY],
]

/** How long puts took: one addition each, read as a distribution and as percentiles of the last full minute. */
export class PutTimes {
  maxMs = 0
  #counts = new Uint32Array(steps)
  #lastMinute = new Uint32Array(steps)

  note(elapsedMs: number): void {
    this.#counts[elapsedMs < fineMs ? elapsedMs : stepOf(elapsedMs)]!++
    if (elapsedMs > this.maxMs) this.maxMs = elapsedMs
  }

  turnMinute(): void {
    const counts = this.#lastMinute
    this.#lastMinute = this.#counts
    this.#counts = counts.fill(0)
  }

  /** `[<=0ms]:12 [0~10ms]:3 … [10s~]:0 ` */
  distributionText(): string {
    let from = 0
    let text = ''
    for (const [name, belowMs] of distribution) {
      const to = belowMs < fineMs ? belowMs : Math.min(stepOf(belowMs), steps)
      let count = 0
      for (let step = from; step < to; step++) count += this.#lastMinute[step]!
      text += `[${name}]:${count} `
      from = to
    }
    return text
  }

  /** The time that `share` of the puts did not exceed, ms; 0 when there were none. */
  percentileMs(share: number): number {
    const total = this.#lastMinute.reduce((sum, count) => sum + count, 0)
    let left = Math.ceil(total * share)
    for (const [step, count] of this.#lastMinute.entries()) {
      left -= count
      if (left <= 0) return step < fineMs ? step : (step - fineMs + 1) * 1000
    }
    return 0
  }
}

/** 1000 ms to 1999 ms is the first of the coarse steps; the last has all from 10 s on. */
const stepOf = (elapsedMs: number): number =>
  elapsedMs === Number.POSITIVE_INFINITY
    ? steps
    : fineMs + Math.min(coarse - 1, Math.floor(elapsedMs / 1000) - 1)
