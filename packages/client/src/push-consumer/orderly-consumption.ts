import { errorText, type Timer } from '@aerobee/base'
import { setOffset } from '../offsets/offset-table.js'
import type { ReceivedMessage } from '../received-message.js'
import { queueKey } from '../route.js'
import {
  type Consumption,
  type ConsumptionOptions,
  callListener,
  HookRun,
  logListenerFailure,
  returnTypeOf,
} from './consume-context.js'
import {
  Abandoned,
  type ConsumeOrderlyContext,
  type ConsumeOrderlyStatus,
  type OrderlyBatchListener,
} from './listeners.js'
import type { ProcessQueue } from './process-queue.js'
import type { QueueLocks } from './queue-locks.js'

/** ms (reference: client-behaviour 7). */
const firstLockAllMs = 1000
const lockAllMs = 20_000
const lockDelayMs = 100
const lockedAgainMs = 10
const lockFailedAgainMs = 3000
const longestRunMs = 60_000
const minuteMs = 60_000
const shortestSuspendMs = 10
const longestSuspendMs = 30_000

/** One queue, one listener at a time, in the order of the offsets (reference: client-behaviour 7). */
export class OrderlyConsumption implements Consumption {
  readonly #options: ConsumptionOptions
  readonly #listener: OrderlyBatchListener
  readonly #batchSize: number
  readonly #processQueues: () => readonly ProcessQueue[]
  /** undefined when broadcasting. */
  readonly #locks: QueueLocks | undefined
  /** By queue: ends with the listener that is at work on it, also for a process queue that was dropped meanwhile. */
  readonly #working = new Map<string, Promise<void>>()
  readonly #timers: Timer[] = []
  #stopped = false

  constructor(
    options: ConsumptionOptions,
    listener: OrderlyBatchListener,
    batchSize: number,
    processQueues: () => readonly ProcessQueue[],
    locks: QueueLocks | undefined,
  ) {
    this.#options = options
    this.#listener = listener
    this.#batchSize = batchSize
    this.#processQueues = processQueues
    this.#locks = locks
  }

  start(): void {
    const locks = this.#locks
    if (!locks) return
    const { clock } = this.#options.instance.surroundings
    const lockAll = () => void locks.lockAll(this.#processQueues())
    this.#timers.push(
      clock.after(firstLockAllMs, lockAll),
      clock.every(lockAllMs, lockAll, { background: true }),
    )
  }

  stop(): void {
    this.#stopped = true
    for (const timer of this.#timers) timer.cancel()
  }

  submit(processQueue: ProcessQueue, _messages: readonly ReceivedMessage[], dispatch: boolean): void {
    if (dispatch) this.#dispatch(processQueue)
  }

  async directly(message: ReceivedMessage) {
    const context = contextOf(message)
    const outcome = await callListener<ConsumeOrderlyStatus>(this.#options, context.queue, [message], () =>
      this.#listener([message], context),
    )
    const { autoCommit } = context
    if (outcome.failed)
      return { order: true, autoCommit, result: 'CR_THROW_EXCEPTION', remark: errorText(outcome.thrown) }
    return { order: true, autoCommit, result: directResults[outcome.status ?? 'SUCCESS'] }
  }

  #dispatch(processQueue: ProcessQueue): void {
    this.#options.listeners.submit(1, () => this.#work(processQueue))
  }

