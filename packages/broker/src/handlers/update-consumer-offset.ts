import type { Logger } from '@aerobee/base'
import { failure, type Handler, success } from '@aerobee/net'
import type { MessageStore } from '@aerobee/store'
import { type commands, isBrokersOwn, responseCodes } from '@aerobee/wire'
import { systemTopic } from '../admin/topic-changes.js'
import type { ConsumerOffsets } from '../consumer-offsets.js'
import type { GroupTable } from '../groups.js'
import type { TopicTable } from '../topics.js'

type Update = typeof commands.updateConsumerOffset

/** Commit the offset of a group (request 15; reference: broker-behaviour 5). */
export function updateConsumerOffsetHandler(parts: {
  offsets: ConsumerOffsets
  groups: GroupTable
  topics: TopicTable
  store: MessageStore
  logger: Logger
}): Handler<Update['request'], Update['response']> {
  const { offsets, groups, topics, store, logger } = parts
  return ({ request, connection }) => {
    const { consumerGroup, topic, queueId, commitOffset } = request
    if (isBrokersOwn(topic)) return { ...systemTopic(topic), fields: {} }
    if (!groups.get(consumerGroup))
      return failure(responseCodes.SUBSCRIPTION_GROUP_NOT_EXIST, `Group ${consumerGroup} not exist!`, {})
    const config = topics.find(topic)
    if (!config) return failure(responseCodes.TOPIC_NOT_EXIST, `Topic ${topic} not exist!`, {})
    if (queueId === undefined)
      return failure(responseCodes.INVALID_PARAMETER, `QueueId is null, topic is ${topic}`, {})
    if (commitOffset === undefined)
      return failure(responseCodes.INVALID_PARAMETER, `Offset is null, topic is ${topic}`, {})
    // A queue that a topic has lost may still hold messages; one it never had would only fill the table.
    const queues = Math.max(config.readQueueNums, config.writeQueueNums)
    if (queueId < 0 || (queueId >= queues && store.maxOffset(topic, queueId) === 0))
      return failure(
        responseCodes.INVALID_PARAMETER,
        `queueId[${queueId}] is illegal, topic:[${topic}] topicConfig.readQueueNums:[${config.readQueueNums}] ` +
          `consumer:[/${connection.remoteText}]`,
        {},
      )
    if (offsets.hasReset(consumerGroup, topic, queueId))
      return { ...success({}), remark: 'Offset has been previously reset' }
    const outcome = offsets.commit(consumerGroup, topic, queueId, commitOffset)
    if (outcome === 'movedBack' || outcome === 'cutToEnd')
      logger.info(
        `${consumerGroup} committed ${commitOffset} for ${topic} queue ${queueId}, ` +
          `${outcome === 'movedBack' ? 'further back than before' : 'beyond its end'}`,
      )
    return success({})
  }
}
