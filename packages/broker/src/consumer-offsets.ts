import type { Clock, QueueOffset } from '@aerobee/base'
import { isLmqTopic } from '@aerobee/wire'
import { advance, type DataVersion, newDataVersion, readDataVersion } from './data-version.js'
import { PendingResets } from './pending-resets.js'
import type { TableFile } from './table-file.js'

export interface ConsumerOffsetOptions {
  clock: Clock
  file: TableFile
  /**
   * With `enableLmq`: lmqConsumerOffset.json, where groups named %LMQ%… have a table of their own, in place of `file`.
   * Ours: as long as there is none, `file` is read. (RocketMQ forgets those offsets.)
   */
  lmqFile?: TableFile
  /** End of a queue: offsets beyond it are not taken. */
  maxOffset: (topic: string, queueId: number) => QueueOffset
  /** Commits per data version. */
  commitsPerVersion: number
}

export type CommitOutcome = 'committed' | 'movedBack' | 'cutToEnd' | 'ignored'

type QueueOffsets = Map<number, QueueOffset>

/**
 * How far each group has come in each queue (reference: broker-behaviour 5), by `topic@group` as
 * consumerOffset.json has it. A committed offset never passes the queue's end. It moves back only by a reset, or by
 * a commit of its own (request 15: how a consumer that seeks back says so); the commit that rides on a pull never
 * moves it back.
 */
export class ConsumerOffsets {
  readonly #options: ConsumerOffsetOptions
  readonly #committed = new Map<string, QueueOffsets>()
  /** Next offset of the last pull: what is on its way to the consumer. Not kept on disk. */
  readonly #pulled = new Map<string, QueueOffsets>()
  /** Resets that the consumer has not seen yet. */
  readonly #resets = new PendingResets()
  readonly #version: DataVersion
  #commits = 0
  #dirty = false

  constructor(options: ConsumerOffsetOptions) {
    this.#options = options
    this.#version = newDataVersion(options.clock)
    const ofLmq = options.lmqFile?.load()
    this.#load(ofLmq ?? options.file.load())
  }

  get dataVersion(): Readonly<DataVersion> {
    return this.#version
  }

  /** Offset to start from: a pending reset first, then what was committed; undefined when neither. */
  query(group: string, topic: string, queueId: number): QueueOffset | undefined {
    const key = keyOf(topic, group)
    return this.#resets.offset(key, queueId) ?? this.#committed.get(key)?.get(queueId)
  }

  committed(group: string, topic: string, queueId: number): QueueOffset | undefined {
    return this.#committed.get(keyOf(topic, group))?.get(queueId)
  }

  /** Next offset of the group's last pull from the queue. */
  pulled(group: string, topic: string, queueId: number): QueueOffset | undefined {
    return this.#pulled.get(keyOf(topic, group))?.get(queueId)
  }

  commit(group: string, topic: string, queueId: number, offset: QueueOffset): CommitOutcome {
    return this.#commit(keyOf(topic, group), topic, queueId, offset, true)
  }

  /** The commit that rides on a pull. */
  commitWithPull(group: string, topic: string, queueId: number, offset: QueueOffset): CommitOutcome {
    return this.#commit(keyOf(topic, group), topic, queueId, offset, false)
  }

