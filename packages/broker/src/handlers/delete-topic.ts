import type { Logger } from '@aerobee/base'
import { failure, type Handler, success } from '@aerobee/net'
import type { MessageStore } from '@aerobee/store'
import {
  type commands,
  isStoredTopicName,
  popRetryTopicV1,
  popRetryTopicV2,
  responseCodes,
  topicNameFault,
} from '@aerobee/wire'
import { systemTopic } from '../admin/topic-changes.js'
import type { ConsumerOffsets } from '../consumer-offsets.js'
import type { LongPoll } from '../long-poll.js'
import type { BrokerStats } from '../stats/broker-stats.js'
import type { TopicTable } from '../topics.js'

type Delete = typeof commands.deleteTopicInBroker

interface Parts {
  topics: TopicTable
  offsets: ConsumerOffsets
  store: MessageStore
  longPoll: LongPoll
  stats: BrokerStats
  timerService: { metrics: { remove(topic: string): void } }
  config: { clearRetryTopicWhenDeleteTopic: boolean; autoDeleteUnusedStats: boolean }
  logger: Logger
}

/**
 * Delete a topic with its queues and the offsets of all groups on it (request 215; reference: broker-behaviour 13).
 * Its messages stay in the log until retention takes them; the name servers keep its route until request 216.
 */
export function deleteTopicHandler(parts: Parts): Handler<Delete['request'], Delete['response']> {
  const { topics, offsets, store, longPoll, stats, timerService, config, logger } = parts
  return async ({ request: { topic }, connection }) => {
    if (!isStoredTopicName(topic))
      return failure(
        responseCodes.INVALID_PARAMETER,
        topicNameFault(topic) ?? `The topic[${topic}] is not legal.`,
      )
    if (topics.isSystem(topic)) return systemTopic(topic)
    const retryTopics = config.clearRetryTopicWhenDeleteTopic ? popRetryTopics(parts, topic) : []
    const deleting: Promise<void>[] = []
    for (const name of [topic, ...retryTopics]) {
      topics.delete(name)
      offsets.deleteTopic(name)
      deleting.push(store.deleteTopic(name))
      longPoll.expireAll(name)
      timerService.metrics.remove(name)
      if (config.autoDeleteUnusedStats) stats.traffic.deleteTopic(name)
    }
    await Promise.all([offsets.saveNow(), ...deleting])
    logger.info(`topic ${topic} was deleted`, { by: connection.remoteText })
    return success()
  }
}

/** Where messages of the topic wait for POP consumers, of every group with an offset on it. */
function popRetryTopics({ topics, offsets }: Parts, topic: string): string[] {
  return offsets
    .groupsOf(topic)
    .flatMap((group) => [popRetryTopicV1(topic, group), popRetryTopicV2(topic, group)])
    .filter((name) => topics.find(name) !== undefined)
}
