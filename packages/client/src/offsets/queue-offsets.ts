import { abortable } from '@aerobee/base'
import { commands, responseCodes } from '@aerobee/wire'
import { expectSuccess } from '../answers.js'
import type { ClientInstance } from '../client-instance.js'
import type { MessageQueue } from '../route.js'

/**
 * Questions about the offsets of a queue, to its master. All reject with BROKER_ERROR, the errors of calls and the signal's
 * reason.
 */
const what = ({ topic, queueId }: MessageQueue) =>
  `Asking for an offset of queue ${queueId} of topic ${topic}`

/** Behind the last message; 0 for a queue nobody has written to. */
export const maxOffset = (instance: ClientInstance, queue: MessageQueue, signal?: AbortSignal) =>
  boundOf(commands.getMaxOffset, instance, queue, signal)

/** First message that is still there. */
export const minOffset = (instance: ClientInstance, queue: MessageQueue, signal?: AbortSignal) =>
  boundOf(commands.getMinOffset, instance, queue, signal)

async function boundOf(
  command: typeof commands.getMaxOffset | typeof commands.getMinOffset,
  instance: ClientInstance,
  queue: MessageQueue,
  signal: AbortSignal | undefined,
): Promise<number> {
  const address = await abortable(instance.masterAddress(queue), signal)
  const fields = {
    topic: queue.topic,
    queueId: queue.queueId,
    brokerName: instance.addresses.brokerOf(queue),
  }
  const answer = await instance.call(address, command, fields, {
    timeoutMs: instance.callTimeoutMs,
    ...(signal && { signal }),
  })
  return answer.code === responseCodes.QUERY_NOT_FOUND
    ? 0
    : expectSuccess(answer, what(queue), address).offset
}

/** First message stored at the time or later. */
export async function offsetByTime(
  instance: ClientInstance,
  queue: MessageQueue,
  time: Date,
  signal?: AbortSignal,
): Promise<number> {
  const address = await abortable(instance.masterAddress(queue), signal)
  const { topic, queueId } = queue
  const brokerName = instance.addresses.brokerOf(queue)
  const fields = { topic, queueId, brokerName, timestamp: time.getTime(), boundaryType: 'LOWER' }
  const answer = await instance.call(address, commands.searchOffsetByTimestamp, fields, {
    timeoutMs: instance.callTimeoutMs,
    ...(signal && { signal }),
  })
  return expectSuccess(answer, what(queue), address).offset
}
