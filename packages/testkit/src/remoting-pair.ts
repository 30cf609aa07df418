import { type Logger, silentLogger } from '@aerobee/base'
import {
  type Connection,
  ConnectionPool,
  type ConnectionPoolOptions,
  Dispatcher,
  type Registration,
  RemotingServer,
  type RemotingServerOptions,
} from '@aerobee/net'
import type { Command } from '@aerobee/wire'
import { MemoryNetwork } from './memory-transport.js'
import { VirtualClock } from './virtual-clock.js'

export interface RemotingPairOptions {
  /** What the server answers. */
  serves: readonly Registration[]
  /** Commands the server knows and does not serve. */
  notServed?: readonly Command[]
  /** What the client answers. */
  clientServes?: readonly Registration[]
  server?: Partial<RemotingServerOptions>
  pool?: Partial<ConnectionPoolOptions>
}

/** A remoting server on 10.0.0.2:10911 and a client on 10.0.0.1, on a memory network and a virtual clock. */
export class RemotingPair {
  static readonly serverHost = '10.0.0.2'
  static readonly clientHost = '10.0.0.1'
  static readonly address = '10.0.0.2:10911'
  readonly clock = new VirtualClock()
  readonly network = new MemoryNetwork(this.clock)
  readonly server: RemotingServer
  readonly pool: ConnectionPool
  /** The server's connections, in the order they came; closed ones stay. */
  readonly accepted: Connection[] = []
  /** Log lines of both sides, `level message`. */
  readonly log: string[] = []

  constructor(options: RemotingPairOptions) {
    const logger = listLogger(this.log)
    const { clock, network } = this
    this.server = new RemotingServer({
      transport: network.transport(RemotingPair.serverHost),
      clock,
      logger,
      dispatcher: dispatcherOf('broker', options.serves, options.notServed, logger),
      ...options.server,
      onConnect: (connection) => {
        this.accepted.push(connection)
        options.server?.onConnect?.(connection)
      },
    })
    this.pool = new ConnectionPool({
      transport: network.transport(RemotingPair.clientHost),
      clock,
      logger,
      handler: dispatcherOf('client', options.clientServes ?? [], [], logger),
      ...options.pool,
    })
  }

  static async start(options: RemotingPairOptions): Promise<RemotingPair> {
    const pair = new RemotingPair(options)
    await pair.server.listen({ host: '0.0.0.0', port: 10911 })
    return pair
  }

  /** Closes both sides; rejects when a timer or a stream is left. */
  async close(): Promise<void> {
    await this.clock.resolve(Promise.all([this.pool.close(), this.server.close()]))
    await this.clock.settle()
    const timers = this.clock.timers - this.network.timers
    const streams = this.network.openStreams
    if (timers + streams > 0) throw new Error(`${timers} timers and ${streams} streams are left after close`)
  }
}

function dispatcherOf(
  receiver: 'broker' | 'client',
  registrations: readonly Registration[],
  notServed: readonly Command[] = [],
  logger: Logger = silentLogger,
): Dispatcher {
  const commands = [...registrations.map(({ command }) => command), ...notServed]
  return new Dispatcher({ receiver, commands, registrations, logger })
}

/** A logger that adds `level message` to a list. */
export function listLogger(lines: string[]): Logger {
  const at = (level: string) => (message: string) => void lines.push(`${level} ${message}`)
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
