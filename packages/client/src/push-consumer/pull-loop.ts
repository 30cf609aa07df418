import { AerobeeError, errorText, isAerobeeError, MiB, sleep } from '@aerobee/base'
import { matchesTag, type Subscription } from '@aerobee/filter'
import { isRetryTopic } from '@aerobee/wire'
import type { ClientInstance } from '../client-instance.js'
import { type ReceivedMessage, receivedMessage } from '../messages.js'
import type { MessageQueue } from '../route.js'
import type { OffsetStore } from './offset-store.js'
import type { ProcessQueue } from './process-queue.js'
import { type PullResult, pullOnce } from './pull-once.js'

/** Delays of the pull procedure, ms (reference: client-behaviour 4). */
const exceptionDelayMs = 1000
const flowControlDelayMs = 50

export interface PullLimits {
  pullBatchSize: number
  pullThresholdForQueue: number
  pullThresholdSizeForQueue: number
  consumeConcurrentlyMaxSpan: number
}

export interface PullLoopOptions {
  instance: ClientInstance
  group: string
  queue: MessageQueue
  processQueue: ProcessQueue
  offsets: OffsetStore
  limits: PullLimits
  signal: AbortSignal
  subscription(): Subscription | undefined
  consume(messages: readonly ReceivedMessage[]): void
  /** The broker says the offset does not exist: the queue starts again at the given one. */
  onOffsetIllegal(nextOffset: number): void
}

/**
 * Pulls one queue until it is dropped: one request at a time, none while too much is cached.
 *
 *   check ──too much cached──► wait 50 ms ─► check
 *     └──► pull ──found──► cache, hand to listeners ─► check
 *            ├──nothing, held by the broker──► check
 *            ├──offset illegal──► end, the queue starts anew
 *            └──failed──► wait 1 s ─► check
 */
export async function pullLoop(options: PullLoopOptions, startOffset: number): Promise<void> {
  const { instance, processQueue, signal } = options
  const { clock } = instance.surroundings
  let next = startOffset
  let brokerId = 0
  let throttled = 0
  while (!processQueue.dropped && !signal.aborted) {
    processQueue.lastPullMonoMs = clock.monoMs()
    try {
      const reason = tooMuchCached(options)
      if (reason !== undefined) {
        if (throttled++ % 1000 === 0)
          instance.logger.warn(`pulling of ${name(options.queue)} waits: ${reason}`, { times: throttled })
        await sleep(clock, flowControlDelayMs, signal)
        continue
      }
      const subscription = options.subscription()
      if (!subscription) {
        await sleep(clock, exceptionDelayMs, signal)
        continue
      }
      const result = await pullOnce(instance, {
        group: options.group,
        queue: options.queue,
        offset: next,
        subscription,
        maxCount: options.limits.pullBatchSize,
        commitOffset: options.offsets.known(options.queue) ?? 0,
        brokerId,
        signal,
      })
      if (processQueue.dropped) return
      if (result.status === 'OFFSET_ILLEGAL') {
        instance.logger.warn(
          `offset ${next} of ${name(options.queue)} does not exist, the broker has ${result.minOffset} to ${result.maxOffset}`,
        )
        return options.onOffsetIllegal(result.nextOffset)
      }
      brokerId = result.suggestedBrokerId
      next = result.nextOffset
      await take(options, subscription, result)
    } catch (thrown) {
      if (signal.aborted) return
      if (!isRetryTopic(options.queue.topic))
        instance.logger.warn(`pulling ${name(options.queue)} failed: ${errorText(thrown)}`)
      if (isAerobeeError(thrown, 'BROKER_ERROR') || isAerobeeError(thrown, 'CONNECT_FAILED'))
        await refresh(options)
      await sleep(clock, exceptionDelayMs, signal).catch(() => {})
    }
  }
}

const name = (queue: MessageQueue) => `queue ${queue.queueId} of topic ${queue.topic} at ${queue.brokerName}`

/** A broker may have moved or lost the topic. */
async function refresh(options: PullLoopOptions): Promise<void> {
  await options.instance.routes.refresh(options.queue.topic).catch(() => undefined)
}

function tooMuchCached({ processQueue, limits }: PullLoopOptions): string | undefined {
  if (processQueue.count > limits.pullThresholdForQueue) return `${processQueue.count} messages are cached`
  if (Math.floor(processQueue.bytes / MiB) > limits.pullThresholdSizeForQueue)
    return `${processQueue.bytes} bytes are cached`
  if (processQueue.span > limits.consumeConcurrentlyMaxSpan)
    return `the cached offsets span ${processQueue.span}`
  return undefined
}

async function take(options: PullLoopOptions, subscription: Subscription, result: PullResult): Promise<void> {
  const { processQueue, queue, offsets, instance } = options
  const messages: ReceivedMessage[] = []
  for (const record of result.records) {
    try {
      const message = await receivedMessage(record, queue.brokerName)
      if (matchesTag(subscription, message.tags)) messages.push(message)
    } catch (thrown) {
      if (!(thrown instanceof AerobeeError)) throw thrown
      instance.logger.error(
        `message at offset ${record.queueOffset} of ${name(queue)} cannot be read and is left out: ${thrown.message}`,
      )
    }
  }
  if (processQueue.dropped) return
  if (messages.length > 0) {
    processQueue.put(messages)
    options.consume(messages)
  } else if (processQueue.count === 0) offsets.advance(queue, result.nextOffset)
}
