import {
  type Clock,
  errorText,
  javaHash,
  type Logger,
  limits,
  localHour,
  parseHours,
  sleep,
  type Timer,
} from '@aerobee/base'
import { slotTimeOf, type TimerLog, takesBack } from '@aerobee/store'
import type { BrokerConfig } from '../config-keys.js'
import type { TimerMetrics } from './metrics.js'

export interface RecountParts {
  config: Pick<
    BrokerConfig,
    'timerEnableCheckMetrics' | 'timerCheckMetricsWhen' | 'timerMetricSmallThreshold'
  >
  clock: Clock
  logger: Logger
  log: TimerLog
  metrics: TimerMetrics
  /** The part of the dequeue that says what waits. */
  dequeue: { readonly readTimeMs: number; counted(): Iterable<[topic: string, change: number]> }
}

const lookEveryMs = 60_000
/** More than the hour, in which it is done once. */
const restMs = 70 * 60_000
/** About one millisecond of work, after which others go on for ten. */
const unitsPerTurn = 2000
const pauseMs = 10

interface Counted {
  topic: string
  before: number
  count: number
}

/**
 * Counts the timers that wait again, once a day (reference: broker-behaviour 8.3, metrics), by the units of the timer log:
 * after a kill, and where messages were lost or taken back in vain, the counts are a little off for ever. A unit only has
 * the hash of its topic, so that topics with the same one are left as they are, and those with many timers too.
 */
export class TimerRecount {
  readonly #parts: RecountParts
  #timer: Timer | undefined
  #lastMs = Number.NEGATIVE_INFINITY
  #running: Promise<void> | undefined
  #stopped = false

  constructor(parts: RecountParts) {
    this.#parts = parts
  }

  start(): void {
    this.#timer = this.#parts.clock.every(lookEveryMs, () => this.#look(), { background: true })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#running
  }

  #look(): void {
    const { config, clock, logger } = this.#parts
    if (!config.timerEnableCheckMetrics || this.#running) return
    if (clock.monoMs() - this.#lastMs < restMs) return
    if (!parseHours(config.timerCheckMetricsWhen)?.includes(localHour(clock.wallMs()))) return
    this.#lastMs = clock.monoMs()
    this.#running = this.#recount().then(
      () => {
        this.#running = undefined
      },
      (thrown: unknown) => {
        this.#running = undefined
        logger.warn(`Timers that wait could not be counted: ${errorText(thrown)}`)
      },
    )
  }

  async #recount(): Promise<void> {
    const { log, metrics, logger, clock } = this.#parts
    if ((log.end - log.start) / log.unitBytes > limits.timersCounted) {
      logger.info('Timers that wait are not counted again: the timer log is too long.')
      return
    }
    const startMs = clock.monoMs()
    const topics = this.#topics()
    if (topics.size === 0 || !(await this.#count(topics))) return
    // What was put and delivered meanwhile is in the counts already.
    const wrong = [...topics.values()].filter(({ before, count }) => before !== count)
    for (const { topic, before, count } of wrong) metrics.correct(topic, count - before)
    logger.info(
      `Timers that wait were counted again in ${Math.round(clock.monoMs() - startMs)} ms: ${wrong.length} of ${topics.size} topics were off.`,
    )
  }

  /** Those to be counted, by the hash of their name, as they stand now. */
  #topics(): Map<number, Counted> {
    const { metrics, config, dequeue } = this.#parts
    const topics = new Map<number, Counted>()
    const ambiguous = new Set<number>()
    for (const [topic, count] of metrics.counts()) {
      const hash = javaHash(topic)
      if (topics.has(hash)) ambiguous.add(hash)
      topics.set(hash, { topic, before: count, count: 0 })
    }
    for (const [hash, { before }] of topics)
      if (ambiguous.has(hash) || before >= config.timerMetricSmallThreshold) topics.delete(hash)
    for (const [topic, change] of dequeue.counted()) {
      const found = topics.get(javaHash(topic))
      if (found) found.count += change
    }
    return topics
  }

  /** All units that are in the log now and in no slot that is done with. False: stopped before the end. */
  async #count(topics: ReadonlyMap<number, Counted>): Promise<boolean> {
    const { log, dequeue, clock } = this.#parts
    const { end } = log
    const fromMs = dequeue.readTimeMs
    let read = 0
    for (let at = log.start; ; ) {
      const found = await log.next(at)
      if (found === undefined || found.position >= end) return true
      const counted = topics.get(found.unit.topicHash)
      if (counted && slotTimeOf(found.unit) >= fromMs) counted.count += takesBack(found.unit) ? -1 : 1
      at = found.position + log.unitBytes
      if (++read % unitsPerTurn > 0) continue
      await sleep(clock, pauseMs)
      if (this.#stopped) return false
    }
  }
}
