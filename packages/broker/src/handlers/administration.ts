import { type Registration, serve } from '@aerobee/net'
import { commands } from '@aerobee/wire'
import type { BrokerParts } from '../parts.js'
import { consumeMessageDirectlyHandler, getConsumerRunningInfoHandler } from './ask-consumer.js'
import { getBrokerConfigHandler, updateBrokerConfigHandler } from './broker-config.js'
import { getBrokerConsumeStatsHandler } from './broker-consume-stats.js'
import {
  cleanExpiredQueuesHandler,
  cleanUnusedTopicsHandler,
  deleteExpiredLogHandler,
} from './clean-store.js'
import {
  getAllProducersHandler,
  getConsumerConnectionsHandler,
  getProducerConnectionsHandler,
} from './client-connections.js'
import { cloneGroupOffsetHandler } from './clone-offsets.js'
import { getConsumeStatsHandler } from './consume-stats.js'
import { queryConsumeTimeSpanHandler } from './consume-time-span.js'
import { getConsumerStatusHandler } from './consumer-status.js'
import { deleteGroupHandler } from './delete-group.js'
import { deleteTopicHandler } from './delete-topic.js'
import { updateAndGetGroupForbiddenHandler } from './forbid-topic.js'
import { getAllGroupConfigHandler, getGroupConfigHandler } from './get-group-config.js'
import { getRuntimeInfoHandler } from './get-runtime-info.js'
import { getAllTopicConfigHandler, getTopicConfigHandler } from './get-topic-config.js'
import { queryMessageHandler } from './query-message.js'
import { queryConsumeQueueHandler } from './query-queue.js'
import {
  getEarliestStoreTimeHandler,
  getMaxOffsetHandler,
  getMinOffsetHandler,
  searchOffsetHandler,
} from './queue-bounds.js'
import { resetOffsetHandler } from './reset-offset.js'
import { getTimerCheckPointHandler, getTimerMetricsHandler } from './timer-state.js'
import { getTopicStatsHandler } from './topic-stats.js'
import { updateGroupHandler, updateGroupListHandler } from './update-group.js'
import { updateTopicHandler, updateTopicListHandler } from './update-topic.js'
import { viewMessageHandler } from './view-message.js'
import { viewBrokerStatsHandler } from './view-stats.js'
import {
  getSystemTopicsHandler,
  queryGroupsOfTopicHandler,
  querySubscriptionHandler,
  queryTopicsOfGroupHandler,
} from './who-consumes-what.js'

/** What administrators and tools ask of a broker, and consumers about queues and messages. */
export function administrationHandlers(parts: BrokerParts): Registration[] {
  return [
    serve(commands.searchOffsetByTimestamp, searchOffsetHandler(parts)),
    serve(commands.getMaxOffset, getMaxOffsetHandler(parts)),
    serve(commands.getMinOffset, getMinOffsetHandler(parts)),
    serve(commands.getEarliestMsgStoreTime, getEarliestStoreTimeHandler(parts)),
    serve(commands.queryMessage, queryMessageHandler(parts)),
    serve(commands.viewMessageById, viewMessageHandler(parts)),
    serve(commands.updateAndCreateTopic, updateTopicHandler(parts)),
    serve(commands.updateAndCreateTopicList, updateTopicListHandler(parts)),
    serve(commands.deleteTopicInBroker, deleteTopicHandler(parts)),
    serve(commands.getTopicConfig, getTopicConfigHandler(parts)),
    serve(commands.getAllTopicConfig, getAllTopicConfigHandler(parts)),
    serve(commands.updateAndCreateSubscriptionGroup, updateGroupHandler(parts)),
    serve(commands.updateAndCreateSubscriptionGroupList, updateGroupListHandler(parts)),
    serve(commands.deleteSubscriptionGroup, deleteGroupHandler(parts)),
    serve(commands.getSubscriptionGroupConfig, getGroupConfigHandler(parts)),
    serve(commands.getAllSubscriptionGroupConfig, getAllGroupConfigHandler(parts)),
    serve(commands.updateBrokerConfig, updateBrokerConfigHandler(parts)),
    serve(commands.getBrokerConfig, getBrokerConfigHandler(parts)),
    serve(commands.getBrokerRuntimeInfo, getRuntimeInfoHandler(parts)),
    serve(commands.getTimerCheckPoint, getTimerCheckPointHandler(parts)),
    serve(commands.getTimerMetrics, getTimerMetricsHandler(parts)),
    serve(commands.getTopicStatsInfo, getTopicStatsHandler(parts)),
    serve(commands.getConsumeStats, getConsumeStatsHandler(parts)),
    serve(commands.getConsumerConnectionList, getConsumerConnectionsHandler(parts)),
    serve(commands.getProducerConnectionList, getProducerConnectionsHandler(parts)),
    serve(commands.queryTopicConsumeByWho, queryGroupsOfTopicHandler(parts)),
    serve(commands.queryTopicsByConsumer, queryTopicsOfGroupHandler(parts)),
    serve(commands.getSystemTopicListFromBroker, getSystemTopicsHandler(parts)),
    serve(commands.querySubscriptionByConsumer, querySubscriptionHandler(parts)),
    serve(commands.getAllProducerInfo, getAllProducersHandler(parts)),
    serve(commands.getConsumerRunningInfo, getConsumerRunningInfoHandler(parts)),
    serve(commands.consumeMessageDirectly, consumeMessageDirectlyHandler(parts)),
    serve(commands.invokeBrokerToResetOffset, resetOffsetHandler(parts)),
    serve(commands.invokeBrokerToGetConsumerStatus, getConsumerStatusHandler(parts)),
    serve(commands.cloneGroupOffset, cloneGroupOffsetHandler(parts)),
    serve(commands.updateAndGetGroupForbidden, updateAndGetGroupForbiddenHandler(parts)),
    serve(commands.queryConsumeTimeSpan, queryConsumeTimeSpanHandler(parts)),
    serve(commands.getBrokerConsumeStats, getBrokerConsumeStatsHandler(parts)),
    serve(commands.viewBrokerStatsData, viewBrokerStatsHandler(parts)),
    serve(commands.queryConsumeQueue, queryConsumeQueueHandler(parts)),
    serve(commands.cleanExpiredConsumeQueue, cleanExpiredQueuesHandler(parts)),
    serve(commands.cleanUnusedTopic, cleanUnusedTopicsHandler(parts)),
    serve(commands.deleteExpiredCommitLog, deleteExpiredLogHandler(parts)),
  ]
}
