import type { OutgoingMessage } from './outgoing-message.js'
import type { ReceivedMessage } from './received-message.js'
import type { MessageQueue } from './route.js'

/** What hooks throw is swallowed, as in Java; only checkForbidden may refuse. */
export interface SendContext {
  readonly producerGroup: string
  readonly topic: string
  readonly queue: MessageQueue
  /** Address of the broker. */
  readonly address: string
  readonly messageType: 'Normal_Msg' | 'Trans_Msg_Half' | 'Trans_msg_Commit' | 'Delay_Msg' | 'Order_Msg'
  readonly messageId: string
  readonly bodyBytes: number
  readonly tags: string
  readonly keys: string
  /** Wall ms. */
  readonly startedAt: number
  /** Afterwards, when it was answered. */
  result?: SendHookResult
  /** Afterwards, when it failed. */
  error?: unknown
  /** ms; afterwards. */
  cost?: number
}

export interface SendHookResult {
  readonly offsetMessageId: string
  readonly status: string
  readonly regionId: string
  readonly traceOn: boolean
}

export interface SendMessageHook {
  before?(context: SendContext): void
  after?(context: SendContext): void
}

/** A throw refuses the send, as an error of the client. */
export interface CheckForbiddenHook {
  check(message: OutgoingMessage, context: { producerGroup: string; queue: MessageQueue }): void
}

export interface EndTransactionContext {
  readonly producerGroup: string
  readonly topic: string
  readonly messageId: string
  readonly transactionId: string
  readonly tags: string
  readonly keys: string
  /** Address of the broker. */
  readonly address: string
  readonly state: 'COMMIT_MESSAGE' | 'ROLLBACK_MESSAGE' | 'UNKNOW'
  readonly fromTransactionCheck: boolean
}

export interface EndTransactionHook {
  end(context: EndTransactionContext): void
}

export type ConsumeReturnType = 'SUCCESS' | 'TIME_OUT' | 'EXCEPTION' | 'RETURNNULL' | 'FAILED'

export interface ConsumeContext {
  readonly consumerGroup: string
  readonly queue: MessageQueue
  readonly messages: readonly ReceivedMessage[]
  /** Afterwards. */
  success?: boolean
  returnType?: ConsumeReturnType
  /** ms; afterwards. */
  cost?: number
}

export interface ConsumeMessageHook {
  before?(context: ConsumeContext): void
  after?(context: ConsumeContext): void
}

/** Says which messages the listener gets. */
export interface FilterMessageHook {
  filter(messages: readonly ReceivedMessage[], queue: MessageQueue): readonly ReceivedMessage[]
}

/** Runs a hook and swallows what it throws. */
export function runHook(run: () => void): void {
  try {
    run()
  } catch {
    // A hook must not decide over messages.
  }
}
