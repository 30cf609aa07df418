import type { Clock, FileSystem, Logger, Random } from '@aerobee/base'
import type { TlsOptions, Transport } from '@aerobee/net'
import type { Client } from './client.js'
import type { ClientMetrics } from './metrics.js'
import type { Credentials } from './security/signature.js'
import type { TraceOptions } from './trace/tracer.js'

/** What every role takes. RocketMQ's names and defaults (reference: client-behaviour 1.1); times in ms. */
export interface ClientOptions extends TraceOptions {
  /**
   * Connections, routes and heartbeats of this client are used, and its options count for all that stands below. By
   * default every role has its own.
   */
  client?: Client
  /** `host:port`, several separated by `;`. Default: the environment's NAMESRV_ADDR. */
  namesrvAddr?: string
  /**
   * Name servers are read from this address, as `host:port;host:port` in its first line, at the start and every two
   * minutes. Counts when there is no namesrvAddr; `http://<domain>:8080/rocketmq/nsaddr` is what Java clients ask.
   */
  namesrvEndpoint?: string
  /** Part of the client id; a name of its own for every role by default. */
  instanceName?: string
  /** Address in the client id. Default: the first one of this machine that is not loopback. */
  clientIP?: string
  /** Name of the unit in a multi-site deployment, part of the client id. */
  unitName?: string
  /** Whether the client works in a unit. Default false. */
  unitMode?: boolean
  /** How often routes are asked for anew. Default 30000. */
  pollNameServerInterval?: number
  /** Default 30000. */
  heartbeatBrokerInterval?: number
  /** How often consumers save their offsets. Default 5000. */
  persistConsumerOffsetInterval?: number
  /** Deadline of calls that have no other. Default 3000. */
  mqClientApiTimeout?: number
  /** How long a queue rests after a failed pull. Default 1000. */
  pullTimeDelayMillsWhenException?: number
  /** Beats without subscriptions for brokers that know them already. Default false. */
  useHeartbeatV2?: boolean
  /**
   * TLS to name servers and brokers. `true`: their certificates are checked by the authorities that Node knows; else which
   * authorities to trust, and the certificate of this client. Default false.
   */
  tls?: boolean | TlsOptions
  /** RocketMQ's name for `tls: true`; unlike there, certificates are checked. */
  useTLS?: boolean
  /** Sends, offsets and locks go to the broker's port less 2, which has a queue of its own there. Default false. */
  vipChannelEnabled?: boolean
  /** Calls to brokers and name servers are signed with these. */
  credentials?: Credentials
  /** Namespace of 4.x: topics and groups get the prefix `<namespace>%` on their way out. */
  namespace?: string
  /** Namespace of 5.x: names stay as they are, requests carry it. */
  namespaceV2?: string
  /** Address to dial for an advertised one, e.g. `{ '172.17.0.2:10911': 'localhost:10911' }`. */
  addressMap?: Readonly<Record<string, string>>
  /** Dial this instead of the address that a broker advertises; counts where addressMap says nothing. */
  rewriteBrokerAddress?: (advertised: string) => string
  /** Silent by default. */
  logger?: Logger
  /** Figures to keep, e.g. counters and histograms of prom-client. */
  metrics?: ClientMetrics
  /** For tests: the machine's own by default. */
  surroundings?: ClientSurroundings
}

export interface ClientSurroundings {
  clock: Clock
  random: Random
  transport: Transport
  /** Where broadcasting consumers keep their offsets. Default: the machine's. */
  fileSystem?: FileSystem
  /** Body of a GET that was answered with 200. Default: the machine's fetch. */
  fetchText?: (url: string, timeoutMs: number) => Promise<string>
}

/** What start() and run() take. */
export interface StartOptions {
  /**
   * Wait for up to so many ms until a name server and a broker answer, and fail when none did. By default nothing is
   * waited for: the client goes on trying in the background.
   */
  waitForBroker?: number
  /** Ends the start: it rejects with the signal's reason, and all is closed. */
  signal?: AbortSignal
}

/** What calls take that ask a server, and close(), which goes on without who waited for it. */
export interface CallOptions {
  /** Ends the waiting: the call rejects with the signal's reason. What was sent is not called back. */
  signal?: AbortSignal
}
