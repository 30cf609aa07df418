import { type ConfigSource, type Logger, loadConfig, silentLogger } from '@aerobee/base'
import { type Broker, type BrokerConfig, brokerConfigTable, startBroker } from '@aerobee/broker'
import {
  type NameServer,
  type NameServerConfig,
  nameServerConfigTable,
  startNameServer,
} from '@aerobee/namesrv'
import { machine, type Surroundings } from './system.js'

/** A name server and a broker in this process, on real ports and a real directory. */
export interface EmbeddedOptions {
  /** Directory of everything that is kept. */
  dataDirectory: string
  /** Address to listen on. Default 127.0.0.1. */
  host?: string
  /** Default 0: any free one. */
  namesrvPort?: number
  /** Default 0: any free one. */
  brokerPort?: number
  /** RocketMQ broker keys, e.g. `{ flushDiskType: 'SYNC_FLUSH' }`. */
  brokerConfig?: Readonly<Record<string, string>>
  logger?: Logger
  surroundings?: Surroundings
}

export interface Embedded {
  /** `host:port` to give to clients. */
  readonly namesrvAddr: string
  readonly brokerAddr: string
  /** Clean stop: data flushed, ports closed. Idempotent. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Resolves when a client can send. Rejects with AerobeeError (INVALID_CONFIG, STORE_LOCKED, IO_FAILED for a port
 * that is taken), with nothing left running.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const surroundings = options.surroundings ?? machine
  const logger = options.logger ?? silentLogger
  const host = options.host ?? '127.0.0.1'
  // What is refused is refused before anything runs.
  loadConfig(brokerConfigTable, [given({ ...options.brokerConfig })])
  const nameServer = await startNameServer({
    ...surroundings,
    logger,
    config: nameServerConfig(options, host),
  })
  const namesrvAddr = `${dialled(host)}:${nameServer.endpoint.port}`
  let broker: Broker
  try {
    broker = await startBroker({ ...surroundings, logger, config: brokerConfig(options, host, namesrvAddr) })
  } catch (thrown) {
    await nameServer.stop()
    throw thrown
  }
  return running(nameServer, broker, namesrvAddr, `${dialled(host)}:${broker.endpoint.port}`)
}

function running(nameServer: NameServer, broker: Broker, namesrvAddr: string, brokerAddr: string): Embedded {
  const stop = async () => {
    await broker.stop()
    await nameServer.stop()
  }
  return { namesrvAddr, brokerAddr, stop, [Symbol.asyncDispose]: stop }
}

/** Where a client on this machine reaches a socket bound to `host`. */
const dialled = (host: string) => (host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host)

const given = (values: Record<string, string>): ConfigSource => ({ name: 'command line', values })

function nameServerConfig(options: EmbeddedOptions, host: string): NameServerConfig {
  return loadConfig(nameServerConfigTable, [
    given({
      bindAddress: host,
      listenPort: String(options.namesrvPort ?? 0),
      kvConfigPath: `${options.dataDirectory}/namesrv/kvConfig.json`,
    }),
  ]).config
}

function brokerConfig(options: EmbeddedOptions, host: string, namesrvAddr: string): BrokerConfig {
  const { config, warnings } = loadConfig(brokerConfigTable, [
    given({
      brokerName: 'broker-a',
      bindAddress: host,
      listenPort: String(options.brokerPort ?? 0),
      storePathRootDir: `${options.dataDirectory}/store`,
      // Off in RocketMQ; who tries things out should find them.
      enablePropertyFilter: 'true',
      recallMessageEnable: 'true',
    }),
    given({ ...options.brokerConfig }),
    given({ namesrvAddr }),
  ])
  for (const warning of warnings) options.logger?.warn(warning)
  return config
}
