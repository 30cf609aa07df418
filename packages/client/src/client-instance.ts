import { AerobeeError, errorText, type Logger, silentLogger, type Timer } from '@aerobee/base'
import { type Connection, ConnectionPool, Dispatcher, serve, success } from '@aerobee/net'
import { allCommands, bodies, commands, responseCodes } from '@aerobee/wire'
import { environmentNamesrvAddr, localAddress, machine, processId } from './environment.js'
import { NameServers, parseNamesrvAddr } from './name-servers.js'
import type { ClientOptions, ClientSurroundings } from './options.js'
import type { MessageQueue } from './route.js'
import { RouteTable } from './route-table.js'

/** What a role tells the brokers about itself, and wants to hear. */
export interface Role {
  readonly producerGroup?: string
  consumerData?(): bodies.ConsumerData
  /** Topics whose route is kept fresh. */
  topics(): Iterable<string>
  /** Members of the group, or the route of a topic, changed. */
  onGroupChange?(): void
}

/**
 * What the roles of one client share: connections, routes, heartbeats (reference: client-behaviour 1). There is no
 * process-wide state: two instances never meet.
 *
 *   new ──start()──► running ──close()──► closed
 */
export class ClientInstance {
  readonly clientId: string
  readonly logger: Logger
  readonly surroundings: ClientSurroundings
  readonly pool: ConnectionPool
  readonly routes: RouteTable
  readonly callTimeoutMs: number
  readonly #options: ClientOptions
  readonly #roles = new Set<Role>()
  readonly #timers: Timer[] = []
  #closed = false

  /** Throws AerobeeError INVALID_ARGUMENT. */
  constructor(options: ClientOptions) {
    this.#options = options
    this.surroundings = options.surroundings ?? machine
    this.logger = options.logger ?? silentLogger
    this.callTimeoutMs = options.mqClientApiTimeout ?? 3000
    const { clock, random, transport } = this.surroundings
    const instanceName =
      options.instanceName ?? `${processId()}#${Buffer.from(random.bytes(6)).toString('hex')}`
    this.clientId = `${options.clientIP ?? localAddress()}@${instanceName}`
    this.pool = new ConnectionPool({
      transport,
      clock,
      logger: this.logger,
      handler: this.#brokerRequests(),
      onConnect: (address) => this.#onConnect(address),
    })
    const addresses = parseNamesrvAddr(options.namesrvAddr ?? environmentNamesrvAddr())
    const nameServers = new NameServers(addresses, this.pool, random)
    this.routes = new RouteTable({
      nameServers,
      timeoutMs: this.callTimeoutMs,
      onChange: () => this.#groupsChanged(),
    })
  }