  #dispatchLater(processQueue: ProcessQueue, delayMs: number): void {
    this.#options.later(delayMs, () => this.#dispatch(processQueue))
  }

  /** Does not reject. Waits for a listener that still has messages of an earlier holding of the queue. */
  async #work(processQueue: ProcessQueue): Promise<void> {
    const key = queueKey(processQueue.queue)
    while (this.#working.has(key)) await this.#working.get(key)
    if (processQueue.dropped || this.#stopped) return
    const work = this.#run(processQueue).catch((thrown) => {
      this.#options.instance.logger.error(`consuming queue ${key} failed: ${errorText(thrown)}`)
      this.#dispatchLater(processQueue, lockFailedAgainMs)
    })
    this.#working.set(key, work)
    processQueue.listening = work
    await work
    processQueue.listening = undefined
    this.#working.delete(key)
  }

  #locked(processQueue: ProcessQueue): boolean {
    if (!this.#locks) return true
    return processQueue.locked && !processQueue.lockExpired(this.#now)
  }

  get #now(): number {
    return this.#options.instance.surroundings.clock.monoMs()
  }

  async #run(processQueue: ProcessQueue): Promise<void> {
    if (!this.#locked(processQueue)) return this.#lockLater(processQueue, lockDelayMs)
    const beganAt = this.#now
    for (;;) {
      if (processQueue.dropped || this.#stopped) return
      if (!this.#locked(processQueue)) return this.#lockLater(processQueue, lockedAgainMs)
      if (this.#now - beganAt > longestRunMs) return this.#dispatchLater(processQueue, lockedAgainMs)
      const messages = processQueue.take(this.#batchSize)
      if (messages.length === 0) return
      if (!(await this.#consume(processQueue, messages))) return
    }
  }

  #lockLater(processQueue: ProcessQueue, delayMs: number): void {
    this.#options.later(delayMs, () => {
      if (processQueue.dropped) return
      void this.#locks?.lockOne(processQueue).then((locked) => {
        this.#dispatchLater(processQueue, locked ? lockedAgainMs : lockFailedAgainMs)
      })
    })
  }

  /** Whether to go on with the next messages at once. */
  async #consume(processQueue: ProcessQueue, messages: readonly ReceivedMessage[]): Promise<boolean> {
    const { instance, group, hooks, settings } = this.#options
    const context = contextOf(messages[0]!)
    const hookRun =
      hooks.length === 0
        ? undefined
        : new HookRun(hooks, { consumerGroup: this.#options.userGroup, queue: context.queue, messages })
    processQueue.lastConsumeMonoMs = this.#now
    const outcome = await callListener<ConsumeOrderlyStatus>(this.#options, context.queue, messages, () =>
      this.#listener(messages, context),
    )
    if (outcome.thrown instanceof Abandoned) return false
    const status = outcome.failed ? 'SUSPEND_CURRENT_QUEUE_A_MOMENT' : (outcome.status ?? 'SUCCESS')
    const ok = status === 'SUCCESS' || status === 'COMMIT'
    hookRun?.ended(ok, returnTypeOf(outcome, ok, settings.consumeTimeout * minuteMs), outcome.ms)
    if (outcome.failed) logListenerFailure(instance.logger, group, messages, errorText(outcome.thrown))
    if (processQueue.dropped && !(ok && processQueue.locked)) return false
    return this.#settle(processQueue, messages, status, context, outcome.ms)
  }

  async #settle(
    processQueue: ProcessQueue,
    messages: readonly ReceivedMessage[],
    status: ConsumeOrderlyStatus,
    context: ConsumeOrderlyContext,
    ms: number,
  ): Promise<boolean> {
    const { statistics, instance } = this.#options
    const { topic } = processQueue.queue
    const { autoCommit } = context
    if (autoCommit && (status === 'COMMIT' || status === 'ROLLBACK'))
      instance.logger.warn(
        `the message queue consume result is illegal, we think you want to ack these message ${queueKey(processQueue.queue)}`,
      )
    if (status === 'SUSPEND_CURRENT_QUEUE_A_MOMENT') {
      statistics.consumed(topic, ms, 0, messages.length)
      if (await this.#triesAgain(messages)) {
        if (processQueue.dropped) return false
        processQueue.takeAgain(messages)
        this.#suspend(processQueue, context)
        return false
      }
      if (autoCommit) this.#commit(processQueue)
      return true
    }
    statistics.consumed(topic, ms, messages.length, 0)
    if (!autoCommit && status === 'ROLLBACK') {
      processQueue.rollback()
      this.#suspend(processQueue, context)
      return false
    }
    if (autoCommit || status === 'COMMIT') this.#commit(processQueue)
    return true
  }

  /** While the queue is locked, it waits for its listener before it goes: what was finished does not come again. */
  #commit(processQueue: ProcessQueue): void {
    const offset = processQueue.commit()
    if (offset !== undefined && (!processQueue.dropped || processQueue.locked))
      setOffset(processQueue.slot, offset)
  }

  #suspend(processQueue: ProcessQueue, { suspendCurrentQueueTimeMillis }: ConsumeOrderlyContext): void {
    const wanted =
      suspendCurrentQueueTimeMillis === -1
        ? this.#options.settings.suspendCurrentQueueTimeMillis
        : suspendCurrentQueueTimeMillis
    this.#dispatchLater(processQueue, Math.min(longestSuspendMs, Math.max(shortestSuspendMs, wanted)))
  }

  /** Messages that had their tries go to the retry topic, and so to the dead letters; any other keeps all of them here. */
  async #triesAgain(messages: readonly ReceivedMessage[]): Promise<boolean> {
    const { settings, sendBack } = this.#options
    const most = settings.maxReconsumeTimes === -1 ? 0x7fff_ffff : settings.maxReconsumeTimes
    let again = false
    for (const message of messages) {
      if (message.reconsumeTimes >= most && (await sendBack.sendToRetryTopic(message))) continue
      message.reconsumeTimes++
      again = true
    }
    return again
  }
}

const contextOf = ({ queue }: ReceivedMessage): ConsumeOrderlyContext => ({
  queue,
  autoCommit: true,
  suspendCurrentQueueTimeMillis: -1,
})

const directResults: Record<ConsumeOrderlyStatus, string> = {
  SUCCESS: 'CR_SUCCESS',
  COMMIT: 'CR_COMMIT',
  ROLLBACK: 'CR_ROLLBACK',
  SUSPEND_CURRENT_QUEUE_A_MOMENT: 'CR_LATER',
}
