import { failure, type Handler, type Reply, success } from '@aerobee/net'
import type { NewMessage } from '@aerobee/store'
import {
  type commands,
  decodeRecallHandle,
  isWritable,
  propertyNames,
  propertyText,
  type RecallHandle,
  responseCodes,
  tagsCode,
} from '@aerobee/wire'
import { putMessage } from '../delivery/put.js'
import { isStored } from '../send/outcome.js'
import type { SendParts } from '../send/parts.js'
import { scanProperties } from '../sent-properties.js'
import { javaLong } from '../timer/due.js'

type Recall = typeof commands.recallMessage
type Request = Parameters<Handler<Recall['request'], Recall['response']>>[0]

const recallTag = '_RECALL_TAG_'

/**
 * Takes a timer message back (request 370; reference: broker-behaviour 3.8): stores a marker that is due at the same time
 * and is read before it. The answer says that the marker is stored, not that there is such a message.
 */
export function recallMessageHandler(parts: SendParts): Handler<Recall['request'], Recall['response']> {
  return async (exchange) => {
    const fields = { region: parts.config.regionId }
    const handle = checkRecall(parts, exchange)
    if ('code' in handle) return { ...handle, fields }
    const message = marker(parts, exchange, handle)
    const busy = parts.admission.admitSend(0)
    if (busy) return { ...busy, fields }
    try {
      const stored = await put(parts, message)
      if (!stored) return failure(responseCodes.SYSTEM_ERROR, 'recall failed, execute error', fields)
    } finally {
      parts.admission.sendDone(0)
    }
    return success({ ...fields, msgId: handle.messageId })
  }
}

function checkRecall(parts: SendParts, { request }: Request): RecallHandle | Reply {
  const { config, clock, topics } = parts
  const nowMs = clock.wallMs()
  if (!config.recallMessageEnable)
    return failure(responseCodes.NO_PERMISSION, 'recall failed, operation is forbidden')
  const closed = !isWritable(config.brokerPermission) && !config.allowRecallWhenBrokerNotWriteable
  if (nowMs < config.startAcceptSendRequestTimeStamp || closed)
    return failure(responseCodes.SERVICE_NOT_AVAILABLE, unavailable)
  if (topics.find(request.topic) === undefined)
    return failure(responseCodes.TOPIC_NOT_EXIST, `recall failed, the topic[${request.topic}] not exist`)
  const handle = decodeRecallHandle(request.recallHandle ?? '')
  if (!handle.ok) return failure(responseCodes.ILLEGAL_OPERATION, handle.reason)
  const { topic, brokerName, timestamp } = handle.value
  if (topic !== request.topic)
    return failure(responseCodes.ILLEGAL_OPERATION, 'recall failed, topic not match')
  if (brokerName !== config.brokerName) return failure(responseCodes.ILLEGAL_OPERATION, unavailable)
  const leftMs = javaLong(timestamp) - nowMs
  if (!(leftMs > 0 && leftMs < config.timerMaxDelaySec * 1000))
    return failure(responseCodes.ILLEGAL_OPERATION, 'recall failed, timestamp invalid')
  return handle.value
}

const unavailable = 'recall failed, broker service not available'

function marker(parts: SendParts, { request, connection }: Request, handle: RecallHandle): NewMessage {
  const peer = parts.peers.of(connection)
  const nowMs = parts.clock.wallMs()
  const { topic, messageId, timestamp } = handle
  return {
    topic,
    queueId: 0,
    flag: 0,
    sysFlag: peer.sysFlag,
    bornTimestamp: nowMs,
    bornHost: peer.bornHost,
    storeHost: peer.storeHost,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: Buffer.from('0'),
    properties:
      propertyText(propertyNames.tags, recallTag) +
      propertyText(propertyNames.timerDeleteUniqKey, `${topic}+${messageId}`) +
      propertyText(propertyNames.uniqKey, messageId) +
      propertyText(propertyNames.timerDeliverMs, timestamp) +
      propertyText(propertyNames.bornTimestamp, String(nowMs)) +
      (request.producerGroup ? propertyText(propertyNames.producerGroup, request.producerGroup) : ''),
    tagsCode: tagsCode(recallTag),
    uniqKey: messageId,
    keys: undefined,
    waitStoreOk: true,
  }
}

/** Whether the marker is stored. */
function put(parts: SendParts, message: NewMessage): Promise<boolean> {
  return new Promise((resolve) => {
    const refused = putMessage(parts, message, scanProperties(message.properties), (outcome) => {
      const stored = isStored(outcome)
      if (stored) parts.stats.notePut(message.topic, message.queueId, 1, outcome)
      else parts.stats.notePutFailed()
      resolve(stored)
    })
    if (refused) resolve(false)
  })
}
