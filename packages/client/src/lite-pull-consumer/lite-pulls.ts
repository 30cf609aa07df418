import { errorText, isAerobeeError, MiB, sleep } from '@aerobee/base'
import { matchesTag, type Subscription } from '@aerobee/filter'
import { responseCodes } from '@aerobee/wire'
import type { ClientInstance } from '../client-instance.js'
import { decodeMessages } from '../decode-messages.js'
import type { RoleEvents } from '../events.js'
import { type PullResult, pullMessages } from '../push-consumer/pull-kernel.js'
import type { ReceivedMessage } from '../received-message.js'
import type { MessageQueue } from '../route.js'
import type { BatchCache } from './batch-cache.js'
import type { LiteQueue } from './lite-queue.js'
import type { LitePullSettings } from './options.js'

/** ms (reference: client-behaviour 10). */
const pausedDelayMs = 1000
const flowControlDelayMs = 50
const noOffsetDelayMs = 3000
const brokerFlowControlDelayMs = 20
const refreshAgainMs = 5000
const warnEvery = 1000

export interface LitePullOptions {
  instance: ClientInstance
  group: string
  settings: LitePullSettings
  cache: BatchCache
  events: RoleEvents
  subscription(topic: string): Subscription
  /** Where a queue begins that nobody has sought in. */
  startOffset(queue: MessageQueue): Promise<number>
  userQueue(queue: MessageQueue): MessageQueue
}

/** Fills the cache, queue by queue: one pull of a queue at a time, none while too much is cached. */
export class LitePulls {
  readonly #options: LitePullOptions
  /** Names of brokers that know no request for lite pulls, as those of 4.x: the ordinary one does as well. */
  readonly #oldBrokers = new Set<string>()
  #flowControlTimes = 0

  constructor(options: LitePullOptions) {
    this.#options = options
  }

  /** Ends when the queue is dropped. Does not reject. */
  async run(lite: LiteQueue): Promise<void> {
    const { clock } = this.#options.instance.surroundings
    const { signal } = lite.stop
    while (!lite.dropped) {
      const pauseMs = await this.#once(lite)
      if (pauseMs > 0) await sleep(clock, pauseMs, signal).catch(() => {})
    }
  }

  /** One round; resolves with how long to wait for the next one. */
  async #once(lite: LiteQueue): Promise<number> {
    const { instance } = this.#options
    if (lite.paused) return pausedDelayMs
    if (this.#tooMuchCached(lite)) return flowControlDelayMs
    const { epoch } = lite
    lite.lastPullMonoMs = instance.surroundings.clock.monoMs()
    try {
      lite.nextOffset ??= await this.#options.startOffset(lite.queue)
    } catch (thrown) {
      if (!lite.dropped)
        instance.logger.warn(`where queue ${nameOf(lite)} begins is not known: ${errorText(thrown)}`)
      return noOffsetDelayMs
    }
    if (lite.dropped) return 0
    const subscription = this.#options.subscription(lite.queue.topic)
    const offset = lite.nextOffset
    const old = this.#oldBrokers.has(lite.queue.brokerName)
    try {
      const result = await this.#pull(lite, subscription, offset, !old)
      const messages =
        result.status === 'FOUND' ? await this.#messages(lite, subscription, result, offset) : []
      // A seek meanwhile: what was pulled counts for nothing.
      if (lite.dropped || lite.epoch !== epoch) return 0
      this.#take(lite, result, messages, offset)
      return 0
    } catch (thrown) {
      if (lite.dropped || lite.epoch !== epoch) return 0
      if (!old && isNotSupported(thrown)) {
        this.#oldBrokers.add(lite.queue.brokerName)
        return 0
      }
      instance.logger.warn(`pulling queue ${nameOf(lite)} failed: ${errorText(thrown)}`)
      this.#options.events.emit('error', thrown, 'pull')
      if (isAerobeeError(thrown) && thrown.responseCode === responseCodes.FLOW_CONTROL)
        return brokerFlowControlDelayMs
      instance.routes.refreshUnlessAsked(lite.queue.topic, refreshAgainMs).catch(() => undefined)
      return instance.options.pullTimeDelayMillsWhenException ?? 1000
    }
  }

  #pull(lite: LiteQueue, subscription: Subscription, offset: number, asLite: boolean): Promise<PullResult> {
    const { instance, group, settings } = this.#options
    return pullMessages(instance, {
      group,
      queue: lite.queue,
      offset,
      maxCount: settings.pullBatchSize,
      maxBytes: 0x7fff_ffff,
      subscription,
      subVersion: subscription.expressionType === 'TAG' ? 0 : subscription.subVersion,
      expressionType: subscription.expressionType,
      classFilter: false,
      commitOffset: 0,
      brokerId: lite.brokerId,
      suspendMs: settings.brokerSuspendMaxTimeMillis,
      timeoutMs: settings.consumerTimeoutMillisWhenSuspend,
      lite: asLite,
      signal: lite.pulling.signal,
    })
  }

  async #messages(
    lite: LiteQueue,
    subscription: Subscription,
    result: PullResult,
    fromOffset: number,
  ): Promise<readonly ReceivedMessage[]> {
    const { instance, userQueue } = this.#options
    const messages = await decodeMessages(result.body, {
      queue: userQueue(lite.queue),
      namespace: instance.namespace,
      maxOffset: result.maxOffset,
      offsetDelta: result.offsetDelta,
      fromOffset,
      logger: instance.logger,
    })
    return messages.filter((message) => matchesTag(subscription, message.tags))
  }

  #take(lite: LiteQueue, result: PullResult, messages: readonly ReceivedMessage[], offset: number): void {
    const { instance, cache } = this.#options
    if (result.status === 'OFFSET_ILLEGAL')
      instance.logger.warn(
        `the pull request offset illegal, queue ${nameOf(lite)}, offset ${offset}, the broker has ${result.minOffset} to ${result.maxOffset}`,
      )
    lite.brokerId = result.suggestedBrokerId
    lite.nextOffset = result.nextOffset
    if (messages.length > 0) cache.add(lite.put(messages))
    // Nothing of it is with the user: what was passed over is done with.
    else if (lite.count === 0 && lite.handed < 0 && result.nextOffset > lite.consumed)
      lite.consumed = result.nextOffset
  }

  #tooMuchCached(lite: LiteQueue): boolean {
    const { settings, cache } = this.#options
    const sizeMiB = Math.floor(lite.bytes / MiB)
    const reason =
      cache.size * settings.pullBatchSize > settings.pullThresholdForAll
        ? `${cache.size} batches are cached of all queues`
        : lite.count > settings.pullThresholdForQueue
          ? `${lite.count} messages are cached`
          : sizeMiB > settings.pullThresholdSizeForQueue
            ? `${sizeMiB} MiB are cached`
            : lite.span > settings.consumeMaxSpan
              ? `the cached offsets span ${lite.span}`
              : undefined
    if (reason === undefined) return false
    if (this.#flowControlTimes++ % warnEvery === 0)
      this.#options.instance.logger.warn(
        `pulling queue ${nameOf(lite)} waits: ${reason}, flowControlTimes=${this.#flowControlTimes}`,
      )
    return true
  }
}

const isNotSupported = (thrown: unknown): boolean =>
  isAerobeeError(thrown) && thrown.responseCode === responseCodes.REQUEST_CODE_NOT_SUPPORTED

const nameOf = ({ queue }: LiteQueue): string =>
  `${queue.queueId} of topic ${queue.topic} at ${queue.brokerName}`
