import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type Clock, silentLogger } from '@aerobee/base'
import { buildSubscription } from '@aerobee/filter'
import type { ByteStream, Endpoint, Transport } from '@aerobee/net'
import { ConfigFile, type MessageStore, openMessageStore } from '@aerobee/store'
import { FaultFileSystem, MemoryNetwork, VirtualClock } from '@aerobee/testkit'
import {
  bodies,
  decodeFrame,
  decodeRecords,
  encodeFrame,
  type Frame,
  findProperty,
  isResponse,
  type MessageRecord,
  newFrame,
  parseLenientJson,
  tagsCode,
} from '@aerobee/wire'
import { type Broker, startBrokerOn } from './broker.js'
import type { BrokerConfig } from './config-keys.js'
import { defaultConfig } from './fakes.test.js'
import type { BrokerOptions } from './parts.js'
import { newTopicConfig } from './topics.js'

/** Replays requests that were captured before Apache RocketMQ 5.3.3, and compares the answers. */

interface CaptureLine {
  id: string
  peer: 'broker' | 'client'
  direction: 'request' | 'response' | 'oneway'
  port?: 'fast'
  conn: number
  timeMs: number
  note: string
  frameHex: string
}

export interface Captured {
  id: string
  conn: number
  fast: boolean
  atMs: number
  note: string
  bytes: Buffer
  request: Frame
  response: Frame | undefined
}

export interface Capture {
  requests: Captured[]
  /** What the broker sent by itself: `conn code`. */
  notices: string[]
  /** What clients answered to the broker, by request code. */
  clientAnswers: ReadonlyMap<number, Frame>
}

export function loadCapture(file: string): Capture {
  const text = readFileSync(new URL(`../testdata/${file}.jsonl`, import.meta.url), 'utf8')
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as CaptureLine)
  const responses = new Map<string, Frame>()
  for (const line of lines) if (line.direction === 'response') responses.set(line.id, frameOf(line.frameHex))
  const requests = lines
    .filter((line) => line.direction !== 'response' && line.peer === 'broker')
    .map((line) => ({
      id: line.id,
      conn: line.conn,
      fast: line.port === 'fast',
      atMs: line.timeMs,
      note: line.note,
      bytes: Buffer.from(line.frameHex, 'hex'),
      request: frameOf(line.frameHex),
      response: responses.get(line.id),
    }))
    .sort((a, b) => a.atMs - b.atMs)
  const notices = lines
    .filter((line) => line.peer === 'client' && line.direction !== 'response')
    .map((line) => `${line.conn} ${frameOf(line.frameHex).code}`)
  const clientAnswers = new Map<number, Frame>()
  for (const { peer, direction, id } of lines)
    if (peer === 'client' && direction === 'request') clientAnswers.set(codeOf(lines, id), responses.get(id)!)
  return { requests, notices, clientAnswers }
}

const codeOf = (lines: readonly CaptureLine[], id: string): number =>
  frameOf(lines.find((line) => line.id === id && line.direction === 'request')!.frameHex).code

function frameOf(hex: string): Frame {
  const frame = decodeFrame(Buffer.from(hex, 'hex'))
  assert.ok(frame.ok)
  return frame.value
}

/** What had been created before the captures. */
const capturedTopics = [
  newTopicConfig('FixNormal', 4, 6),
  newTopicConfig('FixOne', 1, 6),
  newTopicConfig('FixOrder', 2, 6),
  newTopicConfig('FixDelay', 1, 6),
  newTopicConfig('FixSql', 1, 6),
  newTopicConfig('FixEmpty', 1, 6),
  newTopicConfig('FixReq', 1, 6),
  newTopicConfig('FixTx', 1, 6),
  newTopicConfig('FixBin', 2, 6),
  newTopicConfig('FixReadOnly', 4, 4),
  newTopicConfig('FixWriteOnly', 4, 2),
]

/** A client that sends captured bytes, keeps what comes back, and answers what it has an answer for. */
export class RawClient {
  readonly frames: Frame[] = []
  closed = false
  #received = Buffer.alloc(0)

  readonly stream: ByteStream

  readonly #answers: ReadonlyMap<number, Frame>

  constructor(stream: ByteStream, answers: ReadonlyMap<number, Frame> = new Map()) {
    this.stream = stream
    this.#answers = answers
    stream.attach({
      received: (chunk) => this.#take(chunk),
      drained: () => {},
      closed: () => {
        this.closed = true
      },
    })
  }

