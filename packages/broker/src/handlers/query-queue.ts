import { utf8 } from '@aerobee/base'
import { isTagType, type SqlFilter } from '@aerobee/filter'
import { failure, type Handler } from '@aerobee/net'
import type { MessageStore, QueueEntry } from '@aerobee/store'
import { bodies, type commands, decodeRecord, responseCodes } from '@aerobee/wire'
import { wholeAnswer } from '../admin/whole-answer.js'
import type { Consumers, TopicSubscription } from '../clients/consumers.js'
import { type ConsumerFilter, type ConsumerFilters, filterJson } from '../filters/consumer-filters.js'
import type { TopicTable } from '../topics.js'

type Query = typeof commands.queryConsumeQueue

interface Parts {
  store: MessageStore
  consumers: Consumers
  filters: ConsumerFilters
  topics: TopicTable
}

/** A thousand entries take 100 KiB; a reader goes on behind the last. */
const mostEntries = 1000

/**
 * Entries of a queue, and whether a group would get them (request 321; reference: broker-behaviour 11). Ours: `eval`
 * says whether the group's subscription matches.
 */
export function queryConsumeQueueHandler(parts: Parts): Handler<Query['request'], Query['response']> {
  const { store, consumers, filters } = parts
  return async ({ request }) => {
    const { topic, queueId = 0, index = 0, count = 0, consumerGroup } = request
    const wanted = Math.max(0, Math.min(count, mostEntries))
    if (topic === undefined) return failure(responseCodes.SYSTEM_ERROR, `${queueId}@null is not exist!`)
    const stored = await store.queueEntries(topic, queueId, index, Math.max(1, wanted))
    const entries = stored ?? (hasQueue(parts.topics, topic, queueId) ? [] : undefined)
    if (!entries) return failure(responseCodes.SYSTEM_ERROR, `${queueId}@${topic} is not exist!`)
    if (entries.length === 0)
      return failure(responseCodes.SUCCESS, `Index ${index} of ${queueId}@${topic} is not exist!`)
    const subscribed = consumerGroup === undefined ? undefined : consumers.subscription(consumerGroup, topic)
    const isSql = subscribed !== undefined && !isTagType(subscribed.subscription.expressionType)
    const filter = isSql ? filters.find(consumerGroup!, topic) : undefined
    const queueData: bodies.ConsumeQueueView['queueData'][number][] = []
    for (const entry of entries.slice(0, wanted))
      queueData.push({
        eval: await isWanted(store, entry, subscribed, filter?.filter ?? subscribed?.filter),
        physicOffset: entry.physicalOffset,
        physicSize: entry.sizeBytes,
        tagsCode: entry.tagsCode,
      })
    const view = {
      filterData: filterText(consumerGroup, topic, subscribed, filter),
      maxQueueIndex: store.maxOffset(topic, queueId),
      minQueueIndex: store.minOffset(topic, queueId),
      queueData,
      subscriptionData: subscribed?.subscription,
    }
    return wholeAnswer(bodies.consumeQueueView.encode(view), 'ask for fewer entries')
  }
}

/** A queue that nothing was sent to yet. */
function hasQueue(topics: TopicTable, topic: string, queueId: number): boolean {
  const known = topics.find(topic)
  return known !== undefined && queueId >= 0 && queueId < Math.max(known.readQueueNums, known.writeQueueNums)
}

async function isWanted(
  store: MessageStore,
  { tagsCode, physicalOffset }: QueueEntry,
  subscribed: TopicSubscription | undefined,
  filter: SqlFilter | undefined,
): Promise<boolean> {
  if (!subscribed || subscribed.match?.(tagsCode) === false) return false
  if (!filter) return true
  const bytes = await store.recordAt(physicalOffset)
  const record = bytes && decodeRecord(bytes)
  if (!record?.ok) return false
  const properties = utf8(record.value.properties)
  return filter.matches(properties, 0, properties.length)
}

function filterText(
  group: string | undefined,
  topic: string,
  subscribed: TopicSubscription | undefined,
  filter: ConsumerFilter | undefined,
): string | undefined {
  if (group === undefined) return undefined
  if (!subscribed) return `${group}@${topic} is not online!`
  return filter ? JSON.stringify(filterJson(filter), null, '\t') : 'null'
}
