import { AerobeeError, limits } from '@aerobee/base'
import { encodeProperties, isReservedProperty, propertyNames, topicNameFault } from '@aerobee/wire'
import { bodyBytes, type OutgoingMessage } from '../messages.js'

/** Topics that only brokers write to. */
const forbiddenTopics: ReadonlySet<string> = new Set([
  'SCHEDULE_TOPIC_XXXX',
  'RMQ_SYS_TRANS_HALF_TOPIC',
  'RMQ_SYS_TRANS_OP_HALF_TOPIC',
  'TRANS_CHECK_MAX_TIME_TOPIC',
  'SELF_TEST_TOPIC',
  'OFFSET_MOVED_EVENT',
])

export interface BuiltMessage {
  body: Uint8Array
  /** Text form. */
  properties: string
  uniqKey: string
}

const illegal = (text: string) => new AerobeeError('INVALID_ARGUMENT', text)

/** Throws AerobeeError INVALID_ARGUMENT with what is wrong (reference: client-behaviour 2.2). */
export function checkTopic(topic: string): void {
  const fault = topicNameFault(topic)
  if (fault) throw illegal(fault)
  if (forbiddenTopics.has(topic)) throw illegal(`Sending message to topic[${topic}] is forbidden.`)
}

/** Throws AerobeeError INVALID_ARGUMENT with what is wrong. */
export function buildMessage(
  message: OutgoingMessage,
  uniqKey: string,
  maxMessageSize: number,
): BuiltMessage {
  const body = bodyBytes(message.body)
  if (body.length === 0) throw illegal('the message body length is zero')
  if (body.length > maxMessageSize)
    throw illegal(`the message body size over max value, MAX: ${maxMessageSize}`)
  const properties = new Map<string, string>()
  for (const [name, value] of Object.entries(message.properties ?? {})) {
    if (isReservedProperty(name))
      throw illegal(`The Property<${name}> is used by system, input another please`)
    if (name.trim() === '' || value.trim() === '')
      throw illegal('The name or value of property can not be null or blank string!')
    properties.set(name, value)
  }
  properties.set(propertyNames.uniqKey, uniqKey)
  properties.set(propertyNames.wait, String(message.waitStoreMsgOK ?? true))
  if (message.tags) properties.set(propertyNames.tags, message.tags)
  if (message.keys?.length) properties.set(propertyNames.keys, message.keys.join(' '))
  if (message.shardingKey) properties.set(propertyNames.shardingKey, message.shardingKey)
  return { body, properties: encodeProperties(properties), uniqKey }
}

export const defaultMaxMessageSize: number = limits.messageBodyBytes
