import { failure, type Handler } from '@aerobee/net'
import type { MessageStore } from '@aerobee/store'
import { bodies, type commands, responseCodes } from '@aerobee/wire'
import { wholeAnswer } from '../admin/whole-answer.js'
import type { Consumers } from '../clients/consumers.js'

type Query = typeof commands.queryConsumeQueue

/** A thousand entries take 100 KiB; a reader goes on behind the last. */
const mostEntries = 1000

/**
 * Entries of a queue, and whether a group would get them (request 321; reference: broker-behaviour 11). Ours: `eval`
 * says whether the group's tags match.
 */
export function queryConsumeQueueHandler({
  store,
  consumers,
}: {
  store: MessageStore
  consumers: Consumers
}): Handler<Query['request'], Query['response']> {
  return async ({ request }) => {
    const { topic, queueId = 0, index = 0, count = 0, consumerGroup } = request
    const wanted = Math.max(0, Math.min(count, mostEntries))
    const entries =
      topic === undefined ? undefined : await store.queueEntries(topic, queueId, index, Math.max(1, wanted))
    if (topic === undefined || entries === undefined)
      return failure(responseCodes.SYSTEM_ERROR, `${queueId}@${topic ?? 'null'} is not exist!`)
    if (entries.length === 0)
      return failure(responseCodes.SUCCESS, `Index ${index} of ${queueId}@${topic} is not exist!`)
    const subscribed =
      consumerGroup === undefined ? undefined : consumers.group(consumerGroup)?.topics.get(topic)
    const view = {
      filterData: filterText(consumerGroup, topic, subscribed !== undefined),
      maxQueueIndex: store.maxOffset(topic, queueId),
      minQueueIndex: store.minOffset(topic, queueId),
      queueData: entries.slice(0, wanted).map(({ physicalOffset, sizeBytes, tagsCode }) => ({
        eval: subscribed !== undefined && (subscribed.match?.(tagsCode) ?? true),
        physicOffset: physicalOffset,
        physicSize: sizeBytes,
        tagsCode,
      })),
      subscriptionData: subscribed?.subscription,
    }
    return wholeAnswer(bodies.consumeQueueView.encode(view), 'ask for fewer entries')
  }
}

function filterText(group: string | undefined, topic: string, isSubscribed: boolean): string | undefined {
  if (group === undefined) return undefined
  return isSubscribed ? 'null' : `${group}@${topic} is not online!`
}
