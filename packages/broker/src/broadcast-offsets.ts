import { type Clock, limits, type MonoMs, type QueueOffset } from '@aerobee/base'
import type { Connection } from '@aerobee/net'
import type { MessageStore } from '@aerobee/store'
import type { Consumers } from './clients/consumers.js'
import type { ConsumerOffsets } from './consumer-offsets.js'

/** Who pulls for a broadcasting consumer, and whether a proxy does it for them. */
export interface BroadcastClient {
  readonly clientId: string
  readonly fromProxy: boolean
}

interface BroadcastPull {
  readonly topic: string
  readonly consumerGroup: string
  readonly queueId: number
  readonly queueOffset: QueueOffset
  readonly requestSource: number | undefined
  readonly proxyFrowardClientId: string | undefined
}

interface ClientOffsets {
  fromProxy: boolean
  atMonoMs: MonoMs
  readonly queues: Map<number, QueueOffset>
}

interface GroupOffsets {
  readonly topic: string
  readonly group: string
  readonly clients: Map<string, ClientOffsets>
}

export interface BroadcastOffsetsOptions {
  settings: {
    enableBroadcastOffsetStore: boolean
    broadcastOffsetExpireSecond: number
    broadcastOffsetExpireMaxSecond: number
  }
  clock: Clock
  store: Pick<MessageStore, 'inMemory' | 'maxOffset'>
  offsets: ConsumerOffsets
  consumers: Consumers
}

/** requestSource of a proxy that pulls for one broadcasting client. */
const proxyForBroadcast = 1

/**
 * Where each client of a broadcasting group has come to, so that one which changes between proxy and broker goes on
 * there (reference: broker-behaviour 4.5). What all clients of a group have in common, the least offset, is committed
 * for `group@broadcast`. Queues of a client count up to limits.broadcastQueues in all; beyond that nothing is kept.
 */
export class BroadcastOffsets {
  readonly #options: BroadcastOffsetsOptions
  readonly #groups = new Map<string, GroupOffsets>()
  #queues = 0

  constructor(options: BroadcastOffsetsOptions) {
    this.#options = options
  }

  /** Whom a pull is for when its group broadcasts; undefined for others. */
  clientOf(pull: BroadcastPull, connection: Connection): BroadcastClient | undefined {
    const { settings, consumers } = this.#options
    if (!settings.enableBroadcastOffsetStore) return undefined
    if (pull.requestSource === proxyForBroadcast) {
      const clientId = pull.proxyFrowardClientId
      return clientId === undefined || clientId.length > limits.clientIdChars
        ? undefined
        : { clientId, fromProxy: true }
    }
    const group = consumers.group(pull.consumerGroup)
    if (group?.messageModel !== 'BROADCASTING' || group.consumeType !== 'CONSUME_PASSIVELY') return undefined
    const clientId = group.clients.get(connection)?.clientId
    return clientId === undefined ? undefined : { clientId, fromProxy: false }
  }

  /** Where a client must go on instead of where it asks; undefined: where it asks. */
  startOf(pull: BroadcastPull, { clientId, fromProxy }: BroadcastClient): QueueOffset | undefined {
    const known = this.#groups.get(keyOf(pull))?.clients.get(clientId)
    const asksProxy = (known?.fromProxy ?? fromProxy) && pull.queueOffset < 0
    if (!asksProxy && (known === undefined || known.fromProxy === fromProxy)) return undefined
    return known?.queues.get(pull.queueId) ?? this.#commonStart(pull)
  }

  #commonStart({ topic, consumerGroup, queueId }: BroadcastPull): QueueOffset {
    const { offsets, store } = this.#options
    const committed = offsets.committed(broadcastGroup(consumerGroup), topic, queueId)
    if (committed !== undefined) return committed
    return store.inMemory(topic, queueId, 0) ? 0 : store.maxOffset(topic, queueId)
  }

  /** The client was answered: it asked for `offset`, or was sent there. One that goes back is remembered where it was. */
  note(pull: BroadcastPull, { clientId, fromProxy }: BroadcastClient, offset: QueueOffset): void {
    if (offset < 0) return
    const key = keyOf(pull)
    const known = this.#groups.get(key)?.clients.get(clientId)
    const isNew = known?.queues.has(pull.queueId) !== true
    if (isNew && this.#queues >= limits.broadcastQueues) return
    if (isNew) this.#queues += 1
    const atMonoMs = this.#options.clock.monoMs()
    if (!known) {
      const client = { fromProxy, atMonoMs, queues: new Map([[pull.queueId, offset]]) }
      const group = this.#groups.get(key)
      if (group) group.clients.set(clientId, client)
      else
        this.#groups.set(key, {
          topic: pull.topic,
          group: pull.consumerGroup,
          clients: new Map([[clientId, client]]),
        })
      return
    }
    known.fromProxy = fromProxy
    known.atMonoMs = atMonoMs
    known.queues.set(pull.queueId, Math.max(known.queues.get(pull.queueId) ?? 0, offset))
  }

  /** Commits what all clients of each group have passed, and forgets those that do not pull any more. */
  commit(): void {
    for (const [key, group] of this.#groups) {
      const least = this.#leastOf(group)
      if (group.clients.size === 0) this.#groups.delete(key)
      for (const [queueId, offset] of least)
        this.#options.offsets.commit(broadcastGroup(group.group), group.topic, queueId, offset)
    }
  }

  #leastOf({ group, clients }: GroupOffsets): Map<number, QueueOffset> {
    const { clock, consumers, settings } = this.#options
    const now = clock.monoMs()
    const members = [...(consumers.group(group)?.clients.values() ?? [])]
    const online = new Set(members.map(({ clientId }) => clientId))
    const least = new Map<number, QueueOffset>()
    for (const [clientId, { atMonoMs, queues }] of clients) {
      const isOnline = online.has(clientId)
      const silentMs = now - atMonoMs
      const isLate = silentMs >= settings.broadcastOffsetExpireSecond * 1000
      if (isOnline || !isLate)
        for (const [queueId, offset] of queues)
          least.set(queueId, Math.min(least.get(queueId) ?? offset, offset))
      const isGone = isOnline ? silentMs >= settings.broadcastOffsetExpireMaxSecond * 1000 : isLate
      if (!isGone) continue
      clients.delete(clientId)
      this.#queues -= queues.size
    }
    return least
  }
}

const keyOf = ({ topic, consumerGroup }: BroadcastPull) => `${topic}@${consumerGroup}`

const broadcastGroup = (group: string) => `${group}@broadcast`
