import { AerobeeError, errorText, sleep } from '@aerobee/base'
import { buildSubscription, type Subscription } from '@aerobee/filter'
import { groupNameFault, retryTopicOf, topicNameFault } from '@aerobee/wire'
import { ClientInstance, type Role } from '../client-instance.js'
import type { ReceivedMessage } from '../messages.js'
import type { ClientOptions } from '../options.js'
import { Assignment } from './assignment.js'
import { Consumption } from './consumption.js'
import { ListenerPool } from './listener-pool.js'
import { OffsetStore } from './offset-store.js'
import type { ConsumeFrom } from './start-offset.js'

/** Reference: client-behaviour 3.1; times in ms, sizes in MiB where the name says size. */
export interface PushConsumerOptions extends ClientOptions {
  consumerGroup: string
  /** Where a group without offsets begins. Default 'latest'. */
  from?: ConsumeFrom
  /** Listeners that run at once. Default 20. */
  consumeThreadMax?: number
  /** Messages of one pull. Default 32. */
  pullBatchSize?: number
  /** Default 1000 messages. */
  pullThresholdForQueue?: number
  /** Default 100 MiB. */
  pullThresholdSizeForQueue?: number
  /** Default 2000 offsets. */
  consumeConcurrentlyMaxSpan?: number
  /** After so many failed deliveries a message goes to the dead letters. Default 16. */
  maxReconsumeTimes?: number
  /** How long close() waits for listeners. Default 10000. */
  awaitTerminationMillisWhenShutdown?: number
}

/** A throw means: deliver again later. */
export type Listener = (message: ReceivedMessage) => void | Promise<void>

/** Once messages of the group's queues are shared out among its members, every message goes to one of them. */
export class PushConsumer {
  readonly #options: PushConsumerOptions
  readonly #instance: ClientInstance
  readonly #subscriptions = new Map<string, Subscription>()
  readonly #role: Role
  readonly #listeners: ListenerPool
  readonly #offsets: OffsetStore
  #assignment: Assignment | undefined
  #closing: Promise<void> | undefined

  /** Throws AerobeeError INVALID_ARGUMENT. */
  constructor(options: PushConsumerOptions) {
    const fault = groupNameFault(options.consumerGroup)
    if (fault) throw new AerobeeError('INVALID_ARGUMENT', `consumerGroup ${options.consumerGroup}: ${fault}`)
    this.#options = options
    this.#instance = new ClientInstance(options)
    this.#listeners = new ListenerPool(options.consumeThreadMax ?? 20)
    this.#offsets = new OffsetStore(this.#instance, options.consumerGroup)
    this.#role = {
      consumerData: () => ({
        consumeFromWhere:
          options.from === 'earliest' ? 'CONSUME_FROM_FIRST_OFFSET' : 'CONSUME_FROM_LAST_OFFSET',
        consumeType: 'CONSUME_PASSIVELY',
        groupName: options.consumerGroup,
        messageModel: 'CLUSTERING',
        subscriptionDataSet: [...this.#subscriptions.values()],
        unitMode: false,
      }),
      topics: () => this.#subscriptions.keys(),
      onGroupChange: () => this.#assignment?.soon(),
    }
    this.#subscribe(retryTopicOf(options.consumerGroup), '*')
  }

  /** Tags separated by `||`, `*` for all. May be called while running. Throws AerobeeError INVALID_ARGUMENT. */
  subscribe(topic: string, expression = '*'): this {
    const fault = topicNameFault(topic)
    if (fault) throw new AerobeeError('INVALID_ARGUMENT', fault)
    this.#subscribe(topic, expression)
    if (this.#assignment) this.#announce()
    return this
  }

  /** Its queues go with the next rebalance. */
  unsubscribe(topic: string): this {
    this.#subscriptions.delete(topic)
    if (this.#assignment) this.#announce()
    return this
  }

  /**
   * Joins the group and delivers to the listener until close(). Resolves when the first share of queues was taken; when
   * no server answers yet, it goes on trying in the background.
   */
  async run(listener: Listener): Promise<void> {
    if (this.#closing) throw new AerobeeError('CLOSED', 'the consumer is closed: make a new one to go on')
    if (this.#assignment)
      throw new AerobeeError('INVALID_ARGUMENT', 'run() was called before: a consumer has one listener')
    const options = this.#options
    const consumption = new Consumption({
      instance: this.#instance,
      group: options.consumerGroup,
      offsets: this.#offsets,
      listeners: this.#listeners,
      listener,
      maxReconsumeTimes: options.maxReconsumeTimes ?? 16,
    })
    this.#assignment = new Assignment({
      instance: this.#instance,
      group: options.consumerGroup,
      offsets: this.#offsets,
      consumption,
      from: options.from ?? 'latest',
      subscriptions: this.#subscriptions,
      limits: {
        pullBatchSize: options.pullBatchSize ?? 32,
        pullThresholdForQueue: options.pullThresholdForQueue ?? 1000,
        pullThresholdSizeForQueue: options.pullThresholdSizeForQueue ?? 100,
        consumeConcurrentlyMaxSpan: options.consumeConcurrentlyMaxSpan ?? 2000,
      },
      persistIntervalMs: options.persistConsumerOffsetInterval ?? 5000,
    })
    this.#instance.addRole(this.#role)
    this.#instance.start()
    for (const topic of this.#subscriptions.keys())
      await this.#instance.routes
        .refresh(topic)
        .catch((thrown) => this.#instance.logger.warn(errorText(thrown)))
    await this.#instance.heartbeat()
    await this.#assignment.start()
  }

  /**
   * Waits for running listeners up to a deadline, commits offsets, leaves the group, closes the connections. Messages
   * that were pulled and not delivered go to other members. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const { clock } = this.#instance.surroundings
    this.#assignment?.stopPulling()
    const deadline = new AbortController()
    await Promise.race([
      this.#listeners.drain(),
      sleep(clock, this.#options.awaitTerminationMillisWhenShutdown ?? 10_000, deadline.signal).catch(
        () => {},
      ),
    ])
    deadline.abort()
    if (this.#assignment) {
      await this.#offsets.commit()
      this.#assignment.dropAll()
      await this.#instance.removeRole(this.#role)
    }
    await this.#instance.close()
  }

  #subscribe(topic: string, expression: string): void {
    const built = buildSubscription(topic, expression, 'TAG', this.#instance.surroundings.clock.wallMs())
    if (!built.ok) throw new AerobeeError('INVALID_ARGUMENT', `subscription to ${topic}: ${built.reason}`)
    this.#subscriptions.set(topic, built.value)
  }

  /** Brokers learn the new subscriptions at once. */
  #announce(): void {
    this.#instance
      .heartbeat()
      .then(() => this.#assignment?.soon())
      .catch((thrown) => this.#instance.logger.warn(`heartbeat failed: ${errorText(thrown)}`))
  }
}
