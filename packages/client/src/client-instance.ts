import { AerobeeError, errorText, type Logger, silentLogger } from '@aerobee/base'
import type { Answer, CallOptions, NotifyOptions } from '@aerobee/net'
import { type Command, commands, type Encodable, type FieldSet } from '@aerobee/wire'
import { BrokerAddresses } from './addresses.js'
import { brokerRequests } from './broker-requests.js'
import { environmentNamesrvAddr, localAddress, machine, processId } from './environment.js'
import type { BackgroundWork, RoleEvents } from './events.js'
import { Heartbeats } from './heartbeat.js'
import { NameServers, parseNamesrvAddr } from './name-servers.js'
import type { ClientOptions, ClientSurroundings } from './options.js'
import { Periodic } from './periodic.js'
import { Remoting } from './remoting.js'
import type { Role } from './role.js'
import type { MessageQueue } from './route.js'
import { RouteTable } from './route-table.js'
import { transportOf } from './security/transport.js'

const nameServerPollMs = 120_000

/**
 * What the roles of one client share: connections, routes, heartbeats (reference: client-behaviour 1). There is no
 * process-wide state: two instances never meet.
 *
 *   new ──start()──► running ──close()──► closed
 */
export class ClientInstance {
  readonly clientId: string
  readonly logger: Logger
  readonly surroundings: Required<ClientSurroundings>
  readonly options: ClientOptions
  readonly routes: RouteTable
  readonly addresses: BrokerAddresses
  readonly nameServers: NameServers
  readonly callTimeoutMs: number
  readonly namespace: string | undefined
  readonly #remoting: Remoting
  readonly #roles = new Set<Role>()
  readonly #heartbeats: Heartbeats
  readonly #periodic: Periodic
  #started: Promise<void> | undefined
  #closing: Promise<void> | undefined

