import { AerobeeError, abortable, errorText, type MonoMs } from '@aerobee/base'
import {
  type BatchItem,
  compressBody,
  encodeBatch,
  encodeProperties,
  ipBytes,
  propertyNames,
  transactionTypes,
  uniqIdGenerator,
  withCompression,
} from '@aerobee/wire'
import { openInstance } from '../client.js'
import type { ClientInstance } from '../client-instance.js'
import { localAddress, processId } from '../environment.js'
import { checkGroupName, isGiven } from '../given.js'
import { meteredSends } from '../metrics.js'
import { userQueue, withNamespace } from '../namespace.js'
import type { OutgoingMessage } from '../outgoing-message.js'
import type { MessageQueue, TopicRoute } from '../route.js'
import { tracedSends } from '../trace/trace-hooks.js'
import { Tracer } from '../trace/tracer.js'
import { BackPressure } from './back-pressure.js'
import { splitBatch } from './batch.js'
import { buildMessage, checkTopic, type SystemProperties } from './build-message.js'
import { FaultDetector } from './fault-detector.js'
import { FaultTable } from './fault-table.js'
import {
  type ProducerOptions,
  type ProducerSettings,
  producerSettings,
  type SendOptions,
  type SendResult,
} from './options.js'
import { queueOfKey } from './queue-choice.js'
import { SendHooks } from './send-hooks.js'
import { notifySend, type SendRequest, sendOnce } from './send-once.js'
import { type RetryPolicy, sendWithRetry, type TryFailure } from './send-with-retry.js'
import { Sending, type SendingOwner } from './sending.js'

/** How a message differs from an ordinary one. */
export interface SendKind {
  system?: SystemProperties
  kind?: SendRequest['kind']
}

const noKind: SendKind = {}

/** From a message to the answer of a broker: what every kind of producer sends by. */
export class Sender implements SendingOwner {
  readonly instance: ClientInstance
  readonly settings: ProducerSettings
  readonly group: string
  /** Topics that were sent to: their routes are kept fresh. */
  readonly topics = new Set<string>()
  readonly tracer: Tracer | undefined
  readonly tracesRecalls: boolean
  readonly #owned: boolean
  readonly #pressure: BackPressure | undefined
  readonly #faults: FaultTable
  readonly #detector: FaultDetector | undefined
  readonly #hooks: SendHooks
  readonly #retry: RetryPolicy
  readonly #nextId: () => string

