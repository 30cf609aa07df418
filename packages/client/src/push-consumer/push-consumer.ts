import { AerobeeError, abortable, errorText, sleep } from '@aerobee/base'
import { retryTopicOf } from '@aerobee/wire'
import { openInstance } from '../client.js'
import type { ClientInstance } from '../client-instance.js'
import { type ConsumerEvents, Observable } from '../events.js'
import { checkGroupName, checkListener } from '../given.js'
import { userQueue, withNamespace } from '../namespace.js'
import { offsetKeeper } from '../offsets/offset-keeper.js'
import { OffsetTable } from '../offsets/offset-table.js'
import type { CallOptions, StartOptions } from '../options.js'
import { allocateAveragely } from '../rebalance/averagely.js'
import type { ReceivedMessage } from '../received-message.js'
import type { Role } from '../role.js'
import type { MessageQueue } from '../route.js'
import { waitForBroker } from '../wait-for-broker.js'
import { checkInBroker } from './check-in-broker.js'
import { Delivery } from './delivery.js'
import type { BatchListener, Listener, OrderlyBatchListener, OrderlyListener } from './listeners.js'
import { MessageStream } from './message-stream.js'
import {
  fixedInstanceName,
  type PushConsumerOptions,
  type PushConsumerSettings,
  pushConsumerSettings,
} from './options.js'
import { runningInfo } from './running-info.js'
import { StartOffsets } from './start-offset.js'
import { type FilterExpression, Subscriptions } from './subscriptions.js'

/**
 * Messages of the subscribed topics come to a listener. The members of a group share the queues, so every message goes to
 * one of them; what a listener fails on comes again later.
 *
 *   new ──run()──► running ──close()──► closed
 *                  ▲     │ suspend(), resume()
 *                  └─────┘
 */
export class PushConsumer extends Observable<ConsumerEvents> implements AsyncIterable<ReceivedMessage> {
  readonly #options: PushConsumerOptions
  readonly #settings: PushConsumerSettings
  readonly #instance: ClientInstance
  readonly #owned: boolean
  /** With its namespace. */
  readonly #group: string
  readonly #subscriptions: Subscriptions
  readonly #offsets: OffsetTable
  readonly #starts: StartOffsets
  readonly #role: Role
  #startedAtWallMs = 0
  #delivery: Delivery | undefined
  #stream: MessageStream | undefined
  #paused = false
  #closing: Promise<void> | undefined

