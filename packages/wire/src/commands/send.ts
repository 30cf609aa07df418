import {
  boolean,
  type Decoded,
  defineCommand,
  type Encodable,
  escapedProperties,
  escapedRepeated,
  escapedText,
  type FieldSet,
  int32,
  int32OrNaN,
  int64,
  int64OrNaN,
  named,
  optional,
  plain,
  type RequestOf,
  string,
} from '../command.js'
import type { ExtFields } from '../frame.js'

/** Sending, sending back and recalling (reference: wire 3.5, broker-behaviour 3 and 8). */
const about = {
  producerGroup: 'group of the producer',
  topic: 'topic to store under',
  defaultTopic: 'topic whose settings an unknown topic is created with',
  defaultTopicQueueNums: 'queues the sender asks for when its topic is created',
  queueId: 'queue, or below zero for any writable one',
  sysFlag: 'system flag bits of the message',
  bornTimestamp: 'time of sending at the client, ms',
  flag: 'flag of the application, stored as it is',
  properties: 'properties as text: name U+0001 value U+0002',
  reconsumeTimes: 'deliveries that failed before',
  unitMode: 'whether the sender works in a unit of a multi-site deployment',
  maxReconsumeTimes: 'deliveries after which a retry goes to the dead letters',
  batch: 'whether the body holds several messages',
  brokerName: 'name of the broker the sender means',
}

const longNames = {
  producerGroup: string(about.producerGroup),
  topic: string(about.topic),
  defaultTopic: string(about.defaultTopic),
  defaultTopicQueueNums: int32(about.defaultTopicQueueNums),
  queueId: int32(about.queueId),
  sysFlag: int32(about.sysFlag),
  bornTimestamp: int64(about.bornTimestamp),
  flag: int32(about.flag),
  properties: optional(string(about.properties)),
  reconsumeTimes: optional(int32(about.reconsumeTimes)),
  unitMode: optional(boolean(about.unitMode)),
  maxReconsumeTimes: optional(int32(about.maxReconsumeTimes)),
  batch: optional(boolean(about.batch)),
  brokerName: optional(named('bname', string(about.brokerName))),
} satisfies FieldSet

/** The same fields under one-letter names, which is what clients send since 3.0. */
const shortNames = {
  producerGroup: named('a', longNames.producerGroup),
  topic: named('b', longNames.topic),
  defaultTopic: named('c', longNames.defaultTopic),
  defaultTopicQueueNums: named('d', longNames.defaultTopicQueueNums),
  queueId: named('e', longNames.queueId),
  sysFlag: named('f', longNames.sysFlag),
  bornTimestamp: named('g', longNames.bornTimestamp),
  flag: named('h', longNames.flag),
  properties: named('i', longNames.properties),
  reconsumeTimes: named('j', longNames.reconsumeTimes),
  unitMode: named('k', longNames.unitMode),
  maxReconsumeTimes: named('l', longNames.maxReconsumeTimes),
  batch: named('m', longNames.batch),
  brokerName: named('n', longNames.brokerName),
} satisfies FieldSet

/** What sends of every kind decode to, whichever names their fields had on the wire. */
export type SendMessageRequest = RequestOf<typeof sendMessageV2>

function sendFields(ext: ExtFields): Decoded<typeof shortNames> | undefined {
  const { a: producerGroup, b: topic, c: defaultTopic, i: properties, n: brokerName } = ext
  const defaultTopicQueueNums = int32OrNaN(ext.d)
  const queueId = int32OrNaN(ext.e)
  const sysFlag = int32OrNaN(ext.f)
  const bornTimestamp = int64OrNaN(ext.g)
  const flag = int32OrNaN(ext.h)
  const reconsumeTimes = ext.j === undefined ? undefined : int32OrNaN(ext.j)
  const maxReconsumeTimes = ext.l === undefined ? undefined : int32OrNaN(ext.l)
  const unitMode = ext.k === undefined ? undefined : ext.k === 'true'
  const batch = ext.m === undefined ? undefined : ext.m === 'true'
  if (producerGroup === undefined || topic === undefined || defaultTopic === undefined) return undefined
  if (Number.isNaN(defaultTopicQueueNums + queueId + sysFlag + bornTimestamp + flag)) return undefined
  if (Number.isNaN((reconsumeTimes ?? 0) + (maxReconsumeTimes ?? 0))) return undefined
  if (unitMode === false && ext.k !== 'false') return undefined
  if (batch === false && ext.m !== 'false') return undefined
  return {
    producerGroup,
    topic,
    defaultTopic,
    defaultTopicQueueNums,
    queueId,
    sysFlag,
    bornTimestamp,
    flag,
    properties,
    reconsumeTimes,
    unitMode,
    maxReconsumeTimes,
    batch,
    brokerName,
  }
}

