import { bad, good, type Result } from '@aerobee/base'
import type { Subscription } from '@aerobee/filter'
import type { QueueName } from '../queue-locks.js'

const parsed = <T>(body: Uint8Array): Result<T> => {
  try {
    return good(JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8')) as T)
  } catch {
    return bad('the body is not JSON')
  }
}
export const decodeLockBatch = (body: Uint8Array) =>
  parsed<{ consumerGroup: string; clientId: string; mqSet: QueueName[]; onlyThisBroker: boolean }>(body)
export const decodeCheckClientRequest = (body: Uint8Array) =>
  parsed<{ clientId: string; group: string; subscriptionData: Subscription }>(body)
