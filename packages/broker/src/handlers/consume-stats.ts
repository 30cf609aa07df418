import { type Handler, success } from '@aerobee/net'
import type { MessageStore } from '@aerobee/store'
import { bodies, type commands, type RequestOf } from '@aerobee/wire'
import type { Consumers } from '../clients/consumers.js'
import type { ConsumerOffsets } from '../consumer-offsets.js'
import type { BrokerStats } from '../stats/broker-stats.js'
import type { TopicTable } from '../topics.js'

type Get = typeof commands.getConsumeStats
type Row = bodies.ConsumeStats['offsetTable'][number]

interface Parts {
  topics: TopicTable
  offsets: ConsumerOffsets
  consumers: Consumers
  store: MessageStore
  stats: BrokerStats
  config: { brokerName: string }
}

/**
 * How far a group is behind, queue by queue (request 208; reference: broker-behaviour 13), and how many messages a
 * second it got over the last minute.
 */
export function getConsumeStatsHandler(parts: Parts): Handler<Get['request'], Get['response']> {
  return async ({ request }) => {
    const { consumerGroup } = request
    const rows: Row[] = []
    let consumeTps = 0
    for (const topic of topicsOf(parts, request)) {
      const queues = parts.topics.find(topic)?.readQueueNums ?? 0
      for (let queueId = 0; queueId < queues; queueId++)
        rows.push(await queueStats(parts, consumerGroup, topic, queueId))
      if (queues > 0) consumeTps += parts.stats.getTps(topic, consumerGroup)
    }
    return success(null, bodies.consumeStats.encode({ offsetTable: rows, consumeTps }))
  }
}

/** Those asked for, or those with offsets; of a group that is online only what it subscribes to. */
function topicsOf({ offsets, consumers }: Parts, request: RequestOf<Get>): string[] {
  const { consumerGroup, topic, topicList } = request
  const listed = (topicList ?? '').split(';').filter((name) => name !== '')
  const asked = listed.length > 0 ? listed : topic ? [topic] : offsets.topicsOf(consumerGroup)
  const subscribed = consumers.group(consumerGroup)?.topics
  return subscribed && subscribed.size > 0 ? asked.filter((name) => subscribed.has(name)) : asked
}

async function queueStats(
  { offsets, store, config }: Parts,
  group: string,
  topic: string,
  queueId: number,
): Promise<Row> {
  const consumerOffset = offsets.query(group, topic, queueId) ?? 0
  const lastTimestamp =
    consumerOffset > 0 ? Math.max(0, await store.storeTimeAt(topic, queueId, consumerOffset - 1)) : 0
  const stats = {
    brokerOffset: store.maxOffset(topic, queueId),
    consumerOffset,
    lastTimestamp,
    pullOffset: Math.max(consumerOffset, offsets.pulled(group, topic, queueId) ?? 0),
  }
  return [{ brokerName: config.brokerName, queueId, topic }, stats]
}
