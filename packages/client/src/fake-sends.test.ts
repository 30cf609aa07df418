import assert from 'node:assert/strict'
import type { Clock } from '@aerobee/base'
import { type Connection, type Exchange, failure, type Reply, success } from '@aerobee/net'
import {
  commands,
  decodeBatch,
  dlqTopicOf,
  findProperty,
  type RequestOf,
  responseCodes,
  retryTopicOf,
  setProperty,
} from '@aerobee/wire'
import type { FakeQueues, Put } from './fake-queues.test.js'

/** What the sends of a stand-in broker work on. */
export interface SendPlace {
  readonly queues: FakeQueues
  readonly clock: Clock
  readonly autoCreate: boolean
  /** client id -> connection. */
  readonly replyConnections: ReadonlyMap<string, Connection>
  create(topic: string, queues: number): void
  put(put: Put): number
  putLater(put: Put, level: number): void
  wake(topic: string, queueId: number): void
}

export function send(
  place: SendPlace,
  { request, frame }: Exchange & { request: RequestOf<typeof commands.sendMessageV2> },
): Reply {
  const { topic, queueId } = request
  if (!place.queues.has(topic) && place.autoCreate) place.create(topic, request.defaultTopicQueueNums)
  if (!place.queues.queue(topic, queueId))
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
    place.create(dead, 1)
    return stored(place, 0, [{ ...put, topic: dead, queueId: 0 }])
  }
  if (level > 0) {
    place.putLater(put, level)
    return success({ queueId, msgId: offsetId(0), queueOffset: 0 })
  }
  return stored(place, queueId, [put])
}

export function sendBatch(
  place: SendPlace,
  { request, frame }: Exchange & { request: RequestOf<typeof commands.sendBatchMessage> },
): Reply {
  const { topic, queueId } = request
  const batch = decodeBatch(Uint8Array.from(frame.body))
  assert.ok(batch.ok)
  return stored(
    place,
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

function stored(place: SendPlace, queueId: number, puts: readonly Put[]): Reply {
  const places = puts.map((put) => place.queues.put(put, place.clock.wallMs()))
  place.wake(puts[0]!.topic, queueId)
  const { properties } = { properties: puts[0]!.propertiesText ?? '' }
  return success({
    queueId,
    msgId: places.map(({ physicalOffset }) => offsetId(physicalOffset)).join(','),
    queueOffset: places[0]!.queueOffset,
    transactionId: findProperty(properties, 'UNIQ_KEY'),
  })
}

export function sendBack(place: SendPlace, request: RequestOf<typeof commands.consumerSendMsgBack>): Reply {
  const found = place.queues.at(request.offset)
  if (!found) return failure(responseCodes.SYSTEM_ERROR, 'look message by offset failed')
  const times = found.given.reconsumeTimes ?? 0
  const dead = request.delayLevel < 0 || times >= (request.maxReconsumeTimes ?? 16)
  const topic = dead ? dlqTopicOf(request.group) : retryTopicOf(request.group)
  place.create(topic, 1)
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
  if (dead) place.put(put)
  else place.putLater(put, request.delayLevel || 3 + times)
  return success()
}

export function reply(
  place: SendPlace,
  { request, frame }: Exchange & { request: RequestOf<typeof commands.sendReplyMessageV2> },
): Reply {
  const to = findProperty(request.properties ?? '', 'REPLY_TO_CLIENT')
  const connection = place.replyConnections.get(to ?? '')
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
      storeTimestamp: place.clock.wallMs(),
    },
    { body: Uint8Array.from(frame.body) },
  )
  return success({ queueId: 0, msgId: offsetId(0), queueOffset: 0 })
}

export const offsetId = (physicalOffset: number): string =>
  `0A00010100002A9F${physicalOffset.toString(16).toUpperCase().padStart(16, '0')}`
