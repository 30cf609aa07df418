import assert from 'node:assert/strict'
import { asBuffer, type Clock, type Timer } from '@aerobee/base'
import { buildSubscription, type Subscription, tagsCodeMatch } from '@aerobee/filter'
import {
  type AnyHandler,
  type Connection,
  Dispatcher,
  type Exchange,
  failure,
  type Registration,
  RemotingServer,
  type Reply,
  serve,
  success,
  type Transport,
} from '@aerobee/net'
import { listLogger } from '@aerobee/testkit'
import {
  bodies,
  type Command,
  commands,
  type Decoded,
  type FieldSet,
  type RequestOf,
  responseCodes,
  retryTopicOf,
  tagsCode,
} from '@aerobee/wire'
import { FakeLocks } from './fake-locks.test.js'
import { FakeMembers } from './fake-members.test.js'
import { FakeQueues, type Put } from './fake-queues.test.js'
import { reply, type SendPlace, send, sendBack, sendBatch } from './fake-sends.test.js'

const delaysMs = [1, 5, 10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200].map(
  (seconds) => seconds * 1000,
)

export interface SeenRequest {
  code: number
  name: string
  fields: Record<string, unknown>
  frame: Exchange['frame']
  atMs: number
  connection: Connection
}

interface Held {
  exchange: PullExchange
  timer: Timer
}
type PullExchange = Exchange & { request: RequestOf<typeof commands.pullMessage> }
type Override = (request: SeenRequest) => Reply | Promise<Reply> | undefined

/** A broker for tests of clients: it keeps messages, offsets, members and locks, and does as it is told otherwise. */
export class FakeBroker implements SendPlace {
  readonly name: string
  readonly host: string
  readonly address: string
  readonly queues = new FakeQueues()
  /** `group@topic@queueId` -> offset. */
  readonly offsets = new Map<string, number>()
  readonly members = new FakeMembers()
  readonly subscriptions = new Map<string, Subscription>()
  readonly locks: FakeLocks
  readonly requests: SeenRequest[] = []
  /** Whether requests are kept, for tests that look at them. */
  keepsRequests = true
  /** By request code: answers in place of the ordinary ones; undefined lets the ordinary one answer. */
  readonly overrides = new Map<number, Override>()
  readonly log: string[] = []
  autoCreate = true
  onCommit: (commit: { topic: string; queueId: number; offset: number }) => void = () => {}
  /** Whether it listens on the port of the VIP channel too, from the next start on. */
  vipChannel = false
  readonly clock: Clock
  readonly #transport: Transport
  readonly #held = new Set<Held>()
  /** Heartbeats as they came last: mostly they are the same again. */
  readonly #beats = new WeakMap<Connection, Uint8Array>()
  readonly #delayed = new Set<Timer>()
  #server: RemotingServer | undefined

  constructor(name: string, host: string, clock: Clock, transport: Transport) {
    this.name = name
    this.host = host
    this.address = `${host}:10911`
    this.clock = clock
    this.locks = new FakeLocks(clock)
    this.#transport = transport
  }

  get running(): boolean {
    return this.#server !== undefined
  }

