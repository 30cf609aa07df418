import { failure, type Handler, success } from '@aerobee/net'
import { bodies, type commands, responseCodes } from '@aerobee/wire'
import type { TopicTable } from '../topics.js'

type GetOne = typeof commands.getTopicConfig
type GetAll = typeof commands.getAllTopicConfig

/** Settings of one topic (request 351; reference: broker-behaviour 13). */
export function getTopicConfigHandler({
  topics,
}: {
  topics: TopicTable
}): Handler<GetOne['request'], GetOne['response']> {
  return ({ request }) => {
    const topic = topics.find(request.topic)
    return topic
      ? success(null, bodies.topicConfigAndQueueMapping.encode(topic))
      : failure(responseCodes.TOPIC_NOT_EXIST, `No topic in this broker. topic: ${request.topic}`)
  }
}

/** Settings of all topics (request 21). */
export function getAllTopicConfigHandler({
  topics,
}: {
  topics: TopicTable
}): Handler<GetAll['request'], GetAll['response']> {
  return () =>
    success(
      {},
      bodies.topicConfigTable.encode({
        dataVersion: topics.dataVersion,
        mappingDataVersion: bodies.noDataVersion(),
        topicConfigTable: topics.all,
        topicQueueMappingDetailMap: new Map(),
        topicQueueMappingInfoMap: new Map(),
      }),
    )
}
