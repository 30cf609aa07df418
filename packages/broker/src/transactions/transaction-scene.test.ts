import { type Logger, seededRandom, silentLogger } from '@aerobee/base'
import { type Connection, ConnectionPool } from '@aerobee/net'
import { type MessageStore, openMessageStore } from '@aerobee/store'
import { FaultFileSystem, MemoryNetwork, VirtualClock } from '@aerobee/testkit'
import {
  commands,
  decodeRecord,
  decodeRecords,
  type Frame,
  type MessageRecord,
  parseOffsetMessageId,
  propertyText,
  transactionTypes,
} from '@aerobee/wire'
import { type Broker, startBrokerOn } from '../broker.js'
import type { BrokerConfig } from '../config-keys.js'
import { defaultConfig } from '../fakes.test.js'

/** A broker with transaction producers on a virtual clock and a failing disk; holds no tests itself. */

export const halfTopic = 'RMQ_SYS_TRANS_HALF_TOPIC'
export const opTopic = 'RMQ_SYS_TRANS_OP_HALF_TOPIC'
export const givenUpTopic = 'TRANS_CHECK_MAX_TIME_TOPIC'

const server = '10.0.0.1'
const port = 10_911
const address = `${server}:${port}`

export type Outcome = keyof Pick<typeof transactionTypes, 'commit' | 'rollback'> | 'unknown'

const typeOf = (outcome: Outcome) => (outcome === 'unknown' ? 0 : transactionTypes[outcome])

/** Where the half of a transaction lies. */
export interface Prepared {
  name: string
  queueOffset: number
  commitLogOffset: number
}

/** A request 39 as the producer got it. */
export interface Check extends Prepared {
  fields: Record<string, string>
  record: MessageRecord
}

export interface SceneOptions {
  disk?: FaultFileSystem
  clock?: VirtualClock
  config?: Partial<BrokerConfig>
}

export class TransactionScene {
  readonly clock: VirtualClock
  readonly disk: FaultFileSystem
  readonly network: MemoryNetwork
  readonly config: BrokerConfig
  readonly store: MessageStore
  readonly warnings: string[] = []
  broker: Broker | undefined

  constructor({ disk = new FaultFileSystem({ seed: 1 }), clock = new VirtualClock(), config }: SceneOptions) {
    this.clock = clock
    this.disk = disk
    this.network = new MemoryNetwork(clock)
    this.config = defaultConfig({
      storePathRootDir: '/store',
      listenPort: port,
      mappedFileSizeCommitLog: 1024 * 1024,
      maxHashSlotNum: 100,
      maxIndexNum: 400,
      ...config,
    })
    const { config: options } = this
    this.store = openMessageStore({ options, clock, fileSystem: disk, logger: silentLogger })
  }

  static async started(options: SceneOptions = {}): Promise<TransactionScene> {
    const scene = new TransactionScene(options)
    await scene.start()
    return scene
  }

  async start(): Promise<void> {
    const { clock, config, disk, network } = this
    const warn = (text: string) => void this.warnings.push(text)
    const logger: Logger = { ...silentLogger, warn, error: warn }
    const transport = network.transport(server)
    const options = { clock, config, fileSystem: disk, logger, random: seededRandom(1), transport }
    this.broker = await clock.resolve(startBrokerOn(this.store, options))
  }

  async stop(): Promise<void> {
    await this.clock.resolve(this.broker!.stop())
  }

  /** What the next process finds: the same disk after a clean stop. */
  async restarted(config: Partial<BrokerConfig> = {}): Promise<TransactionScene> {
    await this.stop()
    const { clock, disk } = this
    return TransactionScene.started({ clock, disk, config: { ...this.config, ...config } })
  }

  /** The same after a kill. */
  killed(config: Partial<BrokerConfig> = {}): Promise<TransactionScene> {
    return TransactionScene.started({ disk: this.disk.afterKill(), config: { ...this.config, ...config } })
  }

  producer(options: { group?: string; answer?: (check: Check) => Outcome | undefined } = {}) {
    return new TransactionProducer(this, options)
  }

  async queue(topic: string, queueId = 0): Promise<MessageRecord[]> {
    const { store } = this
    const records: MessageRecord[] = []
    for (let offset = store.minOffset(topic, queueId); offset < store.maxOffset(topic, queueId); ) {
      const read = await this.clock.resolve(
        Promise.resolve(store.read({ topic, queueId, offset, maxCount: 100, maxBytes: 1 << 20 })),
      )
      const bytes = Buffer.alloc(read.records?.sizeBytes ?? 0)
      read.records?.copyTo(bytes, 0)
      const decoded = decodeRecords(bytes)
      if (decoded.ok) records.push(...decoded.value)
      offset = Math.max(read.nextOffset, offset + 1)
    }
    return records
  }

