import { abortable } from '@aerobee/base'
import type { Answer } from '@aerobee/net'
import { commands, type RequestInput, responseCodes } from '@aerobee/wire'
import { brokerError, expectFields } from '../answers.js'
import type { ClientInstance } from '../client-instance.js'
import type { MessageQueue } from '../route.js'
import { defaultTopic } from '../route-table.js'
import type { SendResult, SendStatus } from './options.js'

/** A message, or several, ready to go to any queue of its topic. */
export interface SendRequest {
  producerGroup: string
  /** With its namespace. */
  topic: string
  createTopicKey?: string
  defaultTopicQueueNums: number
  flag: number
  sysFlag: number
  properties: string
  body: Uint8Array
  messageId: string
  kind: 'single' | 'batch' | 'reply'
  unitMode?: boolean
  /** Of messages to a retry topic. */
  reconsumeTimes?: number
  maxReconsumeTimes?: number
}

/** Codes that all mean stored (reference: client-behaviour 2.4). */
const statuses: Readonly<Record<number, SendStatus>> = {
  [responseCodes.SUCCESS]: 'SEND_OK',
  [responseCodes.FLUSH_DISK_TIMEOUT]: 'FLUSH_DISK_TIMEOUT',
  [responseCodes.FLUSH_SLAVE_TIMEOUT]: 'FLUSH_SLAVE_TIMEOUT',
  [responseCodes.SLAVE_NOT_AVAILABLE]: 'SLAVE_NOT_AVAILABLE',
}

const byKind = {
  single: commands.sendMessageV2,
  batch: commands.sendBatchMessage,
  reply: commands.sendReplyMessageV2,
}

/** One request to the queue's master. Rejects with BROKER_ERROR and what calls reject with. */
export function sendOnce(
  instance: ClientInstance,
  queue: MessageQueue,
  request: SendRequest,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<SendResult> {
  const known = instance.addresses.knownMaster(queue)
  if (known !== undefined) return sendTo(known, instance, queue, request, timeoutMs, signal)
  return abortable(instance.masterAddress(queue), signal).then((address) =>
    sendTo(address, instance, queue, request, timeoutMs, signal),
  )
}

function sendTo(
  address: string,
  instance: ClientInstance,
  queue: MessageQueue,
  request: SendRequest,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<SendResult> {
  const options = signal ? { body: request.body, timeoutMs, signal } : { body: request.body, timeoutMs }
  return instance
    .call(address, byKind[request.kind], sendFields(instance, queue, request), options)
    .then((answer) => resultOf(answer, address, queue, request))
}

function resultOf(
  answer: Answer<(typeof commands.sendMessageV2)['response']>,
  address: string,
  queue: MessageQueue,
  request: SendRequest,
): SendResult {
  const status = statuses[answer.code]
  if (status === undefined) throw brokerError(answer, whatOf(queue), address)
  const stored = expectFields(answer, whatOf(queue), address)
  const result: SendResult = {
    status,
    messageId: request.messageId,
    offsetMessageId: stored.msgId,
    queue: stored.queueId === queue.queueId ? queue : { ...queue, queueId: stored.queueId },
    queueOffset: stored.queueOffset,
    regionId: stored.region ?? 'DefaultRegion',
    traceOn: stored.traceOn ?? true,
  }
  if (stored.transactionId !== undefined) result.transactionId = stored.transactionId
  if (stored.recallHandle !== undefined) result.recallHandle = stored.recallHandle
  return result
}

const whatOf = ({ topic, queueId }: MessageQueue) => `Sending to queue ${queueId} of topic ${topic}`

/** Resolves when the request left. */
export async function notifySend(
  instance: ClientInstance,
  queue: MessageQueue,
  request: SendRequest,
): Promise<void> {
  const address = instance.addresses.knownMaster(queue) ?? (await instance.masterAddress(queue))
  await instance.notify(address, byKind[request.kind], sendFields(instance, queue, request), {
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
    defaultTopic: request.createTopicKey ?? defaultTopic,
    defaultTopicQueueNums: request.defaultTopicQueueNums,
    queueId: queue.queueId,
    sysFlag: request.sysFlag,
    bornTimestamp: instance.surroundings.clock.wallMs(),
    flag: request.flag,
    properties: request.properties,
    reconsumeTimes: request.reconsumeTimes ?? 0,
    unitMode: request.unitMode ?? false,
    maxReconsumeTimes: request.maxReconsumeTimes,
    batch: request.kind === 'batch',
    brokerName: instance.addresses.brokerOf(queue),
  }
}
