import assert from 'node:assert/strict'
import test from 'node:test'
import type { Clock, Timer } from '@aerobee/base'
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
  decodeBatch,
  dlqTopicOf,
  type FieldSet,
  findProperty,
  type RequestOf,
  responseCodes,
  retryTopicOf,
  setProperty,
  tagsCode,
} from '@aerobee/wire'
import { FakeQueues, type Put } from './fake-queues.test.js'

const lockMs = 60_000
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
export class FakeBroker {
  readonly name: string
  readonly host: string
  readonly address: string
  readonly queues = new FakeQueues()
  /** `group@topic@queueId` -> offset. */
  readonly offsets = new Map<string, number>()
  /** group -> client id -> connection. */
  readonly members = new Map<string, Map<string, Connection>>()
  readonly subscriptions = new Map<string, Subscription>()
  readonly locks = new Map<string, { clientId: string; untilMs: number }>()
  readonly requests: SeenRequest[] = []
  /** By request code: answers in place of the ordinary ones; undefined lets the ordinary one answer. */
  readonly overrides = new Map<number, Override>()
  readonly log: string[] = []
  autoCreate = true
  readonly #clock: Clock
  readonly #transport: Transport
  readonly #held = new Set<Held>()
  readonly #delayed = new Set<Timer>()
  #server: RemotingServer | undefined

