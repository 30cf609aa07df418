import { type Clock, silentLogger } from '@aerobee/base'
import type { Answer, CallOptions, Connection, Exchange, Handler, Reply } from '@aerobee/net'
import {
  type AppendOutcome,
  delayLevelsOf,
  type MessageStore,
  type NewMessage,
  type ReadOutcome,
  type ReadRequest,
} from '@aerobee/store'
import { FaultFileSystem, VirtualClock } from '@aerobee/testkit'
import { type Encodable, type FieldSet, newFrame, type SendMessageRequest } from '@aerobee/wire'
import { Admission } from './admission.js'
import { BroadcastOffsets } from './broadcast-offsets.js'
import { ClientRegistry } from './clients/client-registry.js'
import { type BrokerConfig, brokerConfigTable } from './config-keys.js'
import { ConsumerOffsets } from './consumer-offsets.js'
import type { LevelProgress } from './delay/delay-service.js'
import { ConsumerFilters } from './filters/consumer-filters.js'
import { GroupTable } from './groups.js'
import { LongPoll } from './long-poll.js'
import { Peers } from './peers.js'
import { HeaderSubscriptions } from './pull/header-subscriptions.js'
import { QueueLocks } from './queue-locks.js'
import { ownPropertiesOf } from './send/parts.js'
import { BrokerStats } from './stats/broker-stats.js'
import type { TableFile } from './table-file.js'
import { TimerService } from './timer/service.js'
import { newTopicConfig, TopicTable } from './topics.js'
import { HalfCounts } from './transactions/half-counts.js'

/** Stand-ins for unit tests of handlers: connections, and a store that keeps messages in arrays. */
export class FakeConnection implements Connection {
  static #ids = 0
  readonly id = ++FakeConnection.#ids
  readonly remote = { host: '127.0.0.1', port: 50_000 + this.id }
  readonly local = { host: '127.0.0.1', port: 10_911 }
  readonly remoteText = `127.0.0.1:${this.remote.port}`
  state: 'open' | 'draining' | 'closed' = 'open'
  readonly outboundBytes = 0
  peerVersion = 479
  readonly peerLanguage = 'JAVA'
  readonly notified: { code: number; fields: unknown }[] = []
  readonly #listeners: ((reason: string) => void)[] = []
  readonly called: { code: number; fields: unknown; options: CallOptions | undefined }[] = []
  onCall: () => Promise<Answer> = () => Promise.reject(new Error('no calls here'))

  call<Req extends FieldSet, Res extends FieldSet>(
    command: { code: number },
    fields: Encodable<Req>,
    options?: CallOptions,
  ): Promise<Answer<Res>> {
    this.called.push({ code: command.code, fields, options })
    return this.onCall() as Promise<Answer<Res>>
  }
  notify(command: { code: number }, fields: unknown): boolean {
    this.notified.push({ code: command.code, fields })
    return true
  }
  onClose(listener: (reason: string) => void): void {
    this.#listeners.push(listener)
  }
  close(reason: string): void {
    this.state = 'closed'
    for (const listener of this.#listeners) listener(reason)
  }
}

interface Kept {
  message: NewMessage
  body: Buffer
  physicalOffset: number
}

/** Answers at once when `auto`; otherwise when the test calls flush(). */
export class FakeStore implements MessageStore {
  readonly kept = new Map<string, Kept[]>()
  status_: AppendOutcome['status'] = 'PUT_OK'
  auto = true
  readonly waiting: (() => void)[] = []
  readonly #listeners: ((topic: string, queueId: number, maxOffset: number) => void)[] = []
  #end = 0

