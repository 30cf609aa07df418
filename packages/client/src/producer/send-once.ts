import { commands, type RequestInput, responseCodes } from '@aerobee/wire'
import { brokerError, expectFields } from '../answers.js'
import type { ClientInstance } from '../client-instance.js'
import type { MessageQueue } from '../route.js'
import { defaultTopic } from '../route-table.js'
import type { SendResult, SendStatus } from './producer.js'

/** A message, or several, ready to go to any queue of its topic. */
export interface SendRequest {
  producerGroup: string
  defaultTopicQueueNums: number
  topic: string
  flag: number
  properties: string
  body: Uint8Array
  messageId: string
  batch: boolean
}

/** Codes that all mean stored (reference: client-behaviour 2.4). */
const statuses: Readonly<Record<number, SendStatus>> = {
  [responseCodes.SUCCESS]: 'SEND_OK',
  [responseCodes.FLUSH_DISK_TIMEOUT]: 'FLUSH_DISK_TIMEOUT',
  [responseCodes.FLUSH_SLAVE_TIMEOUT]: 'FLUSH_SLAVE_TIMEOUT',
  [responseCodes.SLAVE_NOT_AVAILABLE]: 'SLAVE_NOT_AVAILABLE',
}

/** One request to the queue's master. Rejects with BROKER_ERROR and what ConnectionPool.call rejects with. */
export async function sendOnce(
  instance: ClientInstance,
  queue: MessageQueue,
  request: SendRequest,
  options: { timeoutMs: number; signal: AbortSignal | undefined },
): Promise<SendResult> {
  const address = await instance.masterAddress(queue)
  const command = request.batch ? commands.sendBatchMessage : commands.sendMessageV2
  const { timeoutMs, signal } = options
  const callOptions = signal ? { body: request.body, timeoutMs, signal } : { body: request.body, timeoutMs }
  const answer = await instance.pool.call(address, command, sendFields(instance, queue, request), callOptions)
  const status = statuses[answer.code]
  const what = `Sending to queue ${queue.queueId} of topic ${request.topic}`
  if (status === undefined) throw brokerError(answer, what, address)
  const fields = expectFields(answer, what, address)
  return {
    status,
    messageId: request.messageId,
    offsetMessageId: fields.msgId,
    queue: fields.queueId === queue.queueId ? queue : { ...queue, queueId: fields.queueId },
    queueOffset: fields.queueOffset,
  }
}

export async function notifySend(
  instance: ClientInstance,
  queue: MessageQueue,
  request: SendRequest,
): Promise<void> {
  const address = await instance.masterAddress(queue)
  await instance.pool.notify(address, commands.sendMessageV2, sendFields(instance, queue, request), {
    body: request.body,
  })
}

function sendFields(
  instance: ClientInstance,
  queue: MessageQueue,
  request: SendRequest,
): RequestInput<typeof commands.sendMessageV2> {
  return {
    producerGroup: request.producerGroup,
    topic: request.topic,
    defaultTopic,
    defaultTopicQueueNums: request.defaultTopicQueueNums,
    queueId: queue.queueId,
    sysFlag: 0,
    bornTimestamp: instance.surroundings.clock.wallMs(),
    flag: request.flag,
    properties: request.properties,
    reconsumeTimes: 0,
    unitMode: false,
    batch: request.batch,
    brokerName: queue.brokerName,
  }
}