  #take(chunk: Uint8Array): void {
    this.#received = Buffer.concat([this.#received, chunk])
    while (this.#received.length >= 4 && this.#received.length >= 4 + this.#received.readInt32BE(0)) {
      const size = 4 + this.#received.readInt32BE(0)
      const frame = decodeFrame(Buffer.from(this.#received.subarray(0, size)))
      assert.ok(frame.ok)
      this.frames.push(frame.value)
      const answer = isResponse(frame.value) ? undefined : this.#answers.get(frame.value.code)
      if (answer) this.stream.write(encodeFrame({ ...answer, opaque: frame.value.opaque }))
      this.#received = this.#received.subarray(size)
    }
  }
}

export interface Scene {
  clock: VirtualClock
  store: MessageStore
  config: BrokerConfig
  broker: Broker
  transport: Transport
}

export async function scene(more: Partial<BrokerConfig>, startMs: number): Promise<Scene> {
  const clock = new VirtualClock(startMs)
  const config = defaultConfig({
    brokerClusterName: 'FixCluster',
    autoCreateTopicEnable: false,
    traceTopicEnable: true,
    maxMessageSize: 16_384,
    listenPort: 31_911,
    brokerIP1: '127.0.0.1',
    storePathRootDir: '/store',
    mappedFileSizeCommitLog: 1024 * 1024,
    maxHashSlotNum: 100,
    maxIndexNum: 400,
    ...more,
  })
  const fileSystem = new FaultFileSystem({ seed: 1 })
  const place = { fileSystem, clock, logger: silentLogger, directory: '/store/config' }
  new ConfigFile(place, 'topics.json').save({
    topicConfigTable: Object.fromEntries(capturedTopics.map((topic) => [topic.topicName, topic])),
  })
  const transport = new MemoryNetwork(clock).transport('127.0.0.1')
  const store = openMessageStore({ options: config, clock, fileSystem, logger: silentLogger })
  const options: BrokerOptions = {
    config,
    clock: clock as Clock,
    fileSystem,
    transport,
    random: { below: () => 0, bytes: (count) => new Uint8Array(count) },
    logger: silentLogger,
  }
  return { clock, store, config, transport, broker: await startBrokerOn(store, options) }
}

/** Fills each queue with what the capture shows to have been in it, and fillers where it does not. */
export async function fillQueues({ store, clock }: Scene, { requests }: Capture): Promise<void> {
  const sizes = new Map<string, number>()
  const records = new Map<string, MessageRecord>()
  const seen = (topic: string, queueId: number, end: number) => {
    const key = `${topic}/${queueId}`
    sizes.set(key, Math.min(sizes.get(key) ?? end, end))
  }
  for (const { request, response } of requests) {
    const asked = request.extFields ?? {}
    const answered = response?.extFields ?? {}
    const topic = asked.topic ?? asked.b
    if (topic === undefined || response?.code === 29) continue
    const end =
      answered.maxOffset ?? answered.queueOffset ?? (request.code === 30 ? answered.offset : undefined)
    if (end !== undefined) seen(topic, Number(answered.queueId ?? asked.queueId ?? asked.e), Number(end))
    if (request.code !== 11 && request.code !== 361) continue
    const decoded = decodeRecords(response?.body ?? Buffer.alloc(0))
    if (!decoded.ok) continue
    for (const record of decoded.value)
      records.set(`${topic}/${record.queueId}/${record.queueOffset}`, record)
  }
  for (const [key, size] of sizes) {
    const [topic, queueId] = key.split('/') as [string, string]
    for (let offset = 0; offset < size; offset++)
      appendRecord(store, topic, Number(queueId), records.get(`${key}/${offset}`))
  }
  await clock.settle()
}

function appendRecord(
  store: MessageStore,
  topic: string,
  queueId: number,
  record: MessageRecord | undefined,
) {
  const properties = record?.properties ?? ''
  const tags = findProperty(properties, 'TAGS')
  store.append(
    {
      topic,
      queueId,
      flag: record?.flag ?? 0,
      sysFlag: record?.sysFlag ?? 0,
      bornTimestamp: record?.bornTimestamp ?? 0,
      bornHost: record?.bornHost ?? new Uint8Array(8),
      storeHost: record?.storeHost ?? new Uint8Array(8),
      reconsumeTimes: 0,
      preparedTransactionOffset: 0,
      body: record?.body ?? Buffer.from('filler'),
      properties,
      tagsCode: tagsCode(tags),
      uniqKey: undefined,
      keys: undefined,
      waitStoreOk: true,
    },
    () => {},
  )
}

/**
 * The captures leave out heartbeats that repeat one another but for the version of a subscription, which grows with
 * every rebalance. Where a pull has a version that no captured beat brought, the missing beat is made up.
 */
class Beats {
  readonly #last = new Map<string, bodies.HeartbeatData>()

