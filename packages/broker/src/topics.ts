import { bad, type Clock, type Logger, type Result, withFields } from '@aerobee/base'
import {
  bodies,
  isInheritable,
  isLmqTopic,
  isRetryTopic,
  permInherit,
  permRead,
  permText,
  permWrite,
  systemTopicNames,
  topicNameFault,
} from '@aerobee/wire'
import { advance, type DataVersion, newDataVersion, readDataVersion } from './data-version.js'
import { changeSaved } from './saved-change.js'
import { type SystemTopicSettings, systemTopics, systemTopicTest } from './system-topics.js'
import type { TableFile } from './table-file.js'

/** One topic as topics.json and the wire carry it. Replaced as a whole, never changed in place. */
export type TopicConfig = bodies.TopicConfig

const readWrite = permRead | permWrite

export const topicSysFlags = { unit: 1, unitSub: 2 } as const

export function newTopicConfig(
  topicName: string,
  queues: number,
  perm: number,
  more: Partial<TopicConfig> = {},
): TopicConfig {
  return {
    topicName,
    readQueueNums: queues,
    writeQueueNums: queues,
    perm,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: false,
    attributes: {},
    ...more,
  }
}

/** Whether an entry of its queues may stand for several messages. */
export const isBatchTopic = (topic: TopicConfig): boolean => topic.attributes['queue.type'] === 'BatchCQ'

/** As upstream prints it in remarks. */
export function topicText(topic: TopicConfig): string {
  const attributes = Object.entries(topic.attributes).map(([key, value]) => `${key}=${value}`)
  return (
    `TopicConfig [topicName=${topic.topicName}, readQueueNums=${topic.readQueueNums}, ` +
    `writeQueueNums=${topic.writeQueueNums}, perm=${permText(topic.perm)}, ` +
    `topicFilterType=${topic.topicFilterType}, topicSysFlag=${topic.topicSysFlag}, order=${topic.order}, ` +
    `attributes={${attributes.join(', ')}}]`
  )
}

export interface TopicTableOptions {
  settings: SystemTopicSettings & { enableLmq: boolean }
  clock: Clock
  logger: Logger
  file: TableFile
  /** Told after a change was saved, with the topics that are new or different. */
  onChange?: (topics: readonly TopicConfig[]) => void
}

/** What a send says about a topic it may create. */
export interface CreationWish {
  topic: string
  /** The topic to model it on, usually TBW102. */
  defaultTopic: string
  defaultTopicQueueNums: number
  unitMode: boolean
}

/**
 * The topics of a broker (reference: broker-behaviour 3.2, wire 3.8). A change is on disk before the call returns;
 * a call throws AerobeeError IO_FAILED when the disk refuses, with the change undone.
 */
export class TopicTable {
  readonly #options: TopicTableOptions
  readonly #logger: Logger
  readonly #topics = new Map<string, TopicConfig>()
  readonly #version: DataVersion
  /** Whether a topic belongs to the broker itself. */
  readonly isSystem: (topic: string) => boolean

  constructor(options: TopicTableOptions) {
    this.#options = options
    this.#logger = withFields(options.logger, { part: 'topics' })
    this.#version = newDataVersion(options.clock)
    this.isSystem = systemTopicTest(options.settings)
    for (const { name, queues, perm } of systemTopics(options.settings))
      this.#topics.set(name, newTopicConfig(name, queues, perm))
    this.#load(options.file.load())
  }

  get dataVersion(): Readonly<DataVersion> {
    return this.#version
  }

  get all(): ReadonlyMap<string, TopicConfig> {
    return this.#topics
  }

  /** With `enableLmq` every light message queue is a topic of one queue that nobody creates. */
  find(topic: string): TopicConfig | undefined {
    return this.#topics.get(topic) ?? (this.#isLmq(topic) ? newTopicConfig(topic, 1, readWrite) : undefined)
  }

  /** Whether the queues of a topic are of type BatchCQ; undefined for a topic that there is none of. */
  isBatch(topic: string): boolean | undefined {
    const known = this.find(topic)
    return known && isBatchTopic(known)
  }

