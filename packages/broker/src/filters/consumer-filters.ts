import { type Clock, type Logger, limits, type Result, type WallMs } from '@aerobee/base'
import { compileFilter, isTagType, type SqlFilter, type Subscription } from '@aerobee/filter'
import type { TableFile } from '../table-file.js'

/** The expression of a group for a topic, compiled once. */
export interface ConsumerFilter {
  readonly topic: string
  readonly consumerGroup: string
  readonly expressionType: string
  readonly filter: SqlFilter
  readonly bornTime: WallMs
  /** 0 while the group subscribes to the topic. */
  deadTime: WallMs
  /** The largest version of a subscription with this expression. */
  clientVersion: number
}

export interface ConsumerFiltersOptions {
  settings: { filterDataCleanTimeSpan: number }
  clock: Clock
  logger: Logger
  file: TableFile
}

/** Expressions of 64 K characters at most. */
const rememberedIllegal = 64

/** Of members that were there when the file was saved nobody knows how long ago they left. */
const deadSinceLoadMs = 30_000

/**
 * Expressions that are no tags, by group and topic (reference: broker-behaviour 6, point 3). They come with
 * heartbeats, die with their subscription, and are forgotten filterDataCleanTimeSpan later: until then a
 * group that comes back has its filter before its first heartbeat. Kept in consumerFilter.json.
 */
export class ConsumerFilters {
  readonly #options: ConsumerFiltersOptions
  readonly #groups = new Map<string, Map<string, ConsumerFilter>>()
  /** What last failed to compile, so that it is tried and logged once, not with each heartbeat. */
  readonly #illegal = new Map<string, string>()
  #chars = 0

  /** Throws AerobeeError STORE_CORRUPT when the file is unreadable. */
  constructor(options: ConsumerFiltersOptions) {
    this.#options = options
    this.#load(options.file.load())
  }

  find(group: string, topic: string): ConsumerFilter | undefined {
    return this.#groups.get(group)?.get(topic)
  }

  /** All subscriptions of a group, as a heartbeat brings them. One that does not compile leaves none. */
  register(group: string, subscriptions: readonly Subscription[]): void {
    let changed = false
    const known = this.#groups.get(group)
    for (const subscription of subscriptions)
      if (!isTagType(subscription.expressionType) && this.#registerOne(group, subscription)) changed = true
    for (const filter of known?.values() ?? [])
      if (!subscriptions.some(({ topic }) => topic === filter.topic) && this.#kill(filter)) changed = true
    if (changed) this.#saveSoon()
  }

  /** The last member of the group is gone. */
  groupGone(group: string): void {
    let changed = false
    for (const filter of this.#groups.get(group)?.values() ?? []) if (this.#kill(filter)) changed = true
    if (changed) this.#saveSoon()
  }

  /** Forgets what has been dead for too long. */
  purge(): void {
    if (this.#purge()) this.#saveSoon()
  }

  #registerOne(group: string, { topic, subString, expressionType, subVersion }: Subscription): boolean {
    const known = this.find(group, topic)
    if (known && subVersion <= known.clientVersion) {
      if (subVersion < known.clientVersion || known.deadTime === 0) return false
      known.deadTime = 0
      return true
    }
    if (known && known.filter.expression === subString && known.expressionType === expressionType) {
      known.clientVersion = subVersion
      known.deadTime = 0
      return true
    }
    const place = `${group}@${topic}`
    if (this.#illegal.get(place) === subString) return false
    const filter = compileFilter(expressionType, subString)
    if (known) this.#remove(known)
    if (!filter.ok) {
      this.#noteIllegal(place, subString)
      this.#options.logger.warn(`group ${group} has no filter for topic ${topic}: ${filter.reason}`)
      return known !== undefined
    }
    this.#illegal.delete(place)
    return this.#add({
      topic,
      consumerGroup: group,
      expressionType,
      filter: filter.value,
      bornTime: this.#options.clock.wallMs(),
      deadTime: 0,
      clientVersion: subVersion,
    })
  }

  #noteIllegal(place: string, expression: string): void {
    if (this.#illegal.size >= rememberedIllegal) this.#illegal.clear()
    this.#illegal.set(place, expression)
  }

  #add(filter: ConsumerFilter): boolean {
    const chars = costOf(filter)
    if (this.#chars + chars > limits.consumerFilterChars) this.#purge(0)
    if (this.#chars + chars > limits.consumerFilterChars) {
      this.#options.logger.warn(
        `group ${filter.consumerGroup} has no filter for topic ${filter.topic}: the broker keeps no more of them`,
      )
      return false
    }
    this.#chars += chars
    const topics = this.#groups.get(filter.consumerGroup)
    if (topics) topics.set(filter.topic, filter)
    else this.#groups.set(filter.consumerGroup, new Map([[filter.topic, filter]]))
    return true
  }

  #remove(filter: ConsumerFilter): void {
    const topics = this.#groups.get(filter.consumerGroup)
    if (!topics?.delete(filter.topic)) return
    this.#chars -= costOf(filter)
    if (topics.size === 0) this.#groups.delete(filter.consumerGroup)
  }

