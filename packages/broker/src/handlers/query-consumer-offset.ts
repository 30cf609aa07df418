import { failure, type Handler, success } from '@aerobee/net'
import type { MessageStore } from '@aerobee/store'
import { type commands, responseCodes } from '@aerobee/wire'
import type { ConsumerOffsets } from '../consumer-offsets.js'

type Query = typeof commands.queryConsumerOffset

/**
 * Where a group goes on in a queue (request 14; reference: broker-behaviour 5). A group without an offset starts at
 * 0 while the queue still begins there and in memory; otherwise it decides for itself.
 */
export function queryConsumerOffsetHandler({
  offsets,
  store,
}: {
  offsets: ConsumerOffsets
  store: MessageStore
}): Handler<Query['request'], Query['response']> {
  return ({ request }) => {
    const { consumerGroup, topic, queueId } = request
    const offset = offsets.query(consumerGroup, topic, queueId)
    if (offset !== undefined) return success({ offset })
    if (request.setZeroIfNotFound === false)
      return failure(
        responseCodes.QUERY_NOT_FOUND,
        'Not found, do not set to zero, maybe this group boot first',
        {},
      )
    if (startsInMemory(store, topic, queueId)) return success({ offset: 0 })
    return failure(
      responseCodes.QUERY_NOT_FOUND,
      'Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first',
      {},
    )
  }
}

const startsInMemory = (store: MessageStore, topic: string, queueId: number): boolean =>
  store.minOffset(topic, queueId) <= 0 &&
  store.maxOffset(topic, queueId) > 0 &&
  store.inMemory(topic, queueId, 0)
