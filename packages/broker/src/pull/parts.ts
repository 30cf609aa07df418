import type { Clock, Logger } from '@aerobee/base'
import type { MessageStore } from '@aerobee/store'
import type { Admission } from '../admission.js'
import type { BroadcastOffsets } from '../broadcast-offsets.js'
import type { Consumers } from '../clients/consumers.js'
import type { SubscriptionConflicts } from '../clients/subscription-conflicts.js'
import type { BrokerConfig } from '../config-keys.js'
import type { ConsumerOffsets } from '../consumer-offsets.js'
import type { ConsumerFilters } from '../filters/consumer-filters.js'
import type { GroupTable } from '../groups.js'
import type { LongPoll } from '../long-poll.js'
import type { Peers } from '../peers.js'
import type { BrokerStats } from '../stats/broker-stats.js'
import type { TopicTable } from '../topics.js'
import type { HeaderSubscriptions } from './header-subscriptions.js'

/** What pulls take from the broker. */
export interface PullParts {
  config: BrokerConfig
  clock: Clock
  logger: Logger
  store: MessageStore
  topics: TopicTable
  groups: GroupTable
  consumers: Consumers
  conflicts: SubscriptionConflicts
  filters: ConsumerFilters
  broadcastOffsets: BroadcastOffsets
  offsets: ConsumerOffsets
  longPoll: LongPoll
  peers: Peers
  admission: Admission
  stats: BrokerStats
  headerSubscriptions: HeaderSubscriptions
}
