import { randomUUID } from 'node:crypto'
import { AerobeeError, abortable, type Timer } from '@aerobee/base'
import { propertyNames, replyTopicOf } from '@aerobee/wire'
import type { OutgoingMessage } from '../outgoing-message.js'
import type { ReceivedMessage } from '../received-message.js'
import type { SendOptions } from './options.js'
import type { Sender, SendKind } from './sender.js'

interface Waiting {
  answer(reply: ReceivedMessage): void
  fail(error: unknown): void
}

/** Requests that wait for their reply, by correlation id (reference: client-behaviour 2.9). */
export class RequestTable {
  readonly #sender: Sender
  readonly #waiting = new Map<string, Waiting>()

  constructor(sender: Sender) {
    this.#sender = sender
  }

  async request(message: OutgoingMessage, options: SendOptions): Promise<ReceivedMessage> {
    const sender = this.#sender
    const { instance, settings } = sender
    options.signal?.throwIfAborted()
    const timeoutMs = options.timeoutMs ?? settings.sendMsgTimeout
    const correlationId = randomUUID()
    const request = sender.request(message, {
      system: [
        [propertyNames.correlationId, correlationId],
        [propertyNames.replyToClient, instance.clientId],
        [propertyNames.ttl, String(timeoutMs)],
      ],
    })
    if (!instance.routes.known(request.topic)) {
      // The broker must know this client, so that it can push the reply.
      await abortable(Promise.resolve(sender.route(request.topic)), options.signal)
      await abortable(instance.heartbeat(), options.signal)
    }
    const reply = this.#wait(correlationId, message.topic, timeoutMs, options.signal)
    sender.send(request, message, options).catch((thrown) => this.#waiting.get(correlationId)?.fail(thrown))
    return reply
  }

  /** Whether somebody waited for it. */
  take(reply: ReceivedMessage): boolean {
    const id = reply.property(propertyNames.correlationId)
    const waiting = id === undefined ? undefined : this.#waiting.get(id)
    waiting?.answer(reply)
    return waiting !== undefined
  }

  close(): void {
    for (const waiting of [...this.#waiting.values()])
      waiting.fail(new AerobeeError('CLOSED', 'the producer was closed while a request waited for its reply'))
  }

  #wait(
    correlationId: string,
    topic: string,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<ReceivedMessage> {
    return new Promise((resolve, reject) => {
      const settle = (outcome: () => void) => {
        timer.cancel()
        signal?.removeEventListener('abort', onAbort)
        this.#waiting.delete(correlationId)
        outcome()
      }
      const waiting: Waiting = {
        answer: (reply) => settle(() => resolve(reply)),
        fail: (error) => settle(() => reject(error)),
      }
      const onAbort = () => waiting.fail(signal?.reason)
      const timer: Timer = this.#sender.instance.surroundings.clock.after(timeoutMs, () =>
        waiting.fail(
          new AerobeeError(
            'TIMEOUT',
            `send request message to <${topic}> OK, but wait reply message timeout, ${timeoutMs} ms: does a consumer of it reply?`,
            { retryable: true },
          ),
        ),
      )
      this.#waiting.set(correlationId, waiting)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }
}

/** The message that answers one that came by a request. Throws INVALID_ARGUMENT when it did not. */
export function replyTo(
  request: ReceivedMessage,
  body: Uint8Array | string,
): { message: OutgoingMessage; kind: SendKind } {
  const property = (name: string) => {
    const value = request.property(name)
    if (value === undefined)
      throw new AerobeeError(
        'INVALID_ARGUMENT',
        `create reply message fail, requestMessage error, property[${name}] is null.`,
      )
    return value
  }
  const topic = replyTopicOf(property(propertyNames.cluster))
  const system = [propertyNames.correlationId, propertyNames.replyToClient, propertyNames.ttl].map(
    (name) => [name, property(name)] as const,
  )
  return {
    message: { topic, body },
    kind: { kind: 'reply', system: [[propertyNames.messageType, 'reply'], ...system] },
  }
}