  #commit(key: string, topic: string, queueId: number, wanted: number, mayMoveBack: boolean): CommitOutcome {
    if (wanted < 0) return 'ignored'
    const offsets = queuesOf(this.#committed, key)
    const known = offsets.get(queueId)
    if (known === wanted) return 'committed'
    const end = this.#options.maxOffset(topic, queueId)
    const offset = Math.min(wanted, end)
    if (known !== undefined && offset < known && !mayMoveBack) return 'ignored'
    offsets.set(queueId, offset)
    this.#dirty = true
    if (++this.#commits % this.#options.commitsPerVersion === 0) advance(this.#version, this.#options.clock)
    if (offset < wanted) return 'cutToEnd'
    return known !== undefined && offset < known ? 'movedBack' : 'committed'
  }

  /**
   * For the start: after a power cut the log may end before what was committed, and what takes those places must not
   * be passed over. Returns `topic@group queue` of each offset that moved.
   */
  cutToEnds(): string[] {
    const moved: string[] = []
    for (const [key, offsets] of this.#committed)
      for (const [queueId, offset] of offsets) {
        const end = this.#options.maxOffset(key.slice(0, key.indexOf('@')), queueId)
        if (offset <= end) continue
        offsets.set(queueId, end)
        moved.push(`${key} queue ${queueId}: ${offset} to ${end}`)
      }
    if (moved.length > 0) this.#dirty = true
    return moved
  }

  notePull(group: string, topic: string, queueId: number, nextOffset: QueueOffset): void {
    queuesOf(this.#pulled, keyOf(topic, group)).set(queueId, nextOffset)
  }

  /** Puts the group at `offset` at once; its next pull of the queue is sent there. */
  reset(group: string, topic: string, queueId: number, offset: QueueOffset): void {
    const key = keyOf(topic, group)
    this.#resets.set(key, queueId, offset)
    queuesOf(this.#committed, key).set(queueId, offset)
    this.#pulled.get(key)?.delete(queueId)
    this.#dirty = true
  }

  /** Gives a group the committed offsets of another on a topic. Whether that one had any. */
  clone(from: string, to: string, topic: string): boolean {
    const offsets = this.#committed.get(keyOf(topic, from))
    if (!offsets) return false
    this.#committed.set(keyOf(topic, to), new Map(offsets))
    this.#dirty = true
    return true
  }

  hasReset(group: string, topic: string, queueId: number): boolean {
    return !this.#resets.none && this.#resets.offset(keyOf(topic, group), queueId) !== undefined
  }

  /** Where the pull of a connection is to go instead of `pullOffset`, after a reset; undefined when it may go on. */
  redirect(
    group: string,
    topic: string,
    queueId: number,
    connectionId: number,
    pullOffset: QueueOffset,
  ): QueueOffset | undefined {
    if (this.#resets.none) return undefined
    return this.#resets.redirect(keyOf(topic, group), queueId, connectionId, pullOffset)
  }

  /** `topic@group` -> queue -> committed offset. */
  get all(): ReadonlyMap<string, ReadonlyMap<number, QueueOffset>> {
    return this.#committed
  }

  /** Groups with an offset on the topic. */
  groupsOf(topic: string): string[] {
    return [...this.#committed.keys()]
      .filter((key) => key.startsWith(`${topic}@`) && !isOfBroadcast(key))
      .map((key) => key.slice(topic.length + 1))
  }

  /** group -> topics that it has an offset on. */
  topicsByGroup(): Map<string, string[]> {
    const groups = new Map<string, string[]>()
    for (const key of this.#committed.keys()) {
      const at = key.lastIndexOf('@')
      const group = key.slice(at + 1)
      const topics = groups.get(group)
      if (topics) topics.push(key.slice(0, at))
      else groups.set(group, [key.slice(0, at)])
    }
    return groups
  }

  /** Topics that the group has an offset on. */
  topicsOf(group: string): string[] {
    return [...this.#committed.keys()]
      .filter((key) => key.endsWith(`@${group}`) && !isOfBroadcast(key))
      .map((key) => key.slice(0, -group.length - 1))
  }

  deleteTopic(topic: string): void {
    this.#deleteWhere((key) => key.startsWith(`${topic}@`))
  }

  deleteGroup(group: string): void {
    this.#deleteWhere((key) => {
      const own = key.slice(key.indexOf('@') + 1)
      return own === group || own === `${group}@broadcast`
    })
  }

  #deleteWhere(matches: (key: string) => boolean): void {
    for (const table of [this.#committed, this.#pulled])
      for (const key of table.keys()) if (matches(key)) table.delete(key)
    this.#resets.deleteWhere(matches)
    this.#dirty = true
  }

  /** Nothing is written when nothing changed. Durable when the file has settled. */
  save(): void {
    if (!this.#dirty) return
    this.#dirty = false
    const { file, lmqFile } = this.#options
    if (lmqFile) lmqFile.saveSoon(() => this.#lmqJson())
    else file.saveSoon(() => this.toJSON())
  }

  /** The same at once, for what an administrator was told is done. Resolves when it is durable, or has failed. */
  async saveNow(): Promise<void> {
    this.save()
    const { file, lmqFile } = this.#options
    await (lmqFile ?? file).flush()
  }

  toJSON(): object {
    return { dataVersion: this.#version, offsetTable: tableJson(this.#committed) }
  }

  #lmqJson(): object {
    const ofLmq = new Map<string, QueueOffset>()
    const others = new Map<string, QueueOffsets>()
    for (const [key, queues] of this.#committed) {
      const only = queues.size === 1 && isOfLmqGroup(key) ? queues.get(0) : undefined
      if (only === undefined) others.set(key, queues)
      else ofLmq.set(key, only)
    }
    const lmqOffsetTable = Object.fromEntries(ofLmq)
    return { dataVersion: this.#version, lmqOffsetTable, offsetTable: tableJson(others) }
  }

  #load(content: unknown): void {
    if (typeof content !== 'object' || content === null) return
    const { dataVersion, offsetTable, lmqOffsetTable } = content as Record<string, unknown>
    for (const [key, offset] of Object.entries((lmqOffsetTable ?? {}) as Record<string, unknown>))
      if (Number.isSafeInteger(offset)) queuesOf(this.#committed, key).set(0, offset as number)
    Object.assign(this.#version, readDataVersion(dataVersion, this.#options.clock))
    for (const [key, queues] of Object.entries((offsetTable ?? {}) as Record<string, unknown>)) {
      for (const [queueId, offset] of Object.entries((queues ?? {}) as Record<string, unknown>))
        if (Number.isSafeInteger(offset))
          queuesOf(this.#committed, key).set(Number(queueId), offset as number)
    }
  }
}

/** Such groups read light message queues, which have queue 0 only. */
const isOfLmqGroup = (key: string): boolean => isLmqTopic(key.slice(key.lastIndexOf('@') + 1))

/** What clients of a broadcasting group have in common stands under `topic@group@broadcast`, and is no group's own. */
const isOfBroadcast = (key: string) => key.indexOf('@') !== key.lastIndexOf('@')

/** Neither name can hold an `@`. */
const keyOf = (topic: string, group: string) => `${topic}@${group}`

function queuesOf(table: Map<string, QueueOffsets>, key: string): QueueOffsets {
  let queues = table.get(key)
  if (!queues) {
    queues = new Map()
    table.set(key, queues)
  }
  return queues
}

const tableJson = (table: ReadonlyMap<string, QueueOffsets>) =>
  Object.fromEntries([...table].map(([key, queues]) => [key, Object.fromEntries(queues)]))