  /** Throws AerobeeError INVALID_ARGUMENT. */
  constructor(options: PushConsumerOptions) {
    checkGroupName('consumerGroup', options.consumerGroup)
    const settings = pushConsumerSettings(options)
    const { instance, owned } = openInstance(fixedInstanceName(options))
    super(instance.logger)
    this.#options = options
    this.#settings = settings
    this.#instance = instance
    this.#owned = owned
    this.#group = withNamespace(instance.namespace, options.consumerGroup)
    this.#subscriptions = new Subscriptions(instance.surroundings.clock, instance.namespace)
    this.#offsets = new OffsetTable(
      offsetKeeper(instance, this.#group, options),
      instance.logger,
      this.events,
    )
    this.#starts = new StartOffsets(instance, this.#offsets, options)
    this.#role = this.#describe()
    if (this.#settings.messageModel === 'CLUSTERING')
      this.#subscriptions.addInternal(retryTopicOf(this.#group), '*')
  }

  /** Tags separated by `||`, `*` for all, or sql`…`. May be called while running. Throws AerobeeError INVALID_ARGUMENT. */
  subscribe(topic: string, expression: FilterExpression = '*'): this {
    this.#subscriptions.add(topic, expression)
    this.#announce()
    return this
  }

  /** Its queues go with the next rebalance. */
  unsubscribe(topic: string): this {
    this.#subscriptions.remove(topic)
    this.#announce()
    return this
  }

  /**
   * Joins the group and delivers to the listener, message by message, until close(). Resolves when the first share of
   * queues was taken; when no server answers yet, it goes on trying in the background. Rejects with BROKER_ERROR when a
   * broker refuses a filter expression, and with the signal's reason while it has not resolved.
   */
  async run(listener: Listener, options: StartOptions = {}): Promise<void> {
    checkListener(listener)
    const concurrently: BatchListener = ([message], context) => listener(message!, context)
    await this.#run({ concurrently, batchSize: 1 }, options)
  }

  /** As run(), with up to consumeMessageBatchMaxSize messages of a queue at once. */
  async runBatch(listener: BatchListener, options: StartOptions = {}): Promise<void> {
    checkListener(listener)
    const batchSize = this.#settings.consumeMessageBatchMaxSize
    await this.#run({ concurrently: listener, batchSize }, options)
  }

  /** As run(), with the messages of a queue one after another; no other member has the queue meanwhile. */
  async runOrderly(listener: OrderlyListener, options: StartOptions = {}): Promise<void> {
    checkListener(listener)
    const orderly: OrderlyBatchListener = ([message], context) => listener(message!, context)
    await this.#run({ orderly, batchSize: 1 }, options)
  }

  /** As runOrderly(), with up to consumeMessageBatchMaxSize messages at once. */
  async runOrderlyBatch(listener: OrderlyBatchListener, options: StartOptions = {}): Promise<void> {
    checkListener(listener)
    const batchSize = this.#settings.consumeMessageBatchMaxSize
    await this.#run({ orderly: listener, batchSize }, options)
  }

  /**
   * `for await (const message of consumer)`: a message counts as consumed when the next one is asked for. The one that the
   * loop is left with comes again, to whoever consumes then; leaving the loop closes the consumer.
   */
  [Symbol.asyncIterator](): AsyncIterator<ReceivedMessage> {
    return this.messages()
  }

  /** The same with options. After the signal, asking for the next one rejects with its reason, and the consumer closes. */
  messages(options: StartOptions = {}): AsyncIterableIterator<ReceivedMessage> {
    const { signal } = options
    const stream = new MessageStream(() => this.close())
    this.#stream = stream
    const started = this.run((message) => stream.offer(message), options)
    const next = async () => {
      await started
      try {
        signal?.throwIfAborted()
        return await abortable(stream.next(), signal)
      } catch (thrown) {
        await stream.return()
        throw thrown
      }
    }
    const iterator = { next, return: () => stream.return(), [Symbol.asyncIterator]: () => iterator }
    return iterator
  }

  /** No messages until resume(); the queues are kept. */
  suspend(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#delivery?.wake()
  }

  /** Listeners that run at once from now on, 1 to 1000. */
  updateCorePoolSize(count: number): void {
    if (!Number.isInteger(count) || count < 1 || count > 1000)
      throw new AerobeeError('INVALID_ARGUMENT', 'corePoolSize Out of range [1, 1000]')
    this.#settings.consumeThreadMax = count
    this.#delivery?.listeners.resize(count)
  }

  /** Queues that are this consumer's now. */
  assignment(): MessageQueue[] {
    return this.#delivery?.processQueues.map(({ queue }) => userQueue(this.#instance.namespace, queue)) ?? []
  }

  /**
   * Waits for running listeners up to a deadline, saves offsets, unlocks queues, leaves the group, closes the connections.
   * Messages that were pulled and not delivered go to other members. Idempotent.
   */
  close({ signal }: CallOptions = {}): Promise<void> {
    this.#closing ??= this.#close()
    return abortable(this.#closing, signal)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #run(
    listener: { concurrently?: BatchListener; orderly?: OrderlyBatchListener; batchSize: number },
    options: StartOptions,
  ): Promise<void> {
    if (this.#closing) throw closed()
    if (this.#delivery)
      throw new AerobeeError(
        'INVALID_ARGUMENT',
        'the consumer runs already: it has one listener, make another one',
      )
    const { clock } = this.#instance.surroundings
    this.#startedAtWallMs = clock.wallMs()
    const delivery = new Delivery({
      instance: this.#instance,
      group: this.#group,
      options: this.#options,
      settings: this.#settings,
      subscriptions: this.#subscriptions,
      offsets: this.#offsets,
      starts: this.#starts,
      strategy: this.#options.allocateMessageQueueStrategy ?? allocateAveragely,
      listener,
      events: this.events,
      paused: () => this.#paused,
    })
    this.#delivery = delivery
    try {
      this.#offsets.open()
      await this.#join(delivery, options)
    } catch (thrown) {
      if (this.#closing) throw closed()
      await this.close()
      throw thrown
    }
  }

  /** In upstream's order (reference: client-behaviour 3.2). */
  async #join(delivery: Delivery, options: StartOptions): Promise<void> {
    const instance = this.#instance
    instance.addRole(this.#role)
    delivery.start()
    await abortable(instance.start(), options.signal)
    await waitForBroker(instance, this.#subscriptions.keys(), options)
    await abortable(this.#takeShare(delivery), options.signal)
  }

  async #takeShare(delivery: Delivery): Promise<void> {
    const instance = this.#instance
    await instance.routes
      .refreshAll(this.#subscriptions.keys())
      .catch((thrown) => instance.logger.warn(errorText(thrown)))
    if (this.#closing) return
    await checkInBroker(instance, this.#group, this.#subscriptions.values())
    await instance.heartbeat()
    await delivery.join()
  }

  async #close(): Promise<void> {
    const { clock } = this.#instance.surroundings
    this.#stream?.stop()
    const delivery = this.#delivery
    if (delivery) {
      await delivery.stopTaking()
      const enough = new AbortController()
      await Promise.race([
        delivery.listeners.drain(),
        sleep(clock, this.#settings.awaitTerminationMillisWhenShutdown, enough.signal).catch(() => {}),
      ])
      enough.abort()
      this.#stream?.end()
      await this.#offsets.save()
      await delivery.leave()
      await this.#instance.removeRole(this.#role)
      this.#offsets.close()
    }
    if (this.#owned) await this.#instance.close()
    this.events.emit('closed')
  }

  #describe(): Role {
    return {
      events: this.events,
      consumerGroup: this.#group,
      consumerData: () => ({
        consumeFromWhere: this.#starts.fromWhere,
        consumeType: 'CONSUME_PASSIVELY',
        groupName: this.#group,
        messageModel: this.#settings.messageModel,
        subscriptionDataSet: [...this.#subscriptions.values()],
        unitMode: this.#instance.options.unitMode ?? false,
      }),
      topics: () => this.#subscriptions.keys(),
      onGroupChange: () => this.#delivery?.wake(),
      offsets: (topic) => this.#offsets.ofTopic(topic),
      resetOffsets: (topic, offsets) => this.#resetOffsets(topic, offsets),
      runningInfo: (jstack) => this.#runningInfo(jstack),
      consumeDirectly: async (message) => {
        const startedAt = this.#instance.surroundings.clock.monoMs()
        const { result, remark, ...rest } = await this.#delivery!.consumption.directly(message)
        const spentTimeMills = Math.round(this.#instance.surroundings.clock.monoMs() - startedAt)
        return { ...rest, consumeResult: result, remark, spentTimeMills }
      },
      close: () => this.close(),
    }
  }

  #resetOffsets(topic: string, offsets: readonly (readonly [MessageQueue, number])[]): void {
    const wasPaused = this.#paused
    this.#paused = true
    this.#delivery
      ?.reset(topic, offsets)
      .catch((thrown) => this.#instance.logger.error(`resetting offsets failed: ${errorText(thrown)}`))
      .finally(() => {
        if (!wasPaused) this.resume()
      })
  }

  #runningInfo(jstack: boolean) {
    return runningInfo({
      instance: this.#instance,
      options: this.#options,
      settings: this.#settings,
      orderly: this.#delivery?.orderly ?? false,
      startedAtWallMs: this.#startedAtWallMs,
      subscriptions: this.#subscriptions.values(),
      processQueues: this.#delivery?.processQueues ?? [],
      statistics: this.#delivery!.statistics,
      runningListeners: this.#delivery?.listeners.running ?? 0,
      jstack,
    })
  }

  /** Brokers learn the subscriptions at once. */
  #announce(): void {
    if (!this.#delivery || this.#closing) return
    this.#instance
      .heartbeat(true)
      .then(() => this.#delivery?.wake())
      .catch((thrown) => this.#instance.logger.warn(`heartbeat failed: ${errorText(thrown)}`))
  }
}

const closed = () => new AerobeeError('CLOSED', 'the consumer is closed: make a new one to go on')