  #kill(filter: ConsumerFilter): boolean {
    if (filter.deadTime !== 0) return false
    filter.deadTime = this.#options.clock.wallMs()
    return true
  }

  #purge(keepMs = this.#options.settings.filterDataCleanTimeSpan): boolean {
    const before = this.#options.clock.wallMs() - keepMs
    let changed = false
    for (const filter of this.#all())
      if (filter.deadTime !== 0 && filter.deadTime <= before) {
        this.#remove(filter)
        changed = true
      }
    return changed
  }

  #all(): ConsumerFilter[] {
    return [...this.#groups.values()].flatMap((topics) => [...topics.values()])
  }

  #saveSoon(): void {
    this.#options.file.saveSoon(() => this.toJSON())
  }

  /** RocketMQ's document, but for the places in its bloom filter: topic -> group -> filter. */
  toJSON(): object {
    const topics = new Map<string, Map<string, object>>()
    for (const one of this.#all()) {
      const { topic, consumerGroup } = one
      const groups = topics.get(topic)
      if (groups) groups.set(consumerGroup, filterJson(one))
      else topics.set(topic, new Map([[consumerGroup, filterJson(one)]]))
    }
    const tables = [...topics].map(
      ([topic, groups]) => [topic, { groupFilterData: Object.fromEntries(groups), topic }] as const,
    )
    return { filterDataByTopic: Object.fromEntries(tables) }
  }

  #load(document: unknown): void {
    for (const table of valuesOf(fieldOf(document, 'filterDataByTopic')))
      for (const entry of valuesOf(fieldOf(table, 'groupFilterData'))) {
        const filter = this.#read(entry)
        if (filter.ok) this.#add(filter.value)
        else this.#options.logger.warn(`consumerFilter.json: an entry is left out: ${filter.reason}`)
      }
  }

  #read(entry: unknown): Result<ConsumerFilter> {
    const text = (name: string) => String(fieldOf(entry, name) ?? '')
    const number = (name: string) => {
      const value = fieldOf(entry, name)
      return Number.isSafeInteger(value) ? (value as number) : 0
    }
    const expressionType = text('expressionType')
    const filter = compileFilter(expressionType, text('expression'))
    if (!filter.ok) return filter
    const bornTime = number('bornTime')
    const deadTime = number('deadTime') || Math.max(bornTime, this.#options.clock.wallMs() - deadSinceLoadMs)
    return {
      ok: true,
      value: {
        topic: text('topic'),
        consumerGroup: text('consumerGroup'),
        expressionType,
        filter: filter.value,
        bornTime,
        deadTime,
        clientVersion: number('clientVersion'),
      },
    }
  }
}

/** One filter as RocketMQ's document and its tools have it. */
export function filterJson(one: ConsumerFilter): object {
  const { topic, consumerGroup, expressionType, filter, bornTime, deadTime, clientVersion } = one
  const { expression } = filter
  const dead = deadTime !== 0
  return { bornTime, clientVersion, consumerGroup, dead, deadTime, expression, expressionType, topic }
}

/** What a compiled expression takes beside its text, in characters. */
const overheadChars = 2048
const costOf = ({ filter }: ConsumerFilter) => filter.expression.length + overheadChars

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined

const valuesOf = (value: unknown): unknown[] =>
  typeof value === 'object' && value !== null ? Object.values(value) : []
