import { AerobeeError, type Clock, errorText, isAerobeeError, sleep } from '@aerobee/base'
import type { MessageQueue } from '../route.js'
import type { SendResult } from './options.js'

/** While a connection takes no more, nothing is lost by waiting. */
const fullPauseMs = 20

export interface RetryPlan {
  tries: number
  deadlineMonoMs: number
  /** Of one try, while others may follow; -1: what is left. */
  perTryMs: number
  clock: Clock
  signal: AbortSignal | undefined
  /** Whether anything but SEND_OK is tried again at another broker. */
  retryWhenNotStoreOK: boolean
  /** Answers of brokers after which another try makes sense. */
  retryResponseCodes: ReadonlySet<number>
  topic: string
  /** A queue of another broker than the one named, where there is one. Rejects with NO_ROUTE. */
  choose(avoidBroker: string | undefined): MessageQueue | Promise<MessageQueue>
  send(queue: MessageQueue, timeoutMs: number): Promise<SendResult>
  /** How a try went, for choosing the next queues. */
  tried(queue: MessageQueue, elapsedMs: number, failure: 'none' | 'remoting' | 'broker'): void
}

/**
 * Tries until a broker stored the message, the tries or the time are used up, or an error will not go away by
 * trying again (reference: client-behaviour 2.3). A rejection carries the last failure as its cause.
 */
export async function sendWithRetry(plan: RetryPlan): Promise<SendResult> {
  const { clock } = plan
  const brokers: string[] = []
  let last: SendResult | undefined
  let failure: unknown
  for (let i = 0; i < plan.tries; i++) {
    const beganAt = clock.monoMs()
    if (beganAt >= plan.deadlineMonoMs) break
    let queue: MessageQueue | undefined
    try {
      const choice = plan.choose(brokers.at(-1))
      queue = choice instanceof Promise ? await choice : choice
      brokers.push(queue.brokerName)
      last = await plan.send(queue, timeoutOf(plan, i, plan.deadlineMonoMs - clock.monoMs()))
      plan.tried(queue, clock.monoMs() - beganAt, 'none')
      if (last.status === 'SEND_OK' || !plan.retryWhenNotStoreOK) return last
    } catch (thrown) {
      if (!isAerobeeError(thrown) || plan.signal?.aborted) throw thrown
      if (queue) plan.tried(queue, clock.monoMs() - beganAt, kindOf(thrown))
      if (!triesAgain(plan, thrown)) {
        if (last) return last
        throw thrown
      }
      failure = thrown
      if (thrown.code === 'LIMIT_EXCEEDED') {
        await sleep(clock, fullPauseMs, plan.signal)
        brokers.pop()
        i--
      }
    }
  }
  if (last) return last
  if (isAerobeeError(failure) && brokers.length <= 1) throw failure
  throw exhausted(plan.topic, brokers, failure)
}

function timeoutOf(plan: RetryPlan, attempt: number, restMs: number): number {
  const others = attempt + 1 < plan.tries
  return others && plan.perTryMs > -1 ? Math.min(restMs, plan.perTryMs) : restMs
}

function triesAgain(plan: RetryPlan, thrown: AerobeeError): boolean {
  if (thrown.code === 'BROKER_ERROR')
    return thrown.responseCode !== undefined && plan.retryResponseCodes.has(thrown.responseCode)
  return thrown.retryable
}

function kindOf(thrown: AerobeeError): 'none' | 'remoting' | 'broker' {
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