const stored = {
  queueId: int32('queue the message was stored in'),
  transactionId: optional(string('unique key of the message, which names its transaction')),
  msgId: string('offset message id; of a batch all, joined by commas'),
  traceOn: optional(named('TRACE_ON', boolean('whether the broker wants messages traced'))),
  region: optional(named('MSG_REGION', string('region of the broker'))),
  recallHandle: optional(string('handle by which a delayed message can be recalled')),
  queueOffset: int64('offset in the queue; of a batch that of its first message'),
  batchUniqId: optional(string('unique key of an inner batch')),
} satisfies FieldSet

function storedText(fields: Partial<Encodable<typeof stored>>): string | undefined {
  const { queueId, transactionId, msgId, traceOn, region, recallHandle, queueOffset, batchUniqId } = fields
  if (queueId === undefined || msgId === undefined || queueOffset === undefined) return undefined
  if (transactionId === undefined || region === undefined || traceOn === undefined) return undefined
  if (batchUniqId !== undefined || !plain.test(transactionId) || !plain.test(region)) return undefined
  const recall = recallHandle === undefined ? '' : `"recallHandle":"${escapedText(recallHandle)}",`
  return `{"queueId":"${queueId}","transactionId":"${transactionId}","msgId":"${msgId}","TRACE_ON":"${traceOn}","MSG_REGION":"${region}",${recall}"queueOffset":"${queueOffset}"}`
}

/** As clients of ours send it. */
function sendText(fields: Encodable<typeof shortNames>): string | undefined {
  const { producerGroup, topic, defaultTopic, brokerName, properties, reconsumeTimes, batch } = fields
  if (fields.maxReconsumeTimes !== undefined || properties === undefined || brokerName === undefined)
    return undefined
  return (
    `{"a":"${escapedGroup(producerGroup)}","b":"${escapedTopic(topic)}","c":"${escapedDefault(defaultTopic)}",` +
    `"d":"${fields.defaultTopicQueueNums}","e":"${fields.queueId}","f":"${fields.sysFlag}",` +
    `"g":"${fields.bornTimestamp}","h":"${fields.flag}","i":"${escapedProperties(properties)}",` +
    `"j":"${reconsumeTimes ?? 0}","k":"${fields.unitMode ?? false}","m":"${batch ?? false}",` +
    `"n":"${escapedBroker(brokerName)}"}`
  )
}
const escapedGroup = escapedRepeated()
const escapedTopic = escapedRepeated()
const escapedDefault = escapedRepeated()
const escapedBroker = escapedRepeated()

function storedFields(ext: ExtFields): Decoded<typeof stored> | undefined {
  const { transactionId, msgId, TRACE_ON, MSG_REGION: region, recallHandle, batchUniqId } = ext
  const queueId = int32OrNaN(ext.queueId)
  const queueOffset = int64OrNaN(ext.queueOffset)
  const traceOn = TRACE_ON === undefined ? undefined : TRACE_ON === 'true'
  if (msgId === undefined || Number.isNaN(queueId + queueOffset)) return undefined
  if (traceOn === false && TRACE_ON !== 'false') return undefined
  return { queueId, transactionId, msgId, traceOn, region, recallHandle, queueOffset, batchUniqId }
}

/** The same as the declarations say: sends are the hottest requests there are. */
const send = {
  decodeRequest: sendFields,
  requestText: sendText,
  decodeResponse: storedFields,
  responseText: storedText,
}

