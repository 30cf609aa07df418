import { limits } from '@aerobee/base'
import type { Exchange } from '@aerobee/net'
import type { NewMessage } from '@aerobee/store'
import {
  type commands,
  endedProperties,
  propertyText,
  responseCodes,
  type SendMessageRequest,
  systemFlags,
  tagsCode,
  transactionType,
  transactionTypes,
} from '@aerobee/wire'
import { hostFlags, type Peer } from '../peers.js'
import { cleaned, type SentProperties } from '../sent-properties.js'
import type { TopicConfig } from '../topics.js'
import type { Destination } from './destination.js'
import { isInnerBatch } from './inner-batch.js'
import type { SendParts } from './parts.js'
import { illegalMessage, refuse, type SendReply } from './refusal.js'

type Send = typeof commands.sendMessage
export type SendExchange = Exchange<Send['request'], Send['response']>

/** Checks of the message itself (reference: broker-behaviour 3.1, 14 and 15, and 3.5); undefined when it may go in. */
export function checkMessage(
  parts: SendParts,
  exchange: SendExchange,
  destination: Destination,
  properties: SentProperties,
): SendReply | undefined {
  const { config } = parts
  const { request, frame } = exchange
  if (properties.keys === undefined && destination.topic.attributes['cleanup.policy'] === 'COMPACTION')
    return refuse(config, responseCodes.MESSAGE_ILLEGAL, 'Required message key is missing')
  if (isPrepared(request, properties)) {
    if (config.rejectTransactionMessage) return refuseTransaction(parts, exchange)
  } else if (isHalfType(request.sysFlag) && !properties.transaction) return illegalMessage(config)
  const innerBatch = properties.innerBatch || (request.sysFlag & systemFlags.innerBatch) !== 0
  if (innerBatch && !isInnerBatch(exchange, destination)) return illegalMessage(config)
  const size = frame.body.length
  return size === 0 || size > config.maxMessageSize ? illegalMessage(config) : undefined
}

/**
 * Whether it is the first half of a transaction. What clients before 4.6.1 send again after a failed delivery has
 * TRAN_MSG too, and is none.
 */
export function isPrepared({ reconsumeTimes }: SendMessageRequest, properties: SentProperties): boolean {
  return properties.transaction && !((reconsumeTimes ?? 0) > 0 && Number(properties.delayLevel ?? 0) > 0)
}

/** Whether no consumer would ever see it as it stands. */
function isHalfType(sysFlag: number): boolean {
  const type = transactionType(sysFlag)
  return type === transactionTypes.prepared || type === transactionTypes.rollback
}

/** Whether a batch asks for what only a single message can have. */
export const hasTransaction = (sysFlag: number, properties: SentProperties): boolean =>
  properties.transaction || isHalfType(sysFlag)

function refuseTransaction(parts: SendParts, exchange: SendExchange): SendReply {
  const { config } = parts
  const host = parts.peers.of(exchange.connection).storeHostText
  return refuse(
    config,
    responseCodes.NO_PERMISSION,
    `the broker[${host}] sending transaction message is forbidden`,
  )
}

/** The record as it will be stored (reference: broker-behaviour 3.4); undefined when its properties are too long. */
export function newMessage(
  parts: SendParts,
  exchange: SendExchange,
  destination: Destination,
  properties: SentProperties,
  peer: Peer,
): NewMessage | undefined {
  const { request } = exchange
  const { deadLetter } = destination
  const uniqKey = properties.uniqKey ?? parts.newUniqKey()
  let text = request.properties ?? ''
  if (properties.rewrite || deadLetter) text = cleaned(text, deadLetter ? ['DELAY'] : [])
  text = endedProperties(text) + parts.ownProperties()
  if (properties.uniqKey === undefined) text += propertyText('UNIQ_KEY', uniqKey)
  if (deadLetter) text += propertyText('DELAY', '-1')
  if (tooLong(text)) return undefined
  return sentRecord(request, destination, peer, exchange.frame.body, text, properties, uniqKey)
}

/** What is stored of a request; `properties` says what queue, index and flush take from the `text` of its properties. */
export function sentRecord(
  request: SendMessageRequest,
  { topic, queueId }: Destination,
  peer: Peer,
  body: Uint8Array,
  text: string,
  properties: Pick<SentProperties, 'tags' | 'keys' | 'waitStoreOk'>,
  uniqKey: string | undefined,
): NewMessage {
  return {
    topic: topic.topicName,
    queueId,
    flag: request.flag,
    sysFlag: sysFlagOf(request.sysFlag, topic, peer),
    bornTimestamp: request.bornTimestamp,
    bornHost: peer.bornHost,
    storeHost: peer.storeHost,
    reconsumeTimes: request.reconsumeTimes ?? 0,
    preparedTransactionOffset: 0,
    body,
    properties: text,
    tagsCode: tagsCode(properties.tags),
    uniqKey,
    keys: properties.keys,
    waitStoreOk: properties.waitStoreOk,
  }
}

export const sysFlagOf = (sent: number, topic: TopicConfig, peer: Peer): number =>
  (sent & ~hostFlags) | (topic.topicFilterType === 'MULTI_TAG' ? systemFlags.multiTags : 0) | peer.sysFlag

/** UTF-8 needs at most three bytes for a UTF-16 unit, so short texts need no counting. */
export const tooLong = (properties: string): boolean =>
  properties.length * 3 > limits.propertiesBytes && Buffer.byteLength(properties) > limits.propertiesBytes
