import assert from 'node:assert/strict'
import { javaHash, type Logger, utf8, utf8Text } from '@aerobee/base'
import { FaultFileSystem, VirtualClock } from '@aerobee/testkit'
import { decodeRecords, isLmqTopic, type MessageRecord, propertyText } from '@aerobee/wire'
import {
  type AppendOutcome,
  defaultStoreOptions,
  type MessageStore,
  type NewMessage,
  openMessageStore,
  type ReadOutcome,
  type StoreMemory,
  type StoreOptions,
} from './index.js'

/** A store on a failing disk and a virtual clock, for the tests beside; holds no tests itself. */

export const smallSizes = {
  mappedFileSizeCommitLog: 65_536,
  mappedFileSizeConsumeQueue: 2_000,
  mapperFileSizeBatchConsumeQueue: 4_600,
  maxHashSlotNum: 100,
  maxIndexNum: 400,
}

const host = Uint8Array.of(127, 0, 0, 1, 0, 0, 0x2a, 0x9f)

/** `more`: properties behind those that a message has anyway. */
export type MessageFields = Partial<NewMessage> & { more?: string }

export interface Sent {
  topic: string
  queueId: number
  body: string
  outcome: AppendOutcome
}

export interface SceneOptions {
  disk?: FaultFileSystem
  clock?: VirtualClock
  options?: Partial<StoreOptions>
  memory?: Partial<StoreMemory>
  /** Whether a topic's queues are of type BatchCQ. Default: those of topics whose names begin with Batch. */
  isBatch?: (topic: string) => boolean | undefined
}

export class Scene {
  readonly disk: FaultFileSystem
  readonly clock: VirtualClock
  readonly store: MessageStore
  readonly lines: string[] = []

  constructor({
    disk = new FaultFileSystem(),
    clock = new VirtualClock(),
    options,
    memory,
    isBatch = (topic) => topic.startsWith('Batch'),
  }: SceneOptions = {}) {
    this.disk = disk
    this.clock = clock
    this.store = openMessageStore({
      options: { ...defaultStoreOptions, ...smallSizes, storePathRootDir: '/store', ...options },
      clock,
      fileSystem: disk,
      logger: logger(this.lines),
      ...(memory && { memory }),
    })
    this.store.batchTopics(isBatch)
  }

  static async started(options: SceneOptions = {}): Promise<Scene> {
    const scene = new Scene(options)
    await scene.start()
    return scene
  }

  start(): Promise<void> {
    return this.clock.resolve(this.store.start())
  }

  stop(): Promise<void> {
    return this.clock.resolve(this.store.stop())
  }

  /** Stops, and starts another store on what is on the disk. */
  async restarted(options: SceneOptions = {}): Promise<Scene> {
    await this.stop()
    return Scene.started({ disk: this.disk.afterKill(), clock: this.clock, ...options })
  }

  /** Another store on the disk that a killed process leaves. */
  killed(options: SceneOptions = {}): Promise<Scene> {
    this.disk.kill()
    return Scene.started({ disk: this.disk.afterKill(), ...options })
  }

  append(body: string, fields: MessageFields = {}): Promise<AppendOutcome> {
    return new Promise((resolve) => this.store.append(message(body, fields), resolve))
  }

  /** Each in a turn of its own. */
  async send(count: number, fields: MessageFields = {}, first = 0): Promise<Sent[]> {
    const sent: Sent[] = []
    for (let i = first; i < first + count; i++) {
      const { topic = 'T', queueId = 0 } = fields
      const outcome = await this.clock.resolve(this.append(`body ${i}`, fields))
      sent.push({ topic, queueId, body: `body ${i}`, outcome })
    }
    return sent
  }

  async read(topic: string, queueId: number, offset: number, maxCount = 32): Promise<ReadOutcome> {
    const request = { topic, queueId, offset, maxCount, maxBytes: 1 << 20 }
    return this.clock.resolve(Promise.resolve(this.store.read(request)))
  }

  /** Every message of a queue, from its first offset on. */
  async readAll(topic: string, queueId: number): Promise<MessageRecord[]> {
    const records: MessageRecord[] = []
    let offset = this.store.minOffset(topic, queueId)
    while (offset < this.store.maxOffset(topic, queueId)) {
      const outcome = await this.read(topic, queueId, offset)
      assert.ok(outcome.nextOffset > offset, `the read at ${offset} goes on`)
      if (outcome.records) records.push(...recordsOf(outcome))
      offset = outcome.nextOffset
    }
    return records
  }

  /** Bodies by `topic/queue/offset`, of every queue but the light message queues. */
  async contents(): Promise<Map<string, string>> {
    const found = new Map<string, string>()
    for (const [topic, queueIds] of this.store.queues()) {
      for (const queueId of isLmqTopic(topic) ? [] : queueIds) {
        for (const record of await this.readAll(topic, queueId)) {
          assert.equal(record.topic, topic)
          assert.equal(record.queueId, queueId)
          found.set(`${topic}/${queueId}/${record.queueOffset}`, utf8Text(record.body))
        }
      }
    }
    return found
  }

  async bodies(topic = 'T', queueId = 0): Promise<string[]> {
    return (await this.readAll(topic, queueId)).map((record) => utf8Text(record.body))
  }

  /** Bodies found by key. */
  async byKey(topic: string, key: string): Promise<string[]> {
    const found = await this.clock.resolve(
      this.store.queryByKey(topic, key, 1000, 0, Number.MAX_SAFE_INTEGER),
    )
    return found.records.flatMap((bytes) => decoded(bytes).map((record) => utf8Text(record.body)))
  }
}

export function message(body: string, { more = '', ...fields }: MessageFields = {}): NewMessage {
  const keys = fields.keys ?? body.replace(' ', '-')
  return {
    topic: 'T',
    queueId: 0,
    flag: 0,
    sysFlag: 0,
    bornTimestamp: 1_700_000_000_000,
    bornHost: host,
    storeHost: host,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: utf8(body),
    properties: `TAGS\u0001a\u0002KEYS\u0001${keys}\u0002${more}`,
    tagsCode: javaHash('a'),
    uniqKey: undefined,
    keys,
    waitStoreOk: true,
    ...fields,
  }
}

/** A record that says to hold so many messages. */
export const batchOf = (count: number): MessageFields => ({
  sysFlag: 0xc0,
  more: propertyText('INNER_NUM', String(count)),
})

export const namingLmq = (...names: string[]): MessageFields => ({
  more: propertyText('WAIT', 'true') + propertyText('INNER_MULTI_DISPATCH', names.join(',')),
})

export function recordsOf(outcome: ReadOutcome): MessageRecord[] {
  if (outcome.records === undefined) return []
  const bytes = Buffer.alloc(outcome.records.sizeBytes)
  outcome.records.copyTo(bytes, 0)
  return decoded(bytes)
}

function decoded(bytes: Uint8Array): MessageRecord[] {
  const records = decodeRecords(bytes)
  assert.ok(records.ok, records.ok ? '' : records.reason)
  return records.value
}

function logger(lines: string[]): Logger {
  const note = (level: string) => (text: string) => lines.push(`${level} ${text}`)
  return { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') }
}
