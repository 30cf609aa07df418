import { AerobeeError } from '@aerobee/base'
import {
  checkPropertiesFit,
  encodeProperty,
  isClosedToSends,
  isReservedProperty,
  propertyNames,
  propertyText,
} from '@aerobee/wire'
import { checkTopicName } from '../given.js'
import { bodyBytes, type OutgoingMessage } from '../outgoing-message.js'

export interface BuiltMessage {
  body: Uint8Array
  /** Text form. */
  properties: string
  uniqKey: string
  /** Whether it is delivered later than it is stored. */
  delayed: boolean
}

/** Properties that only the client sets. */
export type SystemProperties = readonly (readonly [name: string, value: string])[]

const illegal = (text: string) => new AerobeeError('INVALID_ARGUMENT', text)

/** Throws AerobeeError INVALID_ARGUMENT with what is wrong (reference: client-behaviour 2.2). */
export function checkTopic(topic: string): void {
  checkTopicName(topic)
  if (isClosedToSends(topic)) throw illegal(`Sending message to topic[${topic}] is forbidden.`)
}

/** Throws AerobeeError INVALID_ARGUMENT with what is wrong. */
export function buildMessage(
  message: OutgoingMessage,
  uniqKey: string,
  maxMessageSize: number,
  system: SystemProperties = [],
): BuiltMessage {
  if (message.body === undefined || message.body === null) throw illegal('the message body is null')
  const body = bodyBytes(message.body)
  if (body.length === 0) throw illegal('the message body length is zero')
  if (body.length > maxMessageSize)
    throw illegal(`the message body size over max value, MAX: ${maxMessageSize}`)
  let properties = message.properties ? userProperties(message.properties) : ''
  properties += propertyText(propertyNames.uniqKey, uniqKey)
  properties += message.waitStoreMsgOK === false ? withoutWait : withWait
  if (message.tags) properties += encodeProperty(propertyNames.tags, textOf('tags', message.tags))
  if (message.keys?.length) properties += encodeProperty(propertyNames.keys, keysText(message.keys))
  const { shardingKey } = message
  if (shardingKey !== undefined && textOf('shardingKey', shardingKey) !== '')
    properties += encodeProperty(propertyNames.shardingKey, shardingKey)
  const delayed = isDelayed(message)
  if (delayed) properties += delayProperty(message)
  for (const [name, value] of system) properties += encodeProperty(name, value)
  checkPropertiesFit(properties)
  return { body, properties, uniqKey, delayed }
}

const withWait = propertyText(propertyNames.wait, 'true')
const withoutWait = propertyText(propertyNames.wait, 'false')

function textOf(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw illegal(`${name} is of type ${typeof value}: give text`)
}

function keysText(keys: readonly string[]): string {
  if (!Array.isArray(keys)) throw illegal("keys is no list: give keys: ['…']")
  return keys.join(' ')
}

function userProperties(given: Readonly<Record<string, string>>): string {
  let text = ''
  for (const [name, value] of Object.entries(given)) {
    if (isReservedProperty(name))
      throw illegal(`The Property<${name}> is used by system, input another please`)
    if (name.trim() === '' || textOf(`property ${name}`, value).trim() === '')
      throw illegal('The name or value of property can not be null or blank string!')
    if (name === propertyNames.innerMultiDispatch && value.includes('/'))
      throw illegal(`INNER_MULTI_DISPATCH ${value} can not contains / character`)
    text += encodeProperty(name, value)
  }
  return text
}

/** At most one of the four ways to say it. */
function delayProperty(message: OutgoingMessage): string {
  const { delayLevel, delayTimeSec, delayTimeMs, deliverTimeMs } = message
  const given = [
    [propertyNames.delayLevel, 'delayLevel', delayLevel],
    [propertyNames.timerDelaySeconds, 'delayTimeSec', delayTimeSec],
    [propertyNames.timerDelayMs, 'delayTimeMs', delayTimeMs],
    [propertyNames.timerDeliverMs, 'deliverTimeMs', deliverTimeMs?.valueOf()],
  ] as const
  let text = ''
  let found: string | undefined
  for (const [property, name, value] of given) {
    if (value === undefined) continue
    if (!Number.isSafeInteger(value) || value < 0)
      throw illegal(`${name} ${value} is no whole number from 0 on`)
    if (found !== undefined) throw illegal(`${found} and ${name} exclude each other: give one of them`)
    found = name
    if (value > 0) text = encodeProperty(property, String(value))
  }
  return text
}

/** Whether there is a delay, be it 0. */
export const isDelayed = (message: OutgoingMessage): boolean =>
  message.delayLevel !== undefined ||
  message.delayTimeSec !== undefined ||
  message.delayTimeMs !== undefined ||
  message.deliverTimeMs !== undefined
