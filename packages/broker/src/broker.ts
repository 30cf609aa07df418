import { AerobeeError, Lifecycle, type Timer } from '@aerobee/base'
import { Dispatcher, type Endpoint, endpointText } from '@aerobee/net'
import { ConfigFile, type ConfigFileName, type MessageStore, openMessageStore } from '@aerobee/store'
import { commandsOf } from '@aerobee/wire'
import { type AdvertisedAddressFor, advertisedAddress } from './advertised.js'
import { createParts } from './create-parts.js'
import { brokerHandlers } from './handlers/index.js'
import type { BrokerOptions, BrokerParts } from './parts.js'
import { openPorts, type Ports } from './ports.js'
import { startServices } from './services.js'
import { type TableFile, tableFile } from './table-file.js'

export interface Broker {
  /** Where it listens; the fast port is two below. */
  readonly endpoint: Endpoint
  /** Clean stop: no more requests, everything saved. Idempotent. */
  stop(): Promise<void>
}

/**
 * Starts a broker (reference: broker-behaviour 2.1): tables, store, ports, services, registration. Resolves when
 * clients can send; rejects with AerobeeError (INVALID_CONFIG, STORE_LOCKED, STORE_CORRUPT, IO_FAILED for a port that
 * is taken), with nothing left running.
 */
export function startBroker(options: BrokerOptions): Promise<Broker> {
  const { config, clock, fileSystem, logger } = options
  return startBrokerOn(openMessageStore({ options: config, clock, fileSystem, logger }), options)
}

/** The same over a store that is not started yet. */
export async function startBrokerOn(store: MessageStore, options: BrokerOptions): Promise<Broker> {
  const { config, logger } = options
  checkIdentity(options)
  const files = {
    topics: configFile(options, 'topics.json'),
    groups: configFile(options, 'subscriptionGroup.json'),
    offsets: configFile(options, 'consumerOffset.json'),
    filters: configFile(options, 'consumerFilter.json'),
    ...(config.enableLmq && { lmqOffsets: configFile(options, 'lmqConsumerOffset.json') }),
    delays: configFile(options, 'delayOffset.json'),
    halfCounts: configFile(options, 'transactionMetrics'),
    timerMetrics: configFile(options, 'timermetrics'),
  }
  // The port is known only once it is open, and requests come only then.
  let advertisedFor: AdvertisedAddressFor = (local) => local
  const parts = createParts({
    ...options,
    store,
    files,
    advertisedFor: (local) => advertisedFor(local),
  })
  const registrations = brokerHandlers(parts)
  const newDispatcher = () =>
    new Dispatcher({
      receiver: 'broker',
      commands: commandsOf('broker'),
      registrations,
      logger,
    })
  let ports: Ports | undefined
  let services: Timer | undefined
  const lifecycle = new Lifecycle(
    [
      { name: 'tables', stop: () => saveTables(parts, Object.values(files)) },
      { name: 'store', start: () => startStore(parts), stop: () => store.stop() },
      { name: 'timer', start: () => parts.timerService.start(), stop: () => parts.timerService.stop() },
      {
        name: 'transactions',
        start: () => parts.transactions.start(),
        stop: () => parts.transactions.stop(),
      },
      {
        name: 'ports',
        start: async () => {
          ports = await openPorts({ ...options, newDispatcher })
          config.listenPort = ports.endpoint.port
          advertisedFor = advertisedAddress({ ...config, logger })
        },
        stop: () => ports?.server.close({ drainMs: drainMs(config) }),
      },
      { name: 'delayed messages', start: () => parts.delay.start(), stop: () => parts.delay.stop() },
      {
        name: 'services',
        start: () => {
          services = startServices(parts)
        },
        stop: () => services?.cancel(),
      },
      {
        name: 'registration',
        start: () => parts.registration.start(),
        stop: () => parts.registration.stop(),
      },
    ],
    logger,
  )
  await lifecycle.start()
  const { endpoint } = ports as unknown as Ports
  logger.info(
    `broker ${config.brokerName} of cluster ${config.brokerClusterName} listens on ${endpointText(endpoint)}`,
  )
  return { endpoint, stop: () => lifecycle.stop() }
}

function checkIdentity({ config }: BrokerOptions): void {
  if (config.brokerName === '')
    throw new AerobeeError('INVALID_CONFIG', 'brokerName is empty: give the broker a name')
  if (config.brokerRole === 'SLAVE' || config.brokerId !== 0)
    throw new AerobeeError(
      'INVALID_CONFIG',
      `brokerRole=${config.brokerRole} with brokerId=${config.brokerId} is not served yet: only masters, brokerId=0`,
    )
}

function configFile(options: BrokerOptions, name: ConfigFileName): TableFile {
  const directory = `${options.config.storePathRootDir}/config`
  return tableFile(new ConfigFile({ ...options, directory }, name), { ...options, name })
}

async function startStore({ store, offsets, delay, logger }: BrokerParts): Promise<void> {
  await store.start()
  await delay.recover()
  const moved = offsets.cutToEnds()
  if (moved.length === 0) return
  logger.warn(
    `${moved.length} committed offsets were beyond the end of their queue and are set to it: ${moved.slice(0, 10).join(', ')}`,
  )
  // Before messages take these places, which a group must not pass over after the next crash.
  await offsets.saveNow()
}

async function saveTables(parts: BrokerParts, files: readonly TableFile[]): Promise<void> {
  parts.offsets.save()
  parts.delay.saveAtEnd()
  await Promise.all(files.map((file) => file.settle()))
}

const drainMs = (config: BrokerOptions['config']) =>
  config.enableShutdownGracefully ? config.shutdownWaitTimeSeconds * 1000 : 0
