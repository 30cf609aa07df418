import { failure, type Handler, success } from '@aerobee/net'
import type { MessageStore } from '@aerobee/store'
import { bodies, type commands, responseCodes } from '@aerobee/wire'
import type { BrokerStats } from '../stats/broker-stats.js'
import type { TopicTable } from '../topics.js'

type Get = typeof commands.getTopicStatsInfo
type Row = bodies.TopicStatsTable['offsetTable'][number]

/**
 * Where the queues of a topic begin and end (request 202; reference: broker-behaviour 13), and how many messages a
 * second it got over the last minute.
 */
export function getTopicStatsHandler({
  topics,
  store,
  stats,
  config,
}: {
  topics: TopicTable
  store: MessageStore
  stats: BrokerStats
  config: { brokerName: string }
}): Handler<Get['request'], Get['response']> {
  return async ({ request: { topic } }) => {
    const known = topics.find(topic)
    if (!known) return failure(responseCodes.TOPIC_NOT_EXIST, `topic[${topic}] not exist`)
    const rows: Row[] = []
    const queues = Math.max(known.readQueueNums, known.writeQueueNums)
    for (let queueId = 0; queueId < queues; queueId++) {
      const minOffset = store.minOffset(topic, queueId)
      const maxOffset = store.maxOffset(topic, queueId)
      const lastUpdateTimestamp =
        maxOffset > 0 ? Math.max(0, await store.storeTimeAt(topic, queueId, maxOffset - 1)) : 0
      const { brokerName } = config
      rows.push([
        { brokerName, queueId, topic },
        { lastUpdateTimestamp, maxOffset, minOffset },
      ])
    }
    return success(
      null,
      bodies.topicStatsTable.encode({ offsetTable: rows, topicPutTps: stats.putTps(topic) }),
    )
  }
}
