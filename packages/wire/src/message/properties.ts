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

const reserved: ReadonlySet<string> = new Set(Object.values(propertyNames))

/** Whether a user may not set a property of this name. */
export const isReservedProperty = (name: string): boolean => reserved.has(name)

/** Throws AerobeeError INVALID_ARGUMENT for U+0001 or U+0002 in a name or value, and above 32,767 bytes. */
export function encodeProperties(properties: ReadonlyMap<string, string>): string {
  let text = ''
  for (const [name, value] of properties) {
    if (/[\u0001\u0002]/.test(name) || /[\u0001\u0002]/.test(value))
      throw new AerobeeError(
        'INVALID_ARGUMENT',
        `property ${JSON.stringify(name)} contains U+0001 or U+0002, which separate properties`,
      )
    text += name + nameEnd + value + valueEnd
  }
  const bytes = Buffer.byteLength(text)
  if (bytes > limits.propertiesBytes)
    throw new AerobeeError(
      'INVALID_ARGUMENT',
      `the properties take ${bytes} bytes, at most ${limits.propertiesBytes} are allowed`,
    )
  return text
}

export function decodeProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>()
  for (let start = 0; start < text.length; ) {
    let end = text.indexOf(valueEnd, start)
    if (end < 0) end = text.length
    const middle = text.indexOf(nameEnd, start)
    if (middle > start && middle < end - 1)
      properties.set(text.slice(start, middle), text.slice(middle + 1, end))
    start = end + 1
  }
  return properties
}

/** One value without building a map. */
export function findProperty(text: string, name: string): string | undefined {
  const marker = name + nameEnd
  let found: string | undefined
  for (let at = text.indexOf(marker); at >= 0; at = text.indexOf(marker, at + 1)) {
    if (at > 0 && text[at - 1] !== valueEnd) continue
    const start = at + marker.length
    const end = text.indexOf(valueEnd, start)
    const value = end < 0 ? text.slice(start) : text.slice(start, end)
    if (value !== '') found = value
  }
  return found
}