  async start(): Promise<void> {
    const handlers = this.#handlers()
    const logger = listLogger(this.log)
    const dispatcher = new Dispatcher({
      receiver: 'broker',
      commands: handlers.map(({ command }) => command),
      registrations: handlers,
      logger,
    })
    this.#server = new RemotingServer({
      transport: this.#transport,
      clock: this.clock,
      logger,
      dispatcher,
      onDisconnect: (connection) => this.members.left(connection),
    })
    await this.#server.listen({ host: this.host, port: 10911 })
    if (this.vipChannel) await this.#server.listen({ host: this.host, port: 10909 })
  }

  /** Its messages and offsets stay; who was there and what was locked is forgotten. */
  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    for (const held of this.#held) held.timer.cancel()
    this.#held.clear()
    for (const timer of this.#delayed) timer.cancel()
    this.#delayed.clear()
    this.members.clear()
    this.locks.clear()
    await server?.close()
  }

  seen(command: { code: number }): SeenRequest[] {
    return this.requests.filter((request) => request.code === command.code)
  }

  put(put: Put): number {
    const { queueOffset } = this.queues.put(put, this.clock.wallMs())
    this.wake(put.topic, put.queueId)
    return queueOffset
  }

  offset(group: string, topic: string, queueId: number): number | undefined {
    return this.offsets.get(`${group}@${topic}@${queueId}`)
  }

  connectionOf(group: string): Connection {
    return [...(this.members.get(group)?.values() ?? [])][0]!
  }

  #handlers(): Registration[] {
    return [
      this.#serve(commands.heartbeat, (exchange) => this.#heartbeat(exchange)),
      this.#serve(commands.unregisterClient, ({ connection, request }) => {
        this.#beats.delete(connection)
        return this.members.unregister(request)
      }),
      this.#serve(commands.getConsumerListByGroup, ({ request }) => this.members.list(request.consumerGroup)),
      this.#serve(commands.checkClientConfig, () => success()),
      this.#serve(commands.queryAssignment, () =>
        failure(responseCodes.REQUEST_CODE_NOT_SUPPORTED, 'not here'),
      ),
      this.#serve(commands.pullMessage, (exchange) => this.#pull(exchange)),
      this.#serve(commands.litePullMessage, (exchange) => this.#pull(exchange)),
      this.#serve(commands.queryConsumerOffset, ({ request }) => this.#queryOffset(request)),
      this.#serve(commands.updateConsumerOffset, ({ request }) => {
        this.#commit(request.consumerGroup, request.topic, request.queueId!, request.commitOffset!)
        return success()
      }),
      this.#serve(commands.getMaxOffset, ({ request }) =>
        success({ offset: this.queues.max(request.topic, request.queueId) }),
      ),
      this.#serve(commands.getMinOffset, ({ request }) =>
        success({ offset: this.queues.min(request.topic, request.queueId) }),
      ),
      this.#serve(commands.searchOffsetByTimestamp, ({ request }) => this.#offsetByTime(request)),
      this.#serve(commands.sendMessageV2, (exchange) => send(this, exchange)),
      this.#serve(commands.sendBatchMessage, (exchange) => sendBatch(this, exchange)),
      this.#serve(commands.sendReplyMessageV2, (exchange) => reply(this, exchange)),
      this.#serve(commands.consumerSendMsgBack, ({ request }) => sendBack(this, request)),
      this.#serve(commands.lockBatchQueues, ({ frame }) => this.locks.lock(frame.body)),
      this.#serve(commands.unlockBatchQueues, ({ frame }) => this.locks.unlock(frame.body)),
      this.#serve(commands.endTransaction, () => success()),
      this.#serve(commands.recallMessage, () => success({ msgId: 'RECALLED' })),
    ]
  }

  /** Notes every request, and lets a test answer it. */
  #serve<Req extends FieldSet, Res extends FieldSet>(
    command: Command<Req, Res>,
    handler: (exchange: Exchange & { request: Decoded<Req> }) => Reply | Promise<Reply> | undefined,
  ): Registration {
    const { notServed: _notServed, ...served } = command
    const run = ((exchange: Exchange) => {
      const { frame, connection } = exchange
      const { code, name } = command
      const override = this.overrides.get(code)
      if (!this.keepsRequests && !override) return handler(exchange as never)
      const fields = exchange.request as Record<string, unknown>
      const copy = { ...frame, body: Uint8Array.from(frame.body) }
      const seen = { code, name, fields, frame: copy, atMs: this.clock.monoMs(), connection }
      if (this.keepsRequests) this.requests.push(seen)
      return override?.(seen) ?? handler(exchange as never)
    }) as unknown as AnyHandler
    return serve(served as unknown as Command, run)
  }

  #heartbeat({ frame, connection }: Exchange): Reply {
    const known = this.#beats.get(connection)
    if (known && asBuffer(known).equals(frame.body)) return beatTaken()
    const beat = bodies.heartbeatData.decode(frame.body)
    assert.ok(beat.ok)
    this.#beats.set(connection, Uint8Array.from(frame.body))
    for (const consumer of beat.value.consumerDataSet) {
      if (consumer.messageModel === 'CLUSTERING') this.create(retryTopicOf(consumer.groupName), 1)
      for (const one of consumer.subscriptionDataSet)
        this.subscriptions.set(`${consumer.groupName}@${one.topic}`, one as Subscription)
      this.members.join(consumer.groupName, beat.value.clientID, connection)
    }
    return beatTaken()
  }

  #pull(exchange: PullExchange): Reply | undefined {
    const { request } = exchange
    const { consumerGroup, topic, queueId, queueOffset, sysFlag } = request
    if (sysFlag & 1) this.#commit(consumerGroup, topic, queueId, request.commitOffset)
    if (!this.queues.queue(topic, queueId))
      return failure(responseCodes.TOPIC_NOT_EXIST, `topic[${topic}] not exist`)
    if (!(sysFlag & 4) && !this.subscriptions.has(`${consumerGroup}@${topic}`))
      return failure(responseCodes.SUBSCRIPTION_NOT_EXIST, "the consumer's subscription not exist")
    const reply = this.#read(request)
    if (reply.code !== responseCodes.PULL_NOT_FOUND || !(sysFlag & 2)) return reply
    const held: Held = {
      exchange,
      timer: this.clock.after(request.suspendTimeoutMillis, () => {
        this.#held.delete(held)
        exchange.respond(this.#read(request))
      }),
    }
    if (queueOffset <= this.queues.max(topic, queueId)) this.#held.add(held)
    return undefined
  }

  #read(request: RequestOf<typeof commands.pullMessage>): Reply {
    const { topic, queueId, queueOffset, maxMsgNums, consumerGroup, subscription, expressionType } = request
    const min = this.queues.min(topic, queueId)
    const max = this.queues.max(topic, queueId)
    const fields = { suggestWhichBrokerId: 0, minOffset: min, maxOffset: max }
    if (queueOffset < min || queueOffset > max)
      return failure(responseCodes.PULL_OFFSET_MOVED, null, {
        ...fields,
        nextBeginOffset: queueOffset < min ? min : max,
      })
    const given =
      subscription === undefined ? undefined : buildSubscription(topic, subscription, expressionType)
    const wanted = given?.ok ? given.value : this.subscriptions.get(`${consumerGroup}@${topic}`)
    const matches = wanted && tagsCodeMatch(wanted)
    const looked = this.queues.queue(topic, queueId)!.slice(queueOffset, queueOffset + maxMsgNums)
    const found = looked.filter(({ tags }) => !matches || matches(tagsCode(tags)))
    const nextBeginOffset = queueOffset + looked.length
    if (looked.length === 0)
      return failure(responseCodes.PULL_NOT_FOUND, null, { ...fields, nextBeginOffset })
    if (found.length === 0)
      return failure(responseCodes.PULL_RETRY_IMMEDIATELY, null, { ...fields, nextBeginOffset })
    return success({ ...fields, nextBeginOffset }, Buffer.concat(found.map(({ record }) => record)))
  }

  wake(topic: string, queueId: number): void {
    for (const held of [...this.#held]) {
      const { request } = held.exchange
      if (request.topic !== topic || request.queueId !== queueId) continue
      held.timer.cancel()
      this.#held.delete(held)
      held.exchange.respond(this.#read(request))
    }
  }

  #queryOffset({
    consumerGroup,
    topic,
    queueId,
    setZeroIfNotFound,
  }: RequestOf<typeof commands.queryConsumerOffset>): Reply {
    const offset = this.offset(consumerGroup, topic, queueId)
    if (offset !== undefined) return success({ offset })
    if (setZeroIfNotFound !== false && this.queues.min(topic, queueId) === 0) return success({ offset: 0 })
    return failure(
      responseCodes.QUERY_NOT_FOUND,
      'Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first',
    )
  }

  #commit(group: string, topic: string, queueId: number, offset: number): void {
    this.offsets.set(`${group}@${topic}@${queueId}`, offset)
    this.onCommit({ topic, queueId, offset })
  }

  #offsetByTime({ topic, queueId, timestamp }: RequestOf<typeof commands.searchOffsetByTimestamp>): Reply {
    const queue = this.queues.queue(topic, queueId) ?? []
    const found = queue.findIndex(({ storeTimestamp }) => storeTimestamp >= timestamp)
    return success({ offset: found < 0 ? queue.length : found })
  }

  putLater(put: Put, level: number): void {
    const timer = this.clock.after(delaysMs[Math.min(level, delaysMs.length) - 1]!, () => {
      this.#delayed.delete(timer)
      this.put(put)
    })
    this.#delayed.add(timer)
  }

  /** client id -> connection, of every client that sent a heartbeat. */
  get replyConnections(): Map<string, Connection> {
    const connections = new Map<string, Connection>()
    for (const { frame, connection } of this.seen(commands.heartbeat)) {
      const beat = bodies.heartbeatData.decode(frame.body)
      if (beat.ok) connections.set(beat.value.clientID, connection)
    }
    return connections
  }

  /** Told of by the cluster, so that the name server knows. */
  onCreate: (topic: string, queues: number) => void = () => {}

  create(topic: string, queues: number): void {
    if (this.queues.has(topic)) return
    this.queues.create(topic, queues)
    this.onCreate(topic, queues)
  }
}

const beatTaken = () => success({ supportsHeartbeatV2: true, subscriptionChanged: false })
