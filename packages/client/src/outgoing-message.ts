import { utf8 } from '@aerobee/base'

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

export const bodyBytes = (body: Uint8Array | string): Uint8Array =>
  typeof body === 'string' ? utf8(body) : body
