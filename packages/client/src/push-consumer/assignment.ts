import { errorText, type Timer } from '@aerobee/base'
import type { Subscription } from '@aerobee/filter'
import { bodies, commands, isRetryTopic, responseCodes } from '@aerobee/wire'
import type { ClientInstance } from '../client-instance.js'
import { allocateAveragely } from '../rebalance/averagely.js'
import { compareQueues, type MessageQueue, queueKey } from '../route.js'
import type { Consumption } from './consumption.js'
import type { OffsetStore } from './offset-store.js'
import { ProcessQueue } from './process-queue.js'
import { type PullLimits, pullLoop } from './pull-loop.js'
import { type ConsumeFrom, startOffset } from './start-offset.js'

/** ms (reference: client-behaviour 8.1). */
const rebalanceIntervalMs = 20_000
const unbalancedIntervalMs = 1000

export interface AssignmentOptions {
  instance: ClientInstance
  group: string
  offsets: OffsetStore
  consumption: Consumption
  from: ConsumeFrom
  subscriptions: ReadonlyMap<string, Subscription>
  limits: PullLimits
  persistIntervalMs: number
}

interface Held {
  queue: MessageQueue
  processQueue: ProcessQueue
  stop: AbortController
}

/**
 * The queues this member holds: shared out anew every 20 s, when a broker says that the group changed, and a second
 * later when it did not work out. Also commits the offsets of what it holds.
 */
export class Assignment {
  readonly #options: AssignmentOptions
  readonly #held = new Map<string, Held>()
  #timer: Timer | undefined
  #persist: Timer | undefined
  #running: Promise<void> | undefined
  #again = false
  #stopped = false

  constructor(options: AssignmentOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const { instance, persistIntervalMs, offsets } = this.#options
    this.#persist = instance.surroundings.clock.every(persistIntervalMs, () => {
      offsets.commit().catch((thrown) => instance.logger.warn(errorText(thrown)))
    })
    await this.#rebalance()
  }

  /** Shares out at once, or once more when that is under way. */
  soon(): void {
    if (this.#stopped) return
    if (this.#running) this.#again = true
    else this.#rebalance().catch((thrown) => this.#options.instance.logger.warn(errorText(thrown)))
  }

  stopPulling(): void {
    this.#stopped = true
    this.#timer?.cancel()
    this.#persist?.cancel()
    for (const held of this.#held.values()) held.stop.abort()
  }

  dropAll(): void {
    for (const held of this.#held.values()) held.processQueue.dropped = true
    this.#held.clear()
  }

  #rebalance(): Promise<void> {
    this.#timer?.cancel()
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #run(): Promise<void> {
    const { clock } = this.#options.instance.surroundings
    let balanced = true
    do {
      this.#again = false
      balanced = await this.#shareOut()
    } while (this.#again && !this.#stopped)
    if (this.#stopped) return
    this.#timer = clock.after(balanced ? rebalanceIntervalMs : unbalancedIntervalMs, () => this.soon())
  }

  /** Whether every topic has the queues it should have. */
  async #shareOut(): Promise<boolean> {
    const { subscriptions, instance } = this.#options
    let balanced = true
    for (const held of [...this.#held.values()])
      if (!subscriptions.has(held.queue.topic)) await this.#drop(held)
    for (const topic of [...subscriptions.keys()]) {
      try {
        if (!this.#stopped && !(await this.#shareOutTopic(topic))) balanced = false
      } catch (thrown) {
        if (!this.#stopped)
          instance.logger.warn(`sharing out the queues of topic ${topic} failed: ${errorText(thrown)}`)
        balanced = false
      }
    }
    return balanced
  }

  async #shareOutTopic(topic: string): Promise<boolean> {
    const { instance } = this.#options
    const route = instance.routes.known(topic) ?? (await instance.routes.refresh(topic))
    // A retry topic comes with the first heartbeat or the first failure.
    if (!route) return isRetryTopic(topic)
    const members = await this.#members(topic)
    if (!members?.includes(instance.clientId)) {
      await instance.heartbeat()
      return false
    }
    const own = allocateAveragely([...route.subscribeQueues].sort(compareQueues), members, instance.clientId)
    const wanted = new Set(own.map(queueKey))
    for (const held of [...this.#held.values()])
      if (held.queue.topic === topic && !wanted.has(queueKey(held.queue))) await this.#drop(held)
    let balanced = true
    for (const queue of own)
      if (!this.#held.has(queueKey(queue)) && !(await this.#take(queue))) balanced = false
    return balanced
  }

  /** Sorted client ids of the group, from any broker of the topic. */
  async #members(topic: string): Promise<string[] | undefined> {
    const { instance, group } = this.#options
    const queues = instance.routes.known(topic)?.subscribeQueues ?? []
    const byBroker = new Map(queues.map((queue) => [queue.brokerName, queue]))
    for (const queue of byBroker.values()) {
      const address = await instance.readAddress(queue, 0)
      const answer = await instance.pool
        .call(
          address,
          commands.getConsumerListByGroup,
          { consumerGroup: group },
          { timeoutMs: instance.callTimeoutMs },
        )
        .catch(() => undefined)
      if (answer?.code !== responseCodes.SUCCESS) continue
      const list = bodies.consumerIdList.decode(answer.body)
      if (list.ok) return [...list.value.consumerIdList].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    }
    return undefined
  }

  async #take(queue: MessageQueue): Promise<boolean> {
    const { instance, offsets, from } = this.#options
    offsets.forget(queue)
    let offset: number
    try {
      offset = await startOffset(instance, offsets, queue, from)
    } catch (thrown) {
      instance.logger.warn(
        `queue ${queue.queueId} of topic ${queue.topic} is left for now: ${errorText(thrown)}`,
      )
      return false
    }
    if (!this.#stopped) this.#hold(queue, offset)
    return true
  }

  #hold(queue: MessageQueue, offset: number): void {
    const { instance, group, offsets, consumption, limits, subscriptions } = this.#options
    const processQueue = new ProcessQueue(instance.surroundings.clock.monoMs())
    const held: Held = { queue, processQueue, stop: new AbortController() }
    this.#held.set(queueKey(queue), held)
    const loop = pullLoop(
      {
        instance,
        group,
        queue,
        processQueue,
        offsets,
        limits,
        signal: held.stop.signal,
        subscription: () => subscriptions.get(queue.topic),
        consume: (messages) => consumption.submit(processQueue, messages),
        onOffsetIllegal: (nextOffset) => this.#startAnew(held, nextOffset),
      },
      offset,
    )
    loop.catch((thrown) => instance.logger.error(`pulling topic ${queue.topic} ended: ${errorText(thrown)}`))
  }

  /** Commits what is finished and lets the queue go. */
  async #drop(held: Held): Promise<void> {
    held.processQueue.dropped = true
    held.stop.abort()
    this.#held.delete(queueKey(held.queue))
    await this.#options.offsets.commit(held.queue)
    this.#options.offsets.forget(held.queue)
  }

  /** The broker's correction counts at once (reference: client-behaviour 4.2, OFFSET_ILLEGAL). */
  #startAnew(held: Held, nextOffset: number): void {
    const { offsets, instance } = this.#options
    held.processQueue.dropped = true
    held.processQueue.clear()
    this.#held.delete(queueKey(held.queue))
    offsets.forget(held.queue)
    offsets.advance(held.queue, nextOffset)
    offsets
      .commit(held.queue)
      .then(() => this.soon())
      .catch((thrown) => instance.logger.warn(errorText(thrown)))
  }
}
