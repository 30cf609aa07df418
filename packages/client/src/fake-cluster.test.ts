import assert from 'node:assert/strict'
import { seededRandom } from '@aerobee/base'
import { Dispatcher, failure, RemotingServer, serve, success } from '@aerobee/net'
import { listLogger, MemoryNetwork, VirtualClock } from '@aerobee/testkit'
import { bodies, commands, isLmqTopic, responseCodes } from '@aerobee/wire'
import { FakeBroker } from './fake-broker.test.js'
import type { ClientOptions } from './options.js'

/** Name server and brokers on a memory network and a virtual clock, and the options of clients that live there. */
export class FakeCluster {
  readonly clock = new VirtualClock()
  readonly network = new MemoryNetwork(this.clock)
  readonly brokers: FakeBroker[] = []
  readonly namesrvAddr = '10.0.0.9:9876'
  /** Log lines of all clients, `level message`. */
  readonly log: string[] = []
  /** Mappings of static topics, by topic: what the name server answers. */
  readonly mappings = new Map<string, object>()
  readonly #orderConf = new Map<string, string>()
  readonly #closers: (() => Promise<void>)[] = []
  /** Encoded routes, by all that is in them. */
  readonly #routes = new Map<string, Uint8Array>()
  #nameServer: RemotingServer | undefined
  #clients = 0

  static async start(brokerCount = 1): Promise<FakeCluster> {
    const cluster = new FakeCluster()
    await cluster.startNameServer()
    for (let i = 0; i < brokerCount; i++) await cluster.addBroker()
    return cluster
  }

  get broker(): FakeBroker {
    return this.brokers[0]!
  }

  async addBroker(): Promise<FakeBroker> {
    const i = this.brokers.length
    const host = `10.0.1.${i + 1}`
    const broker = new FakeBroker(`broker-${'abcdefgh'[i]}`, host, this.clock, this.network.transport(host))
    this.brokers.push(broker)
    await broker.start()
    return broker
  }

  createTopic(topic: string, queues = 4, brokers: readonly FakeBroker[] = this.brokers): void {
    for (const broker of brokers) broker.queues.create(topic, queues)
  }

  setOrder(topic: string, conf: string): void {
    this.#orderConf.set(topic, conf)
  }

  async startNameServer(): Promise<void> {
    const logger = listLogger([])
    const registrations = [
      serve(commands.getRouteInfoByTopic, ({ request }) => this.#route(request.topic ?? '')),
      serve(commands.getBrokerClusterInfo, () =>
        success(null, bodies.clusterInfo.encode(this.#clusterInfo())),
      ),
    ]
    this.#nameServer = new RemotingServer({
      transport: this.network.transport('10.0.0.9'),
      clock: this.clock,
      logger,
      dispatcher: new Dispatcher({
        receiver: 'nameServer',
        commands: registrations.map(({ command }) => command),
        registrations,
        logger,
      }),
    })
    await this.#nameServer.listen({ host: '10.0.0.9', port: 9876 })
  }

  async stopNameServer(): Promise<void> {
    await this.#nameServer?.close()
    this.#nameServer = undefined
  }

  /** Options of one more client, on a machine of its own. */
  options(more: Partial<ClientOptions> = {}): ClientOptions & { host: string } {
    const number = ++this.#clients
    const host = `10.0.0.${100 + number}`
    return {
      namesrvAddr: this.namesrvAddr,
      clientIP: host,
      instanceName: `c${number}`,
      logger: listLogger(this.log),
      surroundings: {
        clock: this.clock,
        random: seededRandom(number),
        transport: this.network.transport(host),
      },
      host,
      ...more,
    }
  }

  /** Closed by close(), in reverse order. */
  use<T extends { close(): Promise<void> }>(client: T): T {
    this.#closers.push(() => client.close())
    return client
  }

  lines(pattern: RegExp): string[] {
    return this.log.filter((line) => pattern.test(line))
  }

  /** Lets time pass. */
  pass(ms: number): Promise<void> {
    return this.clock.advance(ms)
  }

  /** For what takes real time, such as compression: turns of the event loop without virtual time. */
  async inRealTime<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const settle = () => {
      settled = true
    }
    promise.then(settle, settle)
    while (!settled) await this.pass(0)
    return promise
  }

  /** Closes clients and servers; rejects when they leave a timer or a stream behind. */
  async close(): Promise<void> {
    for (const close of this.#closers.reverse()) await this.clock.resolve(close())
    await this.pass(1)
    assert.equal(this.network.openStreams, 0, 'streams are left')
    for (const broker of this.brokers) await this.clock.resolve(broker.stop())
    await this.clock.resolve(this.stopNameServer())
    await this.clock.settle()
    assert.equal(this.clock.timers - this.network.timers, 0, 'timers are left')
  }

  /** Light message queues have none. */
  #route(topic: string) {
    const brokers = this.brokers.filter(
      (broker) => broker.running && !isLmqTopic(topic) && this.#queuesOf(broker, topic) > 0,
    )
    if (brokers.length === 0)
      return failure<Record<never, never>>(responseCodes.TOPIC_NOT_EXIST, `No topic route info for ${topic}`)
    const queues = brokers.map((broker) => `${broker.name}:${this.#queuesOf(broker, topic)}`)
    const key = [topic, this.#orderConf.get(topic), ...queues].join()
    const known = this.mappings.has(topic) ? undefined : this.#routes.get(key)
    const body = known ?? this.#encodeRoute(topic, brokers)
    this.#routes.set(key, body)
    return success<Record<never, never>>(null, body)
  }

  #encodeRoute(topic: string, brokers: readonly FakeBroker[]): Uint8Array {
    return bodies.topicRouteData.encode(
      {
        brokerDatas: brokers.map(({ name, address }) => ({
          brokerAddrs: new Map([[0, address]]),
          brokerName: name,
          cluster: 'C',
          enableActingMaster: false,
        })),
        filterServerTable: new Map(),
        orderTopicConf: this.#orderConf.get(topic),
        queueDatas: brokers.map((broker) => ({
          brokerName: broker.name,
          perm: 6,
          readQueueNums: this.#queuesOf(broker, topic),
          writeQueueNums: this.#queuesOf(broker, topic),
          topicSysFlag: 0,
        })),
        topicQueueMappingByBroker: this.mappings.get(topic),
      },
      'standard',
    )
  }

  #queuesOf(broker: FakeBroker, topic: string): number {
    if (topic === 'TBW102') return broker.autoCreate ? 8 : 0
    return broker.queues.count(topic)
  }

  #clusterInfo(): bodies.ClusterInfo {
    const running = this.brokers.filter((broker) => broker.running)
    return {
      brokerAddrTable: new Map(
        running.map(({ name, address }) => [
          name,
          { brokerAddrs: new Map([[0, address]]), brokerName: name, cluster: 'C', enableActingMaster: false },
        ]),
      ),
      clusterAddrTable: new Map([['C', running.map(({ name }) => name)]]),
    }
  }
}
