import { abortable, type MonoMs } from '@aerobee/base'
import type { OutgoingMessage } from '../outgoing-message.js'
import type { MessageQueue } from '../route.js'
import type { SendResult } from './options.js'
import type { SendRequest } from './send-once.js'
import type { RetriedSend, TryFailure } from './send-with-retry.js'

/** What a message on its way asks of its sender. */
export interface SendingOwner {
  queueFor(
    message: OutgoingMessage,
    topic: string,
    avoidBroker: string | undefined,
  ): MessageQueue | Promise<MessageQueue>
  sendToQueue(
    queue: MessageQueue,
    request: SendRequest,
    message: OutgoingMessage,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<SendResult>
  /** How a try at the queue's broker went, for choosing the next queues. */
  noteTry(queue: MessageQueue, elapsedMs: number, failure: TryFailure): void
  /** Gives back the room that the message took. */
  sent(bytes: number): void
}

/** One message from its first try to its last. */
export class Sending implements RetriedSend {
  readonly deadlineMonoMs: MonoMs
  readonly signal: AbortSignal | undefined
  readonly #owner: SendingOwner
  readonly #request: SendRequest
  readonly #message: OutgoingMessage
  readonly #bytes: number

  constructor(
    owner: SendingOwner,
    request: SendRequest,
    message: OutgoingMessage,
    deadlineMonoMs: MonoMs,
    signal: AbortSignal | undefined,
  ) {
    this.deadlineMonoMs = deadlineMonoMs
    this.signal = signal
    this.#owner = owner
    this.#request = request
    this.#message = message
    this.#bytes = request.body.length
  }

  get topic(): string {
    return this.#request.topic
  }

  choose(avoidBroker: string | undefined): MessageQueue | Promise<MessageQueue> {
    const chosen = this.#owner.queueFor(this.#message, this.#request.topic, avoidBroker)
    return chosen instanceof Promise ? abortable(chosen, this.signal) : chosen
  }

  send(queue: MessageQueue, timeoutMs: number): Promise<SendResult> {
    return this.#owner.sendToQueue(queue, this.#request, this.#message, timeoutMs, this.signal)
  }

  tried(queue: MessageQueue, elapsedMs: number, failure: TryFailure): void {
    this.#owner.noteTry(queue, elapsedMs, failure)
  }

  ended(): void {
    this.#owner.sent(this.#bytes)
  }
}
