import { AerobeeError, type Clock, errorText, isAerobeeError, type MonoMs, sleep } from '@aerobee/base'
import type { MessageQueue } from '../route.js'
import type { SendResult } from './options.js'

/** While a connection takes no more, nothing is lost by waiting. */
const fullPauseMs = 20

/** What all messages of a producer have in common. */
export interface RetryPolicy {
  tries: number
  /** Of one try, while others may follow; -1: what is left. */
  perTryMs: number
  clock: Clock
  /** Whether anything but SEND_OK is tried again at another broker. */
  retryWhenNotStoreOK: boolean
  /** Answers of brokers after which another try makes sense. */
  retryResponseCodes: ReadonlySet<number>
}

export type TryFailure = 'none' | 'remoting' | 'broker'

/** One message, to be sent until it is stored. */
export interface RetriedSend {
  readonly topic: string
  readonly deadlineMonoMs: MonoMs
  readonly signal: AbortSignal | undefined
  /** A queue of another broker than the one named, where there is one. Rejects with NO_ROUTE. */
  choose(avoidBroker: string | undefined): MessageQueue | Promise<MessageQueue>
  send(queue: MessageQueue, timeoutMs: number): Promise<SendResult>
  /** How a try went, for choosing the next queues. */
  tried(queue: MessageQueue, elapsedMs: number, failure: TryFailure): void
  /** There will be no other try. */
  ended(): void
}

/**
 * Tries until a broker stored the message, the tries or the time are used up, or an error will not go away by
 * trying again (reference: client-behaviour 2.3). A rejection carries the last failure as its cause.
 */
export async function sendWithRetry(policy: RetryPolicy, message: RetriedSend): Promise<SendResult> {
  const { clock } = policy
  /** That failed, or stored it less safely than asked. */
  const brokers: string[] = []
  let last: SendResult | undefined
  let failure: unknown
  try {
    for (let i = 0; i < policy.tries; i++) {
      const beganAt = clock.monoMs()
      if (beganAt >= message.deadlineMonoMs) break
      let queue: MessageQueue | undefined
      try {
        const choice = message.choose(brokers.at(-1))
        queue = choice instanceof Promise ? await choice : choice
        const restMs = message.deadlineMonoMs - (choice instanceof Promise ? clock.monoMs() : beganAt)
        last = await message.send(queue, timeoutOf(policy, i, restMs))
        message.tried(queue, clock.monoMs() - beganAt, 'none')
        if (last.status === 'SEND_OK' || !policy.retryWhenNotStoreOK) return last
        brokers.push(queue.brokerName)
      } catch (thrown) {
        if (!isAerobeeError(thrown) || message.signal?.aborted) throw thrown
        if (queue) message.tried(queue, clock.monoMs() - beganAt, kindOf(thrown))
        if (!triesAgain(policy, thrown)) {
          if (last) return last
          throw thrown
        }
        failure = thrown
        if (thrown.code === 'LIMIT_EXCEEDED') {
          await sleep(clock, fullPauseMs, message.signal)
          i--
        } else if (queue) brokers.push(queue.brokerName)
      }
    }
  } finally {
    message.ended()
  }
  if (last) return last
  if (isAerobeeError(failure) && brokers.length <= 1) throw failure
  throw exhausted(message.topic, brokers, failure)
}

function timeoutOf(policy: RetryPolicy, attempt: number, restMs: number): number {
  const others = attempt + 1 < policy.tries
  return others && policy.perTryMs > -1 ? Math.min(restMs, policy.perTryMs) : restMs
}

function triesAgain(policy: RetryPolicy, thrown: AerobeeError): boolean {
  if (thrown.code === 'BROKER_ERROR')
    return thrown.responseCode !== undefined && policy.retryResponseCodes.has(thrown.responseCode)
  return thrown.retryable
}

function kindOf(thrown: AerobeeError): TryFailure {
  switch (thrown.code) {
    case 'BROKER_ERROR':
      return 'broker'
    case 'CONNECT_FAILED':
    case 'CONNECTION_CLOSED':
    case 'TIMEOUT':
      return 'remoting'
    default:
      return 'none'
  }
}

function exhausted(topic: string, brokers: readonly string[], failure: unknown): AerobeeError {
  if (!isAerobeeError(failure))
    return new AerobeeError('TIMEOUT', `Sending to topic ${topic}: the time was over before the first try`, {
      retryable: true,
    })
  const sent = `Send [${brokers.length}] times, still failed, Topic: ${topic}, BrokersSent: [${brokers.join(', ')}]`
  return new AerobeeError(failure.code, `${sent}; the last time: ${errorText(failure)}`, {
    retryable: true,
    cause: failure,
    ...(failure.responseCode !== undefined && { responseCode: failure.responseCode }),
    ...(failure.address !== undefined && { address: failure.address }),
  })
}
