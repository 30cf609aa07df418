import type { Clock, Logger, Random } from '@aerobee/base'
import { propertyText } from '@aerobee/wire'
import type { Admission } from '../admission.js'
import type { BrokerConfig } from '../config-keys.js'
import type { PutParts } from '../delivery/put.js'
import type { GroupTable } from '../groups.js'
import type { Peers } from '../peers.js'
import type { QueueLocks } from '../queue-locks.js'
import type { BrokerStats } from '../stats/broker-stats.js'
import type { TopicTable } from '../topics.js'
import type { HalfCounts } from '../transactions/half-counts.js'

/** What sends take from the broker. */
export interface SendParts extends PutParts {
  config: BrokerConfig
  clock: Clock
  random: Random
  logger: Logger
  topics: TopicTable
  groups: GroupTable
  locks: QueueLocks
  peers: Peers
  admission: Admission
  stats: BrokerStats
  halfCounts: HalfCounts
  /** A UNIQ_KEY for a message that came without. */
  newUniqKey: () => string
  /** What the broker adds to the properties of every message. */
  ownProperties: () => string
}

/** MSG_REGION, TRACE_ON and CLUSTER as text; ready made, since every message gets them. */
export function ownPropertiesOf(config: BrokerConfig): () => string {
  const text = (traceOn: boolean) =>
    propertyText('MSG_REGION', config.regionId) +
    propertyText('TRACE_ON', String(traceOn)) +
    propertyText('CLUSTER', config.brokerClusterName)
  const traced = text(true)
  const untraced = text(false)
  return () => (config.traceOn ? traced : untraced)
}
