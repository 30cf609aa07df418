import { errorText, type Timer } from '@aerobee/base'
import { retryTopicOf } from '@aerobee/wire'
import type { ClientInstance } from '../client-instance.js'
import type { RoleEvents } from '../events.js'
import type { ConsumeMessageHook } from '../hooks.js'
import { meteredConsumption } from '../metrics.js'
import { withoutNamespace } from '../namespace.js'
import type { OffsetTable } from '../offsets/offset-table.js'
import { announceChange } from '../rebalance/announce-change.js'
import { RebalanceService } from '../rebalance/rebalance-service.js'
import type { AllocateStrategy } from '../rebalance/strategy.js'
import { type MessageQueue, queueKey } from '../route.js'
import { ConsumerStatistics } from '../statistics.js'
import { tracedConsumption } from '../trace/trace-hooks.js'
import { Tracer } from '../trace/tracer.js'
import { Assignment } from './assignment.js'
import { ConcurrentConsumption } from './concurrent-consumption.js'
import type { Consumption, ConsumptionOptions } from './consume-context.js'
import { ListenerPool } from './listener-pool.js'
import type { BatchListener, OrderlyBatchListener } from './listeners.js'
import type { PushConsumerOptions, PushConsumerSettings } from './options.js'
import { OrderlyConsumption } from './orderly-consumption.js'
import type { ProcessQueue } from './process-queue.js'
import { PullProcedure } from './pull-procedure.js'
import { PullService } from './pull-service.js'
import { QueueLocks } from './queue-locks.js'
import { SendBack } from './send-back.js'
import type { StartOffsets } from './start-offset.js'
import type { Subscriptions } from './subscriptions.js'

/** Looks for the retry topic, each after twice the time of the one before; ms. */
const firstLookMs = 250
const lastLookMs = 16_000

export interface DeliveryOptions {
  instance: ClientInstance
  group: string
  options: PushConsumerOptions
  settings: PushConsumerSettings
  subscriptions: Subscriptions
  offsets: OffsetTable
  starts: StartOffsets
  strategy: AllocateStrategy
  events: RoleEvents
  listener: { concurrently?: BatchListener; orderly?: OrderlyBatchListener; batchSize: number }
  paused(): boolean
}

/**
 * Wires what brings messages from brokers to the listener:
 *
 *   rebalance service ─► assignment ─► pull service ─► pull procedure ─► process queue ─► consumption ─► listener
 *                            └── offsets ◄──────────────────────────────────────────────────┘
 */
export class Delivery {
  readonly listeners: ListenerPool
  readonly statistics: ConsumerStatistics
  readonly consumption: Consumption
  readonly orderly: boolean
  readonly #options: DeliveryOptions
  readonly #assignment: Assignment
  readonly #rebalance: RebalanceService
  readonly #pulls: PullService
  readonly #locks: QueueLocks | undefined
  readonly #tracer: Tracer | undefined
  #saving: Timer | undefined
  #stopped = false