  missingBefore({ request, response }: Captured): bodies.HeartbeatData[] {
    if (request.code === 34) this.#learn(request)
    const { consumerGroup, topic, subVersion, sysFlag } = request.extFields ?? {}
    const last = this.#last.get(consumerGroup ?? '')
    if (request.code !== 11 || (Number(sysFlag) & 4) !== 0 || !last || response?.code === 25) return []
    const newer = withVersion(last, topic!, Number(subVersion))
    if (JSON.stringify(newer) === JSON.stringify(last)) return []
    this.#last.set(consumerGroup!, newer)
    return [newer]
  }

  #learn(request: Frame): void {
    const beat = bodies.heartbeatData.decode(request.body)
    assert.ok(beat.ok)
    for (const { groupName } of beat.value.consumerDataSet) this.#last.set(groupName, beat.value)
  }
}

function withVersion(data: bodies.HeartbeatData, topic: string, subVersion: number): bodies.HeartbeatData {
  const consumerDataSet = data.consumerDataSet.map((consumer) => ({
    ...consumer,
    subscriptionDataSet: consumer.subscriptionDataSet.map((subscription) =>
      subscription.topic === topic && subscription.subVersion < subVersion
        ? { ...subscription, subVersion }
        : subscription,
    ),
  }))
  return { ...data, consumerDataSet }
}

/** A beat of a group with one topic, for groups whose beats stand in another capture. */
export function beatOf(groupName: string, topic: string, tags = '*'): bodies.HeartbeatData {
  const subscription = buildSubscription(topic, tags, 'TAG', 1)
  assert.ok(subscription.ok)
  return {
    clientID: 'ip@other',
    producerDataSet: [],
    consumerDataSet: [
      {
        groupName,
        consumeType: 'CONSUME_PASSIVELY',
        messageModel: 'CLUSTERING',
        consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
        subscriptionDataSet: [subscription.value],
        unitMode: false,
      },
    ],
    heartbeatFingerprint: 0,
    withoutSub: false,
  }
}

let beatOpaque = 1_000_000
const beatFrame = (data: bodies.HeartbeatData): Uint8Array =>
  encodeFrame(newFrame(34, beatOpaque++, null, bodies.heartbeatData.encode(data)))

export interface Replayed {
  answers: Map<string, Frame>
  notices: string[]
}

/** Sends every request at the time it was captured; answers by id. */
export async function replay(
  { clock, transport, broker }: Scene,
  { requests, clientAnswers }: Capture,
  before: Readonly<Record<string, (send: (beat: bodies.HeartbeatData) => void) => void>> = {},
): Promise<Replayed> {
  const clients = new Map<string, RawClient>()
  const beats = new Beats()
  const used: { captured: Captured; client: RawClient }[] = []
  for (const captured of requests) {
    if (captured.atMs > clock.wallMs()) await clock.advance(captured.atMs - clock.wallMs())
    const target: Endpoint = { host: '127.0.0.1', port: broker.endpoint.port - (captured.fast ? 2 : 0) }
    const key = `${captured.conn}`
    let client = clients.get(key)
    if (!client || client.closed) {
      client = new RawClient(
        await clock.resolve(transport.connect(target, { timeoutMs: 1000 })),
        clientAnswers,
      )
      clients.set(key, client)
    }
    const { stream } = client
    for (const beat of beats.missingBefore(captured)) stream.write(beatFrame(beat))
    before[captured.id]?.((beat) => stream.write(beatFrame(beat)))
    stream.write(captured.bytes)
    await clock.settle()
    used.push({ captured, client })
  }
  await clock.advance(30_000)
  const answers = new Map<string, Frame>()
  for (const { captured, client } of used) {
    const answer = client.frames.find(
      (frame) => isResponse(frame) && frame.opaque === captured.request.opaque,
    )
    if (answer) answers.set(captured.id, answer)
  }
  const notices = [...clients].flatMap(([conn, client]) =>
    client.frames.filter((frame) => !isResponse(frame)).map((frame) => `${conn} ${frame.code}`),
  )
  return { answers, notices }
}

/** What of an answer must be the same: not offsets, times, ids and ports. */
export function gist(frame: Frame | undefined): unknown {
  if (!frame) return undefined
  return {
    code: frame.code,
    remark: (frame.remark ?? '').replace(/127\.0\.0\.1:\d+/g, 'HOST:PORT'),
    fields: Object.keys(frame.extFields ?? {}).sort(),
    body: bodyGist(frame.body),
  }
}

function bodyGist(body: Uint8Array): unknown {
  if (body.length === 0) return 'empty'
  const records = decodeRecords(body)
  if (records.ok) return `${records.value.length} records`
  const text = Buffer.from(body).toString()
  const json = parseLenientJson(text)
  return json.ok ? Object.keys(json.value as object).sort() : text
}
