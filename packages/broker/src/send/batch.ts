import type { NewMessage } from '@aerobee/store'
import {
  type BatchItem,
  decodeBatch,
  endedProperties,
  isRetryTopic,
  responseCodes,
  systemFlags,
  tagsCode,
} from '@aerobee/wire'
import type { Peer } from '../peers.js'
import { cleaned, type SentProperties, scanProperties } from '../sent-properties.js'
import { type Destination, findDestination } from './destination.js'
import { becomesOneRecord, innerBatch } from './inner-batch.js'
import { hasTransaction, type SendExchange, sysFlagOf, tooLong } from './message.js'
import { isStored, sendAnswer } from './outcome.js'
import type { SendParts } from './parts.js'
import { illegalMessage, refuse, type SendReply } from './refusal.js'

/**
 * Several messages in one request (reference: broker-behaviour 3.6, batch): all in one record of a topic with
 * queue.type=BatchCQ, else all in one append, one after the other, or none. undefined when they are on their way into the store.
 */
export function storeBatch(parts: SendParts, exchange: SendExchange): SendReply | undefined {
  const { config } = parts
  const { request, connection, frame } = exchange
  const destination = findDestination(parts, request, connection)
  if ('code' in destination) return destination
  const { topicName } = destination.topic
  if (isRetryTopic(topicName))
    return refuse(
      config,
      responseCodes.MESSAGE_ILLEGAL,
      `batch request does not support retry group ${topicName}`,
    )
  if (frame.body.length > config.maxMessageSize)
    return refuse(config, responseCodes.SYSTEM_ERROR, 'message size exceeded')
  const sharedText = request.properties ?? ''
  const shared = scanProperties(sharedText)
  if (hasTransaction(request.sysFlag, shared)) return illegalMessage(config)
  if (mayWait(shared) || (request.sysFlag & systemFlags.innerBatch) !== 0) return illegalMessage(config)
  const items = decodeBatch(frame.body)
  if (!items.ok || items.value.length === 0) return illegalMessage(config)

  const peer = parts.peers.of(connection)
  const { queueId } = destination
  const bytes = frame.body.length
  if (becomesOneRecord(destination, shared)) {
    const message = innerBatch(parts, exchange, destination, peer, items.value, shared)
    if (!message) return illegalMessage(config)
    const count = items.value.length
    parts.store.append(message, (outcome) => {
      parts.admission.sendDone(bytes)
      const answer = sendAnswer(parts, peer, message, queueId, shared.uniqKey, count, outcome)
      const fields = isStored(outcome) && { ...answer.fields, batchUniqId: shared.uniqKey }
      exchange.respond(fields ? { ...answer, fields } : answer)
    })
    return undefined
  }
  const appended = endedProperties(shared.rewrite ? cleaned(sharedText) : sharedText) + parts.ownProperties()
  const messages: NewMessage[] = []
  for (const item of items.value) {
    const message = itemMessage(exchange, destination, peer, item, shared, appended)
    if (!message) return illegalMessage(config)
    messages.push(message)
  }
  parts.store.appendBatch(messages, (outcome) => {
    parts.admission.sendDone(bytes)
    exchange.respond(sendAnswer(parts, peer, messages[0]!, queueId, shared.uniqKey, messages.length, outcome))
  })
  return undefined
}

/** A batch is stored at once. */
const mayWait = ({ delayLevel, timer, timerOut }: SentProperties): boolean =>
  (delayLevel !== undefined && !(Number(delayLevel) <= 0)) || (timer && !timerOut)

/**
 * The batch's own properties stand behind those of each message, as upstream stores them: where a name comes twice
 * (UNIQ_KEY does), the batch's value counts. undefined when they are too long together.
 */
function itemMessage(
  exchange: SendExchange,
  destination: Destination,
  peer: Peer,
  item: BatchItem,
  shared: SentProperties,
  appended: string,
): NewMessage | undefined {
  const { request } = exchange
  const own = scanProperties(item.properties)
  const properties = endedProperties(own.rewrite ? cleaned(item.properties) : item.properties) + appended
  if (tooLong(properties)) return undefined
  return {
    topic: destination.topic.topicName,
    queueId: destination.queueId,
    flag: item.flag,
    sysFlag: sysFlagOf(request.sysFlag, destination.topic, peer),
    bornTimestamp: request.bornTimestamp,
    bornHost: peer.bornHost,
    storeHost: peer.storeHost,
    reconsumeTimes: request.reconsumeTimes ?? 0,
    preparedTransactionOffset: 0,
    body: item.body,
    properties,
    tagsCode: tagsCode(shared.tags ?? own.tags),
    uniqKey: shared.uniqKey ?? own.uniqKey,
    keys: shared.keys ?? own.keys,
    waitStoreOk: shared.waitStoreOk,
  }
}
