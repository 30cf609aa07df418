import type { Clock, FileSystem, Logger, Random } from '@aerobee/base'
import type { Transport } from '@aerobee/net'
import type { RunTimeConfig } from '@aerobee/wire'
import type { ClientRegistry } from './clients/client-registry.js'
import type { BrokerConfig } from './config-keys.js'
import type { DelayService } from './delay/delay-service.js'
import type { PullParts } from './pull/parts.js'
import type { Announcements } from './registration.js'
import type { SendParts } from './send/parts.js'
import type { TableFile } from './table-file.js'
import type { TimerService } from './timer/service.js'
import type { Transactions } from './transactions/transactions.js'

/** What a broker takes from its surroundings. */
export interface BrokerOptions {
  config: BrokerConfig
  clock: Clock
  fileSystem: FileSystem
  transport: Transport
  random: Random
  logger: Logger
}

/** Everything that handlers share; each takes the few parts that it needs. */
export interface BrokerParts extends SendParts, PullParts {
  clients: ClientRegistry
  registration: Announcements
  delay: DelayService
  runTimeConfig: RunTimeConfig
  transactions: Transactions
  timerService: TimerService
}

/** The documents under `<store>/config` that the broker itself keeps. */
export interface BrokerFiles {
  topics: TableFile
  groups: TableFile
  offsets: TableFile
  filters: TableFile
  /** With `enableLmq`, in place of the one before. */
  lmqOffsets?: TableFile
  delays: TableFile
  halfCounts: TableFile
  timerMetrics: TableFile
}
