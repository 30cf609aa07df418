import { isAerobeeError } from '@aerobee/base'
import type { ConsumeMessageHook, SendMessageHook } from './hooks.js'

type Labels = Record<string, string>

/** What Counter, Histogram and Gauge of prom-client can do; anything else that can will do as well. */
export interface CounterLike {
  inc(labels: Labels, value?: number): void
}
export interface HistogramLike {
  observe(labels: Labels, value: number): void
}
export interface GaugeLike {
  set(labels: Labels, value: number): void
}

/** Figures that a client keeps up to date; those left out cost nothing. Label names have to be declared as told here. */
export interface ClientMetrics {
  /** Sends by `topic` and `status`: SEND_OK, …, or the code of the error. */
  sends?: CounterLike
  /** Seconds from send to answer, by `topic`. */
  sendSeconds?: HistogramLike
  /** Messages by `group`, `topic` and `result`: SUCCESS, TIME_OUT, EXCEPTION, FAILED. */
  consumed?: CounterLike
  /** Seconds in listeners, by `group` and `topic`. */
  consumeSeconds?: HistogramLike
  /** Messages behind the last one delivered, by `group`, `topic`, `broker` and `queue`. */
  lag?: GaugeLike
}

export function meteredSends(metrics: ClientMetrics): SendMessageHook {
  return {
    after: ({ topic, result, error, cost }) => {
      const status = result?.status ?? (isAerobeeError(error) ? error.code : 'ERROR')
      metrics.sends?.inc({ topic, status })
      metrics.sendSeconds?.observe({ topic }, (cost ?? 0) / 1000)
    },
  }
}

export function meteredConsumption(metrics: ClientMetrics): ConsumeMessageHook {
  return {
    after: ({ consumerGroup: group, messages, returnType, cost }) => {
      const last = messages.at(-1)!
      const { topic, queue } = last
      metrics.consumed?.inc({ group, topic, result: returnType ?? 'SUCCESS' }, messages.length)
      metrics.consumeSeconds?.observe({ group, topic }, (cost ?? 0) / 1000)
      if (metrics.lag && last.maxOffset >= 0)
        metrics.lag.set(
          { group, topic, broker: queue.brokerName, queue: String(queue.queueId) },
          Math.max(0, last.maxOffset - last.queueOffset - 1),
        )
    },
  }
}
