import assert from 'node:assert/strict'
import test from 'node:test'
import { type Random, seededRandom } from '@aerobee/base'
import {
  Producer,
  type ProducerOptions,
  PushConsumer,
  type PushConsumerOptions,
  type ReceivedMessage,
} from '@aerobee/client'
import { FaultFileSystem, listLogger, MemoryNetwork, seeds, VirtualClock } from '@aerobee/testkit'
import { type Embedded, startEmbedded } from '../embedded.js'
import { History } from './history.test.js'
import { SimulatedProcess } from './simulated-process.test.js'

/** A whole cluster in memory, from a seed, for the scenarios beside; holds no tests itself. */

export const serverHost = '10.0.0.1'
export const topic = 'Orders'

/** Segments and files of a few hundred messages, so that every run meets their ends. */
const smallFiles = {
  mappedFileSizeCommitLog: '65536',
  mappedFileSizeConsumeQueue: '2000',
  maxHashSlotNum: '100',
  maxIndexNum: '400',
}

export interface SceneOptions {
  seed?: number
  brokerConfig?: Readonly<Record<string, string>>
}

export class Scene {
  readonly seed: number
  readonly random: Random
  readonly clock = new VirtualClock()
  readonly network = new MemoryNetwork(this.clock)
  readonly history = new History()
  /** What the servers logged, `level message`. */
  readonly log: string[] = []
  /** What the clients logged. */
  readonly clientLog: string[] = []
  readonly #brokerConfig: Readonly<Record<string, string>>
  readonly #clients = new Map<string, { client: { close(): Promise<void> }; process: SimulatedProcess }>()
  #server: SimulatedProcess
  #embedded: Embedded | undefined
  #hosts = 0

  private constructor({ seed = 1, brokerConfig = {} }: SceneOptions) {
    this.seed = seed
    this.random = seededRandom(seed)
    this.network.defaultLatencyMs = 1
    this.#brokerConfig = { ...smallFiles, ...brokerConfig }
    this.#server = this.#process(new FaultFileSystem({ seed, wallMs: () => this.clock.wallMs() }))
  }

  static async start(options: SceneOptions = {}): Promise<Scene> {
    const scene = new Scene(options)
    await scene.#startServers()
    return scene
  }

  /** The disk of the servers that run now. */
  get disk(): FaultFileSystem {
    return this.#server.disk
  }

  readonly namesrvAddr = `${serverHost}:9876`
  readonly brokerAddr = `${serverHost}:10911`

  /** Name server and broker die at once. */
  kill(): void {
    this.#server.kill()
  }

