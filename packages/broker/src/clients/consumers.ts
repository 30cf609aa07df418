import type { Clock, MonoMs } from '@aerobee/base'
import { type SqlFilter, type Subscription, type TagsCodeMatch, tagsCodeMatch } from '@aerobee/filter'
import type { Connection } from '@aerobee/net'
import type { bodies } from '@aerobee/wire'
import type { PulledSubscriptions } from './pulled-subscriptions.js'

export interface ConsumerClient {
  readonly connection: Connection
  clientId: string
  language: string | null
  version: number
  lastSeenMonoMs: MonoMs
}

/** A subscription with the match that its queue entries are tested by; undefined takes all. */
export interface TopicSubscription {
  readonly subscription: Subscription
  readonly match: TagsCodeMatch | undefined
  /** An expression that came with the request, compiled. */
  readonly filter?: SqlFilter | undefined
}

export interface ConsumerGroup {
  readonly name: string
  consumeType: bodies.ConsumeType
  messageModel: bodies.MessageModel
  consumeFromWhere: bodies.ConsumeFromWhere
  readonly clients: Map<Connection, ConsumerClient>
  readonly topics: Map<string, TopicSubscription>
  /** Of the last heartbeat with one (reference: broker-behaviour 6, point 2). */
  fingerprint: number | undefined
}

export interface ConsumerRegistration {
  group: string
  consumeType: bodies.ConsumeType
  messageModel: bodies.MessageModel
  consumeFromWhere: bodies.ConsumeFromWhere
  connection: Connection
  clientId: string
  language: string | null
  version: number
  /** undefined leaves the subscriptions of the group as they are. */
  subscriptions: readonly Subscription[] | undefined
}

/**
 * Live consumers (reference: broker-behaviour 6). Members are known by connection; a group is dropped with its last
 * member. Consumers that leave without a word are found by the scan.
 */
export class Consumers {
  readonly pulled: PulledSubscriptions
  readonly #clock: Clock
  readonly #groups = new Map<string, ConsumerGroup>()
  /** Names of the groups of a connection, so that its end does not look at all groups. */
  readonly #joined = new Map<Connection, Set<string>>()
  readonly #left: (group: ConsumerGroup, connection: Connection) => void

  /** `left` hears of each member that goes, with the group as it is without it. */
  constructor(
    clock: Clock,
    pulled: PulledSubscriptions,
    left: (group: ConsumerGroup, connection: Connection) => void,
  ) {
    this.#clock = clock
    this.pulled = pulled
    this.#left = left
  }

  group(name: string): ConsumerGroup | undefined {
    return this.#groups.get(name)
  }

  /** What a group wants of a topic, by its heartbeats or else by its pulls. */
  subscription(group: string, topic: string): TopicSubscription | undefined {
    return this.#groups.get(group)?.topics.get(topic) ?? this.pulled.of(group, topic)
  }

  /** Of the topics those that a group subscribes to; all when it is offline, or its members subscribe to nothing. */
  subscribedOf(group: string, topics: string[]): string[] {
    const subscribed = this.#groups.get(group)?.topics
    if (!subscribed || subscribed.size === 0) return topics
    return topics.filter((topic) => this.subscription(group, topic) !== undefined)
  }

  /** A member by its id, or any; undefined when there is none. */
  client(group: string, clientId: string | undefined): ConsumerClient | undefined {
    for (const client of this.#groups.get(group)?.clients.values() ?? [])
      if (clientId === undefined || client.clientId === clientId) return client
    return undefined
  }

  get all(): ReadonlyMap<string, ConsumerGroup> {
    return this.#groups
  }

  /** Whether a member or a subscribed topic came or went. */
  register(registration: ConsumerRegistration): boolean {
    const group = this.#groupFor(registration)
    group.consumeType = registration.consumeType
    group.messageModel = registration.messageModel
    group.consumeFromWhere = registration.consumeFromWhere
    const joined = this.#join(group, registration)
    return registration.subscriptions === undefined
      ? joined
      : updateTopics(group, registration.subscriptions) || joined
  }

  #groupFor(registration: ConsumerRegistration): ConsumerGroup {
    let group = this.#groups.get(registration.group)
    if (!group) {
      group = {
        name: registration.group,
        consumeType: registration.consumeType,
        messageModel: registration.messageModel,
        consumeFromWhere: registration.consumeFromWhere,
        clients: new Map(),
        topics: new Map(),
        fingerprint: undefined,
      }
      this.#groups.set(registration.group, group)
    }
    return group
  }

  #join(group: ConsumerGroup, registration: ConsumerRegistration): boolean {
    const { connection, clientId, language, version } = registration
    const client = group.clients.get(connection)
    if (client) {
      client.clientId = clientId
      client.lastSeenMonoMs = this.#clock.monoMs()
      return false
    }
    const lastSeenMonoMs = this.#clock.monoMs()
    const joined = this.#joined.get(connection)
    if (joined) joined.add(group.name)
    else this.#joined.set(connection, new Set([group.name]))
    group.clients.set(connection, { connection, clientId, language, version, lastSeenMonoMs })
    return true
  }

  /** The group as it is without the member; undefined when the connection was none. */
  leave(groupName: string, connection: Connection): ConsumerGroup | undefined {
    const group = this.#groups.get(groupName)
    if (!group?.clients.delete(connection)) return undefined
    const joined = this.#joined.get(connection)
    if (joined?.delete(groupName) && joined.size === 0) this.#joined.delete(connection)
    if (group.clients.size === 0) this.#groups.delete(groupName)
    this.#left(group, connection)
    return group
  }

  /** All groups that the connection was a member of, without it. */
  leaveAll(connection: Connection): ConsumerGroup[] {
    const left: ConsumerGroup[] = []
    for (const name of [...(this.#joined.get(connection) ?? [])]) {
      const group = this.leave(name, connection)
      if (group) left.push(group)
    }
    return left
  }

  /** Drops members silent for longer than `silentMs`, and gives their connections. */
  expire(silentMs: number): Connection[] {
    const before = this.#clock.monoMs() - silentMs
    const expired: Connection[] = []
    for (const group of [...this.#groups.values()]) {
      for (const client of [...group.clients.values()]) {
        if (client.lastSeenMonoMs >= before) continue
        this.leave(group.name, client.connection)
        expired.push(client.connection)
      }
    }
    return expired
  }
}

export const clientIdsOf = (group: ConsumerGroup): string[] => [
  ...new Set([...group.clients.values()].map(({ clientId }) => clientId)),
]

/** Whether a topic came or went; a newer version of a known one replaces it silently. */
function updateTopics(group: ConsumerGroup, subscriptions: readonly Subscription[]): boolean {
  let changed = false
  const wanted = new Set<string>()
  for (const subscription of subscriptions) {
    wanted.add(subscription.topic)
    const known = group.topics.get(subscription.topic)
    if (known && known.subscription.subVersion >= subscription.subVersion) continue
    group.topics.set(subscription.topic, { subscription, match: tagsCodeMatch(subscription) })
    if (!known) changed = true
  }
  for (const topic of group.topics.keys()) {
    if (wanted.has(topic)) continue
    group.topics.delete(topic)
    changed = true
  }
  return changed
}