export const sendMessage = defineCommand({
  name: 'SEND_MESSAGE',
  code: 10,
  about: 'Store one message; the form with long field names.',
  callers: ['client', 'broker'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Pub', field: 'topic' },
  request: longNames,
  response: stored,
  requestBody: 'the body of the message',
})

export const sendMessageV2 = defineCommand(
  {
    name: 'SEND_MESSAGE_V2',
    code: 310,
    about: 'Store one message; the form with one-letter field names.',
    callers: ['client', 'broker'],
    receiver: 'broker',
    access: { resource: 'topic', action: 'Pub', field: 'topic' },
    request: shortNames,
    response: stored,
    requestBody: 'the body of the message',
  },
  send,
)

export const sendBatchMessage = defineCommand(
  {
    name: 'SEND_BATCH_MESSAGE',
    code: 320,
    about: 'Store several messages of one topic at consecutive offsets of one queue.',
    callers: ['client'],
    receiver: 'broker',
    access: { resource: 'topic', action: 'Pub', field: 'topic' },
    request: shortNames,
    response: stored,
    requestBody: 'messages one behind another (reference: wire 3.6)',
  },
  send,
)

export const sendReplyMessage = defineCommand({
  name: 'SEND_REPLY_MESSAGE',
  code: 324,
  about: 'Hand a reply to the client that asked; the form with long field names.',
  callers: ['client'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Pub', field: 'topic' },
  request: longNames,
  response: stored,
  requestBody: 'the body of the reply',
})

export const sendReplyMessageV2 = defineCommand({
  name: 'SEND_REPLY_MESSAGE_V2',
  code: 325,
  about: 'Hand a reply to the client that asked; the form with one-letter field names.',
  callers: ['client'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Pub', field: 'topic' },
  request: shortNames,
  response: stored,
  requestBody: 'the body of the reply',
})

export const pushReplyMessageToClient = defineCommand({
  name: 'PUSH_REPLY_MESSAGE_TO_CLIENT',
  code: 326,
  about: 'Bring a reply to the client that asked.',
  callers: ['broker'],
  receiver: 'client',
  access: { resource: 'topic', action: 'Sub', field: 'topic', groupField: 'producerGroup' },
  request: {
    producerGroup: string('group of the producer that replied'),
    topic: string('reply topic of the cluster'),
    defaultTopic: string(about.defaultTopic),
    defaultTopicQueueNums: int32(about.defaultTopicQueueNums),
    queueId: int32('queue the reply was stored in'),
    sysFlag: int32(about.sysFlag),
    bornTimestamp: int64(about.bornTimestamp),
    flag: int32(about.flag),
    properties: optional(string(about.properties)),
    reconsumeTimes: optional(int32(about.reconsumeTimes)),
    unitMode: optional(boolean(about.unitMode)),
    bornHost: string('host:port of the replying client'),
    storeHost: string('host:port of the broker'),
    storeTimestamp: int64('time of storing, ms'),
  },
  response: {},
  requestBody: 'the body of the reply',
})

export const consumerSendMsgBack = defineCommand({
  name: 'CONSUMER_SEND_MSG_BACK',
  code: 36,
  about: 'Have a message that could not be consumed delivered again later, or put with the dead letters.',
  callers: ['client'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Sub', field: 'originTopic', groupField: 'group' },
  request: {
    offset: int64('physical offset of the message'),
    group: string('consumer group'),
    delayLevel: int32('0 for one that grows with each time, below 0 for the dead letters'),
    originMsgId: optional(string('id of the message as the consumer saw it')),
    originTopic: optional(string('topic the consumer read')),
    unitMode: optional(boolean(about.unitMode)),
    maxReconsumeTimes: optional(int32(about.maxReconsumeTimes)),
    brokerName: optional(named('bname', string('broker that holds the message'))),
  },
  response: {},
})

export const recallMessage = defineCommand({
  name: 'RECALL_MESSAGE',
  code: 370,
  about: 'Take back a delayed message before it is delivered.',
  callers: ['client'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Pub', field: 'topic' },
  request: {
    producerGroup: optional(string(about.producerGroup)),
    topic: string('topic the message was sent to'),
    recallHandle: optional(string('handle from the answer to the send; a missing one is invalid')),
  },
  response: {
    msgId: string('unique key of the message recalled'),
    region: optional(named('MSG_REGION', string('region of the broker'))),
  },
})
