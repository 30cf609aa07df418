import { type Clock, type Logger, withFields } from '@aerobee/base'
import { bodies, isGroupName, isLmqTopic } from '@aerobee/wire'
import { advance, type DataVersion, newDataVersion, readDataVersion } from './data-version.js'
import { changeSaved } from './saved-change.js'
import type { TableFile } from './table-file.js'

/** One group as subscriptionGroup.json and the wire carry it. Replaced as a whole, never changed in place. */
export type GroupConfig = bodies.SubscriptionGroupConfig

export function newGroupConfig(groupName: string, more: Partial<GroupConfig> = {}): GroupConfig {
  return {
    groupName,
    consumeEnable: true,
    consumeFromMinEnable: true,
    consumeBroadcastEnable: true,
    consumeMessageOrderly: false,
    retryQueueNums: 1,
    retryMaxTimes: 16,
    groupRetryPolicy: { type: 'CUSTOMIZED' },
    brokerId: 0,
    whichBrokerWhenConsumeSlowly: 1,
    notifyConsumerIdsChangedEnable: true,
    groupSysFlag: 0,
    consumeTimeoutMinute: 15,
    attributes: {},
    ...more,
  }
}

const systemGroupPrefix = 'CID_RMQ_SYS_'
const predefined: readonly GroupConfig[] = [
  ...['TOOLS_CONSUMER', 'FILTERSRV_CONSUMER', 'SELF_TEST_C_GROUP'].map((name) => newGroupConfig(name)),
  ...['CID_ONS-HTTP-PROXY', 'CID_ONSAPI_PULL', 'CID_ONSAPI_PERMISSION', 'CID_ONSAPI_OWNER'].map((name) =>
    newGroupConfig(name, { consumeBroadcastEnable: true }),
  ),
  newGroupConfig('CID_RMQ_SYS_TRANS'),
]

/** Groups that only the broker and its tools use. */
export const isSystemGroup = (group: string): boolean =>
  group.startsWith(systemGroupPrefix) || predefined.some(({ groupName }) => groupName === group)

export interface GroupTableOptions {
  settings: { autoCreateSubscriptionGroup: boolean; enableCreateSysGroup: boolean; enableLmq: boolean }
  clock: Clock
  logger: Logger
  file: TableFile
}

/** Bit of the forbidden table that keeps a group from reading a topic. */
const forbidRead = 1 << 2

/**
 * The consumer groups of a broker (reference: broker-behaviour 6, point 8). A change is on disk before the call
 * returns; a call throws AerobeeError IO_FAILED when the disk refuses, with the change undone.
 */
export class GroupTable {
  readonly #options: GroupTableOptions
  readonly #logger: Logger
  readonly #groups = new Map<string, GroupConfig>()
  /** group -> topic -> bits. */
  readonly #forbidden = new Map<string, Map<string, number>>()
  readonly #version: DataVersion

  constructor(options: GroupTableOptions) {
    this.#options = options
    this.#logger = withFields(options.logger, { part: 'groups' })
    this.#version = newDataVersion(options.clock)
    for (const group of predefined) this.#groups.set(group.groupName, group)
    this.#load(options.file.load())
  }

  get dataVersion(): Readonly<DataVersion> {
    return this.#version
  }

  get all(): ReadonlyMap<string, GroupConfig> {
    return this.#groups
  }

  /** group -> topic -> bits that forbid. */
  get forbidden(): ReadonlyMap<string, ReadonlyMap<string, number>> {
    return this.#forbidden
  }

  /** Without creating it. */
  get(group: string): GroupConfig | undefined {
    return this.#groups.get(group) ?? (this.#isLmq(group) ? newGroupConfig(group) : undefined)
  }

