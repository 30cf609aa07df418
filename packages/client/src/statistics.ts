import type { Clock, MonoMs, Timer } from '@aerobee/base'
import type { bodies } from '@aerobee/wire'

/** Samples kept: 60 s by tens of seconds, an hour by tens of minutes (reference: client-behaviour 11). */
const sampleMs = 10_000
const minuteSamples = 7
const samplesPerTenMinutes = 60

interface Sample {
  atMs: MonoMs
  value: number
  times: number
}

/** A sum and how often something was added to it, with samples of the last minute and the last hour. */
class Counter {
  value = 0
  times = 0
  readonly #minute: Sample[] = []
  readonly #hour: Sample[] = []

  add(value: number): void {
    this.value += value
    this.times++
  }

  sample(atMs: MonoMs, tick: number): void {
    const sample = { atMs, value: this.value, times: this.times }
    keep(this.#minute, sample)
    if (tick % samplesPerTenMinutes === 0) keep(this.#hour, sample)
  }

  /** Per second, in the last minute. */
  get perSecond(): number {
    const span = between(this.#minute)
    return span && span.ms > 0 ? (span.value * 1000) / span.ms : 0
  }

  /** Mean of what was added in the last minute, else in the last hour. */
  get mean(): number {
    for (const samples of [this.#minute, this.#hour]) {
      const span = between(samples)
      if (span && span.times > 0) return span.value / span.times
    }
    return 0
  }

  get hourSum(): number {
    return between(this.#hour)?.value ?? 0
  }
}

function keep(samples: Sample[], sample: Sample): void {
  samples.push(sample)
  if (samples.length > minuteSamples) samples.shift()
}

function between(samples: readonly Sample[]): { ms: number; value: number; times: number } | undefined {
  const first = samples[0]
  const last = samples.at(-1)
  if (!first || !last) return undefined
  return { ms: last.atMs - first.atMs, value: last.value - first.value, times: last.times - first.times }
}

const names = ['pullRT', 'pullTPS', 'consumeRT', 'consumeOKTPS', 'consumeFailedTPS'] as const
type TopicCounters = Record<(typeof names)[number], Counter>

/** How a consumer fares, by topic; request 307 shows it. */
export class ConsumerStatistics {
  readonly #clock: Clock
  readonly #topics = new Map<string, TopicCounters>()
  #timer: Timer | undefined
  #tick = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  start(): void {
    this.#timer ??= this.#clock.every(sampleMs, () => this.#sample(), { background: true })
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  pulled(topic: string, count: number, ms: number): void {
    const counters = this.#of(topic)
    counters.pullRT.add(ms)
    if (count > 0) counters.pullTPS.add(count)
  }

  /** One call of a listener. */
  consumed(topic: string, ms: number, ok: number, failed: number): void {
    const counters = this.#of(topic)
    counters.consumeRT.add(ms)
    if (ok > 0) counters.consumeOKTPS.add(ok)
    if (failed > 0) counters.consumeFailedTPS.add(failed)
  }

  status(topic: string): bodies.ConsumeStatus {
    const { pullRT, pullTPS, consumeRT, consumeOKTPS, consumeFailedTPS } = this.#of(topic)
    return {
      consumeFailedMsgs: consumeFailedTPS.hourSum,
      consumeFailedTPS: consumeFailedTPS.perSecond,
      consumeOKTPS: consumeOKTPS.perSecond,
      consumeRT: consumeRT.mean,
      pullRT: pullRT.mean,
      pullTPS: pullTPS.perSecond,
    }
  }

  #of(topic: string): TopicCounters {
    let counters = this.#topics.get(topic)
    if (!counters) {
      counters = Object.fromEntries(names.map((name) => [name, new Counter()])) as TopicCounters
      for (const name of names) counters[name].sample(this.#clock.monoMs(), 0)
      this.#topics.set(topic, counters)
    }
    return counters
  }

  #sample(): void {
    const now = this.#clock.monoMs()
    this.#tick++
    for (const counters of this.#topics.values())
      for (const name of names) counters[name].sample(now, this.#tick)
  }
}
