import { AerobeeError, errorText, isAerobeeError } from '@aerobee/base'
import { systemFlags, transactionType, transactionTypes } from '@aerobee/wire'
import { channels } from '../channels.js'
import type { ClientInstance } from '../client-instance.js'
import { type CheckForbiddenHook, runHook, type SendContext, type SendMessageHook } from '../hooks.js'
import { withoutNamespace } from '../namespace.js'
import type { OutgoingMessage } from '../outgoing-message.js'
import type { MessageQueue } from '../route.js'
import { isDelayed } from './build-message.js'
import type { SendResult } from './options.js'
import type { SendRequest } from './send-once.js'

/** What runs around a send for those who look on. */
export class SendHooks {
  readonly #instance: ClientInstance
  readonly #group: string
  readonly #send: readonly SendMessageHook[]
  readonly #forbidden: readonly CheckForbiddenHook[]

  constructor(
    instance: ClientInstance,
    group: string,
    send: readonly SendMessageHook[],
    forbidden: readonly CheckForbiddenHook[],
  ) {
    this.#instance = instance
    this.#group = group
    this.#send = send
    this.#forbidden = forbidden
  }

  /** Nobody looks on. */
  get none(): boolean {
    return this.#send.length === 0 && this.#forbidden.length === 0 && !channels.producerSend.hasSubscribers
  }

  /** Throws INVALID_ARGUMENT, retryable as every error of the client, when a hook refuses the message. */
  checkForbidden(message: OutgoingMessage, queue: MessageQueue): void {
    for (const hook of this.#forbidden)
      try {
        hook.check(message, { producerGroup: this.#group, queue })
      } catch (thrown) {
        if (isAerobeeError(thrown)) throw thrown
        throw new AerobeeError('INVALID_ARGUMENT', `sending is forbidden: ${errorText(thrown)}`, {
          cause: thrown,
        })
      }
  }

  async around(
    queue: MessageQueue,
    request: SendRequest,
    message: OutgoingMessage,
    send: () => Promise<SendResult>,
  ): Promise<SendResult> {
    this.checkForbidden(message, queue)
    const context = this.#context(queue, request, message)
    for (const hook of this.#send) runHook(() => hook.before?.(context))
    const { clock } = this.#instance.surroundings
    const beganAt = clock.monoMs()
    try {
      const { topic, messageId, body } = request
      const traced = { topic, queue, messageId, bodyBytes: body.length }
      const result = channels.producerSend.hasSubscribers
        ? await channels.producerSend.tracePromise(send, traced)
        : await send()
      context.result = result
      return result
    } catch (thrown) {
      context.error = thrown
      throw thrown
    } finally {
      context.cost = clock.monoMs() - beganAt
      for (const hook of this.#send) runHook(() => hook.after?.(context))
    }
  }

  #context(queue: MessageQueue, request: SendRequest, message: OutgoingMessage): SendContext {
    const { namespace, addresses, surroundings } = this.#instance
    return {
      producerGroup: withoutNamespace(namespace, this.#group),
      topic: withoutNamespace(namespace, request.topic),
      queue,
      address: addresses.knownMaster(queue) ?? '',
      messageType: messageTypeOf(request, message),
      messageId: request.messageId,
      bodyBytes: request.body.length,
      tags: message.tags ?? '',
      keys: message.keys?.join(' ') ?? '',
      startedAt: surroundings.clock.wallMs(),
    }
  }
}

function messageTypeOf(request: SendRequest, message: OutgoingMessage): SendContext['messageType'] {
  if (transactionType(request.sysFlag & ~systemFlags.compressed) === transactionTypes.prepared)
    return 'Trans_Msg_Half'
  return isDelayed(message) ? 'Delay_Msg' : 'Normal_Msg'
}
