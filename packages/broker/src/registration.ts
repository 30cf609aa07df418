import { type Clock, errorText, type Logger, type Random, type Timer } from '@aerobee/base'
import { ConnectionPool, type Transport } from '@aerobee/net'
import type { AdvertisedAddressFor } from './advertised.js'
import type { BrokerConfig } from './config-keys.js'
import { NameServer } from './registration/name-server.js'
import type { TopicConfig, TopicTable } from './topics.js'

export interface RegistrationOptions {
  config: BrokerConfig
  clock: Clock
  random: Random
  logger: Logger
  transport: Transport
  topics: TopicTable
  /** Asked once a connection to a name server is there. */
  advertisedFor: AdvertisedAddressFor
}

/** What handlers may ask of the registration. */
export interface Announcements {
  /**
   * Resolves when every name server that can be reached knows what changed so far, after 3 s at the latest: an answer
   * to whoever created a topic comes after that, so that the topic can be used at once.
   */
  announced(): Promise<void>
  /** For what changes every topic as others see it. */
  announceAll(): void
}

/** How long the start waits for the first answer of a name server. */
const startWaitMs = 3000
const announceWaitMs = 3000
const periodRangeMs = { least: 10_000, most: 60_000 }

/** Keeps all name servers informed of this broker and its topics, each by itself (reference: broker-behaviour 2.2). */
export class NameServerRegistration implements Announcements {
  readonly #options: RegistrationOptions
  readonly #pool: ConnectionPool
  readonly #nameServers: readonly NameServer[]
  #started = false
  #period: Timer | undefined

  constructor(options: RegistrationOptions) {
    this.#options = options
    const { transport, clock, logger } = options
    this.#pool = new ConnectionPool({
      transport,
      clock,
      logger,
      onClose: (address, connection) => {
        for (const nameServer of this.#nameServers)
          if (nameServer.address === address) nameServer.connectionClosed(connection)
      },
    })
    this.#nameServers = addressesOf(options.config.namesrvAddr).map(
      (address) =>
        new NameServer(address, {
          ...options,
          pool: this.#pool,
          onOrderedTopics: (topics) => this.#markOrdered(topics),
        }),
    )
  }

  /** Resolves when one name server knows this broker, or none can be reached, or after 3 s; trying goes on then. */
  async start(): Promise<void> {
    const { logger, config } = this.#options
    this.#started = true
    if (this.#nameServers.length === 0) {
      logger.warn(
        'namesrvAddr is empty: clients cannot find this broker; set it to host:port of a name server',
      )
      return
    }
    for (const nameServer of this.#nameServers) nameServer.announceAll()
    this.#schedule()
    await this.#within(startWaitMs, this.#firstAnswer())
    if (!this.#nameServers.some(({ registered }) => registered))
      logger.warn(
        `no name server of ${config.namesrvAddr} knows this broker yet: clients cannot find it until one answers; trying goes on`,
      )
  }

  topicsChanged(topics: readonly TopicConfig[]): void {
    if (!this.#started) return
    for (const nameServer of this.#nameServers) nameServer.announce(topics.map(({ topicName }) => topicName))
  }

  announceAll(): void {
    if (!this.#started) return
    for (const nameServer of this.#nameServers) nameServer.announceAll()
  }

  async announced(): Promise<void> {
    if (!this.#started) return
    await this.#within(announceWaitMs, Promise.all(this.#nameServers.map((server) => server.settled())))
  }

  /** Leaves all name servers; what cannot be told them within 3 s they find out by themselves. */
  async stop(): Promise<void> {
    this.#started = false
    this.#period?.cancel()
    const left = Promise.all(this.#nameServers.map((server) => server.stop()))
    await this.#within(announceWaitMs, left)
    await this.#pool.close()
  }

  /** The period may change at run time, so each renewal schedules the next. */
  #schedule(): void {
    const { least, most } = periodRangeMs
    const periodMs = Math.min(Math.max(this.#options.config.registerNameServerPeriod, least), most)
    const renew = () => {
      for (const nameServer of this.#nameServers) nameServer.renew()
      this.#schedule()
    }
    this.#period = this.#options.clock.after(periodMs, renew, { background: true })
  }

  async #firstAnswer(): Promise<void> {
    const refused = new Error('not registered')
    const attempts = this.#nameServers.map(async (nameServer) => {
      await nameServer.settled()
      if (!nameServer.registered) throw refused
    })
    await Promise.any(attempts).catch(() => {})
  }

  async #within(limitMs: number, work: Promise<unknown>): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.after(limitMs, resolve, { background: true })
      void work.then(() => {
        timer.cancel()
        resolve()
      })
    })
  }

  /** Never the other way round: a topic stays ordered. */
  #markOrdered(names: readonly string[]): void {
    const { topics, logger } = this.#options
    const named = names.map((name) => topics.find(name)).filter((topic) => topic !== undefined)
    try {
      topics.put(named.map((topic) => ({ ...topic, order: true })))
    } catch (thrown) {
      logger.error(`topics ${names.join(', ')} were not marked as ordered: ${errorText(thrown)}`)
    }
  }
}

const addressesOf = (namesrvAddr: string): string[] => [
  ...new Set(namesrvAddr.split(';').filter((address) => address !== '')),
]
