import { errorText, isAerobeeError, MiB } from '@aerobee/base'
import { matchesTag, type Subscription } from '@aerobee/filter'
import { isRetryTopic, responseCodes } from '@aerobee/wire'
import type { ClientInstance } from '../client-instance.js'
import { decodeMessages } from '../decode-messages.js'
import type { RoleEvents } from '../events.js'
import { type FilterMessageHook, runHook } from '../hooks.js'
import { userQueue } from '../namespace.js'
import { advanceOffset } from '../offsets/offset-table.js'
import type { ReceivedMessage } from '../received-message.js'
import type { MessageQueue } from '../route.js'
import type { ConsumerStatistics } from '../statistics.js'
import { type PullRequest, requestName } from './message-request.js'
import type { PushConsumerSettings } from './options.js'
import type { ProcessQueue } from './process-queue.js'
import { type PullResult, pullMessages } from './pull-kernel.js'
import type { PullService } from './pull-service.js'

/** Delays, ms (reference: client-behaviour 4). */
const cacheFlowControlDelayMs = 50
const brokerFlowControlDelayMs = 20
const pausedDelayMs = 1000
const brokerSuspendMs = 15_000
const pullTimeoutMs = 30_000
/** A route is not asked for more often than this because pulls fail. */
const refreshAgainMs = 5000
/** The first and every so-and-so-manieth wait is told of. */
const warnEvery = 1000

export interface PullContext {
  readonly instance: ClientInstance
  readonly group: string
  readonly settings: PushConsumerSettings
  readonly orderly: boolean
  readonly statistics: ConsumerStatistics
  readonly events: RoleEvents
  readonly filterHooks: readonly FilterMessageHook[]
  state(): 'running' | 'paused' | 'closed'
  subscription(topic: string): Subscription | undefined
  /** Where a locked queue begins. */
  startOffset(queue: MessageQueue): Promise<number>
  consume(processQueue: ProcessQueue, messages: readonly ReceivedMessage[], dispatch: boolean): void
  onOffsetIllegal(request: PullRequest): void
}

/**
 * The pull procedure (reference: client-behaviour 4.1 to 4.3). One request per queue is under way at any time; every path
 * re-inserts it exactly once or ends it.
 */
export class PullProcedure {
  readonly #context: PullContext
  readonly #service: () => PullService
  readonly #exceptionDelayMs: number
  #queueFlowControlTimes = 0
  #queueMaxSpanFlowControlTimes = 0

  constructor(context: PullContext, service: () => PullService) {
    this.#context = context
    this.#service = service
    this.#exceptionDelayMs = context.instance.options.pullTimeDelayMillsWhenException ?? 1000
  }

  run(request: PullRequest): void {
    const { instance, orderly } = this.#context
    const { logger } = instance
    const { processQueue } = request
    if (processQueue.dropped) {
      logger.info(`the ${requestName(request)} is dropped.`)
      return
    }
    processQueue.lastPullMonoMs = instance.surroundings.clock.monoMs()
    const state = this.#context.state()
    if (state === 'closed') {
      logger.warn(`the ${requestName(request)} waits: the consumer does not run`)
      this.#later(request)
    } else if (state === 'paused') {
      logger.warn(
        `the ${requestName(request)} waits: consumer ${instance.clientId} of group ${request.group} is paused`,
      )
      this.#service().submitLater(request, pausedDelayMs)
    } else if (this.#tooMuchCached(request)) this.#service().submitLater(request, cacheFlowControlDelayMs)
    else if (orderly) this.#pullLocked(request)
    else this.#pull(request)
  }

  #later(request: PullRequest): void {
    this.#service().submitLater(request, this.#exceptionDelayMs)
  }