  /** Throws AerobeeError INVALID_ARGUMENT. */
  constructor(options: ClientOptions, streamRequests = false) {
    this.options = options
    const transport = transportOf(options)
    this.surroundings = { ...machine, ...(transport && { transport }), ...options.surroundings }
    this.logger = options.logger ?? silentLogger
    this.callTimeoutMs = options.mqClientApiTimeout ?? 3000
    this.namespace = options.namespace
    const { clock, random } = this.surroundings
    this.clientId = clientIdOf(options, random.bytes(6), streamRequests)
    this.#remoting = new Remoting({
      surroundings: this.surroundings,
      logger: this.logger,
      dispatcher: brokerRequests({
        roles: this.#roles,
        logger: this.logger,
        namespace: options.namespace,
        wallMs: () => clock.wallMs(),
        groupsChanged: () => this.groupsChanged(),
      }),
      credentials: options.credentials,
      namespaceV2: options.namespaceV2,
      streamRequests,
      onConnect: (address) => this.#onConnect(address),
      onClose: (address, reason) => this.#tell((events) => events.emit('disconnected', { address, reason })),
      explain: (address) => this.addresses.explanation(address),
    })
    this.nameServers = new NameServers(nameServerAddresses(options), this.#remoting, random)
    this.routes = new RouteTable({
      nameServers: this.nameServers,
      clock,
      timeoutMs: this.callTimeoutMs,
      onChange: () => this.groupsChanged(),
    })
    this.addresses = new BrokerAddresses(this.routes, options)
    this.#heartbeats = new Heartbeats(this, this.#roles, options.useHeartbeatV2 ?? false)
    this.#periodic = new Periodic(clock, random, (what, thrown) => {
      this.logger.warn(`${what} failed: ${errorText(thrown)}`)
      this.failed(thrown, 'routes')
    })
  }

  /** Begins the periodic work; resolves when name servers were asked for, if they had to be. Idempotent. */
  start(): Promise<void> {
    this.#started ??= this.#start()
    return this.#started
  }

  get closed(): boolean {
    return this.#closing !== undefined
  }

  get roles(): ReadonlySet<Role> {
    return this.#roles
  }

  /** Addresses that are connected now. */
  get connected(): string[] {
    return this.#remoting.pool.addresses
  }

  call<Req extends FieldSet, Res extends FieldSet>(
    address: string,
    command: Command<Req, Res>,
    fields: Encodable<Req>,
    options: CallOptions,
  ): Promise<Answer<Res>> {
    return this.#remoting.call(address, command, fields, options)
  }

  notify<Req extends FieldSet, Res extends FieldSet>(
    address: string,
    command: Command<Req, Res>,
    fields: Encodable<Req>,
    options?: NotifyOptions,
  ): Promise<boolean> {
    return this.#remoting.notify(address, command, fields, options)
  }

  /** Throws INVALID_ARGUMENT when the group has a role of the kind already, CLOSED when the client is closed. */
  addRole(role: Role): void {
    if (this.closed) throw closedError()
    for (const other of this.#roles) {
      if (role.producerGroup !== undefined && other.producerGroup === role.producerGroup)
        throw new AerobeeError(
          'INVALID_ARGUMENT',
          `The producer group[${role.producerGroup}] has been created before, specify another name please.`,
        )
      if (role.consumerGroup !== undefined && other.consumerGroup === role.consumerGroup)
        throw new AerobeeError(
          'INVALID_ARGUMENT',
          `The consumer group[${role.consumerGroup}] has been created before, specify another name please.`,
        )
    }
    this.#roles.add(role)
  }

  /** Takes a role out and tells the brokers that are connected, so that its queues are free at once. */
  async removeRole(role: Role): Promise<void> {
    if (!this.#roles.delete(role)) return
    const { producerGroup, consumerGroup } = role
    const fields = {
      clientID: this.clientId,
      ...(producerGroup !== undefined && { producerGroup }),
      ...(consumerGroup !== undefined && { consumerGroup }),
    }
    const brokers = new Set(this.addresses.all(true))
    const leaving = this.connected
      .filter((address) => brokers.has(address))
      .map((address) =>
        this.call(address, commands.unregisterClient, fields, { timeoutMs: this.callTimeoutMs }),
      )
    await Promise.allSettled(leaving)
  }

  /** Every call under way fails; no timer and no socket is left. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Tells every broker of every route who is here. Resolves with how many took it. */
  heartbeat(anew = false): Promise<number> {
    return this.#heartbeats.beat(this.addresses.all(this.#heartbeats.hasConsumers), anew)
  }

  /** Whether any of these can be connected to. Rejects with the last failure when none can. */
  async reach(advertised: readonly string[]): Promise<void> {
    const dialled = advertised.map((address) => this.#remoting.pool.connect(this.addresses.dialled(address)))
    await Promise.any(dialled).catch((thrown: AggregateError) => {
      throw thrown.errors.at(-1)
    })
  }

  /** Where the queue's master takes what goes by the VIP channel, when there is one. Rejects with NO_ROUTE. */
  masterAddress(queue: MessageQueue): Promise<string> {
    return this.addresses.master(queue)
  }

  /** Tells those who listen that something failed in the background. */
  failed(thrown: unknown, during: BackgroundWork): void {
    this.#tell((events) => events.emit('error', thrown, during))
  }

  groupsChanged(): void {
    for (const role of this.#roles) role.onGroupChange?.()
  }

  async #start(): Promise<void> {
    const {
      pollNameServerInterval = 30_000,
      heartbeatBrokerInterval = 30_000,
      namesrvEndpoint,
    } = this.options
    this.#periodic.every(pollNameServerInterval, 'refreshing routes', () => this.#refreshRoutes())
    this.#periodic.every(heartbeatBrokerInterval, 'heartbeat', async () => void (await this.heartbeat()))
    if (namesrvEndpoint === undefined || this.nameServers.addresses.length > 0) return
    const fetchAddresses = () => this.#fetchNameServers(namesrvEndpoint)
    this.#periodic.every(nameServerPollMs, 'fetching name server addresses', fetchAddresses)
    await fetchAddresses().catch((thrown) =>
      this.logger.warn(`fetching name server addresses failed: ${errorText(thrown)}`),
    )
  }

  async #fetchNameServers(endpoint: string): Promise<void> {
    const text = await this.surroundings.fetchText(endpoint, this.callTimeoutMs)
    const addresses = parseNamesrvAddr(text.split(/\r?\n/, 1)[0] ?? '')
    if (addresses.length > 0 && !this.closed) this.nameServers.update(addresses)
  }

  async #close(): Promise<void> {
    this.#periodic.stop()
    await this.#remoting.close()
  }

  async #refreshRoutes(): Promise<void> {
    const topics = new Set([...this.#roles].flatMap((role) => [...role.topics()]))
    await this.routes.refreshAll(topics)
  }

  #tell(emit: (events: RoleEvents) => void): void {
    for (const { events } of this.#roles) if (events) emit(events)
  }

  /** A broker that came back must know the consumers before it is asked for their queues. */
  #onConnect(address: string): void {
    this.#tell((events) => events.emit('connected', { address }))
    if (this.closed || !this.addresses.all(true).includes(address)) return
    this.#heartbeats.beat([address], true).then(
      () => this.groupsChanged(),
      (thrown: unknown) => this.logger.warn(`heartbeat failed: ${errorText(thrown)}`),
    )
  }
}

/** `ip@instance`, then unit and the mark of consumers that read by themselves. */
function clientIdOf(options: ClientOptions, random: Uint8Array, stream: boolean): string {
  const instanceName = options.instanceName ?? `${processId()}#${Buffer.from(random).toString('hex')}`
  const unit = options.unitName ? `@${options.unitName}` : ''
  return `${options.clientIP ?? localAddress()}@${instanceName}${unit}${stream ? '@STREAM' : ''}`
}

function nameServerAddresses(options: ClientOptions): string[] {
  const given = options.namesrvAddr ?? (options.namesrvEndpoint ? '' : environmentNamesrvAddr())
  const addresses = parseNamesrvAddr(given ?? '')
  if (addresses.length === 0 && !options.namesrvEndpoint)
    throw new AerobeeError(
      'INVALID_ARGUMENT',
      'No name server address, please set it: namesrvAddr, such as "127.0.0.1:9876", or NAMESRV_ADDR in the environment.',
    )
  return addresses
}

const closedError = () => new AerobeeError('CLOSED', 'the client is closed: make a new one to go on')
