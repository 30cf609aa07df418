import type { Clock, Logger, Timer } from '@aerobee/base'
import type { Connection } from '@aerobee/net'
import type { ConsumerFilters } from '../filters/consumer-filters.js'
import type { GroupTable } from '../groups.js'
import { type ConsumerGroup, Consumers } from './consumers.js'
import { notifyGroupChanged } from './notify.js'
import { Producers } from './producers.js'
import { PulledSubscriptions } from './pulled-subscriptions.js'
import { SubscriptionConflicts } from './subscription-conflicts.js'

export interface ClientRegistryOptions {
  settings: {
    notifyConsumerIdsChangedEnable: boolean
    channelExpiredTimeout: number
    subscriptionExpiredTimeout: number
  }
  clock: Clock
  logger: Logger
  groups: GroupTable
  filters: ConsumerFilters
}

const scanEveryMs = 10_000

/**
 * Who is connected (reference: broker-behaviour 6):
 *
 *   registered ──heartbeat──► registered
 *      ├──35, or its connection closes──► gone; the rest of the group is told
 *      └──silent for channelExpiredTimeout──► gone, connection closed
 */
export class ClientRegistry {
  readonly consumers: Consumers
  readonly producers: Producers
  readonly conflicts: SubscriptionConflicts
  readonly #options: ClientRegistryOptions
  readonly #watched = new WeakSet<Connection>()
  #scan: Timer | undefined

  constructor(options: ClientRegistryOptions) {
    this.#options = options
    this.conflicts = new SubscriptionConflicts(options.logger)
    const pulled = new PulledSubscriptions(options.clock, options.settings)
    this.consumers = new Consumers(options.clock, pulled, (group, connection) => {
      this.conflicts.leave(group.name, connection)
      if (group.clients.size === 0) options.filters.groupGone(group.name)
    })
    this.producers = new Producers(options.clock)
  }

  start(): void {
    this.#scan = this.#options.clock.every(scanEveryMs, () => this.#expire(), { background: true })
  }

  stop(): void {
    this.#scan?.cancel()
  }

  /** To be called before a client of the connection is registered. */
  watch(connection: Connection): void {
    if (this.#watched.has(connection)) return
    this.#watched.add(connection)
    connection.onClose(() => this.#closed(connection))
  }

  /** A member or a topic of the group came or went: its members hear of it, where they want to. */
  groupChanged(group: ConsumerGroup): void {
    const wanted = this.#options.groups.get(group.name)?.notifyConsumerIdsChangedEnable ?? true
    if (wanted) this.#notify(group)
  }

  #notify(group: ConsumerGroup): void {
    if (this.#options.settings.notifyConsumerIdsChangedEnable && group.messageModel !== 'BROADCASTING')
      notifyGroupChanged(group)
  }

  #closed(connection: Connection): void {
    this.producers.leaveAll(connection)
    for (const group of this.consumers.leaveAll(connection)) this.#notify(group)
  }

  #expire(): void {
    this.consumers.pulled.expire()
    const silentMs = this.#options.settings.channelExpiredTimeout
    const expired = [...this.consumers.expire(silentMs), ...this.producers.expire(silentMs)]
    for (const connection of new Set(expired)) {
      this.#options.logger.warn(`client ${connection.remoteText} was silent for ${silentMs} ms: closed`)
      connection.close('client silent for too long')
    }
  }
}
