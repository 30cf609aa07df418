import { AerobeeError, limits } from '@aerobee/base'

/**
 * Properties as messages carry them (reference: wire 3.6):
 *
 *   properties = { name U+0001 value U+0002 }     the last U+0002 may be missing
 *
 * Pieces without a name or without a value count for nothing; of a name that comes twice the later one counts.
 */
export const nameEnd = '\u0001'
export const valueEnd = '\u0002'

/** Names that mean something to brokers or clients. */
export const propertyNames = {
  keys: 'KEYS',
  tags: 'TAGS',
  wait: 'WAIT',
  delayLevel: 'DELAY',
  retryTopic: 'RETRY_TOPIC',
  realTopic: 'REAL_TOPIC',
  realQueueId: 'REAL_QID',
  transactionPrepared: 'TRAN_MSG',
  producerGroup: 'PGROUP',
  minOffset: 'MIN_OFFSET',
  maxOffset: 'MAX_OFFSET',
  buyerId: 'BUYER_ID',
  originMessageId: 'ORIGIN_MESSAGE_ID',
  transferFlag: 'TRANSFER_FLAG',
  correctionFlag: 'CORRECTION_FLAG',
  mq2Flag: 'MQ2_FLAG',
  reconsumeTime: 'RECONSUME_TIME',
  region: 'MSG_REGION',
  traceSwitch: 'TRACE_ON',
  uniqKey: 'UNIQ_KEY',
  extendUniqInfo: 'EXTEND_UNIQ_INFO',
  maxReconsumeTimes: 'MAX_RECONSUME_TIMES',
  consumeStartTime: 'CONSUME_START_TIME',
  innerNum: 'INNER_NUM',
  innerBase: 'INNER_BASE',
  dupInfo: 'DUP_INFO',
  checkImmunityTime: 'CHECK_IMMUNITY_TIME_IN_SECONDS',
  transactionPreparedQueueOffset: 'TRAN_PREPARED_QUEUE_OFFSET',
  transactionId: '__transactionId__',
  transactionCheckTimes: 'TRANSACTION_CHECK_TIMES',
  instanceId: 'INSTANCE_ID',
  correlationId: 'CORRELATION_ID',
  replyToClient: 'REPLY_TO_CLIENT',
  ttl: 'TTL',
  arriveTime: 'ARRIVE_TIME',
  pushReplyTime: 'PUSH_REPLY_TIME',
  cluster: 'CLUSTER',
  messageType: 'MSG_TYPE',
  popCheckpoint: 'POP_CK',
  popCheckpointOffset: 'POP_CK_OFFSET',
  firstPopTime: '1ST_POP_TIME',
  shardingKey: '__SHARDINGKEY',
  forwardQueueId: 'PROPERTY_FORWARD_QUEUE_ID',
  redirect: 'REDIRECT',
  innerMultiDispatch: 'INNER_MULTI_DISPATCH',
  innerMultiQueueOffset: 'INNER_MULTI_QUEUE_OFFSET',
  traceContext: 'TRACE_CONTEXT',
  timerDelaySeconds: 'TIMER_DELAY_SEC',
  timerDeliverMs: 'TIMER_DELIVER_MS',
  bornHost: '__BORNHOST',
  bornTimestamp: 'BORN_TIMESTAMP',
  timerEnqueueMs: 'TIMER_ENQUEUE_MS',
  timerDequeueMs: 'TIMER_DEQUEUE_MS',
  timerRollTimes: 'TIMER_ROLL_TIMES',
  timerOutMs: 'TIMER_OUT_MS',
  timerDeleteUniqKey: 'TIMER_DEL_UNIQKEY',
  timerDelayLevel: 'TIMER_DELAY_LEVEL',
  timerDelayMs: 'TIMER_DELAY_MS',
  crc32: '__CRC32#',
  deadLetterOriginTopic: 'DLQ_ORIGIN_TOPIC',
  deadLetterOriginMessageId: 'DLQ_ORIGIN_MESSAGE_ID',
} as const

export type PropertyName = keyof typeof propertyNames

/** Mean something to brokers, and are the user's to set, as Java's client has it. */
const userNames: readonly string[] = [propertyNames.checkImmunityTime, propertyNames.innerMultiDispatch]

const reserved: ReadonlySet<string> = new Set(
  Object.values(propertyNames).filter((name) => !userNames.includes(name)),
)

