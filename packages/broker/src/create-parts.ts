import { atomicTextFile, type TextFile } from '@aerobee/base'
import { delayLevelsOf, type MessageStore } from '@aerobee/store'
import { RunTimeConfig, uniqIdGenerator } from '@aerobee/wire'
import { Admission } from './admission.js'
import type { AdvertisedAddressFor } from './advertised.js'
import { BroadcastOffsets } from './broadcast-offsets.js'
import { ClientRegistry } from './clients/client-registry.js'
import { hiddenKeys } from './config-dynamic.js'
import { brokerConfigTable } from './config-keys.js'
import { ConsumerOffsets } from './consumer-offsets.js'
import { DelayService } from './delay/delay-service.js'
import { ConsumerFilters } from './filters/consumer-filters.js'
import { GroupTable } from './groups.js'
import { LongPoll } from './long-poll.js'
import type { BrokerFiles, BrokerOptions, BrokerParts } from './parts.js'
import { Peers } from './peers.js'
import { HeaderSubscriptions } from './pull/header-subscriptions.js'
import { QueueLocks } from './queue-locks.js'
import { NameServerRegistration } from './registration.js'
import { ownPropertiesOf } from './send/parts.js'
import { BrokerStats } from './stats/broker-stats.js'
import { TimerService } from './timer/service.js'
import { TopicTable } from './topics.js'
import { HalfCounts } from './transactions/half-counts.js'
import { Transactions } from './transactions/transactions.js'

export interface PartsOptions extends BrokerOptions {
  store: MessageStore
  files: BrokerFiles
  advertisedFor: AdvertisedAddressFor
}

export type RunningParts = BrokerParts & { registration: NameServerRegistration }

/** Reads the tables from their files. Throws AerobeeError STORE_CORRUPT when one is unreadable. */
export function createParts(options: PartsOptions): RunningParts {
  const { config, clock, logger, random, store, files } = options
  const topics = new TopicTable({
    settings: config,
    clock,
    logger,
    file: files.topics,
    onChange: (changed) => registration.topicsChanged(changed),
  })
  const registration = new NameServerRegistration({ ...options, topics })
  const groups = new GroupTable({ settings: config, clock, logger, file: files.groups })
  const filters = new ConsumerFilters({ settings: config, clock, logger, file: files.filters })
  const clients = new ClientRegistry({ settings: config, clock, logger, groups, filters })
  const { consumers } = clients
  const offsets = consumerOffsets(options)
  const longPoll = new LongPoll(clock)
  store.batchTopics((topic) => topics.isBatch(topic))
  store.onArrival((topic, queueId, maxOffset) => longPoll.arrived(topic, queueId, maxOffset))
  const stats = new BrokerStats({ clock, settings: config, isSystem: topics.isSystem })
  const timerService = new TimerService({ ...options, stats, file: files.timerMetrics })
  const putParts = { config, store, delayLevels: delayLevelsOf(config), timer: timerService.hook }
  const parts = {
    clock,
    logger,
    random,
    ...putParts,
    timerService,
    topics,
    groups,
    clients,
    registration,
    runTimeConfig: new RunTimeConfig(brokerConfigTable, config, settingsFile(options), clock, hiddenKeys),
    consumers,
    conflicts: clients.conflicts,
    filters,
    offsets,
    broadcastOffsets: new BroadcastOffsets({ settings: config, clock, store, offsets, consumers }),
    locks: new QueueLocks(clock),
    longPoll,
    peers: new Peers(options.advertisedFor),
    admission: new Admission(config),
    stats,
    delay: new DelayService({ ...putParts, config, clock, logger, stats, file: files.delays }),
    headerSubscriptions: new HeaderSubscriptions(),
    newUniqKey: uniqIdGenerator({
      ip: Uint8Array.of(127, 0, 0, 1),
      pid: random.below(0x1_0000),
      random,
      now: () => clock.wallMs(),
    }),
    ownProperties: ownPropertiesOf(config),
    halfCounts: new HalfCounts(clock, files.halfCounts),
  }
  return { ...parts, transactions: new Transactions(parts) }
}

function consumerOffsets({ clock, config, files, store }: PartsOptions): ConsumerOffsets {
  return new ConsumerOffsets({
    clock,
    file: files.offsets,
    ...(files.lmqOffsets && { lmqFile: files.lmqOffsets }),
    maxOffset: (topic, queueId) => store.maxOffset(topic, queueId),
    commitsPerVersion: config.consumerOffsetUpdateVersionStep,
  })
}

/** Where changed settings go; undefined when the configuration names no file. */
function settingsFile(options: BrokerOptions): TextFile | undefined {
  const path = options.config.brokerConfigPath
  return path === '' ? undefined : atomicTextFile({ ...options, path })
}
