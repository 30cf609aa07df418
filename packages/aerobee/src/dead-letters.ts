import { AerobeeError, isAerobeeError } from '@aerobee/base'
import {
  type ClientOptions,
  LitePullConsumer,
  type LitePullConsumerOptions,
  type MessageQueue,
  Producer,
  type ReceivedMessage,
  type SendResult,
} from '@aerobee/client'
import { dlqTopicOf, isReservedProperty, propertyNames } from '@aerobee/wire'

/** Messages that a group could not consume and that are delivered no more; they stay where they are. */
export interface DeadLetter {
  /** As the group saw it. */
  messageId: string
  /** Of the dead letter itself: `mqadmin queryMsgById` takes it. */
  offsetMessageId: string
  brokerName: string
  queueId: number
  queueOffset: number
  /** Topic it was sent to. */
  originTopic: string
  /** Of the message as it was first stored; undefined when it does not say. */
  originMessageId: string | undefined
  /** Deliveries that failed. */
  reconsumeTimes: number
  /** When it became a dead letter, wall ms. */
  storeTimestamp: number
  bornTimestamp: number
  tags: string | undefined
  keys: readonly string[]
  flag: number
  /** What the sender set. */
  properties: Readonly<Record<string, string>>
  /** Decompressed. */
  body: Uint8Array
}

export type DeadLetterOptions = Omit<ClientOptions, 'client'> & { group: string }

/** A group of RocketMQ's own tools: reading by it leaves no trace in anybody's offsets. */
const toolsGroup = 'TOOLS_CONSUMER'
/** After so long without a message a queue of which none was seen is taken for empty. */
const idleMs = 2000

/**
 * All dead letters of a group that are there now, queue by queue in the order in which they came; none when the group
 * never had any. Rejects with AerobeeError NO_ROUTE when no broker is known, and with the errors of calls.
 */
export async function* deadLetters(options: DeadLetterOptions): AsyncGenerator<DeadLetter, void> {
  const { group, ...client } = options
  const consumer = { ...client, consumerGroup: toolsGroup, autoCommit: false, pullBatchSize: 32 }
  for (const queue of await queuesOf(consumer, dlqTopicOf(group))) {
    await using reader = await new LitePullConsumer(consumer).assign([queue]).start()
    await reader.seekToBegin(queue)
    yield* lettersOf(reader)
  }
}

async function queuesOf(consumer: LitePullConsumerOptions, topic: string): Promise<MessageQueue[]> {
  await using asking = await new LitePullConsumer(consumer).start()
  try {
    return await asking.fetchMessageQueues(topic)
  } catch (thrown) {
    if (isAerobeeError(thrown, 'NO_ROUTE')) return []
    throw thrown
  }
}

async function* lettersOf(reader: LitePullConsumer): AsyncGenerator<DeadLetter, void> {
  for (;;) {
    const messages = await reader.poll({ timeoutMs: idleMs })
    for (const message of messages) yield deadLetter(message)
    const last = messages.at(-1)
    if (!last || (last.maxOffset >= 0 && last.queueOffset + 1 >= last.maxOffset)) return
  }
}

function deadLetter(message: ReceivedMessage): DeadLetter {
  const properties = [...message.properties].filter(([name]) => !isReservedProperty(name))
  return {
    messageId: message.messageId,
    offsetMessageId: message.offsetMessageId,
    brokerName: message.queue.brokerName,
    queueId: message.queue.queueId,
    queueOffset: message.queueOffset,
    originTopic: message.property(propertyNames.retryTopic) ?? message.topic,
    originMessageId: message.property(propertyNames.originMessageId),
    reconsumeTimes: message.reconsumeTimes,
    storeTimestamp: message.storeTimestamp,
    bornTimestamp: message.bornTimestamp,
    tags: message.tags,
    keys: message.keys,
    flag: message.flag,
    properties: Object.fromEntries(properties),
    body: message.body,
  }
}

export interface ResendOptions extends DeadLetterOptions {
  /** Message ids or offset message ids. Default: all. */
  ids?: readonly string[]
  /** Told after each. */
  onSent?: (letter: DeadLetter, result: SendResult) => void
}

/**
 * Sends dead letters to the topic they came from, as new messages with the same body, tags, keys, flag and properties:
 * every group of the topic gets them. Returns how many; rejects with INVALID_ARGUMENT before the first one for an id
 * that is not there.
 */
export async function resendDeadLetters(options: ResendOptions): Promise<number> {
  const { ids, onSent, group, ...client } = options
  const wanted: DeadLetter[] = []
  const missing = new Set(ids)
  for await (const letter of deadLetters({ ...client, group })) {
    const named = missing.delete(letter.messageId) || missing.delete(letter.offsetMessageId)
    if (ids === undefined || named) wanted.push(letter)
  }
  if (missing.size > 0)
    throw new AerobeeError(
      'INVALID_ARGUMENT',
      `group ${group} has no dead letter ${[...missing].join(', ')}: list them first`,
    )
  if (wanted.length === 0) return 0
  await using producer = await new Producer({ ...client, producerGroup: toolsGroup }).start()
  for (const letter of wanted) {
    const { originTopic: topic, body, tags, keys, flag, properties } = letter
    const result = await producer.send({
      topic,
      body,
      ...(tags !== undefined && { tags }),
      keys,
      flag,
      properties,
    })
    onSent?.(letter, result)
  }
  return wanted.length
}

/** One line of an export: JSON with the body as text, or as base64 where it is no UTF-8. */
export function deadLetterJson({ body, ...letter }: DeadLetter): string {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(body)
  const isText = Buffer.from(text).equals(body)
  return JSON.stringify({
    ...letter,
    ...(isText ? { body: text } : { bodyBase64: Buffer.from(body).toString('base64') }),
  })
}
