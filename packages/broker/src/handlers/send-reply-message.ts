import { isAerobeeError } from '@aerobee/base'
import type { Handler } from '@aerobee/net'
import type { NewMessage } from '@aerobee/store'
import {
  commands,
  findProperty,
  offsetMessageId,
  propertyNames,
  responseCodes,
  setProperty,
} from '@aerobee/wire'
import { callClient } from '../clients/call-client.js'
import type { Producers } from '../clients/producers.js'
import { appended } from '../delivery/put.js'
import { type Destination, findDestination } from '../send/destination.js'
import { type SendExchange, sentRecord } from '../send/message.js'
import { isStored } from '../send/outcome.js'
import type { SendParts } from '../send/parts.js'
import { commonFields, type SendFields, type SendReply } from '../send/refusal.js'
import { scanProperties } from '../sent-properties.js'

type Send = typeof commands.sendReplyMessage

export interface ReplyParts extends SendParts {
  clients: { producers: Producers }
}

/**
 * Brings a reply to the client that asked, and stores it (requests 324 and 325; reference: broker-behaviour 12). The
 * answer says whether the client has it; whether it was stored changes only the fields.
 */
export function sendReplyMessageHandler(parts: ReplyParts): Handler<Send['request'], Send['response']> {
  return (exchange) => {
    const bytes = exchange.frame.body.length
    const busy = parts.admission.admitSend(bytes)
    if (busy) return busy as SendReply
    return reply(parts, exchange).finally(() => parts.admission.sendDone(bytes))
  }
}

async function reply(parts: ReplyParts, exchange: SendExchange): Promise<SendReply> {
  const { config } = parts
  const destination = findDestination(parts, exchange.request, exchange.connection)
  if ('code' in destination) return destination
  const message = replyMessage(parts, exchange, destination)
  const [fault, outcome] = await Promise.all([
    push(parts, exchange, message),
    config.storeReplyMessageEnable ? appended(parts.store, message) : undefined,
  ])
  const fields: SendFields = { ...commonFields(config), queueId: message.queueId, msgId: '0', queueOffset: 0 }
  if (outcome && isStored(outcome)) {
    parts.stats.notePut(message.topic, message.queueId, 1, outcome)
    fields.msgId = offsetMessageId(message.storeHost, outcome.physicalOffset)
    fields.queueOffset = outcome.queueOffset
  }
  return fault === undefined
    ? { code: responseCodes.SUCCESS, remark: null, fields, body: null }
    : { code: responseCodes.SYSTEM_ERROR, remark: fault, fields, body: null }
}

/** The record, whose body is a copy: it outlives the turn. */
function replyMessage(
  { config, peers }: ReplyParts,
  { request, connection, frame }: SendExchange,
  destination: Destination,
): NewMessage {
  const sent = request.properties ?? ''
  const withRegion = setProperty(sent, propertyNames.region, config.regionId)
  const text = setProperty(withRegion, propertyNames.traceSwitch, String(config.traceOn))
  const properties = scanProperties(text)
  const { uniqKey } = properties
  return sentRecord(
    request,
    destination,
    peers.of(connection),
    Buffer.from(frame.body),
    text,
    properties,
    uniqKey,
  )
}

/** undefined when the client that asked has the reply, else why not. */
async function push(
  { clock, clients, config, peers }: ReplyParts,
  { request, connection }: SendExchange,
  message: NewMessage,
): Promise<string | undefined> {
  const clientId = findProperty(message.properties, propertyNames.replyToClient)
  if (clientId === undefined) return 'reply message properties[REPLY_TO_CLIENT] is null'
  const client = clients.producers.connectionOf(clientId)
  if (!client) return `push reply message fail, channel of <${clientId}> not found.`
  const now = clock.wallMs()
  const answer = await callClient(
    client,
    commands.pushReplyMessageToClient,
    {
      producerGroup: request.producerGroup,
      topic: message.topic,
      defaultTopic: request.defaultTopic,
      defaultTopicQueueNums: request.defaultTopicQueueNums,
      queueId: message.queueId,
      sysFlag: message.sysFlag,
      bornTimestamp: message.bornTimestamp,
      flag: message.flag,
      properties: setProperty(message.properties, propertyNames.pushReplyTime, String(now)),
      reconsumeTimes: message.reconsumeTimes,
      unitMode: request.unitMode ?? false,
      bornHost: connection.remoteText,
      storeHost: `${peers.of(connection).storeHostText}:${config.listenPort}`,
      storeTimestamp: now,
    },
    { body: message.body },
  )
  if (!isAerobeeError(answer) && answer.code === responseCodes.SUCCESS) return undefined
  return `push reply message to ${clientId}fail.`
}