  /** Throws AerobeeError INVALID_ARGUMENT. */
  constructor(options: ProducerOptions) {
    checkGroupName('producerGroup', options.producerGroup)
    this.settings = producerSettings(options)
    const { instance, owned } = openInstance(options)
    this.instance = instance
    this.#owned = owned
    this.group = withNamespace(instance.namespace, options.producerGroup)
    const { clock, random } = instance.surroundings
    const { settings } = this
    if (settings.enableBackpressure)
      this.#pressure = new BackPressure(
        clock,
        settings.backPressureForAsyncSendNum,
        settings.backPressureForAsyncSendSize,
      )
    const detects = options.startDetectorEnable ?? false
    this.#faults = new FaultTable({
      enabled: options.sendLatencyEnable ?? false,
      detects,
      latencyMax: options.latencyMax,
      notAvailableDuration: options.notAvailableDuration,
      clock,
      random,
    })
    if (detects)
      this.#detector = new FaultDetector(
        instance,
        this.#faults,
        settings.detectTimeout,
        settings.detectInterval,
      )
    if (options.enableTrace) this.tracer = new Tracer(instance, options.producerGroup, 'PRODUCE', options)
    this.tracesRecalls = options.recallDefaultTraceEnable ?? false
    const { metrics } = instance.options
    const hooks = [
      ...(options.sendMessageHooks ?? []),
      ...(metrics ? [meteredSends(metrics)] : []),
      ...(this.tracer ? [tracedSends(this.tracer)] : []),
    ]
    this.#hooks = new SendHooks(instance, this.group, hooks, options.checkForbiddenHooks ?? [])
    this.#retry = {
      tries: 1 + settings.retryTimesWhenSendFailed,
      perTryMs: settings.sendMsgMaxTimeoutPerRequest,
      clock,
      retryWhenNotStoreOK: settings.retryAnotherBrokerWhenNotStoreOK,
      retryResponseCodes: settings.retryResponseCodes,
    }
    this.#nextId = uniqIdGenerator({
      ip: ipBytes(localAddress()) ?? random.bytes(4),
      pid: processId(),
      random,
      now: () => clock.wallMs(),
    })
  }

  start(): void {
    this.#detector?.start()
    this.tracer?.start()
  }

  async close(): Promise<void> {
    this.#detector?.stop()
    this.#pressure?.close(() => new AerobeeError('CLOSED', 'the producer was closed while a send waited'))
    await this.tracer?.stop()
    if (this.#owned) await this.instance.close()
  }

  userQueue(queue: MessageQueue): MessageQueue {
    return userQueue(this.instance.namespace, queue)
  }

  topicOf(userTopic: string): string {
    return withNamespace(this.instance.namespace, userTopic)
  }

  /** Throws AerobeeError INVALID_ARGUMENT. */
  request(message: OutgoingMessage, kind: SendKind = noKind): SendRequest {
    if (!message) throw new AerobeeError('INVALID_ARGUMENT', 'the message is null')
    const topic = isGiven(message.topic) ? this.topicOf(message.topic) : ''
    checkTopic(topic)
    const { namespace } = this.instance
    const system = kind.system ?? []
    const built = buildMessage(
      message,
      this.#nextId(),
      this.settings.maxMessageSize,
      namespace ? [...system, [propertyNames.instanceId, namespace]] : system,
    )
    return {
      producerGroup: this.group,
      topic,
      createTopicKey: this.settings.createTopicKey,
      defaultTopicQueueNums: this.settings.defaultTopicQueueNums,
      flag: message.flag ?? 0,
      sysFlag: system.some(([name]) => name === propertyNames.transactionPrepared)
        ? transactionTypes.prepared
        : 0,
      properties: built.properties,
      body: built.body,
      messageId: built.uniqKey,
      kind: kind.kind ?? 'single',
      unitMode: this.instance.options.unitMode ?? false,
    }
  }

  /** Requests for messages that go together, as few as their size allows, and how many messages each has. */
  batchRequests(messages: readonly OutgoingMessage[]): { request: SendRequest; ids: string[] }[] {
    const members = messages.map((message) => this.request(message))
    const first = members[0]!
    return splitBatch(members, this.settings.maxMessageSize).map((batch) => {
      const own = encodeProperties([
        [propertyNames.uniqKey, this.#nextId()],
        [propertyNames.wait, messages[0]!.waitStoreMsgOK === false ? 'false' : 'true'],
      ])
      const body = encodeBatch(batch satisfies BatchItem[])
      if (body.length > this.settings.maxMessageSize)
        throw new AerobeeError(
          'INVALID_ARGUMENT',
          `the message body size over max value, MAX: ${this.settings.maxMessageSize}: a message of a batch takes ${body.length} bytes with its properties`,
        )
      const ids = batch.map((member) => member.messageId)
      return {
        request: { ...first, flag: 0, body, properties: own, messageId: ids.join(','), kind: 'batch' },
        ids,
      }
    })
  }

  /** Rejects with INVALID_ARGUMENT, NO_ROUTE, BROKER_ERROR, CONNECT_FAILED, TIMEOUT, CLOSED, and the signal's reason. */
  send(request: SendRequest, message: OutgoingMessage, options: SendOptions): Promise<SendResult> {
    const { signal } = options
    if (signal?.aborted) return Promise.reject(signal.reason)
    const deadline =
      this.instance.surroundings.clock.monoMs() + (options.timeoutMs ?? this.settings.sendMsgTimeout)
    const waits = this.#compresses(request) || this.#pressure?.tryAcquire(request.body.length) === false
    if (waits) return this.#sendLater(request, message, options, deadline)
    return this.#sendNow(request, message, options, deadline)
  }

  /** It has its room. */
  #sendNow(
    request: SendRequest,
    message: OutgoingMessage,
    options: SendOptions,
    deadlineMonoMs: MonoMs,
  ): Promise<SendResult> {
    if (options.queue || options.selector) return this.#sendTo(request, message, options, deadlineMonoMs)
    const sending = new Sending(this, request, message, deadlineMonoMs, options.signal)
    return sendWithRetry(this.#retry, sending)
  }

  async #sendLater(
    request: SendRequest,
    message: OutgoingMessage,
    options: SendOptions,
    deadlineMonoMs: MonoMs,
  ): Promise<SendResult> {
    if (this.#compresses(request)) await this.#compress(request)
    const restMs = deadlineMonoMs - this.instance.surroundings.clock.monoMs()
    await this.#pressure?.acquire(request.body.length, Math.max(0, restMs), options.signal)
    return this.#sendNow(request, message, options, deadlineMonoMs)
  }

  sent(bytes: number): void {
    this.#pressure?.release(bytes)
  }

  async notify(request: SendRequest, message: OutgoingMessage, options: SendOptions): Promise<void> {
    options.signal?.throwIfAborted()
    if (this.#compresses(request)) await this.#compress(request)
    const choosing = options.queue || options.selector ? this.#given(message, options) : this.#any(message)
    const queue = await abortable(choosing, options.signal)
    this.#hooks.checkForbidden(message, queue)
    await abortable(notifySend(this.instance, queue, request), options.signal)
  }

  route(topic: string): TopicRoute | Promise<TopicRoute> {
    this.topics.add(topic)
    const known = this.instance.routes.known(topic)
    if (known && known.publishQueues.length > 0) return known
    const { defaultTopicQueueNums, createTopicKey } = this.settings
    return this.instance.routes.forSending(topic, defaultTopicQueueNums, createTopicKey)
  }

  async #sendTo(
    request: SendRequest,
    message: OutgoingMessage,
    options: SendOptions,
    deadlineMonoMs: MonoMs,
  ): Promise<SendResult> {
    const bytes = request.body.length
    try {
      const restMs = deadlineMonoMs - this.instance.surroundings.clock.monoMs()
      const queue = await abortable(this.#given(message, options), options.signal)
      return await this.sendToQueue(queue, request, message, restMs, options.signal)
    } finally {
      this.sent(bytes)
    }
  }

  queueFor(
    message: OutgoingMessage,
    topic: string,
    avoidBroker: string | undefined,
  ): MessageQueue | Promise<MessageQueue> {
    const route = this.route(topic)
    if (route instanceof Promise) return route.then((one) => this.#choose(one, message, avoidBroker))
    return this.#choose(route, message, avoidBroker)
  }

  noteTry(queue: MessageQueue, elapsedMs: number, failure: TryFailure): void {
    this.#faults.update(queue.brokerName, elapsedMs, failure !== 'none', failure === 'none')
  }

  #choose(route: TopicRoute, message: OutgoingMessage, avoidBroker: string | undefined): MessageQueue {
    return message.shardingKey === undefined
      ? this.#faults.choose(route.publishQueues, avoidBroker)
      : queueOfKey(route.publishQueues, message.shardingKey)
  }

  async #any(message: OutgoingMessage): Promise<MessageQueue> {
    return this.#choose(await this.route(this.topicOf(message.topic)), message, undefined)
  }

  async #given(message: OutgoingMessage, { queue, selector }: SendOptions): Promise<MessageQueue> {
    const topic = this.topicOf(message.topic)
    if (queue) {
      if (queue.topic !== message.topic && queue.topic !== topic)
        throw new AerobeeError('INVALID_ARGUMENT', "message's topic not equal mq's topic")
      if (!this.instance.routes.known(topic)) await this.route(topic)
      return topic === queue.topic ? queue : { ...queue, topic }
    }
    const route = await this.route(topic)
    const chosen = select(() =>
      selector!(
        route.publishQueues.map((one) => this.userQueue(one)),
        message,
      ),
    )
    return { ...chosen, topic }
  }

  sendToQueue(
    queue: MessageQueue,
    request: SendRequest,
    message: OutgoingMessage,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<SendResult> {
    if (this.#hooks.none) return this.#result(sendOnce(this.instance, queue, request, timeoutMs, signal))
    return this.#hooks.around(queue, request, message, () =>
      this.#result(sendOnce(this.instance, queue, request, timeoutMs, signal)),
    )
  }

  #result(sending: Promise<SendResult>): Promise<SendResult> {
    if (this.instance.namespace === undefined) return sending
    return sending.then((result) => ({ ...result, queue: this.userQueue(result.queue) }))
  }

  #compresses({ kind, body }: SendRequest): boolean {
    return kind !== 'batch' && body.length >= this.settings.compressMsgBodyOverHowmuch
  }

  /** A body that cannot be compressed is sent as it is. */
  async #compress(request: SendRequest): Promise<void> {
    const { compressType, compressLevel } = this.settings
    try {
      request.body = await compressBody(compressType, request.body, compressLevel)
      request.sysFlag = withCompression(request.sysFlag, compressType)
    } catch (thrown) {
      this.instance.logger.warn(`a body is sent without compression: ${errorText(thrown)}`)
    }
  }
}

function select(call: () => MessageQueue | undefined): MessageQueue {
  let chosen: MessageQueue | undefined
  try {
    chosen = call()
  } catch (thrown) {
    throw new AerobeeError('INVALID_ARGUMENT', 'select message queue threw exception.', { cause: thrown })
  }
  if (!chosen) throw new AerobeeError('INVALID_ARGUMENT', 'select message queue return null.')
  return chosen
}
