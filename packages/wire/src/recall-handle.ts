import { bad, good, type Result } from '@aerobee/base'

export interface RecallHandle {
  topic: string
  brokerName: string
  /** When the message is due, ms, as text. */
  timestamp: string
  /** Its unique key. */
  messageId: string
}

/**
 * What a message that waits for its time is taken back by (reference: broker-behaviour 3.6):
 *
 *   handle = base64url of `v1 topic broker timestamp uniqKey`
 */
export function encodeRecallHandle({ topic, brokerName, timestamp, messageId }: RecallHandle): string {
  const base64 = Buffer.from(`v1 ${topic} ${brokerName} ${timestamp} ${messageId}`).toString('base64')
  // Of plain text hardly ever.
  return base64.includes('+') || base64.includes('/')
    ? base64.replaceAll('+', '-').replaceAll('/', '_')
    : base64
}

/** As Java does, the text of whose refusal is the reason; what stands behind a fifth blank is passed over. */
export function decodeRecallHandle(handle: string): Result<RecallHandle> {
  if (!/^[A-Za-z0-9_-]+={0,2}$/.test(handle)) return bad('recall handle is invalid')
  const [version, topic, brokerName, timestamp, messageId] = Buffer.from(handle, 'base64url')
    .toString('utf8')
    .split(' ')
  if (version !== 'v1' || messageId === undefined || messageId === '') return bad('recall handle is invalid')
  return good({ topic: topic!, brokerName: brokerName!, timestamp: timestamp!, messageId })
}
