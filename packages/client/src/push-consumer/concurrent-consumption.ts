import { errorText, type Timer } from '@aerobee/base'
import { withoutNamespace } from '../namespace.js'
import { advanceOffset } from '../offsets/offset-table.js'
import type { ReceivedMessage } from '../received-message.js'
import {
  type Consumption,
  type ConsumptionOptions,
  callListener,
  HookRun,
  logListenerFailure,
  type Outcome,
  returnTypeOf,
} from './consume-context.js'
import {
  Abandoned,
  type BatchListener,
  type ConsumeConcurrentlyContext,
  type ConsumeConcurrentlyStatus,
} from './listeners.js'
import type { ProcessQueue } from './process-queue.js'

/** Messages that no broker took back are tried here again after this. */
const localRetryMs = 5000
const minuteMs = 60_000
/** Of one queue, for one clean-up. */
const mostExpired = 16
/** Level of what a listener had for too long. */
const expiredDelayLevel = 3

/**
 * Listeners in parallel (reference: client-behaviour 6). Each message ends finished, sent back, or tried again here; the
 * offset is that of the lowest unfinished one.
 */
export class ConcurrentConsumption implements Consumption {
  readonly #options: ConsumptionOptions
  readonly #listener: BatchListener
  readonly #batchSize: number
  readonly #processQueues: () => readonly ProcessQueue[]
  #cleaning: Timer | undefined

  constructor(
    options: ConsumptionOptions,
    listener: BatchListener,
    batchSize: number,
    processQueues: () => readonly ProcessQueue[],
  ) {
    this.#options = options
    this.#listener = listener
    this.#batchSize = batchSize
    this.#processQueues = processQueues
  }

  start(): void {
    const { clock } = this.#options.instance.surroundings
    this.#cleaning = clock.every(
      this.#timeoutMs,
      () => {
        for (const processQueue of this.#processQueues()) void this.#cleanExpired(processQueue)
      },
      { background: true },
    )
  }

  stop(): void {
    this.#cleaning?.cancel()
  }

  submit(processQueue: ProcessQueue, messages: readonly ReceivedMessage[]): void {
    const size = this.#batchSize
    this.#options.listeners.submit(Math.ceil(messages.length / size), (index) =>
      this.#consume(processQueue, messages.slice(index * size, (index + 1) * size)),
    )
  }

  async directly(message: ReceivedMessage) {
    const context = contextOf(message)
    const outcome = await this.#call([message], context)
    if (outcome.failed)
      return {
        order: false,
        autoCommit: true,
        result: 'CR_THROW_EXCEPTION',
        remark: errorText(outcome.thrown),
      }
    const later = outcome.status === 'RECONSUME_LATER'
    return { order: false, autoCommit: true, result: later ? 'CR_LATER' : 'CR_SUCCESS' }
  }

  get #timeoutMs(): number {
    return this.#options.settings.consumeTimeout * minuteMs
  }

  #call(
    batch: readonly ReceivedMessage[],
    context: ConsumeConcurrentlyContext,
  ): Outcome<ConsumeConcurrentlyStatus> | Promise<Outcome<ConsumeConcurrentlyStatus>> {
    return callListener(this.#options, context.queue, batch, () => this.#listener(batch, context))
  }

  /** Does not reject. */
  async #consume(processQueue: ProcessQueue, batch: readonly ReceivedMessage[]): Promise<void> {
    if (processQueue.dropped) return
    const { instance, group, hooks, statistics } = this.#options
    const context = contextOf(batch[0]!)
    const hookRun =
      hooks.length === 0
        ? undefined
        : new HookRun(hooks, {
            consumerGroup: this.#options.userGroup,
            queue: context.queue,
            messages: batch,
          })
    const now = instance.surroundings.clock.monoMs()
    processQueue.lastConsumeMonoMs = now
    for (const message of batch) message.consumeStartMonoMs = now
    const called = this.#call(batch, context)
    const outcome = called instanceof Promise ? await called : called
    if (outcome.thrown instanceof Abandoned) return
    const failed = outcome.failed || outcome.status === 'RECONSUME_LATER'
    hookRun?.ended(!failed, returnTypeOf(outcome, !failed, this.#timeoutMs), outcome.ms)
    if (processQueue.dropped) {
      statistics.consumed(processQueue.queue.topic, outcome.ms, 0, 0)
      return
    }
    if (outcome.failed) logListenerFailure(instance.logger, group, batch, errorText(outcome.thrown))
    const okCount = failed ? 0 : Math.min(batch.length, Math.max(0, context.ackIndex + 1))
    statistics.consumed(processQueue.queue.topic, outcome.ms, okCount, batch.length - okCount)
    if (okCount === batch.length) this.#finish(processQueue, batch)
    else await this.#comeAgain(processQueue, batch, okCount, context.delayLevelWhenNextConsume)
  }

  #finish(processQueue: ProcessQueue, batch: readonly ReceivedMessage[]): void {
    const offset = processQueue.remove(batch)
    if (offset !== undefined && !processQueue.dropped) advanceOffset(processQueue.slot, offset)
  }

  /** What failed goes back to the broker; what it does not take stays here for another try. */
  async #comeAgain(
    processQueue: ProcessQueue,
    batch: readonly ReceivedMessage[],
    okCount: number,
    delayLevel: number,
  ): Promise<void> {
    const { settings, instance, sendBack } = this.#options
    const failed = batch.slice(okCount)
    if (settings.messageModel === 'BROADCASTING') {
      for (const message of failed)
        instance.logger.warn(`BROADCASTING, the message consume failed, drop it, ${message.messageId}`)
      this.#finish(processQueue, batch)
      return
    }
    const taken = await Promise.all(
      failed.map(
        (message) => !processQueue.has(message) || sendBack.send(processQueue.queue, message, delayLevel),
      ),
    )
    const again = failed.filter((_, i) => !taken[i])
    for (const message of again) message.reconsumeTimes++
    if (again.length > 0) this.#submitLater(processQueue, again)
    this.#finish(processQueue, again.length === 0 ? batch : batch.filter((one) => !again.includes(one)))
  }

  #submitLater(processQueue: ProcessQueue, messages: readonly ReceivedMessage[]): void {
    this.#options.later(localRetryMs, () => {
      if (!processQueue.dropped) this.submit(processQueue, messages)
    })
  }

  /** Messages that a listener has had for too long are delivered again elsewhere; the listener is left alone. */
  async #cleanExpired(processQueue: ProcessQueue): Promise<void> {
    const { instance, sendBack, settings } = this.#options
    if (settings.messageModel === 'BROADCASTING') return
    const { clock } = instance.surroundings
    for (let round = Math.min(processQueue.count, mostExpired); round > 0; round--) {
      const message = processQueue.first
      if (processQueue.dropped || message?.consumeStartMonoMs === undefined) return
      if (clock.monoMs() - message.consumeStartMonoMs <= this.#timeoutMs) return
      if (!(await sendBack.send(processQueue.queue, message, expiredDelayLevel))) return
      instance.logger.warn(
        `message ${message.messageId} of topic ${withoutNamespace(instance.namespace, message.topic)} was with its listener for too long and is delivered again`,
      )
      if (processQueue.first === message) processQueue.remove([message])
    }
  }
}

const contextOf = ({ queue }: ReceivedMessage): ConsumeConcurrentlyContext => ({
  queue,
  delayLevelWhenNextConsume: 0,
  ackIndex: Number.MAX_SAFE_INTEGER,
})
