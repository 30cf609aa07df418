import { AerobeeError, abortable, errorText, type Timer } from '@aerobee/base'
import { openInstance } from '../client.js'
import type { ClientInstance } from '../client-instance.js'
import { type ConsumerEvents, Observable } from '../events.js'
import { checkGroupName } from '../given.js'
import { realQueue, userQueue, withNamespace } from '../namespace.js'
import { offsetKeeper } from '../offsets/offset-keeper.js'
import { OffsetTable, setOffset } from '../offsets/offset-table.js'
import { maxOffset, minOffset, offsetByTime } from '../offsets/queue-offsets.js'
import type { CallOptions, StartOptions } from '../options.js'
import { checkInBroker } from '../push-consumer/check-in-broker.js'
import { fixedInstanceName } from '../push-consumer/options.js'
import { StartOffsets } from '../push-consumer/start-offset.js'
import { type FilterExpression, Subscriptions } from '../push-consumer/subscriptions.js'
import { announceChange } from '../rebalance/announce-change.js'
import { allocateAveragely } from '../rebalance/averagely.js'
import { RebalanceService } from '../rebalance/rebalance-service.js'
import { readableQueues } from '../rebalance/share.js'
import type { ReceivedMessage } from '../received-message.js'
import type { Role } from '../role.js'
import type { MessageQueue } from '../route.js'
import { waitForBroker } from '../wait-for-broker.js'
import { BatchCache } from './batch-cache.js'
import { LitePulls } from './lite-pulls.js'
import type { LiteQueue } from './lite-queue.js'
import { LiteQueues } from './lite-queues.js'
import {
  assignedSubscription,
  type LitePullConsumerOptions,
  type LitePullSettings,
  litePullSettings,
} from './options.js'
import { type PollOptions, Reader } from './reader.js'
import { liteRole } from './role.js'
import { type QueueChangeListener, TopicWatch } from './topic-watch.js'

/**
 * Messages are asked for: by poll(), or by iterating. Queues are shared with the group (subscribe), or named (assign).
 *
 *   new ──start()──► running ──close()──► closed
 *
 * What poll() returned counts as consumed when poll() is called again, a message of an iteration when the next one is
 * asked for, and all of it when commit() is called. So a crash loses nothing, with and without autoCommit.
 */
export class LitePullConsumer extends Observable<ConsumerEvents> implements AsyncIterable<ReceivedMessage> {
  readonly #settings: LitePullSettings
  readonly #instance: ClientInstance
  readonly #owned: boolean
  readonly #group: string
  readonly #subscriptions: Subscriptions
  readonly #offsets: OffsetTable
  readonly #starts: StartOffsets
  readonly #cache: BatchCache
  readonly #queues: LiteQueues
  readonly #reader: Reader
  readonly #rebalance: RebalanceService
  readonly #watch: TopicWatch
  readonly #role: Role
  #assigned: readonly MessageQueue[] | undefined
  #saving: Timer | undefined
  #startedAtWallMs = 0
  #state: 'new' | 'running' | 'closed' = 'new'
  #starting: Promise<void> | undefined
  #closing: Promise<void> | undefined

