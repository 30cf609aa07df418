import type { Clock, Logger, Random } from '@aerobee/base'
import type { Transport } from '@aerobee/net'

/** What every role takes. RocketMQ's names and defaults (reference: client-behaviour 1.1); times in ms. */
export interface ClientOptions {
  /** `host:port`, several separated by `;`. Default: the environment's NAMESRV_ADDR. */
  namesrvAddr?: string
  /** Part of the client id; a name of its own for every role by default. */
  instanceName?: string
  /** Address in the client id. Default: the first one of this machine that is not loopback. */
  clientIP?: string
  /** How often routes are asked for anew. Default 30000. */
  pollNameServerInterval?: number
  /** Default 30000. */
  heartbeatBrokerInterval?: number
  /** How often consumers save their offsets. Default 5000. */
  persistConsumerOffsetInterval?: number
  /** Deadline of calls that have no other. Default 3000. */
  mqClientApiTimeout?: number
  /** Dial this instead of the address that a broker advertises. */
  rewriteBrokerAddress?: (advertised: string) => string
  /** Silent by default. */
  logger?: Logger
  /** For tests: the machine's own by default. */
  surroundings?: ClientSurroundings
}

export interface ClientSurroundings {
  clock: Clock
  random: Random
  transport: Transport
}
