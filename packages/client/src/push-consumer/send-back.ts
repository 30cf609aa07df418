import { errorText } from '@aerobee/base'
import { commands, encodeProperties, propertyNames, responseCodes, retryTopicOf } from '@aerobee/wire'
import { brokerError } from '../answers.js'
import type { ClientInstance } from '../client-instance.js'
import { withNamespace } from '../namespace.js'
import { sendOnce } from '../producer/send-once.js'
import type { ReceivedMessage } from '../received-message.js'
import type { MessageQueue } from '../route.js'
import { isLogical } from '../static-topic.js'

const sendBackTimeoutMs = 5000
const retrySendTimeoutMs = 3000
/** Level of the first retry of a message that a client sends itself: 10 s. */
const firstRetryLevel = 3
/** Group under which consumers send. */
const innerProducerGroup = 'CLIENT_INNER_PRODUCER'

/** Gives messages back that could not be consumed (reference: client-behaviour 6.7). */
export class SendBack {
  readonly #instance: ClientInstance
  readonly #group: string
  readonly #maxReconsumeTimes: number

  constructor(instance: ClientInstance, group: string, maxReconsumeTimes: number) {
    this.#instance = instance
    this.#group = group
    this.#maxReconsumeTimes = maxReconsumeTimes
  }

  /**
   * Whether the message will be delivered again, or lies with the dead letters. `queue` is where it was pulled from;
   * level 0 lets the broker decide when, -1 means the dead letters.
   */
  async send(queue: MessageQueue, message: ReceivedMessage, delayLevel: number): Promise<boolean> {
    const { logger } = this.#instance
    // The broker that has a static topic's queue now need not be the one that has the message.
    if (isLogical(queue.brokerName)) return this.sendToRetryTopic(message)
    try {
      await this.#ask(queue, message, delayLevel)
      return true
    } catch (thrown) {
      if (this.#instance.closed) return false
      logger.warn(`message ${message.messageId} is sent to its retry topic: ${errorText(thrown)}`)
      return this.sendToRetryTopic(message)
    }
  }

  /** As a message of our own; the broker puts it with the dead letters when it had its tries. */
  async sendToRetryTopic(message: ReceivedMessage): Promise<boolean> {
    try {
      await this.#sendToRetryTopic(message)
      return true
    } catch (thrown) {
      this.#instance.logger.error(
        `message ${message.messageId} could not be sent to its retry topic: ${errorText(thrown)}`,
      )
      return false
    }
  }

  async #ask(queue: MessageQueue, message: ReceivedMessage, delayLevel: number): Promise<void> {
    const address = await this.#instance.masterAddress(queue)
    const answer = await this.#instance.call(
      address,
      commands.consumerSendMsgBack,
      {
        offset: message.physicalOffset,
        group: this.#group,
        delayLevel,
        originMsgId: message.messageId,
        originTopic: queue.topic,
        unitMode: false,
        maxReconsumeTimes: this.#maxReconsumeTimes,
        brokerName: queue.brokerName,
      },
      { timeoutMs: sendBackTimeoutMs },
    )
    if (answer.code !== responseCodes.SUCCESS) throw brokerError(answer, 'Sending a message back', address)
  }

  async #sendToRetryTopic(message: ReceivedMessage): Promise<void> {
    const topic = retryTopicOf(this.#group)
    const properties = new Map(message.properties)
    properties.delete(propertyNames.transactionPrepared)
    const originId = properties.get(propertyNames.originMessageId) ?? message.messageId
    properties.set(propertyNames.originMessageId, originId)
    properties.set(propertyNames.retryTopic, withNamespace(this.#instance.namespace, message.topic))
    properties.set(propertyNames.reconsumeTime, String(message.reconsumeTimes + 1))
    properties.set(propertyNames.maxReconsumeTimes, String(this.#maxReconsumeTimes))
    properties.set(propertyNames.delayLevel, String(firstRetryLevel + message.reconsumeTimes))
    const route = await this.#instance.routes.forSending(topic, 1)
    const queues = route.publishQueues
    await sendOnce(
      this.#instance,
      queues[this.#instance.surroundings.random.below(queues.length)]!,
      {
        producerGroup: innerProducerGroup,
        defaultTopicQueueNums: 1,
        topic,
        flag: message.flag,
        sysFlag: 0,
        properties: encodeProperties(properties),
        body: message.body,
        messageId: message.messageId,
        kind: 'single',
        reconsumeTimes: message.reconsumeTimes + 1,
        maxReconsumeTimes: this.#maxReconsumeTimes,
      },
      retrySendTimeoutMs,
      undefined,
    )
  }
}
