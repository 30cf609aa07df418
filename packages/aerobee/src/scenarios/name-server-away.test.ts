import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ConfigTable, loadConfig, seededRandom } from '@aerobee/base'
import { brokerConfigTable, startBroker } from '@aerobee/broker'
import { Producer, PushConsumer } from '@aerobee/client'
import { nameServerConfigTable, startNameServer } from '@aerobee/namesrv'
import { FaultFileSystem, listLogger, MemoryNetwork, VirtualClock } from '@aerobee/testkit'
import { SimulatedProcess } from './simulated-process.test.js'

/** Name servers and broker on machines of their own: the first die, come back, and lose their lines. */

const nameServers = ['10.0.0.8', '10.0.0.9']
const brokerHost = '10.0.0.1'
const topic = 'Orders'

class Cluster {
  readonly clock = new VirtualClock()
  readonly network = new MemoryNetwork(this.clock)
  readonly random = seededRandom(1)
  readonly log: string[] = []
  readonly running = new Map<string, SimulatedProcess>()
  readonly namesrvAddr: string
  readonly #clients: (() => Promise<void>)[] = []
  readonly #servers: { process: SimulatedProcess; stop(): Promise<void> }[] = []

  constructor(count: number) {
    this.network.defaultLatencyMs = 1
    this.namesrvAddr = nameServers
      .slice(0, count)
      .map((host) => `${host}:9876`)
      .join(';')
  }

  static async start(count: number): Promise<Cluster> {
    const cluster = new Cluster(count)
    for (const host of nameServers.slice(0, count)) await cluster.startNameServer(host)
    await cluster.startBroker()
    return cluster
  }

  async startNameServer(host: string): Promise<void> {
    const config = configOf(nameServerConfigTable, { kvConfigPath: '/kvConfig.json', bindAddress: host })
    const process = this.process(host)
    const nameServer = await this.clock.resolve(
      startNameServer({ ...process.surroundings, config, logger: listLogger(this.log) }),
    )
    this.#servers.push({ process, stop: () => nameServer.stop() })
  }

  async startBroker(): Promise<void> {
    const config = configOf(brokerConfigTable, {
      brokerName: 'broker-a',
      bindAddress: brokerHost,
      storePathRootDir: '/store',
      namesrvAddr: this.namesrvAddr,
      mappedFileSizeCommitLog: '65536',
      maxHashSlotNum: '100',
      maxIndexNum: '400',
    })
    const process = this.process(brokerHost)
    const broker = await this.clock.resolve(
      startBroker({ ...process.surroundings, config, logger: listLogger(this.log) }),
    )
    this.#servers.push({ process, stop: () => broker.stop() })
  }

  process(host: string): SimulatedProcess {
    const process = new SimulatedProcess(this, host, new FaultFileSystem(), this.random)
    this.running.set(host, process)
    return process
  }

  client(name: string, host: string) {
    const transport = this.network.transport(host)
    return {
      namesrvAddr: this.namesrvAddr,
      instanceName: name,
      clientIP: host,
      surroundings: { clock: this.clock, random: this.random, transport },
    }
  }

  async producer(name: string, host: string): Promise<Producer> {
    const producer = new Producer({ ...this.client(name, host), producerGroup: 'senders' })
    this.#clients.push(() => producer.close())
    return producer.start()
  }

  async consumer(name: string, host: string): Promise<{ got: string[] }> {
    const consumer = new PushConsumer({
      ...this.client(name, host),
      consumerGroup: 'readers',
      from: 'earliest',
    })
    this.#clients.push(() => consumer.close())
    const got: string[] = []
    consumer.subscribe(topic)
    await this.clock.resolve(consumer.run((message) => void got.push(message.text())))
    return { got }
  }

  send(producer: Producer, body: string) {
    return this.clock.resolve(producer.send({ topic, body }).catch((error: Error) => error))
  }

  async close(): Promise<void> {
    for (const close of this.#clients) await this.clock.resolve(close(), 120_000)
    for (const { process, stop } of this.#servers)
      if (!process.dead) await this.clock.resolve(stop(), 120_000)
    await this.clock.advance(10_000)
    assert.equal(this.network.openStreams, 0)
  }
}

const configOf = <T extends ConfigTable>(table: T, values: Record<string, string>) =>
  loadConfig(table, [{ name: 'test', values }]).config

const isSent = (result: unknown) => !(result instanceof Error)

test('while the name server is away, who knows a route goes on, and all is well again when it is back', async () => {
  const cluster = await Cluster.start(1)
  const { clock } = cluster
  const producer = await cluster.producer('p', '10.0.1.1')
  assert.ok(isSent(await cluster.send(producer, 'before')))
  const { got } = await cluster.consumer('c', '10.0.1.2')
  cluster.running.get(nameServers[0]!)!.kill()
  await clock.advance(60_000)
  assert.ok(isSent(await cluster.send(producer, 'meanwhile')))
  await clock.advance(1000)
  assert.deepEqual(got, ['before', 'meanwhile'])
  const stranger = await cluster.producer('stranger', '10.0.1.3')
  const failed = await cluster.send(stranger, 'never')
  assert.match(String(failed), /No name server answers at 10\.0\.0\.8:9876/)
  await cluster.startNameServer(nameServers[0]!)
  // The broker tries at most 3 s apart.
  await clock.advance(4000)
  assert.ok(isSent(await cluster.send(stranger, 'after')))
  await clock.advance(1000)
  assert.deepEqual(got, ['before', 'meanwhile', 'after'])
  await cluster.close()
})

test('with two name servers the death of one is not noticed', async () => {
  const cluster = await Cluster.start(2)
  for (const [i, host] of nameServers.entries()) {
    cluster.running.get(host)!.kill()
    const producer = await cluster.producer(`p${i}`, `10.0.1.${i + 1}`)
    assert.ok(isSent(await cluster.send(producer, `${i}`)), host)
    await cluster.startNameServer(host)
    await cluster.clock.advance(4000)
  }
  await cluster.close()
})

test('a broker that was cut off from the name server for long is found again', async () => {
  const cluster = await Cluster.start(1)
  const { clock, network } = cluster
  const producer = await cluster.producer('p', '10.0.1.1')
  assert.ok(isSent(await cluster.send(producer, 'before')))
  for (const [from, to] of [
    [brokerHost, nameServers[0]!],
    [nameServers[0]!, brokerHost],
  ] as const) {
    network.cut(from, to)
    await clock.advance(200_000)
    assert.ok(isSent(await cluster.send(producer, 'meanwhile')), 'who knows the route needs no name server')
    network.heal(from, to)
    await clock.advance(10_000)
    const newcomer = await cluster.producer(`after ${from}`, from === brokerHost ? '10.0.1.2' : '10.0.1.3')
    assert.ok(isSent(await cluster.send(newcomer, 'after')), `${from} to ${to}`)
  }
  await cluster.close()
})

test('a broker that died without a word leaves the routes at once, since its connection broke', async () => {
  const cluster = await Cluster.start(1)
  const { clock } = cluster
  const before = await cluster.producer('before', '10.0.1.1')
  assert.ok(isSent(await cluster.send(before, 'x')))
  cluster.running.get(brokerHost)!.kill()
  await clock.advance(1000)
  const after = await cluster.producer('after', '10.0.1.2')
  assert.match(String(await cluster.send(after, 'y')), /No route info of this topic/)
  await cluster.close()
})