  #tooMuchCached(request: PullRequest): boolean {
    const { settings, orderly } = this.#context
    const { processQueue } = request
    const { count, span } = processQueue
    const sizeMiB = Math.floor(processQueue.bytes / MiB)
    if (count > settings.pullThresholdForQueue) {
      this.#warnOfCache(request, 'message count', settings.pullThresholdForQueue, sizeMiB)
      return true
    }
    if (sizeMiB > settings.pullThresholdSizeForQueue) {
      this.#warnOfCache(request, 'message size', settings.pullThresholdSizeForQueue, sizeMiB)
      return true
    }
    if (orderly || span <= settings.consumeConcurrentlyMaxSpan) return false
    if (this.#queueMaxSpanFlowControlTimes++ % warnEvery === 0)
      this.#context.instance.logger.warn(
        `the queue's messages, span too long, so do flow control, minOffset=${processQueue.minOffset}, maxOffset=${processQueue.maxOffset}, maxSpan=${span}, pullRequest=${requestName(request)}, flowControlTimes=${this.#queueMaxSpanFlowControlTimes}`,
      )
    return true
  }

  #warnOfCache(request: PullRequest, what: string, threshold: number, sizeMiB: number): void {
    if (this.#queueFlowControlTimes++ % warnEvery !== 0) return
    const { minOffset, maxOffset, count } = request.processQueue
    this.#context.instance.logger.warn(
      `the cached ${what} exceeds the threshold ${threshold}${what === 'message size' ? ' MiB' : ''}, so do flow control, minOffset=${minOffset}, maxOffset=${maxOffset}, count=${count}, size=${sizeMiB} MiB, pullRequest=${requestName(request)}, flowControlTimes=${this.#queueFlowControlTimes}`,
    )
  }

  /** Orderly: a queue that was just locked begins where the last holder of the lock has come to. */
  #pullLocked(request: PullRequest): void {
    const { logger } = this.#context.instance
    if (!request.processQueue.locked) {
      logger.info(`pull message later because not locked in broker, ${requestName(request)}`)
      this.#later(request)
    } else if (request.previouslyLocked) this.#pull(request)
    else
      this.#fixOffset(request).then(
        () => this.run(request),
        (thrown: unknown) => {
          if (!request.processQueue.dropped)
            logger.error(`computing where the ${requestName(request)} begins failed: ${errorText(thrown)}`)
          this.#later(request)
        },
      )
  }

  async #fixOffset(request: PullRequest): Promise<void> {
    const { logger } = this.#context.instance
    const offset = await this.#context.startOffset(request.queue)
    if (offset < 0) throw new RangeError(`Unexpected offset ${offset}`)
    const brokerBusy = offset < request.nextOffset
    logger.info(
      `the first time to pull message, so fix offset from broker. ${requestName(request)}, newOffset: ${offset}, brokerBusy: ${brokerBusy}`,
    )
    if (brokerBusy)
      logger.info(
        `[NOTIFYME]the first time to pull message, but pull request offset larger than broker consume offset. ${requestName(request)}, nextOffset: ${request.nextOffset}, newOffset: ${offset}`,
      )
    request.previouslyLocked = true
    request.nextOffset = offset
  }

  #pull(request: PullRequest): void {
    const { instance, settings } = this.#context
    const subscription = this.#context.subscription(request.queue.topic)
    if (!subscription) {
      instance.logger.warn(`find the consumer's subscription failed, ${requestName(request)}`)
      this.#later(request)
      return
    }
    const { classFilterMode } = subscription
    const beganAt = instance.surroundings.clock.monoMs()
    const { offset } = request.processQueue.slot
    pullMessages(instance, {
      group: request.group,
      queue: request.queue,
      offset: request.nextOffset,
      maxCount: settings.pullBatchSize,
      maxBytes: settings.pullBatchSizeInBytes,
      subscription: settings.postSubscriptionWhenPull && !classFilterMode ? subscription : undefined,
      subVersion: subscription.subVersion,
      expressionType: subscription.expressionType,
      classFilter: classFilterMode,
      commitOffset: settings.messageModel === 'CLUSTERING' ? offset : 0,
      brokerId: request.brokerId,
      suspendMs: brokerSuspendMs,
      timeoutMs: pullTimeoutMs,
      lite: false,
      signal: request.stop.signal,
    })
      .then((result) => this.#onResult(request, subscription, result, beganAt))
      .catch((thrown: unknown) => this.#onFailure(request, thrown))
  }

  #onResult(
    request: PullRequest,
    subscription: Subscription,
    result: PullResult,
    beganAt: number,
  ): void | Promise<void> {
    request.brokerId = result.suggestedBrokerId
    switch (result.status) {
      case 'FOUND':
        return this.#onFound(request, subscription, result, beganAt)
      case 'NO_NEW_MSG':
      case 'NO_MATCHED_MSG':
        request.nextOffset = result.nextOffset
        if (request.processQueue.count === 0 && !request.processQueue.dropped)
          advanceOffset(request.processQueue.slot, request.nextOffset)
        this.#service().submit(request)
        return
      case 'OFFSET_ILLEGAL':
        if (request.processQueue.dropped) return
        this.#context.instance.logger.warn(
          `the pull request offset illegal, ${requestName(request)}, offset ${request.nextOffset}, the broker has ${result.minOffset} to ${result.maxOffset}`,
        )
        request.nextOffset = result.nextOffset
        request.processQueue.dropped = true
        this.#context.onOffsetIllegal(request)
    }
  }

  #onFound(
    request: PullRequest,
    subscription: Subscription,
    result: PullResult,
    beganAt: number,
  ): void | Promise<void> {
    const { instance } = this.#context
    const { queue } = request
    const decoded = decodeMessages(result.body, {
      queue: userQueue(instance.namespace, queue),
      namespace: instance.namespace,
      maxOffset: result.maxOffset,
      offsetDelta: result.offsetDelta,
      fromOffset: request.nextOffset,
      logger: instance.logger,
    })
    if (Array.isArray(decoded)) return this.#take(request, subscription, result, decoded, beganAt)
    return decoded.then((messages) => this.#take(request, subscription, result, messages, beganAt))
  }

  #take(
    request: PullRequest,
    subscription: Subscription,
    result: PullResult,
    decoded: readonly ReceivedMessage[],
    beganAt: number,
  ): void {
    const { instance, statistics, settings } = this.#context
    const { processQueue, queue } = request
    if (processQueue.dropped) {
      this.#service().submit(request)
      return
    }
    const previous = request.nextOffset
    request.nextOffset = result.nextOffset
    const messages = this.#filtered(subscription, decoded, queue)
    statistics.pulled(queue.topic, messages.length, instance.surroundings.clock.monoMs() - beganAt)
    const first = messages[0]
    if (first === undefined) {
      this.#service().submit(request)
      return
    }
    this.#context.consume(processQueue, messages, processQueue.put(messages))
    if (settings.pullInterval > 0) this.#service().submitLater(request, settings.pullInterval)
    else this.#service().submit(request)
    if (request.nextOffset < previous || first.queueOffset < previous)
      instance.logger.warn(
        `[BUG] pull message result maybe data wrong, nextBeginOffset: ${request.nextOffset} firstMsgOffset: ${first.queueOffset} prevRequestOffset: ${previous}`,
      )
  }

  /** Hashes of different tags may be equal, so tags are compared as text. */
  #filtered(
    subscription: Subscription,
    messages: readonly ReceivedMessage[],
    queue: MessageQueue,
  ): readonly ReceivedMessage[] {
    const checksTags = subscription.tagsSet.length > 0 && !subscription.classFilterMode
    let kept = checksTags ? messages.filter((message) => matchesTag(subscription, message.tags)) : messages
    for (const hook of this.#context.filterHooks)
      runHook(() => {
        kept = hook.filter(kept, userQueue(this.#context.instance.namespace, queue))
      })
    return kept
  }

  #onFailure(request: PullRequest, thrown: unknown): void {
    const { instance } = this.#context
    if (request.processQueue.dropped || request.stop.signal.aborted) return
    const code = isAerobeeError(thrown) ? thrown.responseCode : undefined
    if (!isRetryTopic(request.queue.topic)) {
      this.#context.events.emit('error', thrown, 'pull')
      instance.logger.warn(
        code === responseCodes.SUBSCRIPTION_NOT_LATEST
          ? `execute the pull request exception, the subscription is not latest, group=${request.group}, ${requestName(request)}`
          : `execute the pull request exception, group=${request.group}, ${requestName(request)}: ${errorText(thrown)}`,
      )
    }
    // The broker may have moved or lost the topic.
    if (code !== responseCodes.FLOW_CONTROL)
      instance.routes.refreshUnlessAsked(request.queue.topic, refreshAgainMs).catch(() => undefined)
    if (code === responseCodes.FLOW_CONTROL) this.#service().submitLater(request, brokerFlowControlDelayMs)
    else this.#later(request)
  }
}