  /** Throws AerobeeError INVALID_ARGUMENT. */
  constructor(options: LitePullConsumerOptions) {
    checkGroupName('consumerGroup', options.consumerGroup)
    const settings = litePullSettings(options)
    const { instance, owned } = openInstance(fixedInstanceName(options), true)
    super(instance.logger)
    this.#settings = settings
    const { clock } = instance.surroundings
    this.#instance = instance
    this.#owned = owned
    this.#group = withNamespace(instance.namespace, options.consumerGroup)
    this.#subscriptions = new Subscriptions(clock, instance.namespace)
    const keeper = offsetKeeper(instance, this.#group, options)
    this.#offsets = new OffsetTable(keeper, instance.logger, this.events)
    this.#starts = new StartOffsets(instance, this.#offsets, options)
    this.#cache = new BatchCache(clock)
    const toUser = (queue: MessageQueue) => userQueue(instance.namespace, queue)
    const pulls = new LitePulls({
      instance,
      group: this.#group,
      settings: this.#settings,
      cache: this.#cache,
      events: this.events,
      subscription: (topic) => this.#subscriptions.get(topic) ?? assignedSubscription(topic, options),
      startOffset: (queue) => this.#startOffset(queue),
      userQueue: toUser,
    })
    const change = {
      instance,
      subscriptions: this.#subscriptions,
      events: this.events,
      listener: options.messageQueueListener,
    }
    this.#queues = new LiteQueues({
      instance,
      group: this.#group,
      offsets: this.#offsets,
      strategy: options.allocateMessageQueueStrategy ?? allocateAveragely,
      broadcasting: this.#settings.messageModel === 'BROADCASTING',
      autoCommit: this.#settings.autoCommit,
      cache: this.#cache,
      events: this.events,
      pulls,
      topics: () => this.#subscriptions.keys(),
      seen: (topic, all) => this.#starts.seen(topic, all),
      onChange: (topic, all, own) => announceChange(change, topic, all, own),
    })
    this.#reader = new Reader({
      clock,
      settings: this.#settings,
      cache: this.#cache,
      queues: this.#queues,
      offsets: this.#offsets,
      running: () => this.#state === 'running',
      held: (queue) => this.#held(queue),
    })
    this.#rebalance = new RebalanceService(clock, instance.logger, () => this.#queues.shareOut())
    this.#watch = new TopicWatch(instance, this.#settings.topicMetadataCheckIntervalMillis, toUser)
    this.#role = liteRole({
      instance,
      group: this.#group,
      events: this.events,
      options,
      settings: this.#settings,
      subscriptions: this.#subscriptions,
      offsets: this.#offsets,
      topics: () => this.#topics(),
      startedAtWallMs: () => this.#startedAtWallMs,
      queues: () => this.#queues.all,
      onGroupChange: () => {
        if (!this.#assigned && this.#state === 'running') this.#rebalance.wake()
      },
      close: () => this.close(),
    })
  }

  /** Tags separated by `||`, `*` for all, or sql`…`. May be called while running. Throws AerobeeError INVALID_ARGUMENT. */
  subscribe(topic: string, expression: FilterExpression = '*'): this {
    if (this.#assigned) throw exclusive()
    this.#subscriptions.add(topic, expression)
    if (this.#state === 'running') this.#announce()
    return this
  }

  /** Its queues go with the next rebalance. */
  unsubscribe(topic: string): this {
    this.#subscriptions.remove(topic)
    if (this.#state === 'running') this.#announce()
    return this
  }

  /** Reads these queues and no others, whoever else reads them. May be called again. Throws INVALID_ARGUMENT. */
  assign(queues: readonly MessageQueue[]): this {
    if (this.#subscriptions.size > 0) throw exclusive()
    if (queues.length === 0)
      throw new AerobeeError('INVALID_ARGUMENT', 'Message queues can not be null or empty.')
    this.#assigned = queues.map((queue) => realQueue(this.#instance.namespace, queue))
    if (this.#state === 'running')
      this.#queues
        .assign(this.#assigned)
        .catch((thrown) => this.#instance.logger.error(`assigning queues failed: ${errorText(thrown)}`))
    return this
  }

  /**
   * Joins the group. When no server answers yet it goes on trying in the background. Rejects with BROKER_ERROR when a broker
   * refuses a filter expression, and when waitForBroker is given and none came.
   */
  async start(options: StartOptions = {}): Promise<this> {
    if (this.#closing) throw closed()
    this.#starting ??= this.#start(options)
    await this.#starting
    return this
  }

  /** Messages of one queue; empty when none came in time. Rejects with CLOSED, and with the signal's reason. */
  async poll(options: PollOptions = {}): Promise<readonly ReceivedMessage[]> {
    this.#checkRunning()
    return this.#reader.poll(options)
  }

  /** Batches as poll() returns them, until close(). Leaving the loop does not close the consumer. */
  batches(options: { signal?: AbortSignal } = {}): AsyncGenerator<readonly ReceivedMessage[], void> {
    this.#checkRunning()
    return this.#reader.batches(options)
  }

  /**
   * Messages one after another, until close(). One counts as consumed when the next is asked for; leaving the loop does not
   * close the consumer, and the message it was left with is the first of the next loop.
   */
  [Symbol.asyncIterator](): AsyncGenerator<ReceivedMessage, void> {
    return this.messages()
  }

  /** The same, until the signal: then asking for the next one rejects with its reason. */
  messages(options: CallOptions = {}): AsyncGenerator<ReceivedMessage, void> {
    this.#checkRunning()
    return this.#reader.messages(options)
  }

  /** Queues that are this consumer's now. */
  assignment(): MessageQueue[] {
    return this.#queues.all.map(({ queue }) => userQueue(this.#instance.namespace, queue))
  }

  /** Readable queues of a topic. Rejects with NO_ROUTE. */
  async fetchMessageQueues(topic: string, { signal }: CallOptions = {}): Promise<MessageQueue[]> {
    this.#checkRunning()
    const asking = readableQueues(this.#instance, withNamespace(this.#instance.namespace, topic))
    const queues = await abortable(asking, signal)
    if (!queues) throw this.#instance.routes.noRoute(topic)
    return queues.map((queue) => userQueue(this.#instance.namespace, queue))
  }

  /**
   * Goes on at an offset; what is cached of the queue counts for nothing. Rejects with INVALID_ARGUMENT for a queue that is
   * not assigned and an offset that the queue does not have, and with the errors of calls.
   */
  async seek(queue: MessageQueue, offset: number, { signal }: CallOptions = {}): Promise<void> {
    const lite = this.#held(queue)
    const least = await minOffset(this.#instance, lite.queue, signal)
    const most = await maxOffset(this.#instance, lite.queue, signal)
    if (!(offset >= least && offset <= most))
      throw new AerobeeError(
        'INVALID_ARGUMENT',
        `Seek offset illegal, seek offset = ${offset}, min offset = ${least}, max offset = ${most}`,
      )
    this.#reader.seek(lite, offset)
  }

  async seekToBegin(queue: MessageQueue, { signal }: CallOptions = {}): Promise<void> {
    const lite = this.#held(queue)
    this.#reader.seek(lite, await minOffset(this.#instance, lite.queue, signal))
  }

  async seekToEnd(queue: MessageQueue, { signal }: CallOptions = {}): Promise<void> {
    const lite = this.#held(queue)
    this.#reader.seek(lite, await maxOffset(this.#instance, lite.queue, signal))
  }

  /** Pulls nothing of these queues; what is cached is still delivered. */
  pause(queues: readonly MessageQueue[]): void {
    for (const queue of queues) this.#held(queue).paused = true
  }

  resume(queues: readonly MessageQueue[]): void {
    for (const queue of queues) this.#held(queue).paused = false
  }

  /**
   * Saves what was consumed: of all queues, of some, or at the offsets given, which may lie before. Everything handed out
   * counts. Resolves when the brokers have it; failures are logged and stay for the next time.
   */
  async commit(
    what?: readonly MessageQueue[] | readonly (readonly [MessageQueue, number])[],
    { signal }: CallOptions = {},
  ): Promise<void> {
    this.#checkRunning()
    signal?.throwIfAborted()
    await abortable(this.#reader.commit(what), signal)
  }

  /** Saved offset of a queue; -1 when there is none. Rejects with BROKER_ERROR and the errors of calls. */
  async committed(queue: MessageQueue, { signal }: CallOptions = {}): Promise<number> {
    const real = realQueue(this.#instance.namespace, queue)
    return this.#offsets.known(real) ?? (await abortable(this.#offsets.read(real), signal)) ?? -1
  }

  /** Offset of the first message stored at the time or later, ms. */
  offsetForTimestamp(
    queue: MessageQueue,
    timestamp: number | Date,
    { signal }: CallOptions = {},
  ): Promise<number> {
    const real = realQueue(this.#instance.namespace, queue)
    return offsetByTime(this.#instance, real, new Date(timestamp), signal)
  }

  /** Tells when the queues of a topic are other ones; looks every topicMetadataCheckIntervalMillis. */
  registerTopicMessageQueueChangeListener(topic: string, listener: QueueChangeListener): void {
    this.#watch.watch(withNamespace(this.#instance.namespace, topic), listener)
  }

  /**
   * Saves offsets, leaves the group, closes the connections. What the last poll() returned comes again, unless commit() was
   * called. Idempotent.
   */
  close({ signal }: CallOptions = {}): Promise<void> {
    this.#closing ??= this.#close()
    return abortable(this.#closing, signal)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #start(options: StartOptions): Promise<void> {
    const instance = this.#instance
    this.#startedAtWallMs = instance.surroundings.clock.wallMs()
    try {
      this.#offsets.open()
      instance.addRole(this.#role)
      this.#state = 'running'
      this.#watch.start()
      this.#saving = instance.surroundings.clock.every(
        instance.options.persistConsumerOffsetInterval ?? 5000,
        () => {
          this.#offsets
            .save()
            .catch((thrown) => instance.logger.error(`saving offsets failed: ${errorText(thrown)}`))
        },
      )
      await abortable(instance.start(), options.signal)
      await waitForBroker(instance, this.#topics(), options)
      await abortable(this.#join(), options.signal)
    } catch (thrown) {
      if (this.#closing) throw closed()
      await this.close()
      throw thrown
    }
  }

  async #join(): Promise<void> {
    const instance = this.#instance
    await instance.routes
      .refreshAll(this.#topics())
      .catch((thrown) => instance.logger.warn(errorText(thrown)))
    if (this.#closing) return
    await checkInBroker(instance, this.#group, this.#subscriptions.values())
    await instance.heartbeat()
    if (this.#closing) return
    if (this.#assigned) await this.#queues.assign(this.#assigned)
    else await this.#rebalance.start()
  }

  async #close(): Promise<void> {
    this.#state = 'closed'
    this.#watch.stop()
    this.#saving?.cancel()
    await this.#rebalance.stop()
    if (this.#settings.autoCommit) this.#queues.commit()
    this.#cache.close()
    await this.#queues.stop()
    if (this.#starting) {
      await this.#offsets.save()
      this.#offsets.close()
      await this.#instance.removeRole(this.#role)
    }
    if (this.#owned) await this.#instance.close()
    this.events.emit('closed')
  }

  #checkRunning(): void {
    if (this.#closing) throw closed()
    if (this.#state !== 'running')
      throw new AerobeeError('CLOSED', 'The consumer not running, please start it first.')
  }

  #held(queue: MessageQueue): LiteQueue {
    this.#checkRunning()
    const lite = this.#queues.get(realQueue(this.#instance.namespace, queue))
    if (lite) return lite
    throw new AerobeeError(
      'INVALID_ARGUMENT',
      `The message queue is not in assigned list, may be rebalancing, message queue: ${queue.topic} ${queue.brokerName} ${queue.queueId}`,
    )
  }

  async #startOffset(queue: MessageQueue): Promise<number> {
    const known = this.#offsets.known(queue)
    if (known !== undefined) return known
    const { offset, chosen } = await this.#starts.of(queue)
    if (chosen) {
      setOffset(this.#offsets.slot(queue), offset)
      await this.#offsets.save(queue)
    }
    return offset
  }

  #topics(): Set<string> {
    const assigned = (this.#assigned ?? []).map(({ topic }) => topic)
    return new Set([...this.#subscriptions.keys(), ...assigned, ...this.#watch.topics()])
  }

  #announce(): void {
    this.#instance
      .heartbeat(true)
      .then(() => this.#rebalance.wake())
      .catch((thrown) => this.#instance.logger.warn(`heartbeat failed: ${errorText(thrown)}`))
  }
}

const exclusive = () => new AerobeeError('INVALID_ARGUMENT', 'Subscribe and assign are mutually exclusive.')
const closed = () => new AerobeeError('CLOSED', 'the consumer is closed: make a new one to go on')
