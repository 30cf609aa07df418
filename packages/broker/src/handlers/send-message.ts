import type { Handler } from '@aerobee/net'
import type { NewMessage } from '@aerobee/store'
import {
  type commands,
  isRetryTopic,
  systemTopicNames,
  transactionTypes,
  withTransactionType,
} from '@aerobee/wire'
import { atOnce, putMessage } from '../delivery/put.js'
import type { Peer } from '../peers.js'
import { storeBatch } from '../send/batch.js'
import { findDestination, redirectRetry } from '../send/destination.js'
import { checkMessage, isPrepared, newMessage, type SendExchange, tooLong } from '../send/message.js'
import { addRecallHandle, isStored, sendAnswer } from '../send/outcome.js'
import type { SendParts } from '../send/parts.js'
import { illegalMessage, refuse, type SendReply } from '../send/refusal.js'
import { scanProperties } from '../sent-properties.js'
import { toHalf } from '../transactions/half-message.js'

type Send = typeof commands.sendMessage

/**
 * Store one message, or a batch (requests 10, 310, 320; reference: broker-behaviour 3). The answer goes out when
 * the store has the message as safe as its flush mode promises; nothing is allocated per message but the message
 * itself, its call-back and the answer.
 */
export function sendMessageHandler(parts: SendParts): Handler<Send['request'], Send['response']> {
  return (exchange) => {
    const bytes = exchange.frame.body.length
    const busy = parts.admission.admitSend(bytes)
    if (busy) return busy as SendReply
    const refused = exchange.request.batch === true ? storeBatch(parts, exchange) : storeOne(parts, exchange)
    if (refused) {
      parts.admission.sendDone(bytes)
      parts.stats.notePutFailed()
    }
    return refused
  }
}

/** undefined when the message is on its way into the store. */
function storeOne(parts: SendParts, exchange: SendExchange): SendReply | undefined {
  const { connection } = exchange
  let destination = findDestination(parts, exchange.request, connection)
  if ('code' in destination) return destination
  if (isRetryTopic(destination.topic.topicName)) {
    destination = redirectRetry(parts, exchange.request, connection, destination)
    if ('code' in destination) return destination
  }
  const properties = scanProperties(exchange.request.properties ?? '')
  const refused = checkMessage(parts, exchange, destination, properties)
  if (refused) return refused
  const peer = parts.peers.of(connection)
  const message = newMessage(parts, exchange, destination, properties, peer)
  if (!message) return illegalMessage(parts.config)
  if (properties.transaction) {
    if (isPrepared(exchange.request, properties)) return storeHalf(parts, exchange, message, peer)
    message.sysFlag = withTransactionType(message.sysFlag, transactionTypes.none)
  }
  const { topic, queueId, uniqKey, body } = message
  const bytes = body.length
  const wish = destination.deadLetter ? atOnce : properties
  const notPut = putMessage(parts, message, wish, (outcome) => {
    parts.admission.sendDone(bytes)
    const answer = sendAnswer(parts, peer, message, queueId, uniqKey, 1, outcome)
    if (message.topic === systemTopicNames.timer) addRecallHandle(parts, topic, message, answer)
    exchange.respond(answer)
  })
  return notPut && refuse(parts.config, notPut.code, notPut.remark)
}

/** A prepared message waits in the half topic for the outcome of its transaction (reference: broker-behaviour 9.1). */
function storeHalf(
  parts: SendParts,
  exchange: SendExchange,
  message: NewMessage,
  peer: Peer,
): SendReply | undefined {
  const { topic, queueId, uniqKey, body } = message
  const bytes = body.length
  toHalf(message)
  if (tooLong(message.properties)) return illegalMessage(parts.config)
  parts.store.append(message, (outcome) => {
    parts.admission.sendDone(bytes)
    if (isStored(outcome)) parts.halfCounts.add(topic, 1)
    exchange.respond(sendAnswer(parts, peer, message, queueId, uniqKey, 1, outcome))
  })
  return undefined
}