  /** After a kill, or after one that the disk was told to bring about: starts again on what the disk holds. */
  async restart(options: { powerCut?: boolean } = {}): Promise<void> {
    assert.ok(this.#server.dead, 'only what died is started again')
    const disk = options.powerCut ? this.disk.afterPowerCut() : this.disk.afterKill()
    this.#server = this.#process(disk)
    await this.#startServers()
  }

  async stopServers(): Promise<void> {
    await this.clock.resolve(this.#embedded!.stop(), 120_000)
  }

  /** Starts again after stopServers. */
  async startServers(): Promise<void> {
    this.#server = this.#process(this.disk.afterKill())
    await this.#startServers()
  }

  async producer(name: string, options: Partial<ProducerOptions> = {}): Promise<Producer> {
    const { process, clientOptions } = this.#client(name)
    const producer = new Producer({ ...clientOptions, producerGroup: 'senders', ...options })
    this.#clients.set(name, { client: producer, process })
    return producer.start()
  }

  /** Runs it; what `listener` has finished goes into the history. */
  async consumer(
    name: string,
    options: Partial<PushConsumerOptions> & { tags?: string; orderly?: boolean } = {},
    listener: (message: ReceivedMessage) => void | Promise<void> = () => {},
  ): Promise<PushConsumer> {
    const { tags = '*', orderly = false, ...rest } = options
    const consumerGroup = rest.consumerGroup ?? 'readers'
    const { process, clientOptions } = this.#client(name)
    const consumer = new PushConsumer({ ...clientOptions, from: 'earliest', ...rest, consumerGroup })
    this.#clients.set(name, { client: consumer, process })
    consumer.subscribe(topic, tags)
    const consume = async (message: ReceivedMessage) => {
      await listener(message)
      this.history.consumed(consumerGroup, message)
    }
    await this.clock.resolve(orderly ? consumer.runOrderly(consume) : consumer.run(consume))
    return consumer
  }

  /** A machine of its own for something that is neither producer nor consumer. */
  transport() {
    return this.network.transport(this.#nextHost())
  }

  /** The machine of a producer or consumer. */
  hostOf(name: string): string {
    return this.#clients.get(name)!.process.host
  }

  /** A producer or consumer dies without a word. */
  killClient(name: string): void {
    this.#clients.get(name)!.process.kill()
    this.#clients.delete(name)
  }

  /** For a client that the scenario starts and ends by itself. */
  clientOptions(name: string) {
    return this.#client(name).clientOptions
  }

  /** Advances until the groups have got all that was acknowledged, then holds the history against all rules. */
  async settle(groups: readonly string[] = ['readers'], limitMs = 240_000): Promise<void> {
    const untilMs = this.clock.monoMs() + limitMs
    while (this.history.missing(groups) > 0 && this.clock.monoMs() < untilMs) await this.clock.advance(500)
    this.check(groups)
  }

  check(groups: readonly string[] = ['readers']): void {
    const findings = this.history.check(groups)
    assert.deepEqual(findings, [], this.tell())
  }

  /** For the text of a failure. */
  tell(): string {
    const lines = [...this.log.slice(-12), ...this.clientLog.slice(-12).map((line) => `client ${line}`)]
    return `seed ${this.seed}, ${this.clock.monoMs()} ms after the start\n${lines.join('\n')}`
  }

  /** Stops everything; fails when a timer or a connection is left. */
  async close(): Promise<void> {
    const closing = [...this.#clients.values()].map(({ client }) => client.close())
    await this.clock.resolve(Promise.all(closing), 120_000)
    if (!this.#server.dead) await this.stopServers()
    // Timers that look once more whether they are still wanted.
    await this.clock.advance(10_000)
    assert.equal(this.network.openStreams, 0, 'a connection is left')
    assert.equal(this.clock.timers - this.network.timers, 0, 'a timer is left')
  }

  #process(disk: FaultFileSystem): SimulatedProcess {
    return new SimulatedProcess(this, serverHost, disk, this.random)
  }

  async #startServers(): Promise<void> {
    const starting = startEmbedded({
      dataDirectory: '/data',
      host: serverHost,
      namesrvPort: 9876,
      brokerPort: 10911,
      brokerConfig: this.#brokerConfig,
      surroundings: this.#server.surroundings,
      logger: listLogger(this.log),
    })
    this.#embedded = await this.clock.resolve(starting)
  }

  #client(name: string) {
    const host = this.#nextHost()
    const process = new SimulatedProcess(this, host, new FaultFileSystem(), this.random)
    const clientOptions = {
      namesrvAddr: this.namesrvAddr,
      instanceName: name,
      clientIP: host,
      logger: listLogger(this.clientLog),
      surroundings: process.surroundings,
    }
    return { process, clientOptions }
  }

  #nextHost(): string {
    this.#hosts += 1
    return `10.0.1.${this.#hosts}`
  }
}

/**
 * A story told once, or once for each of several seeds; the seed stands in the name of the test and in the text of a
 * failure.
 */
export function story(
  name: string,
  options: SceneOptions & { seeds?: number },
  run: (scene: Scene) => Promise<void>,
): void {
  const { seeds: count, ...sceneOptions } = options
  for (const seed of count === undefined ? [1] : seeds(count))
    test(`${name} (seed ${seed})`, async () => {
      const scene = await Scene.start({ ...sceneOptions, seed })
      await run(scene)
      await scene.close()
    })
}