  start = async () => {}
  stop = async () => {}
  append(message: NewMessage, done: (outcome: AppendOutcome) => void): void {
    this.#put([message], (outcome) => done({ ...outcome, physicalOffsets: undefined }))
  }
  appendBatch(messages: readonly NewMessage[], done: (outcome: AppendOutcome) => void): void {
    this.#put(messages, done)
  }
  #put(messages: readonly NewMessage[], done: (outcome: AppendOutcome) => void): void {
    const copies = messages.map((message) => ({ message, body: Buffer.from(message.body) }))
    const commit = () => {
      if (this.status_ !== 'PUT_OK' && this.status_ !== 'FLUSH_DISK_TIMEOUT')
        return done({ ...nothing, status: this.status_ })
      const { topic, queueId } = messages[0]!
      const queue = this.queue(topic, queueId)
      const queueOffset = queue.length
      const physicalOffsets = copies.map((copy) => {
        const physicalOffset = this.#end
        this.#end += 100
        queue.push({ ...copy, physicalOffset })
        return physicalOffset
      })
      const physicalOffset = physicalOffsets[0]!
      const place = { physicalOffset, queueOffset, physicalOffsets, storedBytes: copies.length * 100 }
      done({ status: this.status_, storeTimestamp: 1, ...place })
      for (const listener of this.#listeners) listener(topic, queueId, queue.length)
    }
    if (this.auto) commit()
    else this.waiting.push(commit)
  }
  flush(): void {
    for (const commit of this.waiting.splice(0)) commit()
  }
  queue(topic: string, queueId: number): Kept[] {
    const key = `${topic}/${queueId}`
    let queue = this.kept.get(key)
    if (!queue) {
      queue = []
      this.kept.set(key, queue)
    }
    return queue
  }
  read(request: ReadRequest): ReadOutcome {
    const { topic, queueId, offset } = request
    const queue = this.queue(topic, queueId)
    const maxOffset = queue.length
    const nothing = (status: ReadOutcome['status'], nextOffset: number): ReadOutcome => ({
      status,
      nextOffset,
      minOffset: 0,
      maxOffset,
      count: 0,
      records: undefined,
      behindBytes: 0,
    })
    if (maxOffset === 0) return nothing('NO_MESSAGE_IN_QUEUE', 0)
    if (offset < 0) return nothing('OFFSET_TOO_SMALL', 0)
    if (offset === maxOffset) return nothing('OFFSET_OVERFLOW_ONE', offset)
    if (offset > maxOffset) return nothing('OFFSET_OVERFLOW_BADLY', maxOffset)
    const matched: Buffer[] = []
    let at = offset
    for (; at < maxOffset && matched.length < request.maxCount; at++) {
      const { message, body } = queue[at]!
      const properties = Buffer.from(message.properties)
      const byTag = request.matchTagsCode?.(message.tagsCode) ?? true
      const matches = byTag && (request.matchProperties?.matches(properties, 0, properties.length) ?? true)
      if (matches) matched.push(body)
    }
    if (matched.length === 0) return nothing('NO_MATCHED_MESSAGE', at)
    const all = Buffer.concat(matched)
    const records = {
      sizeBytes: all.length,
      copyTo: (target: Buffer, to: number) => void all.copy(target, to),
    }
    return { ...nothing('FOUND', at), count: matched.length, records }
  }
  minOffset = () => 0
  maxOffset = (topic: string, queueId: number) => this.kept.get(`${topic}/${queueId}`)?.length ?? 0
  offsetByTime = async () => 0
  storeTimeAt = async () => -1
  inMemory = (topic: string, queueId: number, offset: number) => offset < this.maxOffset(topic, queueId)
  recordNow = () => undefined
  recordsAt = async (places: readonly unknown[]) => places.map(() => undefined)
  makeDurable = async () => true
  recordAt = async () => undefined
  queryByKey = async () => ({ records: [], indexLastUpdateTimestamp: 0, indexLastUpdatePhysicalOffset: 0 })
  scan = async () => {}
  queueEntries = async (topic: string, queueId: number, offset: number, maxCount: number) =>
    this.kept
      .get(`${topic}/${queueId}`)
      ?.slice(offset, offset + maxCount)
      .map(({ message, body, physicalOffset }, i) => {
        return { offset: offset + i, physicalOffset, sizeBytes: body.length, tagsCode: message.tagsCode }
      })
  deleteExpiredSoon(): void {}
  dropExpiredQueueFiles = async () => 0
  batchTopics(): void {}
  deleteTopic = async () => {}
  queues = () => new Map()
  onArrival(listener: (topic: string, queueId: number, maxOffset: number) => void): void {
    this.#listeners.push(listener)
  }
  status = () => ({
    minPhysicalOffset: 0,
    maxPhysicalOffset: this.#end,
    flushedOffset: this.#end,
    dispatchBehindBytes: 0,
    damagedRecords: 0,
    readOnlyReason: 'the test says so',
    bootTimestamp: 0,
    space: { commitLogRatio: 0.915, consumeQueueRatio: 0.5, totalBytes: 1, usableBytes: 1 },
  })
}

const nothing: AppendOutcome = {
  status: 'UNKNOWN_ERROR',
  physicalOffset: -1,
  queueOffset: -1,
  storeTimestamp: -1,
  storedBytes: -1,
  physicalOffsets: undefined,
}

export class MemoryFile implements TableFile {
  document: unknown
  saves = 0
  failing = false
  constructor(document?: unknown) {
    this.document = document
  }
  load = () => this.document
  save = (document: unknown) => {
    if (this.failing) throw new Error('disk full')
    this.saves++
    this.document = JSON.parse(JSON.stringify(document))
  }
  saveSoon = (document: () => unknown) => this.save(document())
  flush = async () => {}
  settle = async () => {}
}

export const defaultConfig = (more: Partial<BrokerConfig> = {}): BrokerConfig => {
  const defaults = Object.fromEntries(
    Object.entries(brokerConfigTable).map(([key, { default: value }]) => [key, value]),
  )
  return { ...(defaults as unknown as BrokerConfig), brokerName: 'broker-a', ...more }
}

/** All parts of a broker over the stand-ins, with topic T of four queues and group G. */
export function brokerParts(more: Partial<BrokerConfig> = {}) {
  const config = defaultConfig(more)
  const clock = new VirtualClock()
  const logger = silentLogger
  const store = new FakeStore()
  const topicFile = new MemoryFile()
  const offsetFile = new MemoryFile()
  const topics = new TopicTable({ settings: config, clock, logger, file: topicFile })
  topics.put([newTopicConfig('T', 4, 6)])
  const groups = new GroupTable({ settings: config, clock, logger, file: new MemoryFile() })
  const offsets = new ConsumerOffsets({
    clock,
    file: offsetFile,
    maxOffset: store.maxOffset,
    commitsPerVersion: config.consumerOffsetUpdateVersionStep,
  })
  const filters = new ConsumerFilters({ settings: config, clock, logger, file: new MemoryFile() })
  const clients = new ClientRegistry({ settings: config, clock, logger, groups, filters })
  const longPoll = new LongPoll(clock)
  store.onArrival((topic, queueId, maxOffset) => longPoll.arrived(topic, queueId, maxOffset))
  const stats = new BrokerStats({ clock, settings: config, isSystem: topics.isSystem })
  const random = { below: (_bound: number) => 0, bytes: (count: number) => new Uint8Array(count) }
  const timerParts = { config, clock, logger, store, stats, random, file: new MemoryFile() }
  const timerService = new TimerService({ ...timerParts, fileSystem: new FaultFileSystem() })
  let keys = 0
  return {
    config,
    clock,
    logger,
    store,
    delayLevels: delayLevelsOf(config),
    timer: timerService.hook,
    timerService,
    delay: { levels: (): Iterable<LevelProgress> => [] },
    topicFile,
    offsetFile,
    topics,
    groups,
    offsets,
    clients,
    consumers: clients.consumers,
    locks: new QueueLocks(clock),
    longPoll,
    peers: new Peers((local) => ({ host: local.host, port: 10_911 })),
    admission: new Admission(config),
    stats,
    conflicts: clients.conflicts,
    filters,
    broadcastOffsets: new BroadcastOffsets({
      settings: config,
      clock,
      store,
      offsets,
      consumers: clients.consumers,
    }),
    headerSubscriptions: new HeaderSubscriptions(),
    random,
    newUniqKey: () => `KEY${++keys}`,
    ownProperties: ownPropertiesOf(config),
    halfCounts: new HalfCounts(clock, new MemoryFile()),
  }
}
export type BrokerParts = ReturnType<typeof brokerParts>

/** What the store says of records that it took `elapsedMs` ago. */
export const storedIn = (clock: Clock, storedBytes: number, elapsedMs = 0) => ({
  storedBytes,
  storeTimestamp: clock.wallMs() - elapsedMs,
})

/** What a handler answered, and how often. */
export class Call<Res extends FieldSet> {
  replies: Reply<Res>[] = []
  get reply(): Reply<Res> {
    const [only, second] = this.replies
    if (!only || second) throw new Error(`${this.replies.length} replies`)
    return only
  }
}

export async function ask<Req extends FieldSet, Res extends FieldSet>(
  handler: Handler<Req, Res>,
  request: Exchange<Req, Res>['request'],
  options: { body?: Uint8Array | string; connection?: Connection } = {},
): Promise<Call<Res>> {
  const call = new Call<Res>()
  const body = typeof options.body === 'string' ? Buffer.from(options.body) : options.body
  const answered = handler({
    connection: options.connection ?? new FakeConnection(),
    frame: newFrame(0, 1, null, body ?? Buffer.alloc(0)),
    request,
    respond: (reply) => void call.replies.push(reply),
  })
  const reply = await answered
  if (reply) call.replies.push(reply)
  return call
}

export const bodyText = (reply: Reply): string => {
  if (!reply.body) return ''
  if (reply.body instanceof Uint8Array) return Buffer.from(reply.body).toString()
  const target = Buffer.alloc(reply.body.sizeBytes)
  reply.body.copyTo(target, 0)
  return target.toString()
}

/** A send of one message to queue 1 of topic T. */
export function sendRequest(more: Partial<SendMessageRequest> = {}): SendMessageRequest {
  return {
    producerGroup: 'PG',
    topic: 'T',
    defaultTopic: 'TBW102',
    defaultTopicQueueNums: 4,
    queueId: 1,
    sysFlag: 0,
    bornTimestamp: 1_700_000_000_000,
    flag: 7,
    properties: 'UNIQ_KEY\u0001K\u0002TAGS\u0001TagA\u0002WAIT\u0001true\u0002',
    reconsumeTimes: 0,
    unitMode: false,
    maxReconsumeTimes: undefined,
    batch: false,
    brokerName: undefined,
    ...more,
  }
}
