import { AerobeeError } from '@aerobee/base'
import { encodeBatch, groupNameFault, uniqIdGenerator } from '@aerobee/wire'
import { ClientInstance, type Role } from '../client-instance.js'
import { processId } from '../environment.js'
import type { OutgoingMessage } from '../messages.js'
import type { ClientOptions } from '../options.js'
import type { MessageQueue, TopicRoute } from '../route.js'
import { buildMessage, checkTopic, defaultMaxMessageSize } from './build-message.js'
import { QueueChoice, queueOfKey } from './queue-choice.js'
import { notifySend, type SendRequest, sendOnce } from './send-once.js'
import { sendWithRetry } from './send-with-retry.js'

/** Reference: client-behaviour 2.1; times in ms, sizes in bytes. */
export interface ProducerOptions extends ClientOptions {
  producerGroup: string
  /** For all tries together. Default 3000. */
  sendMsgTimeout?: number
  /** Further tries after the first. Default 2. */
  retryTimesWhenSendFailed?: number
  /** Queues per broker of a topic that the send creates. Default 4. */
  defaultTopicQueueNums?: number
  /** Default 4 MiB. */
  maxMessageSize?: number
  /** Whether a message that was stored, but not flushed or replicated in time, is sent to another broker. Default false. */
  retryAnotherBrokerWhenNotStoreOK?: boolean
}

export type SendStatus = 'SEND_OK' | 'FLUSH_DISK_TIMEOUT' | 'FLUSH_SLAVE_TIMEOUT' | 'SLAVE_NOT_AVAILABLE'

export interface SendResult {
  /** Anything but SEND_OK: stored, yet not as safe as configured. */
  status: SendStatus
  /** Unique id of the message; of a batch all, joined by commas. */
  messageId: string
  /** Where the broker stored it. */
  offsetMessageId: string
  queue: MessageQueue
  /** Of a batch that of its first message. */
  queueOffset: number
}

export interface SendOptions {
  signal?: AbortSignal
  /** Send to this queue, without retry. */
  queue?: MessageQueue
  /** Default sendMsgTimeout. */
  timeoutMs?: number
}

/** Sends messages. Nothing is logged, and no error is thrown anywhere but at the caller. */
export class Producer {
  readonly #options: ProducerOptions
  readonly #instance: ClientInstance
  readonly #role: Role
  readonly #topics = new Set<string>()
  readonly #queueChoice: QueueChoice
  readonly #nextId: () => string
  #started = false
  #closing: Promise<void> | undefined

