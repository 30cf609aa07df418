import type { Logger } from '@aerobee/base'
import { type Handler, success } from '@aerobee/net'
import type { MessageStore } from '@aerobee/store'
import { type commands, lmqTopicPrefix } from '@aerobee/wire'
import type { BrokerStats } from '../stats/broker-stats.js'
import type { TopicTable } from '../topics.js'

/** Cleaning on demand (requests 306, 316 and 329; reference: broker-behaviour 13). */
interface Parts {
  store: MessageStore
  topics: TopicTable
  stats: BrokerStats
  config: { autoDeleteUnusedStats: boolean }
  logger: Logger
}
type Queues = typeof commands.cleanExpiredConsumeQueue
type Topics = typeof commands.cleanUnusedTopic
type Log = typeof commands.deleteExpiredCommitLog

/** Files of queues whose messages are all gone. Ours: such a queue goes on at its offset. */
export function cleanExpiredQueuesHandler({
  store,
  topics,
  logger,
}: Parts): Handler<Queues['request'], Queues['response']> {
  return async ({ connection }) => {
    const count = await store.dropExpiredQueueFiles(topics.isSystem)
    logger.info(`the files of ${count} expired queues were deleted`, { by: connection.remoteText })
    return success()
  }
}

/** Queues of topics that are gone. */
export function cleanUnusedTopicsHandler({
  store,
  topics,
  stats,
  config,
  logger,
}: Parts): Handler<Topics['request'], Topics['response']> {
  return async ({ connection }) => {
    const unused = [...store.queues().keys()].filter(
      (topic) =>
        topics.find(topic) === undefined && !topics.isSystem(topic) && !topic.startsWith(lmqTopicPrefix),
    )
    const deleting = unused.map((topic) => store.deleteTopic(topic))
    if (config.autoDeleteUnusedStats) for (const topic of unused) stats.traffic.deleteTopic(topic)
    await Promise.all(deleting)
    logger.info(`the queues of ${unused.length} unused topics were deleted: ${unused.slice(0, 10)}`, {
      by: connection.remoteText,
    })
    return success()
  }
}

/** Expired segments of the log, in the next cycles of retention. */
export function deleteExpiredLogHandler({ store, logger }: Parts): Handler<Log['request'], Log['response']> {
  return ({ connection }) => {
    store.deleteExpiredSoon()
    logger.info('expired segments of the log are deleted now', { by: connection.remoteText })
    return success()
  }
}
