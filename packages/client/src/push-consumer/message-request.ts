import type { MessageQueue } from '../route.js'
import type { ProcessQueue } from './process-queue.js'

/** How the messages of a queue are asked for. The broker may decide it by topic and group. */
export type RequestMode = 'PULL' | 'POP'

/** One queue's place in the pull service: re-inserted after every answer until its queue is dropped. */
export interface PullRequest {
  readonly mode: 'PULL'
  readonly group: string
  readonly queue: MessageQueue
  readonly processQueue: ProcessQueue
  /** Ends the call under way when the queue is dropped. */
  readonly stop: AbortController
  nextOffset: number
  /** Orderly: the offset was read again after the queue had been locked. */
  previouslyLocked: boolean
  /** Broker that the last answer suggested. */
  brokerId: number
}

/** The same for a queue whose messages are popped; queue id -1 stands for all of the broker. */
export interface PopRequest {
  readonly mode: 'POP'
  readonly group: string
  readonly queue: MessageQueue
  readonly stop: AbortController
}

export type MessageRequest = PullRequest | PopRequest

export const requestName = ({ mode, queue }: MessageRequest): string =>
  `${mode === 'PULL' ? 'pull' : 'pop'} request of queue ${queue.queueId} of topic ${queue.topic} at ${queue.brokerName}`