  constructor(options: DeliveryOptions) {
    const { instance, settings, group, listener, offsets, starts } = options
    const { clock } = instance.surroundings
    this.#options = options
    this.orderly = listener.orderly !== undefined
    this.listeners = new ListenerPool(settings.consumeThreadMax)
    this.statistics = new ConsumerStatistics(clock)
    if (options.options.enableTrace)
      this.#tracer = new Tracer(instance, options.options.consumerGroup, 'CONSUME', options.options)
    const broadcasting = settings.messageModel === 'BROADCASTING'
    this.#locks = this.orderly && !broadcasting ? new QueueLocks(instance, group) : undefined
    const procedure = new PullProcedure(
      {
        instance,
        group,
        settings,
        orderly: this.orderly,
        statistics: this.statistics,
        events: options.events,
        filterHooks: options.options.filterMessageHooks ?? [],
        state: () => (this.#stopped ? 'closed' : options.paused() ? 'paused' : 'running'),
        subscription: (topic) => options.subscriptions.get(topic),
        startOffset: async (queue) => (await starts.of(queue)).offset,
        consume: (processQueue, messages, dispatch) =>
          this.consumption.submit(processQueue, messages, dispatch),
        onOffsetIllegal: (request) =>
          this.#pulls.later(settings.correctOffsetDelayMillis, () => {
            this.#assignment
              .correctOffset(request)
              .catch((thrown) => instance.logger.error(`correcting an offset failed: ${errorText(thrown)}`))
          }),
      },
      () => this.#pulls,
    )
    this.#pulls = new PullService(clock, instance.logger, { pull: (request) => procedure.run(request) })
    this.#assignment = new Assignment({
      instance,
      group,
      offsets,
      starts,
      strategy: options.strategy,
      subscriptions: options.subscriptions,
      broadcasting,
      byBroker: options.options.clientRebalance === false && !broadcasting && !this.orderly,
      events: options.events,
      locks: this.#locks,
      paused: options.paused,
      submitLater: (request, delayMs) => this.#pulls.submitLater(request, delayMs),
      later: (delayMs, run) => this.#pulls.later(delayMs, run),
      wake: () => this.wake(),
      onChange: (topic, all, own) => this.#onChange(topic, all, own),
    })
    this.#rebalance = new RebalanceService(clock, instance.logger, () => this.#assignment.shareOut())
    this.consumption = this.#consumption()
  }

  get processQueues(): ProcessQueue[] {
    return this.#assignment.processQueues
  }

  start(): void {
    const { instance, offsets } = this.#options
    const periodMs = instance.options.persistConsumerOffsetInterval ?? 5000
    this.statistics.start()
    this.#tracer?.start()
    this.consumption.start()
    this.#saving = instance.surroundings.clock.every(periodMs, () => {
      offsets.save().catch((thrown) => instance.logger.error(`saving offsets failed: ${errorText(thrown)}`))
    })
  }

  /** Takes the first share of queues. */
  async join(): Promise<void> {
    if (this.#stopped) return
    await this.#rebalance.start()
    this.#findRetryTopic(firstLookMs)
  }

  wake(): void {
    this.#rebalance.wake()
  }

  reset(topic: string, offsets: readonly (readonly [MessageQueue, number])[]): Promise<void> {
    return this.#assignment.reset(topic, offsets)
  }

  /** No queue, no message and no listener begins any more. Resolves when no sharing-out is under way. */
  async stopTaking(): Promise<void> {
    this.#stopped = true
    this.#pulls.stop()
    this.#assignment.stop()
    this.consumption.stop()
    this.statistics.stop()
    this.#saving?.cancel()
    await this.#rebalance.stop()
  }

  /** Results of listeners are ignored from now on, and other members may have the queues. */
  async leave(): Promise<void> {
    const held = this.#assignment.dropAll()
    await this.#locks?.unlockAll(held)
    await this.#tracer?.stop()
  }

  /**
   * The first heartbeat of a group makes its retry topic, which name servers know a moment later. What listeners fail on
   * would otherwise wait for the next sharing out.
   */
  #findRetryTopic(delayMs: number): void {
    const { instance, group, subscriptions } = this.#options
    const topic = retryTopicOf(group)
    if (delayMs > lastLookMs || !subscriptions.has(topic) || instance.routes.knownForReading(topic)) return
    this.#pulls.later(delayMs, () => {
      instance.routes
        .refresh(topic)
        .catch((thrown) => instance.logger.debug(`looking for topic ${topic} failed: ${errorText(thrown)}`))
        .finally(() => this.#findRetryTopic(2 * delayMs))
    })
  }

  #consumption(): Consumption {
    const { instance, group, settings, listener } = this.#options
    const most = settings.maxReconsumeTimes
    const options: ConsumptionOptions = {
      instance,
      group,
      userGroup: withoutNamespace(instance.namespace, group),
      settings,
      listeners: this.listeners,
      sendBack: new SendBack(instance, group, most === -1 ? (this.orderly ? 0x7fff_ffff : 16) : most),
      statistics: this.statistics,
      hooks: this.#hooks(),
      later: (delayMs, run) => this.#pulls.later(delayMs, run),
    }
    const processQueues = () => this.processQueues
    if (listener.orderly)
      return new OrderlyConsumption(options, listener.orderly, listener.batchSize, processQueues, this.#locks)
    return new ConcurrentConsumption(options, listener.concurrently!, listener.batchSize, processQueues)
  }

  #hooks(): readonly ConsumeMessageHook[] {
    const { instance, options } = this.#options
    const { clock } = instance.surroundings
    const { metrics } = instance.options
    return [
      ...(options.consumeMessageHooks ?? []),
      ...(metrics ? [meteredConsumption(metrics)] : []),
      ...(this.#tracer ? [tracedConsumption(this.#tracer, () => clock.wallMs())] : []),
    ]
  }

  #onChange(topic: string, all: readonly MessageQueue[], own: readonly MessageQueue[]): void {
    const { instance, subscriptions, settings, options, events } = this.#options
    const held = Math.max(1, this.processQueues.length)
    if (settings.pullThresholdForTopic !== -1)
      settings.pullThresholdForQueue = Math.max(1, Math.floor(settings.pullThresholdForTopic / held))
    if (settings.pullThresholdSizeForTopic !== -1)
      settings.pullThresholdSizeForQueue = Math.max(1, Math.floor(settings.pullThresholdSizeForTopic / held))
    instance.logger.info(
      `topic ${topic}: the queues of ${instance.clientId} are ${own.map(queueKey).join(', ') || 'none'}`,
    )
    const listener = options.messageQueueListener
    announceChange({ instance, subscriptions, events, listener }, topic, all, own)
  }
}
