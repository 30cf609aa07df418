import { AerobeeError, utf8 } from '@aerobee/base'

/** A message to send. */
export interface OutgoingMessage {
  topic: string
  /** Text is sent as UTF-8. Not empty. */
  body: Uint8Array | string
  tags?: string
  /** For queries by key. Without blanks. */
  keys?: readonly string[]
  properties?: Readonly<Record<string, string>>
  /** Stored as it is. Default 0. */
  flag?: number
  /** Messages of one sharding key go to one queue, in order. */
  shardingKey?: string
  /** Whether SEND_OK waits for the broker's flush and replicas. Default true. */
  waitStoreMsgOK?: boolean
  /** Level of the broker's `messageDelayLevel`, 1 to 18 by default: 1 s, 5 s, 10 s, 30 s, 1 min … 2 h. */
  delayLevel?: number
  /** Deliver so many seconds after it was stored. */
  delayTimeSec?: number
  /** Deliver so many ms after it was stored. */
  delayTimeMs?: number
  /** Deliver at this time, ms since 1970 or a Date. */
  deliverTimeMs?: number | Date
}

/** Throws AerobeeError INVALID_ARGUMENT for what is neither. */
export function bodyBytes(body: Uint8Array | string): Uint8Array {
  if (typeof body === 'string') return utf8(body)
  if (ArrayBuffer.isView(body)) return body
  throw new AerobeeError(
    'INVALID_ARGUMENT',
    `the message body is ${body === null ? 'null' : `of type ${typeof body}`}: give text, such as JSON.stringify(…), or bytes`,
  )
}
