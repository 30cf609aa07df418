import { AerobeeError, type Clock, errorText, isAerobeeError } from '@aerobee/base'
import type { MessageQueue } from '../route.js'
import type { SendResult } from './producer.js'

export interface RetryPlan {
  tries: number
  deadlineMonoMs: number
  clock: Clock
  signal: AbortSignal | undefined
  /** Whether anything but SEND_OK is tried again at another broker. */
  retryWhenNotStoreOK: boolean
  topic: string
  /** Chooses a queue, of another broker than the one named where there is one, and sends. */
  send(
    avoidBroker: string | undefined,
    restMs: number,
  ): Promise<{ queue: MessageQueue; result: Promise<SendResult> }>
}

/**
 * Tries until a broker stored the message, the tries or the time are used up, or an error will not go away by
 * trying again (reference: client-behaviour 2.3). A rejection carries the last failure as its cause.
 */
export async function sendWithRetry(plan: RetryPlan): Promise<SendResult> {
  const brokers: string[] = []
  let last: SendResult | undefined
  let failure: unknown
  for (let i = 0; i < plan.tries; i++) {
    const restMs = plan.deadlineMonoMs - plan.clock.monoMs()
    if (restMs <= 0) break
    try {
      const { queue, result } = await plan.send(brokers.at(-1), restMs)
      brokers.push(queue.brokerName)
      last = await result
      if (last.status === 'SEND_OK' || !plan.retryWhenNotStoreOK) return last
    } catch (thrown) {
      if (!isAerobeeError(thrown) || !thrown.retryable || plan.signal?.aborted) throw thrown
      failure = thrown
    }
  }
  if (last) return last
  if (isAerobeeError(failure) && brokers.length <= 1) throw failure
  throw exhausted(plan.topic, brokers, failure)
}

function exhausted(topic: string, brokers: readonly string[], failure: unknown): AerobeeError {
  const sent = `Sending to topic ${topic} failed ${brokers.length} times, at ${brokers.join(', ')}`
  if (!isAerobeeError(failure))
    return new AerobeeError('TIMEOUT', `Sending to topic ${topic}: the time was over before the first try`, {
      retryable: true,
    })
  return new AerobeeError(failure.code, `${sent}; the last time: ${errorText(failure)}`, {
    retryable: true,
    cause: failure,
    ...(failure.responseCode !== undefined && { responseCode: failure.responseCode }),
    ...(failure.address !== undefined && { address: failure.address }),
  })
}
