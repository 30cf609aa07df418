import type { Clock, Logger } from '@aerobee/base'
import type { Producers } from '../clients/producers.js'
import type { BrokerConfig } from '../config-keys.js'
import type { ConsumerOffsets } from '../consumer-offsets.js'
import type { PutParts } from '../delivery/put.js'
import type { BrokerStats } from '../stats/broker-stats.js'
import type { TopicTable } from '../topics.js'
import type { HalfCounts } from './half-counts.js'
import type { HalfQueue } from './half-queue.js'
import type { OpWriter } from './op-writer.js'

/** What transactions take from the broker. */
export interface TransactionParts extends PutParts {
  config: BrokerConfig
  clock: Clock
  logger: Logger
  topics: TopicTable
  offsets: ConsumerOffsets
  clients: { producers: Producers }
  halfCounts: HalfCounts
  stats: BrokerStats
}

/** A half queue at work. */
export interface HalfLane {
  halves: HalfQueue
  ops: OpWriter
}
