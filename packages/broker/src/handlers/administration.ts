import { type Registration, serve } from '@aerobee/net'
import { commands } from '@aerobee/wire'
import type { BrokerParts } from '../parts.js'
import { getBrokerConfigHandler, updateBrokerConfigHandler } from './broker-config.js'
import { getConsumerConnectionsHandler, getProducerConnectionsHandler } from './client-connections.js'
import { getConsumeStatsHandler } from './consume-stats.js'
import { deleteGroupHandler } from './delete-group.js'
import { deleteTopicHandler } from './delete-topic.js'
import { getAllGroupConfigHandler, getGroupConfigHandler } from './get-group-config.js'
import { getRuntimeInfoHandler } from './get-runtime-info.js'
import { getAllTopicConfigHandler, getTopicConfigHandler } from './get-topic-config.js'
import { queryMessageHandler } from './query-message.js'
import {
  getEarliestStoreTimeHandler,
  getMaxOffsetHandler,
  getMinOffsetHandler,
  searchOffsetHandler,
} from './queue-bounds.js'
import { getTopicStatsHandler } from './topic-stats.js'
import { updateGroupHandler, updateGroupListHandler } from './update-group.js'
import { updateTopicHandler, updateTopicListHandler } from './update-topic.js'
import { viewMessageHandler } from './view-message.js'
import {
  getSystemTopicsHandler,
  queryGroupsOfTopicHandler,
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
    serve(commands.getTopicStatsInfo, getTopicStatsHandler(parts)),
    serve(commands.getConsumeStats, getConsumeStatsHandler(parts)),
    serve(commands.getConsumerConnectionList, getConsumerConnectionsHandler(parts)),
    serve(commands.getProducerConnectionList, getProducerConnectionsHandler(parts)),
    serve(commands.queryTopicConsumeByWho, queryGroupsOfTopicHandler(parts)),
    serve(commands.queryTopicsByConsumer, queryTopicsOfGroupHandler(parts)),
    serve(commands.getSystemTopicListFromBroker, getSystemTopicsHandler(parts)),
  ]
}
