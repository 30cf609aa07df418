import type { Clock, Logger, Random } from '@aerobee/base'
import type { RunTimeConfig } from '@aerobee/wire'
import type { NameServerConfig } from '../config-keys.js'
import type { KvConfig } from '../kv-config.js'
import type { RouteState } from '../route-state.js'

/** What handlers of the name server work on. */
export interface NameServerParts {
  readonly state: RouteState
  readonly kv: KvConfig
  readonly config: NameServerConfig
  readonly runTimeConfig: RunTimeConfig
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Monotonic ms when the server began to serve. */
  readonly startedAtMonoMs: number
}