  constructor(name: string, host: string, clock: Clock, transport: Transport) {
    this.name = name
    this.host = host
    this.address = `${host}:10911`
    this.#clock = clock
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
      clock: this.#clock,
      logger,
      dispatcher,
      onDisconnect: (connection) => this.#left(connection),
    })
    await this.#server.listen({ host: this.host, port: 10911 })
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
    const { queueOffset } = this.queues.put(put, this.#clock.wallMs())
    this.#wake(put.topic, put.queueId)
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
      this.#serve(commands.unregisterClient, (exchange) => this.#unregister(exchange.request)),
      this.#serve(commands.getConsumerListByGroup, ({ request }) => this.#memberList(request.consumerGroup)),
      this.#serve(commands.checkClientConfig, () => success()),
      this.#serve(commands.pullMessage, (exchange) => this.#pull(exchange)),
      this.#serve(commands.litePullMessage, (exchange) => this.#pull(exchange)),
      this.#serve(commands.queryConsumerOffset, ({ request }) => this.#queryOffset(request)),
      this.#serve(commands.updateConsumerOffset, ({ request }) => {
        this.#commit(request.consumerGroup, request.topic, request.queueId, request.commitOffset)
        return success()
      }),
      this.#serve(commands.getMaxOffset, ({ request }) =>
        success({ offset: this.queues.max(request.topic, request.queueId) }),
      ),
      this.#serve(commands.getMinOffset, ({ request }) =>
        success({ offset: this.queues.min(request.topic, request.queueId) }),
      ),
      this.#serve(commands.searchOffsetByTimestamp, ({ request }) => this.#offsetByTime(request)),
      this.#serve(commands.sendMessageV2, (exchange) => this.#send(exchange)),
      this.#serve(commands.sendBatchMessage, (exchange) => this.#sendBatch(exchange)),
      this.#serve(commands.sendReplyMessageV2, (exchange) => this.#reply(exchange)),
      this.#serve(commands.consumerSendMsgBack, ({ request }) => this.#sendBack(request)),
      this.#serve(commands.lockBatchQueues, (exchange) => this.#lock(exchange)),
      this.#serve(commands.unlockBatchQueues, (exchange) => this.#unlock(exchange)),
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
      const fields = exchange.request as Record<string, unknown>
      const copy = { ...frame, body: Uint8Array.from(frame.body) }
      const { code, name } = command
      const seen = { code, name, fields, frame: copy, atMs: this.#clock.monoMs(), connection }
      this.requests.push(seen)
      return this.overrides.get(code)?.(seen) ?? handler(exchange as never)
    }) as unknown as AnyHandler
    return serve(served as unknown as Command, run)
  }

  #heartbeat({ frame, connection }: Exchange): Reply {
    const beat = bodies.heartbeatData.decode(frame.body)
    assert.ok(beat.ok)
    for (const consumer of beat.value.consumerDataSet) {
      if (consumer.messageModel === 'CLUSTERING') this.#create(retryTopicOf(consumer.groupName), 1)
      for (const one of consumer.subscriptionDataSet)
        this.subscriptions.set(`${consumer.groupName}@${one.topic}`, one as Subscription)
      const group = this.members.get(consumer.groupName) ?? new Map<string, Connection>()
      this.members.set(consumer.groupName, group)
      const known = group.get(beat.value.clientID)
      group.set(beat.value.clientID, connection)
      if (known !== connection) this.#notifyGroup(consumer.groupName)
    }
    return success({ supportsHeartbeatV2: true, subscriptionChanged: false })
  }

  #unregister(request: RequestOf<typeof commands.unregisterClient>): Reply {
    if (request.consumerGroup !== undefined)
      if (this.members.get(request.consumerGroup)?.delete(request.clientID))
        this.#notifyGroup(request.consumerGroup)
    return success()
  }

  #left(connection: Connection): void {
    for (const [group, clients] of this.members)
      for (const [clientId, one] of clients)
        if (one === connection) {
          clients.delete(clientId)
          this.#notifyGroup(group)
        }
  }

  #notifyGroup(consumerGroup: string): void {
    for (const connection of this.members.get(consumerGroup)?.values() ?? [])
      connection.notify(commands.notifyConsumerIdsChanged, { consumerGroup })
  }

  #memberList(group: string): Reply {
    const ids = [...(this.members.get(group)?.keys() ?? [])]
    if (ids.length === 0) return failure(responseCodes.SYSTEM_ERROR, `no consumer for this group, ${group}`)
    return success(null, bodies.consumerIdList.encode({ consumerIdList: ids }))
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
      timer: this.#clock.after(request.suspendTimeoutMillis, () => {
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

  #wake(topic: string, queueId: number): void {
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
  }

  #offsetByTime({ topic, queueId, timestamp }: RequestOf<typeof commands.searchOffsetByTimestamp>): Reply {
    const queue = this.queues.queue(topic, queueId) ?? []
    const found = queue.findIndex(({ storeTimestamp }) => storeTimestamp >= timestamp)
    return success({ offset: found < 0 ? queue.length : found })
  }

  #send({ request, frame }: Exchange & { request: RequestOf<typeof commands.sendMessageV2> }): Reply {
    const { topic, queueId } = request
    if (!this.queues.has(topic) && this.autoCreate) this.#create(topic, request.defaultTopicQueueNums)
    if (!this.queues.queue(topic, queueId))
      return failure(responseCodes.TOPIC_NOT_EXIST, `topic[${topic}] not exist`)
    const put: Put = {
      topic,
      queueId,
      body: Uint8Array.from(frame.body),
      propertiesText: request.properties ?? '',
      flag: request.flag,
      sysFlag: request.sysFlag,
      reconsumeTimes: request.reconsumeTimes ?? 0,
      bornTimestamp: request.bornTimestamp,
    }
    const level = Number(findProperty(request.properties ?? '', 'DELAY') ?? 0)
    const had = request.maxReconsumeTimes
    if (had !== undefined && (put.reconsumeTimes ?? 0) > had) {
      const dead = dlqTopicOf(topic.slice('%RETRY%'.length))
      this.#create(dead, 1)
      return this.#stored(0, [{ ...put, topic: dead, queueId: 0 }])
    }
    if (level > 0) {
      this.#putLater(put, level)
      return success({ queueId, msgId: offsetId(0), queueOffset: 0 })
    }
    return this.#stored(queueId, [put])
  }

  #sendBatch({ request, frame }: Exchange & { request: RequestOf<typeof commands.sendBatchMessage> }): Reply {
    const { topic, queueId } = request
    const batch = decodeBatch(Uint8Array.from(frame.body))
    assert.ok(batch.ok)
    return this.#stored(
      queueId,
      batch.value.map(({ body, properties, flag }) => ({
        topic,
        queueId,
        body,
        propertiesText: properties,
        flag,
      })),
    )
  }

  #stored(queueId: number, puts: readonly Put[]): Reply {
    const places = puts.map((put) => this.queues.put(put, this.#clock.wallMs()))
    this.#wake(puts[0]!.topic, queueId)
    const { properties } = { properties: puts[0]!.propertiesText ?? '' }
    return success({
      queueId,
      msgId: places.map(({ physicalOffset }) => offsetId(physicalOffset)).join(','),
      queueOffset: places[0]!.queueOffset,
      transactionId: findProperty(properties, 'UNIQ_KEY'),
    })
  }

  #sendBack(request: RequestOf<typeof commands.consumerSendMsgBack>): Reply {
    const found = this.queues.at(request.offset)
    if (!found) return failure(responseCodes.SYSTEM_ERROR, 'look message by offset failed')
    const times = found.given.reconsumeTimes ?? 0
    const dead = request.delayLevel < 0 || times >= (request.maxReconsumeTimes ?? 16)
    const topic = dead ? dlqTopicOf(request.group) : retryTopicOf(request.group)
    this.#create(topic, 1)
    const text = found.given.propertiesText ?? ''
    const put: Put = {
      ...found.given,
      topic,
      queueId: 0,
      reconsumeTimes: times + 1,
      propertiesText: findProperty(text, 'RETRY_TOPIC')
        ? text
        : setProperty(text, 'RETRY_TOPIC', request.originTopic ?? found.topic),
    }
    if (dead) this.put(put)
    else this.#putLater(put, request.delayLevel || 3 + times)
    return success()
  }

  #putLater(put: Put, level: number): void {
    const timer = this.#clock.after(delaysMs[Math.min(level, delaysMs.length) - 1]!, () => {
      this.#delayed.delete(timer)
      this.put(put)
    })
    this.#delayed.add(timer)
  }

  #reply({ request, frame }: Exchange & { request: RequestOf<typeof commands.sendReplyMessageV2> }): Reply {
    const to = findProperty(request.properties ?? '', 'REPLY_TO_CLIENT')
    const connection = this.replyConnections.get(to ?? '')
    if (!connection)
      return failure(responseCodes.SYSTEM_ERROR, `send reply message fail, channel of <${to}> not found.`)
    const { topic, properties, queueId, sysFlag, flag, bornTimestamp } = request
    void connection.call(
      commands.pushReplyMessageToClient,
      {
        producerGroup: request.producerGroup,
        topic,
        defaultTopic: request.defaultTopic,
        defaultTopicQueueNums: request.defaultTopicQueueNums,
        queueId,
        sysFlag,
        bornTimestamp,
        flag,
        properties,
        bornHost: '/10.0.0.1:50000',
        storeHost: '/10.0.1.1:10911',
        storeTimestamp: this.#clock.wallMs(),
      },
      { body: Uint8Array.from(frame.body) },
    )
    return success({ queueId: 0, msgId: offsetId(0), queueOffset: 0 })
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

  #lock({ frame }: Exchange): Reply {
    const asked = bodies.lockBatchRequest.decode(frame.body)
    assert.ok(asked.ok)
    const { clientId, consumerGroup, mqSet } = asked.value
    const now = this.#clock.monoMs()
    const lockOKMQSet = mqSet.filter((queue) => {
      const key = `${consumerGroup}@${queue.topic}@${queue.queueId}`
      const lock = this.locks.get(key)
      if (lock && lock.clientId !== clientId && lock.untilMs > now) return false
      this.locks.set(key, { clientId, untilMs: now + lockMs })
      return true
    })
    return success(null, bodies.lockBatchResponse.encode({ lockOKMQSet }))
  }

  #unlock({ frame }: Exchange): Reply {
    const asked = bodies.lockBatchRequest.decode(frame.body)
    assert.ok(asked.ok)
    for (const queue of asked.value.mqSet) {
      const key = `${asked.value.consumerGroup}@${queue.topic}@${queue.queueId}`
      if (this.locks.get(key)?.clientId === asked.value.clientId) this.locks.delete(key)
    }
    return success()
  }

  /** Told of by the cluster, so that the name server knows. */
  onCreate: (topic: string, queues: number) => void = () => {}

  #create(topic: string, queues: number): void {
    if (this.queues.has(topic)) return
    this.queues.create(topic, queues)
    this.onCreate(topic, queues)
  }
}

const offsetId = (physicalOffset: number): string =>
  `0A00010100002A9F${physicalOffset.toString(16).toUpperCase().padStart(16, '0')}`

test('offset ids of the stand-in have 32 digits', () => {
  assert.equal(offsetId(300).length, 32)
})