  /** Throws AerobeeError INVALID_ARGUMENT. */
  constructor(options: ProducerOptions) {
    const fault = groupNameFault(options.producerGroup)
    if (fault) throw new AerobeeError('INVALID_ARGUMENT', `producerGroup ${options.producerGroup}: ${fault}`)
    this.#options = options
    this.#instance = new ClientInstance(options)
    const { clock, random } = this.#instance.surroundings
    this.#role = { producerGroup: options.producerGroup, topics: () => this.#topics }
    this.#queueChoice = new QueueChoice(random.below(1000))
    this.#nextId = uniqIdGenerator({
      ip: random.bytes(4),
      pid: processId(),
      random,
      now: () => clock.wallMs(),
    })
  }

  /** Needs no server yet: connections are made by the first send. */
  async start(): Promise<this> {
    if (this.#closing) throw closed()
    if (!this.#started) {
      this.#started = true
      this.#instance.addRole(this.#role)
      this.#instance.start()
    }
    return this
  }

  /**
   * Resolves when the broker has stored the message. Tries other brokers after a failure. Rejects with INVALID_ARGUMENT,
   * NO_ROUTE, BROKER_ERROR, CONNECT_FAILED, TIMEOUT, CANCELLED, CLOSED.
   */
  async send(message: OutgoingMessage, options: SendOptions = {}): Promise<SendResult> {
    const request = this.#request(message)
    return this.#send(message.topic, message.shardingKey, request, options)
  }

  /** Several messages of one topic in one request: consecutive offsets of one queue. */
  async sendBatch(messages: readonly OutgoingMessage[], options: SendOptions = {}): Promise<SendResult> {
    const request = this.#batchRequest(messages)
    return this.#send(messages[0]!.topic, messages[0]!.shardingKey, request, options)
  }

  /** Without waiting, and without knowing whether it was stored. Resolves when it left for the broker. */
  async sendOneway(message: OutgoingMessage, options: Pick<SendOptions, 'queue'> = {}): Promise<void> {
    const request = this.#request(message)
    const route = await this.#route(message.topic)
    const queue = options.queue ?? this.#chooseQueue(route, message.shardingKey, undefined)
    await notifySend(this.#instance, queue, request)
  }

  /** Writable queues of a topic. Rejects with NO_ROUTE. */
  async queues(topic: string): Promise<readonly MessageQueue[]> {
    return (await this.#route(topic)).publishQueues
  }

  /** Unregisters and closes the connections. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    if (this.#started) await this.#instance.removeRole(this.#role)
    await this.#instance.close()
  }

  #request(message: OutgoingMessage): SendRequest {
    this.#checkRunning()
    checkTopic(message.topic)
    const built = buildMessage(message, this.#nextId(), this.#options.maxMessageSize ?? defaultMaxMessageSize)
    return {
      producerGroup: this.#options.producerGroup,
      defaultTopicQueueNums: this.#options.defaultTopicQueueNums ?? 4,
      topic: message.topic,
      flag: message.flag ?? 0,
      properties: built.properties,
      body: built.body,
      messageId: built.uniqKey,
      batch: false,
    }
  }

  #batchRequest(messages: readonly OutgoingMessage[]): SendRequest {
    const first = messages[0]
    if (!first) throw new AerobeeError('INVALID_ARGUMENT', 'a batch needs at least one message')
    if (messages.some((message) => message.topic !== first.topic))
      throw new AerobeeError('INVALID_ARGUMENT', 'The topic of the messages in one batch should be the same')
    const members = messages.map((message) => this.#request(message))
    const body = encodeBatch(members.map(({ flag, body, properties }) => ({ flag, body, properties })))
    const maxMessageSize = this.#options.maxMessageSize ?? defaultMaxMessageSize
    if (body.length > maxMessageSize)
      throw new AerobeeError(
        'INVALID_ARGUMENT',
        `the batch takes ${body.length} bytes, at most ${maxMessageSize} are allowed: send fewer messages at once`,
      )
    const own = this.#request({ ...first, body: 'batch' })
    return {
      ...own,
      flag: 0,
      body,
      messageId: members.map((member) => member.messageId).join(','),
      batch: true,
    }
  }

  async #send(
    topic: string,
    shardingKey: string | undefined,
    request: SendRequest,
    options: SendOptions,
  ): Promise<SendResult> {
    const {
      sendMsgTimeout = 3000,
      retryTimesWhenSendFailed = 2,
      retryAnotherBrokerWhenNotStoreOK = false,
    } = this.#options
    const timeoutMs = options.timeoutMs ?? sendMsgTimeout
    options.signal?.throwIfAborted()
    if (options.queue)
      return sendOnce(this.#instance, options.queue, request, { timeoutMs, signal: options.signal })
    const { clock } = this.#instance.surroundings
    return sendWithRetry({
      tries: 1 + retryTimesWhenSendFailed,
      deadlineMonoMs: clock.monoMs() + timeoutMs,
      clock,
      signal: options.signal,
      retryWhenNotStoreOK: retryAnotherBrokerWhenNotStoreOK,
      topic,
      send: async (avoidBroker, restMs) => {
        const route = await this.#route(topic)
        const queue = this.#chooseQueue(route, shardingKey, avoidBroker)
        return {
          queue,
          result: sendOnce(this.#instance, queue, request, { timeoutMs: restMs, signal: options.signal }),
        }
      },
    })
  }

  #chooseQueue(
    route: TopicRoute,
    shardingKey: string | undefined,
    avoidBroker: string | undefined,
  ): MessageQueue {
    return shardingKey === undefined
      ? this.#queueChoice.choose(route.publishQueues, avoidBroker)
      : queueOfKey(route.publishQueues, shardingKey)
  }

  #route(topic: string): TopicRoute | Promise<TopicRoute> {
    this.#topics.add(topic)
    const known = this.#instance.routes.known(topic)
    if (known && known.publishQueues.length > 0) return known
    return this.#instance.routes.forSending(topic, this.#options.defaultTopicQueueNums ?? 4)
  }

  #checkRunning(): void {
    if (this.#closing) throw closed()
    if (!this.#started)
      throw new AerobeeError('CLOSED', 'the producer is not started: await producer.start() first')
  }
}

const closed = () => new AerobeeError('CLOSED', 'the producer is closed: make a new one to go on')
