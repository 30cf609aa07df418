import { errorText } from '@aerobee/base'
import { commands, responseCodes } from '@aerobee/wire'
import type { ClientInstance } from '../client-instance.js'
import type { ReceivedMessage } from '../messages.js'
import type { ListenerPool } from './listener-pool.js'
import type { OffsetStore } from './offset-store.js'
import type { ProcessQueue } from './process-queue.js'
import type { Listener } from './push-consumer.js'

/** A message whose listener failed and that no broker took back is tried here again after this. */
const localRetryMs = 5000
const sendBackTimeoutMs = 5000

export interface ConsumptionOptions {
  instance: ClientInstance
  group: string
  offsets: OffsetStore
  listeners: ListenerPool
  listener: Listener
  maxReconsumeTimes: number
}

/** Listeners in parallel; each message ends finished, sent back, or tried again here (reference: client-behaviour 6). */
export class Consumption {
  readonly #options: ConsumptionOptions

  constructor(options: ConsumptionOptions) {
    this.#options = options
  }

  submit(processQueue: ProcessQueue, messages: readonly ReceivedMessage[]): void {
    for (const message of messages) this.#options.listeners.submit(() => this.#consume(processQueue, message))
  }

  async #consume(processQueue: ProcessQueue, message: ReceivedMessage): Promise<void> {
    if (processQueue.dropped) return
    const { listener, instance } = this.#options
    try {
      await listener(message)
    } catch (thrown) {
      if (processQueue.dropped) return
      instance.logger.warn(
        `the listener failed on message ${message.messageId} of topic ${message.topic}: ${errorText(thrown)}`,
      )
      if (!(await this.#sendBack(message))) return this.#retryHere(processQueue, message)
    }
    this.#finish(processQueue, message)
  }

  #finish(processQueue: ProcessQueue, message: ReceivedMessage): void {
    const offset = processQueue.remove([message])
    if (offset !== undefined && !processQueue.dropped) this.#options.offsets.advance(message.queue, offset)
  }

  /** Whether the broker will deliver the message again, later and perhaps to another member. */
  async #sendBack(message: ReceivedMessage): Promise<boolean> {
    const { instance, group, maxReconsumeTimes } = this.#options
    try {
      const address = await instance.masterAddress(message.queue)
      const answer = await instance.pool.call(
        address,
        commands.consumerSendMsgBack,
        {
          offset: message.physicalOffset,
          group,
          delayLevel: 0,
          originMsgId: message.messageId,
          originTopic: message.topic,
          maxReconsumeTimes,
          brokerName: message.queue.brokerName,
        },
        { timeoutMs: sendBackTimeoutMs },
      )
      return answer.code === responseCodes.SUCCESS
    } catch {
      return false
    }
  }

  #retryHere(processQueue: ProcessQueue, message: ReceivedMessage): void {
    message.reconsumeTimes++
    const { instance, listeners } = this.#options
    instance.surroundings.clock.after(
      localRetryMs,
      () => {
        if (!processQueue.dropped && !instance.closed)
          listeners.submit(() => this.#consume(processQueue, message))
      },
      { background: true },
    )
  }
}
