import { bodyCodec } from './body-codec.js'
import { type MessageQueue, messageQueueShape } from './common.js'
import { list, maybe, oneOf, record, text, textTable } from './shape.js'

/** Queues shared out by the broker (reference: request-codes A.1). 400 asks for one topic. */
export interface QueryAssignmentRequest {
  readonly clientId: string
  readonly consumerGroup: string
  readonly messageModel: 'BROADCASTING' | 'CLUSTERING'
  /** As brokers know strategies: AVG, AVG_BY_CIRCLE. */
  readonly strategyName: string
  readonly topic: string
}
export const queryAssignmentRequest = bodyCodec(
  'QueryAssignmentRequestBody',
  record<QueryAssignmentRequest>({
    clientId: text,
    consumerGroup: text,
    messageModel: oneOf(['BROADCASTING', 'CLUSTERING'], 'CLUSTERING'),
    strategyName: text,
    topic: text,
  }),
)

export interface MessageQueueAssignment {
  readonly attachments?: Readonly<Record<string, string>> | undefined
  /** Queue id -1 stands for the whole broker; it is popped. */
  readonly messageQueue: MessageQueue
  readonly mode: 'PULL' | 'POP'
}

/** 400's answer; undefined: the broker does not know, and nothing is to change. */
export interface QueryAssignmentResponse {
  readonly messageQueueAssignments?: readonly MessageQueueAssignment[] | undefined
}
export const queryAssignmentResponse = bodyCodec(
  'QueryAssignmentResponseBody',
  record<QueryAssignmentResponse>({
    messageQueueAssignments: maybe(
      list(
        record<MessageQueueAssignment>({
          attachments: maybe(textTable),
          messageQueue: messageQueueShape,
          mode: oneOf(['PULL', 'POP'], 'PULL'),
        }),
      ),
    ),
  }),
)