  #isLmq(topic: string): boolean {
    return this.#options.settings.enableLmq && isLmqTopic(topic) && topicNameFault(topic) === undefined
  }

  /** The topic, created from the default topic when it is missing and may be; undefined when it may not. */
  findOrCreate(wish: CreationWish): TopicConfig | undefined {
    return this.#topics.get(wish.topic) ?? this.#createFromDefault(wish)
  }

  #createFromDefault(wish: CreationWish): TopicConfig | undefined {
    const model = this.#topics.get(wish.defaultTopic)
    const perm =
      wish.defaultTopic === systemTopicNames.autoCreate && !this.#options.settings.autoCreateTopicEnable
        ? permRead | permWrite
        : (model?.perm ?? 0)
    if (!model || !isInheritable(perm)) return undefined
    const queues = Math.max(0, Math.min(wish.defaultTopicQueueNums, model.writeQueueNums))
    const unitFlag = isRetryTopic(wish.topic) ? topicSysFlags.unitSub : topicSysFlags.unit
    const created = newTopicConfig(wish.topic, queues, perm & ~permInherit, {
      topicSysFlag: wish.unitMode ? unitFlag : 0,
      topicFilterType: model.topicFilterType,
    })
    this.#logger.info(`created topic ${wish.topic} with ${queues} queues, as ${wish.defaultTopic}`)
    this.put([created])
    return created
  }

  /** The topic, created when it is missing. */
  ensure(topic: string, queues: number, perm: number, more: Partial<TopicConfig> = {}): TopicConfig {
    const known = this.#topics.get(topic)
    if (known) return known
    const created = newTopicConfig(topic, queues, perm, more)
    this.put([created])
    return created
  }

  /**
   * The same for the retry topic of a live group, whose order flag is brought up to date too. Saved soon only: were
   * it lost, the next heartbeat would bring it again.
   */
  ensureSoon(wanted: TopicConfig): void {
    const known = this.#topics.get(wanted.topicName)
    if (known && known.order === wanted.order) return
    const topic = known ? { ...known, order: wanted.order } : wanted
    this.#topics.set(topic.topicName, topic)
    advance(this.#version, this.#options.clock)
    this.#options.file.saveSoon(() => this.toJSON())
    this.#options.onChange?.([topic])
  }

  /** Inserts or replaces; saved and announced once. Equal entries change nothing. */
  put(topics: readonly TopicConfig[]): void {
    const changed = topics.filter(
      (topic) => !this.#isLmq(topic.topicName) && !sameTopic(this.#topics.get(topic.topicName), topic),
    )
    if (changed.length === 0) return
    this.#change(() => {
      for (const topic of changed) this.#topics.set(topic.topicName, topic)
    })
    this.#options.onChange?.(changed)
  }

  /** Whether it was there. */
  delete(topic: string): boolean {
    if (!this.#topics.has(topic)) return false
    this.#change(() => this.#topics.delete(topic))
    this.#logger.info(`deleted topic ${topic}`)
    return true
  }

  /** For what changes every topic as others see it, e.g. brokerPermission. */
  advanceVersion(): void {
    this.#change(() => {})
  }

  toJSON(): object {
    return { dataVersion: this.#version, topicConfigTable: Object.fromEntries(this.#topics) }
  }

  #change(apply: () => void): void {
    const { clock, file } = this.#options
    const save = () => file.save(this.toJSON())
    changeSaved({ version: this.#version, clock, tables: [this.#topics], save }, apply)
  }

  #load(content: unknown): void {
    if (typeof content !== 'object' || content === null) return
    const { dataVersion, topicConfigTable } = content as Record<string, unknown>
    Object.assign(this.#version, readDataVersion(dataVersion, this.#options.clock))
    for (const [name, value] of Object.entries((topicConfigTable ?? {}) as Record<string, unknown>)) {
      const topic = readTopic(name, value)
      if (topic.ok) this.#topics.set(name, topic.value)
      else this.#logger.warn(`topics.json: topic ${name} is left out: ${topic.reason}`)
    }
  }
}

/** A topic of the table in topics.json; its key is its name, whatever the entry says. */
function readTopic(topicName: string, value: unknown): Result<TopicConfig> {
  const read = bodies.topicConfig.read(typeof value === 'object' ? { ...value, topicName } : value)
  if (!read.ok) return read
  const { readQueueNums, writeQueueNums, perm, topicSysFlag } = read.value
  const counts = [readQueueNums, writeQueueNums, perm, topicSysFlag]
  return counts.every((count) => count >= 0 && count <= 0x7fff_ffff)
    ? read
    : bad('a count is below 0 or beyond 2^31')
}

function sameTopic(known: TopicConfig | undefined, other: TopicConfig): boolean {
  return known !== undefined && JSON.stringify(ordered(known)) === JSON.stringify(ordered(other))
}

const ordered = (topic: TopicConfig) => [
  topic.readQueueNums,
  topic.writeQueueNums,
  topic.perm,
  topic.topicFilterType,
  topic.topicSysFlag,
  topic.order,
  Object.entries(topic.attributes).sort(),
]
