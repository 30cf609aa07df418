import {
  AerobeeError,
  atomicTextFile,
  type Clock,
  type FileSystem,
  type Logger,
  type Random,
  type Timer,
} from '@aerobee/base'
import { Dispatcher, type Endpoint, endpointText, RemotingServer, type Transport } from '@aerobee/net'
import { commandsOf, RunTimeConfig } from '@aerobee/wire'
import { type NameServerConfig, nameServerConfigTable } from './config-keys.js'
import type { NameServerParts } from './handlers/context.js'
import { handlers } from './handlers/index.js'
import { KvConfig } from './kv-config.js'
import { endExpiredLeases, endLeasesOf } from './liveness.js'
import { emptyRouteState } from './route-state.js'

export interface NameServerOptions {
  config: NameServerConfig
  clock: Clock
  fileSystem: FileSystem
  transport: Transport
  random: Random
  logger: Logger
}

export interface NameServer {
  readonly endpoint: Endpoint
  /** Closes the port and all connections. Idempotent. */
  stop(): Promise<void>
}

/**
 * Start order (reference: broker-behaviour 1.1): key-value file, handlers, port, lease scan; then the controller, when this
 * process has one. Rejects with INVALID_CONFIG, STORE_CORRUPT, IO_FAILED, with nothing left open.
 */
export async function startNameServer(options: NameServerOptions): Promise<NameServer> {
  const { config, clock, transport, random, logger } = options
  if (config.enableControllerInNamesrv)
    throw new AerobeeError(
      'INVALID_CONFIG',
      'enableControllerInNamesrv=true is not acceptable: there is no controller yet; remove the key, or run a Java controller beside this name server',
    )
  const saved =
    config.configStorePath === '' ? undefined : atomicTextFile({ ...options, path: config.configStorePath })
  const parts: NameServerParts = {
    state: emptyRouteState(),
    kv: new KvConfig(atomicTextFile({ ...options, path: config.kvConfigPath })),
    config,
    runTimeConfig: new RunTimeConfig(nameServerConfigTable, config, saved, clock),
    clock,
    random,
    logger,
    startedAtMonoMs: clock.monoMs(),
  }
  const dispatcher = new Dispatcher({
    receiver: 'nameServer',
    commands: commandsOf('nameServer'),
    registrations: handlers(parts),
    logger,
  })
  const server = new RemotingServer({
    transport,
    clock,
    logger,
    dispatcher,
    idleCloseMs: config.serverChannelMaxIdleTimeSeconds * 1000,
    onDisconnect: (connection) => endLeasesOf(parts, connection),
  })
  const endpoint = await server.listen({ host: config.bindAddress, port: config.listenPort })
  const scan = leaseScan(parts)
  logger.info(`name server listens on ${endpointText(endpoint)}`)
  return {
    endpoint,
    stop() {
      scan.cancel()
      return server.close({
        drainMs: config.enableShutdownGracefully ? config.shutdownWaitTimeSeconds * 1000 : 0,
      })
    },
  }
}

/** The period may change at run time, so each scan schedules the next. */
function leaseScan(parts: NameServerParts): Timer {
  let timer: Timer
  const next = () => {
    timer = parts.clock.after(parts.config.scanNotActiveBrokerInterval, () => {
      endExpiredLeases(parts)
      next()
    })
  }
  next()
  return { cancel: () => timer.cancel() }
}
