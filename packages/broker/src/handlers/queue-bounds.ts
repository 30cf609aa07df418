import { type Handler, success } from '@aerobee/net'
import type { MessageStore } from '@aerobee/store'
import type { commands } from '@aerobee/wire'

/** Where queues begin and end (requests 29 to 32; reference: broker-behaviour 11). Unknown queues are empty ones. */
interface Parts {
  store: MessageStore
}
type Max = typeof commands.getMaxOffset
type Min = typeof commands.getMinOffset
type Earliest = typeof commands.getEarliestMsgStoreTime
type Search = typeof commands.searchOffsetByTimestamp

export function getMaxOffsetHandler({ store }: Parts): Handler<Max['request'], Max['response']> {
  return ({ request }) => success({ offset: store.maxOffset(request.topic, request.queueId) })
}

export function getMinOffsetHandler({ store }: Parts): Handler<Min['request'], Min['response']> {
  return ({ request }) => success({ offset: store.minOffset(request.topic, request.queueId) })
}

export function getEarliestStoreTimeHandler({
  store,
}: Parts): Handler<Earliest['request'], Earliest['response']> {
  return async ({ request: { topic, queueId } }) =>
    success({ timestamp: await store.storeTimeAt(topic, queueId, store.minOffset(topic, queueId)) })
}

export function searchOffsetHandler({ store }: Parts): Handler<Search['request'], Search['response']> {
  return async ({ request: { topic, queueId, timestamp, boundaryType } }) => {
    const boundary = boundaryType?.toUpperCase() === 'UPPER' ? 'UPPER' : 'LOWER'
    return success({ offset: await store.offsetByTime(topic, queueId, timestamp, boundary) })
  }
}
