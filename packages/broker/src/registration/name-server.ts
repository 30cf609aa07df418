import { AerobeeError, type Clock, errorText, type Logger, type Random, type Timer } from '@aerobee/base'
import { type Answer, type Connection, type ConnectionPool, type Endpoint, endpointText } from '@aerobee/net'
import { bodies, commands, type RequestInput } from '@aerobee/wire'
import type { AdvertisedAddressFor } from '../advertised.js'
import type { BrokerConfig } from '../config-keys.js'
import type { TopicTable } from '../topics.js'
import { orderedTopics, registrationBody } from './announcement.js'

export interface NameServerOptions {
  config: BrokerConfig
  clock: Clock
  random: Random
  logger: Logger
  pool: ConnectionPool
  topics: TopicTable
  advertisedFor: AdvertisedAddressFor
  /** Topics that the name server says to be ordered. */
  onOrderedTopics: (topics: readonly string[]) => void
}

const firstRetryMs = 500
const slowestRetryMs = 3000
const unregisterTimeoutMs = 3000
/** A name server that stays away is logged once in about a minute. */
const failuresPerLogLine = 20

/**
 * One name server as this broker keeps it informed (reference: broker-behaviour 2.2). One call at a time, so that a
 * later state never arrives before an earlier one:
 *
 *   behind ──103 answered──► informed ──topic changed, period over, connection lost──► behind
 *     └──call failed──► waiting, 0.5 s to 3 s ──► behind, and everything is announced anew
 */
export class NameServer {
  readonly address: string
  readonly #options: NameServerOptions
  /** What it does not know yet: names of topics, and with `#all` everything. */
  readonly #changed = new Set<string>()
  #all = true
  #renewal = false
  #running: Promise<void> | undefined
  #failures = 0
  #retry: Timer | undefined
  #stopped = false
  /** Where, and as which address, it knows us; undefined when it does not. */
  #informed: { connection: Connection; advertised: Endpoint } | undefined

  constructor(address: string, options: NameServerOptions) {
    this.address = address
    this.#options = options
  }

  get registered(): boolean {
    return this.#informed !== undefined
  }

  announceAll(): void {
    this.#all = true
    this.#run()
  }

  announce(topics: Iterable<string>): void {
    for (const topic of topics) this.#changed.add(topic)
    this.#run()
  }

  /** Renews the lease; with forceRegister=false the topics are sent only where the data version differs. */
  renew(): void {
    this.#renewal = true
    this.#run()
  }

  /** Resolves when nothing is under way: informed, or waiting for a retry. */
  settled(): Promise<void> {
    return this.#running ?? Promise.resolve()
  }