/** Whether a user may not set a property of this name. */
export const isReservedProperty = (name: string): boolean => reserved.has(name)

const valueEndUnit = 2
const nameEndUnit = 1

/** Whether a name or a value holds one of the two separators. */
export const hasSeparator = (text: string): boolean => text.includes(nameEnd) || text.includes(valueEnd)

/** Whether the text fits into the int16 length of a record. UTF-8 needs at most three bytes for a UTF-16 unit. */
export const propertiesFit = (text: string): boolean =>
  text.length * 3 <= limits.propertiesBytes || Buffer.byteLength(text) <= limits.propertiesBytes

/**
 * In the order given, with U+0002 at the end as 5.2 and later write it. Throws AerobeeError INVALID_ARGUMENT for
 * U+0001 or U+0002 in a name or value, for an empty name, and above 32,767 bytes of UTF-8.
 */
export function encodeProperties(properties: Iterable<readonly [string, string]>): string {
  let text = ''
  for (const [name, value] of properties) text += encodeProperty(name, value)
  checkPropertiesFit(text)
  return text
}

/** Throws AerobeeError INVALID_ARGUMENT above 32,767 bytes of UTF-8. */
export function checkPropertiesFit(text: string): void {
  if (!propertiesFit(text))
    throw new AerobeeError(
      'INVALID_ARGUMENT',
      `the properties take ${Buffer.byteLength(text)} bytes, at most ${limits.propertiesBytes} are allowed: send less`,
    )
}

/** One piece. Throws as encodeProperties. */
export function encodeProperty(name: string, value: string): string {
  if (name === '') throw new AerobeeError('INVALID_ARGUMENT', 'a property has an empty name: give it one')
  if (hasSeparator(name) || hasSeparator(value))
    throw new AerobeeError(
      'INVALID_ARGUMENT',
      `property ${JSON.stringify(name)} contains U+0001 or U+0002, which separate properties: remove them`,
    )
  return propertyText(name, value)
}

export function decodeProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>()
  for (let start = 0; start < text.length; ) {
    const end = pieceEnd(text, start)
    const middle = text.indexOf(nameEnd, start)
    if (middle < 0) break
    if (middle > start && middle < end - 1)
      properties.set(text.slice(start, middle), text.slice(middle + 1, end))
    start = end + 1
  }
  return properties
}

function pieceEnd(text: string, start: number): number {
  const end = text.indexOf(valueEnd, start)
  return end < 0 ? text.length : end
}

/** One value without building a map; undefined when absent or empty. */
export function findProperty(text: string, name: string): string | undefined {
  let found: string | undefined
  for (let at = findName(text, name, 0); at >= 0; at = findName(text, name, at + 1)) {
    const start = at + name.length + 1
    const end = pieceEnd(text, start)
    if (end > start) found = text.slice(start, end)
  }
  return found
}

/** Where a piece with this name starts, at or behind `from`; -1 when there is none. */
function findName(text: string, name: string, from: number): number {
  for (let at = text.indexOf(name, from); at >= 0; at = text.indexOf(name, at + 1))
    if (
      text.charCodeAt(at + name.length) === nameEndUnit &&
      (at === 0 || text.charCodeAt(at - 1) === valueEndUnit)
    )
      return at
  return -1
}

/** The text with every piece ended, so that more can be put behind it. */
export function endedProperties(text: string): string {
  return text === '' || text.charCodeAt(text.length - 1) === valueEndUnit ? text : text + valueEnd
}

/** One piece. Name and value are taken as they are. */
export const propertyText = (name: string, value: string): string => name + nameEnd + value + valueEnd

/** The text with one more piece behind it. Name and value are taken as they are. */
export function appendProperty(text: string, name: string, value: string): string {
  return endedProperties(text) + propertyText(name, value)
}

/** The text without the pieces of this name. */
export function removeProperty(text: string, name: string): string {
  let kept = ''
  let start = 0
  for (let at = findName(text, name, 0); at >= 0; at = findName(text, name, start)) {
    kept += text.slice(start, at)
    start = pieceEnd(text, at) + 1
  }
  return start === 0 ? text : kept + text.slice(start)
}

/** The text with exactly one piece of this name. */
export function setProperty(text: string, name: string, value: string): string {
  return appendProperty(removeProperty(text, name), name, value)
}