  /** Bodies of a topic's queue 0. */
  async bodies(topic: string): Promise<string[]> {
    return (await this.queue(topic)).map(({ body }) => Buffer.from(body).toString())
  }
}

export class TransactionProducer {
  readonly group: string
  readonly checks: Check[] = []
  readonly pool: ConnectionPool
  readonly #scene: TransactionScene
  readonly #answer: (check: Check) => Outcome | undefined
  #names = 0

  constructor(
    scene: TransactionScene,
    {
      group = 'P',
      answer = () => undefined,
    }: { group?: string; answer?: (check: Check) => Outcome | undefined },
  ) {
    this.#scene = scene
    this.group = group
    this.#answer = answer
    this.pool = new ConnectionPool({
      transport: scene.network.transport('10.0.0.2'),
      clock: scene.clock,
      logger: silentLogger,
      handler: { handle: (connection, frame) => this.#checked(connection, frame) },
    })
  }

  /** Says that it is there, so that it is asked. */
  async beat(): Promise<void> {
    const body = Buffer.from(
      JSON.stringify({ clientID: `c@${this.group}`, producerDataSet: [{ groupName: this.group }] }),
    )
    await this.#scene.clock.resolve(this.pool.call(address, commands.heartbeat, {}, { body }))
  }

  async prepare(
    name: string,
    more: { properties?: string; bornTimestamp?: number; queueId?: number } = {},
  ): Promise<Prepared> {
    const { clock } = this.#scene
    const answer = await clock.resolve(
      this.pool.call(
        address,
        commands.sendMessageV2,
        {
          producerGroup: this.group,
          topic: 'T',
          defaultTopic: 'TBW102',
          defaultTopicQueueNums: 1,
          queueId: more.queueId ?? 0,
          sysFlag: transactionTypes.prepared,
          bornTimestamp: more.bornTimestamp ?? clock.wallMs(),
          flag: 0,
          properties:
            propertyText('TRAN_MSG', 'true') +
            propertyText('PGROUP', this.group) +
            propertyText('UNIQ_KEY', `${name}-${this.#names++}`) +
            (more.properties ?? ''),
        },
        { body: Buffer.from(name), timeoutMs: 10_000 },
      ),
    )
    if (answer.code !== 0) throw new Error(`${answer.code} ${answer.remark}`)
    const id = parseOffsetMessageId(answer.fields!.msgId)
    if (!id.ok) throw new Error(id.reason)
    return { name, queueOffset: answer.fields!.queueOffset, commitLogOffset: id.value.physicalOffset }
  }

  #fields(half: Prepared, outcome: Outcome, fromTransactionCheck: boolean) {
    return {
      producerGroup: this.group,
      tranStateTableOffset: half.queueOffset,
      commitLogOffset: half.commitLogOffset,
      commitOrRollback: typeOf(outcome),
      fromTransactionCheck,
      msgId: half.name,
    }
  }

  /** Waits for the answer, as clients do not. */
  end(
    half: Prepared,
    outcome: Outcome,
    more: { fromTransactionCheck?: boolean; producerGroup?: string; commitOrRollback?: number } = {},
  ) {
    const fields = { ...this.#fields(half, outcome, false), ...more }
    return this.#scene.clock.resolve(this.pool.call(address, commands.endTransaction, fields))
  }

  /** As clients do. */
  async endOneway(half: Prepared, outcome: Outcome): Promise<void> {
    const connection = await this.#scene.clock.resolve(this.pool.connect(address))
    connection.notify(commands.endTransaction, this.#fields(half, outcome, false))
  }

  /** Whether the broker has counted what went into a topic. */
  async isCounted(topic: string): Promise<boolean> {
    const fields = { statsName: 'TOPIC_PUT_NUMS', statsKey: topic }
    const calling = this.pool.call(address, commands.viewBrokerStatsData, fields)
    return (await this.#scene.clock.resolve(calling)).code === 0
  }

  async resume(msgId: string) {
    return this.#scene.clock.resolve(this.pool.call(address, commands.resumeCheckHalfMessage, { msgId }))
  }

  #checked(connection: Connection, frame: Frame): void {
    if (frame.code !== commands.checkTransactionState.code) return
    const fields = frame.extFields as Record<string, string>
    const record = decodeRecord(Buffer.from(frame.body))
    if (!record.ok) throw new Error(record.reason)
    const check: Check = {
      name: Buffer.from(record.value.body).toString(),
      queueOffset: Number(fields.tranStateTableOffset),
      commitLogOffset: Number(fields.commitLogOffset),
      fields,
      record: record.value,
    }
    this.checks.push(check)
    const outcome = this.#answer(check)
    if (outcome !== undefined) connection.notify(commands.endTransaction, this.#fields(check, outcome, true))
  }
}
