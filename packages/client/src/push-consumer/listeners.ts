import type { ReceivedMessage } from '../received-message.js'
import type { MessageQueue } from '../route.js'

/** Nothing means success; a throw means RECONSUME_LATER. */
export type ConsumeConcurrentlyStatus = 'CONSUME_SUCCESS' | 'RECONSUME_LATER'

/**
 * Nothing means SUCCESS; a throw means SUSPEND_CURRENT_QUEUE_A_MOMENT. COMMIT and ROLLBACK count only with
 * `autoCommit` off.
 */
export type ConsumeOrderlyStatus = 'SUCCESS' | 'COMMIT' | 'ROLLBACK' | 'SUSPEND_CURRENT_QUEUE_A_MOMENT'

export interface ConsumeConcurrentlyContext {
  readonly queue: MessageQueue
  /** Level for messages that are to come again: 0 lets the broker decide, -1 means the dead letters, n is that level. */
  delayLevelWhenNextConsume: number
  /** Index of the last message of a batch that succeeded; those after it come again. */
  ackIndex: number
}

export interface ConsumeOrderlyContext {
  readonly queue: MessageQueue
  /** Off: messages stay unfinished until a listener returns COMMIT. Default true. */
  autoCommit: boolean
  /** How long the queue waits after this call, ms; -1: as the consumer's option says. */
  suspendCurrentQueueTimeMillis: number
}

// biome-ignore lint/suspicious/noConfusingVoidType: a listener without a return statement returns void.
export type Nothing = undefined | void

type Maybe<T> = T | Nothing | Promise<T | Nothing>

/** A throw means: deliver again later. */
export type Listener = (
  message: ReceivedMessage,
  context: ConsumeConcurrentlyContext,
) => Maybe<ConsumeConcurrentlyStatus>
export type BatchListener = (
  messages: readonly ReceivedMessage[],
  context: ConsumeConcurrentlyContext,
) => Maybe<ConsumeConcurrentlyStatus>

/** Messages of a queue come one after another; a throw means: the same again, before any other. */
export type OrderlyListener = (
  message: ReceivedMessage,
  context: ConsumeOrderlyContext,
) => Maybe<ConsumeOrderlyStatus>
export type OrderlyBatchListener = (
  messages: readonly ReceivedMessage[],
  context: ConsumeOrderlyContext,
) => Maybe<ConsumeOrderlyStatus>

/** Thrown by a listener of ours whose messages are neither finished nor failed: the consumer closes. */
export class Abandoned extends Error {}
