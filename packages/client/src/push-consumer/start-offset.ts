import { commands, isRetryTopic, responseCodes } from '@aerobee/wire'
import { expectSuccess } from '../answers.js'
import type { ClientInstance } from '../client-instance.js'
import type { MessageQueue } from '../route.js'
import type { OffsetStore } from './offset-store.js'

/** Where a group without offsets begins. A Date means: at the first message stored then or later. */
export type ConsumeFrom = 'earliest' | 'latest' | Date

/**
 * The committed offset; for a group without one, what the client itself asked for. Java leaves that to what the broker
 * guesses (reference: client-behaviour 3.4); here `from` decides. Retry topics begin at 0.
 */
export async function startOffset(
  instance: ClientInstance,
  offsets: OffsetStore,
  queue: MessageQueue,
  from: ConsumeFrom,
): Promise<number> {
  const committed = await offsets.fetch(queue)
  if (committed !== undefined) return committed
  if (isRetryTopic(queue.topic)) return 0
  if (from === 'earliest') return askOffset(instance, queue, 'min')
  if (from === 'latest') return askOffset(instance, queue, 'max')
  return askOffset(instance, queue, from)
}

async function askOffset(
  instance: ClientInstance,
  queue: MessageQueue,
  which: 'min' | 'max' | Date,
): Promise<number> {
  const address = await instance.masterAddress(queue)
  const { topic, queueId, brokerName } = queue
  const options = { timeoutMs: instance.callTimeoutMs }
  const what = `Asking for an offset of queue ${queueId} of topic ${topic}`
  if (which instanceof Date) {
    const fields = { topic, queueId, brokerName, timestamp: which.getTime() }
    return expectSuccess(
      await instance.pool.call(address, commands.searchOffsetByTimestamp, fields, options),
      what,
      address,
    ).offset
  }
  const command = which === 'min' ? commands.getMinOffset : commands.getMaxOffset
  const answer = await instance.pool.call(address, command, { topic, queueId, brokerName }, options)
  if (answer.code === responseCodes.QUERY_NOT_FOUND) return 0
  return expectSuccess(answer, what, address).offset
}
