import { commands, responseCodes } from '@aerobee/wire'
import { expectSuccess } from '../answers.js'
import type { ClientInstance } from '../client-instance.js'
import type { MessageQueue } from '../route.js'

/** Questions about the offsets of a queue, to its master. All reject with BROKER_ERROR and the errors of calls. */
const what = ({ topic, queueId }: MessageQueue) =>
  `Asking for an offset of queue ${queueId} of topic ${topic}`

/** Behind the last message; 0 for a queue nobody has written to. */
export async function maxOffset(instance: ClientInstance, queue: MessageQueue): Promise<number> {
  const address = await instance.masterAddress(queue)
  const fields = { topic: queue.topic, queueId: queue.queueId, brokerName: queue.brokerName }
  const answer = await instance.call(address, commands.getMaxOffset, fields, {
    timeoutMs: instance.callTimeoutMs,
  })
  return answer.code === responseCodes.QUERY_NOT_FOUND
    ? 0
    : expectSuccess(answer, what(queue), address).offset
}

/** First message that is still there. */
export async function minOffset(instance: ClientInstance, queue: MessageQueue): Promise<number> {
  const address = await instance.masterAddress(queue)
  const fields = { topic: queue.topic, queueId: queue.queueId, brokerName: queue.brokerName }
  const answer = await instance.call(address, commands.getMinOffset, fields, {
    timeoutMs: instance.callTimeoutMs,
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
): Promise<number> {
  const address = await instance.masterAddress(queue)
  const { topic, queueId, brokerName } = queue
  const fields = { topic, queueId, brokerName, timestamp: time.getTime(), boundaryType: 'LOWER' }
  const answer = await instance.call(address, commands.searchOffsetByTimestamp, fields, {
    timeoutMs: instance.callTimeoutMs,
  })
  return expectSuccess(answer, what(queue), address).offset
}
