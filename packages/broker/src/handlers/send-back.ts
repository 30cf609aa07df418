import { failure, type Handler, type Reply, success } from '@aerobee/net'
import type { AppendOutcome, NewMessage } from '@aerobee/store'
import {
  type commands,
  decodeRecord,
  dlqTopicOf,
  faq,
  findProperty,
  isWritable,
  type MessageRecord,
  offsetMessageId,
  permRead,
  permWrite,
  propertyNames,
  responseCodes,
  retryTopicOf,
  systemFlags,
  systemTopicNames,
  versions,
} from '@aerobee/wire'
import { atOnce, putMessage } from '../delivery/put.js'
import { changedProperties, restoredMessage } from '../delivery/restored.js'
import type { GroupConfig } from '../groups.js'
import type { Peer } from '../peers.js'
import type { SendParts } from '../send/parts.js'
import { scanProperties } from '../sent-properties.js'
import { type TopicConfig, topicSysFlags } from '../topics.js'

type SendBack = typeof commands.consumerSendMsgBack
type Request = Parameters<Handler<SendBack['request'], SendBack['response']>>[0]

/** Levels 1 and 2 are short; a first retry waits as long as level 3. */
const firstRetryLevel = 3
const readWrite = permRead | permWrite
/** Nobody consumes from these: what lies there is delivered, or not, from elsewhere. */
const waiting: ReadonlySet<string> = new Set([
  systemTopicNames.schedule,
  systemTopicNames.timer,
  systemTopicNames.transactionHalf,
  systemTopicNames.transactionOperation,
])

/**
 * A message that a group could not consume comes back (request 36; reference: broker-behaviour 8.1): a copy waits in
 * the schedule topic for its next delivery through `%RETRY%group`, or goes to `%DLQ%group` for good.
 */
export function sendBackHandler(parts: SendParts): Handler<SendBack['request'], SendBack['response']> {
  return async (exchange) => {
    const group = checkGroup(parts, exchange)
    if ('code' in group) return group
    if (group.retryQueueNums <= 0) return success()
    const retryTopic = retryTopicFor(parts, exchange, group)
    if ('code' in retryTopic) return retryTopic
    const busy = parts.admission.admitSend(0)
    if (busy) return busy
    try {
      return await storeBack(parts, exchange, group, retryTopic)
    } finally {
      parts.admission.sendDone(0)
    }
  }
}

function checkGroup(parts: SendParts, { request, connection }: Request): GroupConfig | Reply {
  const group = parts.groups.find(request.group)
  if (!group)
    return failure(
      responseCodes.SUBSCRIPTION_GROUP_NOT_EXIST,
      `subscription group not exist, ${request.group} ${faq}`,
    )
  if (isWritable(parts.config.brokerPermission)) return group
  const host = parts.peers.of(connection).storeHostText
  return failure(responseCodes.NO_PERMISSION, `the broker[${host}] sending message is forbidden`)
}

function retryTopicFor(parts: SendParts, { request }: Request, group: GroupConfig): TopicConfig | Reply {
  const name = retryTopicOf(group.groupName)
  const topicSysFlag = request.unitMode ? topicSysFlags.unitSub : 0
  const topic = parts.topics.ensure(name, group.retryQueueNums, readWrite, { topicSysFlag })
  return isWritable(topic.perm)
    ? topic
    : failure(responseCodes.NO_PERMISSION, `the topic[${name}] sending message is forbidden`)
}

async function storeBack(
  parts: SendParts,
  exchange: Request,
  group: GroupConfig,
  retryTopic: TopicConfig,
): Promise<Reply> {
  const { request, connection } = exchange
  const bytes = request.offset < 0 ? undefined : await parts.store.recordAt(request.offset)
  const record = bytes && decodeRecord(bytes)
  if (!record?.ok || waiting.has(record.value.topic))
    return failure(responseCodes.SYSTEM_ERROR, `look message by offset failed, ${request.offset}`)
  const ownLimit = connection.peerVersion >= versions.V3_4_9 ? request.maxReconsumeTimes : undefined
  const { reconsumeTimes } = record.value
  const deadLetter = reconsumeTimes >= (ownLimit ?? group.retryMaxTimes) || request.delayLevel < 0
  const level = request.delayLevel === 0 ? firstRetryLevel + reconsumeTimes : request.delayLevel
  const topic = deadLetter ? parts.topics.ensure(dlqTopicOf(group.groupName), 1, readWrite) : retryTopic
  const message = sentBack(record.value, parts.peers.of(connection), {
    topic: topic.topicName,
    queueId: deadLetter ? 0 : parts.random.below(group.retryQueueNums),
    level: deadLetter ? 0 : level,
  })
  const outcome = await put(parts, message, deadLetter)
  if (outcome?.status !== 'PUT_OK') {
    parts.stats.notePutFailed()
    return failure(responseCodes.SYSTEM_ERROR, outcome?.status ?? 'MESSAGE_ILLEGAL')
  }
  const origin = findProperty(message.properties, propertyNames.retryTopic) ?? record.value.topic
  parts.stats.noteSendBack(origin, group.groupName)
  parts.stats.notePut(message.topic, message.queueId, 1, outcome)
  return success()
}

/** undefined: refused. */
function put(parts: SendParts, message: NewMessage, deadLetter: boolean): Promise<AppendOutcome | undefined> {
  return new Promise((resolve) => {
    const wish = deadLetter ? atOnce : scanProperties(message.properties)
    if (putMessage(parts, message, wish, resolve)) resolve(undefined)
  })
}

/**
 * The consumer forgets the message once it has the answer, so that waits for the flush, though upstream's does not;
 * WAIT=false is stored all the same.
 */
function sentBack(
  record: MessageRecord,
  peer: Peer,
  { topic, queueId, level }: { topic: string; queueId: number; level: number },
): NewMessage {
  const { properties } = record
  const originId = findProperty(properties, propertyNames.originMessageId)
  return restoredMessage(record, {
    topic,
    queueId,
    properties: changedProperties(properties, {
      [propertyNames.retryTopic]: findProperty(properties, propertyNames.retryTopic) ?? record.topic,
      [propertyNames.originMessageId]: originId ?? offsetMessageId(record.storeHost, record.physicalOffset),
      [propertyNames.delayLevel]: String(level),
      [propertyNames.wait]: 'false',
    }),
    sysFlag: (record.sysFlag & ~systemFlags.storeHostV6) | (peer.sysFlag & systemFlags.storeHostV6),
    storeHost: peer.storeHost,
    reconsumeTimes: record.reconsumeTimes + 1,
    waitStoreOk: true,
  })
}