  /** With `enableLmq` every group of such a name is there, with the defaults. */
  #isLmq(group: string): boolean {
    return this.#options.settings.enableLmq && isLmqTopic(group) && isGroupName(group)
  }

  /**
   * The group, created with defaults when it is missing and may be; undefined when it may not. A created one is saved
   * soon only: were it lost, it would be created again.
   */
  find(group: string): GroupConfig | undefined {
    return this.get(group) ?? this.#create(group)
  }

  #create(group: string): GroupConfig | undefined {
    const { autoCreateSubscriptionGroup, enableCreateSysGroup } = this.#options.settings
    const allowed =
      autoCreateSubscriptionGroup || (enableCreateSysGroup && group.startsWith(systemGroupPrefix))
    if (!allowed || !isGroupName(group)) return undefined
    const created = newGroupConfig(group)
    this.#logger.info(`created group ${group}`)
    this.#groups.set(group, created)
    advance(this.#version, this.#options.clock)
    this.#options.file.saveSoon(() => this.toJSON())
    return created
  }

  /** Inserts or replaces; saved once. Names are the caller's to check. */
  put(groups: readonly GroupConfig[]): void {
    const changed = groups.filter(
      (group) => !this.#isLmq(group.groupName) && !sameGroup(this.#groups.get(group.groupName), group),
    )
    if (changed.length === 0) return
    this.#change(() => {
      for (const group of changed) this.#groups.set(group.groupName, group)
    })
  }

  /** With its forbidden bits. Whether it was there. */
  delete(group: string): boolean {
    if (!this.#groups.has(group)) return false
    this.#change(() => {
      this.#groups.delete(group)
      this.#forbidden.delete(group)
    })
    this.#logger.info(`deleted group ${group}`)
    return true
  }

  /** Lets a group read a topic, or not; names are the caller's to check. */
  setReadable(group: string, topic: string, readable: boolean): void {
    if (this.mayRead(group, topic) === readable) return
    const topics = new Map(this.#forbidden.get(group))
    const bits = (topics.get(topic) ?? 0) ^ forbidRead
    if (bits === 0) topics.delete(topic)
    else topics.set(topic, bits)
    this.#change(() => {
      if (topics.size === 0) this.#forbidden.delete(group)
      else this.#forbidden.set(group, topics)
    })
  }

  mayRead(group: string, topic: string): boolean {
    if (this.#forbidden.size === 0) return true
    return ((this.#forbidden.get(group)?.get(topic) ?? 0) & forbidRead) === 0
  }

  toJSON(): object {
    return {
      dataVersion: this.#version,
      forbiddenTable: Object.fromEntries(
        [...this.#forbidden].map(([group, topics]) => [group, Object.fromEntries(topics)]),
      ),
      subscriptionGroupTable: Object.fromEntries(this.#groups),
    }
  }

  #change(apply: () => void): void {
    const { clock, file } = this.#options
    const save = () => file.save(this.toJSON())
    changeSaved({ version: this.#version, clock, tables: [this.#groups, this.#forbidden], save }, apply)
  }

  #load(content: unknown): void {
    if (typeof content !== 'object' || content === null) return
    const { dataVersion, subscriptionGroupTable, forbiddenTable } = content as Record<string, unknown>
    Object.assign(this.#version, readDataVersion(dataVersion, this.#options.clock))
    for (const [name, value] of entries(subscriptionGroupTable)) {
      const group = bodies.subscriptionGroupConfig.read(
        typeof value === 'object' ? { ...value, groupName: name } : value,
      )
      if (group.ok) this.#groups.set(name, group.value)
      else this.#logger.warn(`subscriptionGroup.json: group ${name} is left out: ${group.reason}`)
    }
    for (const [group, topics] of entries(forbiddenTable)) {
      const bits = entries(topics).filter((entry): entry is [string, number] => Number.isInteger(entry[1]))
      this.#forbidden.set(group, new Map(bits))
    }
  }
}

const entries = (value: unknown): [string, unknown][] =>
  typeof value === 'object' && value !== null ? Object.entries(value) : []

const sameGroup = (known: GroupConfig | undefined, other: GroupConfig): boolean =>
  known !== undefined &&
  bodies.subscriptionGroupConfig.text(known) === bodies.subscriptionGroupConfig.text(other)
