import { AerobeeError, abortable } from '@aerobee/base'
import { type ClientEvents, Observable } from '../events.js'
import { withNamespace } from '../namespace.js'
import type { CallOptions, StartOptions } from '../options.js'
import type { OutgoingMessage } from '../outgoing-message.js'
import type { ReceivedMessage } from '../received-message.js'
import type { Role } from '../role.js'
import type { MessageQueue } from '../route.js'
import { waitForBroker } from '../wait-for-broker.js'
import { AutoBatch } from './auto-batch.js'
import { checkBatch } from './batch.js'
import type { ProducerOptions, SendOptions, SendResult } from './options.js'
import { recall } from './recall.js'
import { RequestTable, replyTo } from './request-reply.js'
import { Sender } from './sender.js'

export interface RequestOptions extends SendOptions {
  /** For the send and the reply together. Default sendMsgTimeout. */
  timeoutMs?: number
}

const noOptions: SendOptions = {}

/**
 * Sends messages. Nothing is logged, and no error is thrown anywhere but at the caller.
 *
 *   new ──start()──► running ──close()──► closed
 */
export class Producer extends Observable<ClientEvents> {
  /** For kinds of producers that add to this one. */
  protected readonly sender: Sender
  readonly #options: ProducerOptions
  readonly #role: Role
  readonly #requests: RequestTable
  readonly #autoBatch: AutoBatch | undefined
  #started: Promise<void> | undefined
  #closing: Promise<void> | undefined

  /** Throws AerobeeError INVALID_ARGUMENT. */
  constructor(options: ProducerOptions) {
    const sender = new Sender(options)
    super(sender.instance.logger)
    this.#options = options
    this.sender = sender
    this.#requests = new RequestTable(sender)
    const checkTransaction = this.transactionCheck()
    this.#role = {
      events: this.events,
      producerGroup: sender.group,
      topics: () => sender.topics,
      takeReply: (reply) => this.#requests.take(reply),
      ...(checkTransaction && { checkTransaction }),
      close: () => this.close(),
    }
    if (options.autoBatch)
      this.#autoBatch = new AutoBatch(sender, (messages, sending) => this.#sendBatch(messages, sending))
  }

  /**
   * Needs no server yet: connections are made by the first send. Rejects when waitForBroker is given and none came, and with
   * the signal's reason.
   */
  async start(options: StartOptions = {}): Promise<this> {
    if (this.#closing) throw closed()
    this.#started ??= this.#start(options)
    await this.#started
    return this
  }

  /**
   * Resolves when the broker has stored the message. Tries other brokers after a failure. Rejects with INVALID_ARGUMENT,
   * NO_ROUTE, BROKER_ERROR, CONNECT_FAILED, TIMEOUT, CLOSED, and with the signal's reason.
   */
  send(message: OutgoingMessage, options: SendOptions = noOptions): Promise<SendResult> {
    try {
      this.checkRunning()
      if (this.#autoBatch?.takes(message, options)) return this.#autoBatch.send(message, options)
      return this.sender.send(this.sender.request(message), message, options)
    } catch (thrown) {
      return Promise.reject(thrown)
    }
  }

  /**
   * Several messages of one topic, in as few requests as maxMessageSize allows; those of one request get consecutive
   * offsets of one queue. Resolves with a result for each. When a later request fails, the error's cause tells why and the
   * messages of the requests before it are stored.
   */
  async sendBatch(messages: readonly OutgoingMessage[], options: SendOptions = {}): Promise<SendResult[]> {
    this.checkRunning()
    return this.#sendBatch(messages, options)
  }

  /** Without waiting, and without knowing whether it was stored. Resolves when it left for the broker. */
  async sendOneway(
    message: OutgoingMessage,
    options: Pick<SendOptions, 'queue' | 'selector' | 'signal'> = {},
  ): Promise<void> {
    this.checkRunning()
    await this.sender.notify(this.sender.request(message), message, options)
  }

  /** Sends a message and resolves with the reply of whoever consumed it. Rejects as send() does, and with TIMEOUT. */
  async request(message: OutgoingMessage, options: RequestOptions = {}): Promise<ReceivedMessage> {
    this.checkRunning()
    return this.#requests.request(message, options)
  }

  /** Answers a message that came by request(). Rejects with INVALID_ARGUMENT when it did not, and as send() does. */
  async reply(
    request: ReceivedMessage,
    body: Uint8Array | string,
    options: SendOptions = {},
  ): Promise<SendResult> {
    this.checkRunning()
    const { message, kind } = replyTo(request, body)
    return this.sender.send(this.sender.request(message, kind), message, options)
  }

  /**
   * Takes a delayed message back, by the handle from its SendResult. Resolves with its message id. Rejects with
   * INVALID_ARGUMENT, BROKER_ERROR, NO_ROUTE and the errors of calls.
   */
  async recallMessage(topic: string, recallHandle: string, options: CallOptions = {}): Promise<string> {
    this.checkRunning()
    return recall(this.sender, topic, recallHandle, options.signal)
  }

  /** Writable queues of a topic. Rejects with NO_ROUTE. */
  async queues(topic: string, options: CallOptions = {}): Promise<readonly MessageQueue[]> {
    const asking = this.sender.route(withNamespace(this.sender.instance.namespace, topic))
    const route = await abortable(Promise.resolve(asking), options.signal)
    return route.publishQueues.map((queue) => this.sender.userQueue(queue))
  }

  /** Sends what auto-batching holds, unregisters and closes the connections. Idempotent. */
  close({ signal }: CallOptions = {}): Promise<void> {
    this.#closing ??= this.#close()
    return abortable(this.#closing, signal)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** What answers the broker's questions about transactions; undefined when nothing does. */
  protected transactionCheck(): Role['checkTransaction'] {
    return undefined
  }

  async #start(options: StartOptions): Promise<void> {
    const { instance, topics } = this.sender
    try {
      instance.addRole(this.#role)
      this.sender.start()
      await abortable(instance.start(), options.signal)
      for (const topic of this.#options.topics ?? []) topics.add(this.sender.topicOf(topic))
      await waitForBroker(instance, topics, options)
      const warming = instance.routes
        .refreshAll(topics)
        .catch((thrown) => instance.logger.warn(`routes are missing yet: ${thrown}`))
      await abortable(warming, options.signal)
    } catch (thrown) {
      await this.close()
      throw thrown
    }
  }

  async #sendBatch(messages: readonly OutgoingMessage[], options: SendOptions): Promise<SendResult[]> {
    checkBatch(messages)
    const results: SendResult[] = []
    for (const { request, ids } of this.sender.batchRequests(messages)) {
      const result = await this.sender.send(request, messages[0]!, options)
      const offsetIds = result.offsetMessageId.split(',')
      for (const [i, messageId] of ids.entries())
        results.push({
          ...result,
          messageId,
          offsetMessageId: offsetIds[i] ?? result.offsetMessageId,
          queueOffset: result.queueOffset + i,
        })
    }
    return results
  }

  async #close(): Promise<void> {
    await this.#autoBatch?.close()
    this.#requests.close()
    if (this.#started) await this.sender.instance.removeRole(this.#role)
    await this.sender.close()
    this.events.emit('closed')
  }

  /** Throws AerobeeError CLOSED. */
  protected checkRunning(): void {
    if (this.#closing) throw closed()
    if (!this.#started)
      throw new AerobeeError('CLOSED', 'the producer is not started: await producer.start() first')
  }
}

const closed = () => new AerobeeError('CLOSED', 'the producer is closed: make a new one to go on')
