import type { ConsumeReturnType, SendContext } from '../hooks.js'

/**
 * What tracing tells of messages (reference: client-behaviour 2.10):
 *
 *   record = name { U+0001 field } U+0002
 */
interface Traced {
  /** Wall ms. */
  timestamp: number
  region: string
  group: string
}

interface TracedMessage {
  messageId: string
  keys: string
}

export interface PubRecord extends Traced, TracedMessage {
  type: 'Pub'
  topic: string
  tags: string
  /** Address of the broker. */
  storeHost: string
  bodyBytes: number
  costMs: number
  messageType: SendContext['messageType']
  offsetMessageId: string
  success: boolean
}

export interface SubBeforeRecord extends Traced {
  type: 'SubBefore'
  requestId: string
  messages: readonly (TracedMessage & { retryTimes: number })[]
}

export interface SubAfterRecord extends Traced {
  type: 'SubAfter'
  requestId: string
  messages: readonly TracedMessage[]
  costMs: number
  success: boolean
  returnType: ConsumeReturnType
}

export interface EndTransactionRecord extends Traced, TracedMessage {
  type: 'EndTransaction'
  topic: string
  tags: string
  storeHost: string
  messageType: SendContext['messageType']
  transactionId: string
  state: string
  fromTransactionCheck: boolean
}

export interface RecallRecord extends Traced {
  type: 'Recall'
  topic: string
  messageId: string
  success: boolean
}

export type TraceRecord = PubRecord | SubBeforeRecord | SubAfterRecord | EndTransactionRecord | RecallRecord

const messageTypes = ['Normal_Msg', 'Trans_Msg_Half', 'Trans_msg_Commit', 'Delay_Msg', 'Order_Msg']
const returnTypes: readonly ConsumeReturnType[] = ['SUCCESS', 'TIME_OUT', 'EXCEPTION', 'RETURNNULL', 'FAILED']

const line = (...fields: readonly (string | number | boolean)[]): string => `${fields.join('\u0001')}\u0002`

/** `cloud`: the shorter form of managed services. */
export function traceText(record: TraceRecord, cloud = false): string {
  const { timestamp, region, group } = record
  switch (record.type) {
    case 'Pub': {
      const { topic, messageId, tags, keys, storeHost, bodyBytes, costMs, offsetMessageId, success } = record
      const type = messageTypes.indexOf(record.messageType)
      return line(
        'Pub',
        timestamp,
        region,
        group,
        topic,
        messageId,
        tags,
        keys,
        storeHost,
        bodyBytes,
        costMs,
        type,
        offsetMessageId,
        success,
      )
    }
    case 'SubBefore':
      return record.messages
        .map(({ messageId, retryTimes, keys }) =>
          line('SubBefore', timestamp, region, group, record.requestId, messageId, retryTimes, keys),
        )
        .join('')
    case 'SubAfter': {
      const { requestId, costMs, success } = record
      const code = returnTypes.indexOf(record.returnType)
      const rest = cloud ? [] : [timestamp, group]
      return record.messages
        .map(({ messageId, keys }) =>
          line('SubAfter', requestId, messageId, costMs, success, keys, code, ...rest),
        )
        .join('')
    }
    case 'EndTransaction': {
      const { topic, messageId, tags, keys, storeHost, transactionId, state, fromTransactionCheck } = record
      const type = messageTypes.indexOf(record.messageType)
      return line(
        'EndTransaction',
        timestamp,
        region,
        group,
        topic,
        messageId,
        tags,
        keys,
        storeHost,
        type,
        transactionId,
        state,
        fromTransactionCheck,
      )
    }
    case 'Recall':
      return line('Recall', timestamp, region, group, record.topic, record.messageId, record.success)
  }
}

/** By which the trace of a message is found: its id and its keys. */
export function traceKeys(record: TraceRecord): string[] {
  switch (record.type) {
    case 'SubBefore':
    case 'SubAfter':
      return record.messages.flatMap(({ messageId, keys }) => [messageId, ...keysOf(keys)])
    case 'Recall':
      return [record.messageId]
    default:
      return [record.messageId, ...keysOf(record.keys)]
  }
}

const keysOf = (keys: string): string[] => keys.split(' ').filter((key) => key !== '')
