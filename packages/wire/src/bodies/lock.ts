import { bodyCodec } from './body-codec.js'
import { type MessageQueue, messageQueueShape } from './common.js'
import { flagOr, list, or, record, text } from './shape.js'

/** Queue locks (reference: request-codes A.1). 41 and 42 ask with the same body. */
export interface LockBatchRequest {
  readonly clientId: string
  readonly consumerGroup: string
  readonly mqSet: readonly MessageQueue[]
  /** false: the broker asks its slaves too. */
  readonly onlyThisBroker: boolean
}
export const lockBatchRequest = bodyCodec(
  'LockBatchRequestBody',
  record<LockBatchRequest>({
    clientId: text,
    consumerGroup: text,
    mqSet: or(list(messageQueueShape), () => []),
    onlyThisBroker: flagOr(false),
  }),
)

/** 41's answer: the queues the client holds now. */
export interface LockBatchResponse {
  readonly lockOKMQSet: readonly MessageQueue[]
}
export const lockBatchResponse = bodyCodec<LockBatchResponse>(
  'LockBatchResponseBody',
  record({ lockOKMQSet: or(list(messageQueueShape), () => []) }),
)