  connectionClosed(connection: Connection): void {
    if (this.#informed?.connection !== connection) return
    this.#informed = undefined
    this.#all = true
    if (!this.#running) this.#retryLater()
  }

  /** No more calls; a connected name server is told that we leave. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#retry?.cancel()
    await this.settled()
    const informed = this.#informed
    this.#informed = undefined
    if (!informed || informed.connection.state === 'closed') return
    try {
      const fields = this.#identity(informed.advertised)
      await informed.connection.call(commands.unregisterBroker, fields, { timeoutMs: unregisterTimeoutMs })
    } catch (thrown) {
      this.#options.logger.warn(
        `name server ${this.address} was not told that this broker leaves: ${errorText(thrown)}`,
      )
    }
  }

  #run(): void {
    if (this.#running || this.#retry || this.#stopped) return
    this.#running = this.#catchUp().finally(() => {
      this.#running = undefined
    })
  }

  async #catchUp(): Promise<void> {
    try {
      while (!this.#stopped && (this.#all || this.#renewal || this.#changed.size > 0)) await this.#inform()
      this.#failures = 0
    } catch (thrown) {
      this.#failed(thrown)
    }
  }

  async #inform(): Promise<void> {
    const { pool, advertisedFor } = this.#options
    const connection = await pool.connect(this.address)
    const advertised = advertisedFor(connection.local)
    const known = this.#informed?.connection === connection
    const all = this.#all || this.#renewal || !known
    const changed = [...this.#changed]
    const mayAsk = known && !this.#all && changed.length === 0 && !this.#options.config.forceRegister
    this.#all = this.#renewal = false
    this.#changed.clear()
    if (mayAsk && !(await this.#differs(connection, advertised))) return
    const answer = await this.#register(connection, advertised, all ? 'all' : changed)
    this.#check(answer)
    if (!known)
      this.#options.logger.info(
        `registered at name server ${this.address} as ${endpointText(advertised)}`,
        this.#identity(advertised),
      )
    if (connection.state === 'closed') throw this.#gone()
    this.#informed = { connection, advertised }
    this.#options.onOrderedTopics(orderedTopics(answer.body))
  }

  #register(connection: Connection, advertised: Endpoint, topics: Iterable<string> | 'all') {
    const { config } = this.#options
    const body = registrationBody(this.#options.topics, topics, config.brokerPermission)
    const haHost = config.brokerIP2 === '' ? advertised.host : config.brokerIP2
    const haPort = config.haListenPort === 0 ? advertised.port + 1 : config.haListenPort
    const fields: RequestInput<typeof commands.registerBroker> = {
      ...this.#identity(advertised),
      haServerAddr: endpointText({ host: haHost, port: haPort }),
      enableActingMaster: false,
      compressed: false,
      bodyCrc32: bodies.registrationCrc32(body),
    }
    const timeoutMs = config.registerBrokerTimeoutMills
    return connection.call(commands.registerBroker, fields, { body, timeoutMs })
  }

  /** 322; every answer but a clear "unchanged" means yes. */
  async #differs(connection: Connection, advertised: Endpoint): Promise<boolean> {
    const { config, topics } = this.#options
    const answer = await connection.call(commands.queryDataVersion, this.#identity(advertised), {
      body: bodies.dataVersion.encode(topics.dataVersion),
      timeoutMs: config.registerBrokerTimeoutMills,
    })
    return answer.code !== 0 || answer.fields?.changed !== false
  }

  #identity(advertised: Endpoint) {
    const { brokerName, brokerClusterName, brokerId } = this.#options.config
    return { brokerName, brokerAddr: endpointText(advertised), clusterName: brokerClusterName, brokerId }
  }

  #gone(): AerobeeError {
    const { address } = this
    return new AerobeeError('CONNECTION_CLOSED', 'the connection closed', { retryable: true, address })
  }

  #check(answer: Answer): void {
    if (answer.code !== 0)
      throw new AerobeeError('NAME_SERVER_ERROR', `it answered ${answer.code} ${answer.remark ?? ''}`, {
        retryable: true,
        responseCode: answer.code,
        address: this.address,
      })
  }

  /** The connection goes too: one that does not answer may be dead without anybody having told us. */
  #failed(thrown: unknown): void {
    this.#informed = undefined
    this.#all = true
    if (this.#stopped) return
    if (this.#failures++ % failuresPerLogLine === 0)
      this.#options.logger.warn(
        `registering at name server ${this.address} failed and is tried again: ${errorText(thrown)}`,
      )
    this.#options.pool.disconnect(this.address, 'registering failed')
    this.#retryLater()
  }

  /** Spread, so that the brokers of a cluster do not all come back to a restarted name server at once. */
  #retryLater(): void {
    if (this.#stopped || this.#retry) return
    const longestMs = Math.min(firstRetryMs * 2 ** Math.max(0, this.#failures - 1), slowestRetryMs)
    const delayMs = longestMs / 2 + this.#options.random.below(Math.ceil(longestMs / 2))
    const retry = () => {
      this.#retry = undefined
      this.#run()
    }
    this.#retry = this.#options.clock.after(delayMs, retry, { background: true })
  }
}