  start(): void {
    const { clock, random } = this.surroundings
    const { pollNameServerInterval = 30_000, heartbeatBrokerInterval = 30_000 } = this.#options
    // A tenth of jitter, so that clients that lost a server together do not come back together.
    const every = (periodMs: number, run: () => Promise<void>, what: string) => {
      const again = () => {
        if (this.#closed) return
        const delayMs = periodMs * (0.95 + random.below(100) / 1000)
        const timer = clock.after(delayMs, () => {
          this.#timers.splice(this.#timers.indexOf(timer), 1)
          run()
            .catch((thrown) => this.logger.warn(`${what} failed: ${errorText(thrown)}`))
            .finally(again)
        })
        this.#timers.push(timer)
      }
      again()
    }
    every(pollNameServerInterval, () => this.#refreshRoutes(), 'refreshing routes')
    every(heartbeatBrokerInterval, () => this.heartbeat(), 'heartbeat')
  }

  get closed(): boolean {
    return this.#closed
  }

  addRole(role: Role): void {
    this.#roles.add(role)
  }

  /** Takes a role out and tells the brokers, so that its queues are free at once. */
  async removeRole(role: Role): Promise<void> {
    this.#roles.delete(role)
    const group = role.consumerData?.().groupName
    const fields = {
      clientID: this.clientId,
      ...(role.producerGroup !== undefined && { producerGroup: role.producerGroup }),
      ...(group !== undefined && { consumerGroup: group }),
    }
    const leaving = this.#connectedBrokers().map((address) =>
      this.pool.call(address, commands.unregisterClient, fields, { timeoutMs: this.callTimeoutMs }),
    )
    await Promise.allSettled(leaving)
  }

  /** Every call under way fails; no timer and no socket is left. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    for (const timer of this.#timers) timer.cancel()
    await this.pool.close()
  }

  /** Address of the queue's master. Rejects with NO_ROUTE when no route has it. */
  async masterAddress(queue: MessageQueue): Promise<string> {
    let addresses = this.routes.known(queue.topic)?.brokers.get(queue.brokerName)
    if (!addresses?.has(0))
      addresses = (await this.routes.refresh(queue.topic))?.brokers.get(queue.brokerName)
    const master = addresses?.get(0)
    if (master === undefined)
      throw new AerobeeError(
        'NO_ROUTE',
        `The broker ${queue.brokerName} has no master in the route of topic ${queue.topic}.`,
        {
          retryable: true,
        },
      )
    return this.#dialled(master)
  }

  /** Address to read a queue from: the id the broker suggested, else the master, else any. */
  async readAddress(queue: MessageQueue, preferredId: number): Promise<string> {
    let addresses = this.routes.known(queue.topic)?.brokers.get(queue.brokerName)
    if (!addresses || addresses.size === 0)
      addresses = (await this.routes.refresh(queue.topic))?.brokers.get(queue.brokerName)
    const address = addresses?.get(preferredId) ?? addresses?.get(0) ?? addresses?.values().next().value
    if (address === undefined)
      throw new AerobeeError(
        'NO_ROUTE',
        `The broker ${queue.brokerName} is not in the route of topic ${queue.topic}.`,
        {
          retryable: true,
        },
      )
    return this.#dialled(address)
  }

  /** Tells every broker of every route who is here; brokers that do not answer are left for the next time. */
  async heartbeat(): Promise<void> {
    const consumers = [...this.#roles].flatMap((role) => (role.consumerData ? [role.consumerData()] : []))
    const producers = [...this.#roles].flatMap((role) =>
      role.producerGroup === undefined ? [] : [{ groupName: role.producerGroup }],
    )
    if (this.#closed || (consumers.length === 0 && producers.length === 0)) return
    const addresses = this.#brokerAddresses(consumers.length > 0)
    const body = this.#heartbeatBody(consumers, producers)
    const beats = addresses.map(async (address) => {
      const answer = await this.pool.call(
        address,
        commands.heartbeat,
        {},
        { body, timeoutMs: this.callTimeoutMs },
      )
      if (answer.code !== responseCodes.SUCCESS)
        this.logger.warn(`heartbeat refused by broker ${address}: ${answer.remark}`, { code: answer.code })
    })
    for (const [i, result] of (await Promise.allSettled(beats)).entries())
      if (result.status === 'rejected' && !this.#closed)
        this.logger.warn(`no heartbeat to broker ${addresses[i]}: ${errorText(result.reason)}`)
  }

  #heartbeatBody(consumers: bodies.ConsumerData[], producers: bodies.ProducerData[]): Uint8Array {
    return bodies.heartbeatData.encode({
      clientID: this.clientId,
      consumerDataSet: consumers,
      heartbeatFingerprint: 0,
      producerDataSet: producers,
      withoutSub: false,
    })
  }

  #dialled(advertised: string): string {
    return this.#options.rewriteBrokerAddress?.(advertised) ?? advertised
  }

  /** Producers need masters only. */
  #brokerAddresses(slavesToo: boolean): string[] {
    const addresses = new Set<string>()
    for (const byId of this.routes.brokers().values())
      for (const [id, address] of byId) if (id === 0 || slavesToo) addresses.add(this.#dialled(address))
    return [...addresses]
  }

  #connectedBrokers(): string[] {
    const brokers = new Set(this.#brokerAddresses(true))
    return this.pool.addresses.filter((address) => brokers.has(address))
  }

  async #refreshRoutes(): Promise<void> {
    const topics = new Set([...this.#roles].flatMap((role) => [...role.topics()]))
    for (const topic of topics) if (!this.#closed) await this.routes.refresh(topic)
  }

  #groupsChanged(): void {
    for (const role of this.#roles) role.onGroupChange?.()
  }

  /** A broker that came back must know the consumers before it is asked for their queues. */
  #onConnect(address: string): void {
    if (!this.#brokerAddresses(true).includes(address)) return
    this.heartbeat().then(
      () => this.#groupsChanged(),
      (thrown: unknown) => this.logger.warn(`heartbeat failed: ${errorText(thrown)}`),
    )
  }

  #brokerRequests(): Dispatcher {
    return new Dispatcher({
      receiver: 'client',
      commands: allCommands.filter((command) => command.receiver === 'client'),
      registrations: [
        serve(commands.notifyConsumerIdsChanged, ({ connection }: { connection: Connection }) => {
          this.logger.debug(`broker ${connection.remoteText} says that a group changed`)
          this.#groupsChanged()
          return success()
        }),
      ],
      logger: this.logger,
    })
  }
}
