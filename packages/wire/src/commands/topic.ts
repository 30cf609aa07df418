import { boolean, defineCommand, int32, named, optional, string } from '../command.js'

/** Topics of a broker (reference: request-codes A.2). */
const topic = string('topic')

const topicSettings = {
  topic,
  defaultTopic: string('topic that the settings come from where absent'),
  readQueueNums: int32('queues to read'),
  writeQueueNums: int32('queues to write'),
  perm: int32('4 read, 2 write, 1 inherit'),
  topicFilterType: string('SINGLE_TAG or MULTI_TAG'),
  topicSysFlag: optional(int32('1 unit, 2 unit subscription')),
  order: boolean('whether the topic is ordered'),
  attributes: optional(string('changes of attributes: +key=value,-key')),
  force: optional(boolean('whether a static topic may be changed')),
}

export const updateAndCreateTopic = defineCommand({
  name: 'UPDATE_AND_CREATE_TOPIC',
  code: 17,
  about: 'Create a topic or change its settings.',
  callers: ['client', 'admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Create', field: 'topic' },
  request: topicSettings,
  response: {},
})

export const updateAndCreateTopicList = defineCommand({
  name: 'UPDATE_AND_CREATE_TOPIC_LIST',
  code: 18,
  about: 'Create topics or change their settings.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Create' },
  request: {},
  response: {},
  requestBody: 'CreateTopicListRequestBody (JSON)',
})

export const updateAndCreateStaticTopic = defineCommand({
  name: 'UPDATE_AND_CREATE_STATIC_TOPIC',
  code: 513,
  about: 'Create a topic whose queues keep their numbers while they move between brokers.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Create', field: 'topic' },
  request: topicSettings,
  response: {},
  requestBody: 'TopicQueueMappingDetail (JSON)',
  notServed: 'static topics: not yet',
})

export const deleteTopicInBroker = defineCommand({
  name: 'DELETE_TOPIC_IN_BROKER',
  code: 215,
  about: 'Delete a topic and its messages.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Delete', field: 'topic' },
  request: { topic },
  response: {},
})

export const getAllTopicConfig = defineCommand({
  name: 'GET_ALL_TOPIC_CONFIG',
  code: 21,
  about: 'Read the settings of all topics.',
  callers: ['admin', 'broker'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'List' },
  request: {},
  response: {},
  responseBody: 'TopicConfigAndMappingSerializeWrapper (JSON)',
})

export const getTopicConfig = defineCommand({
  name: 'GET_TOPIC_CONFIG',
  code: 351,
  about: 'Read the settings of a topic.',
  callers: ['admin', 'broker'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Get', field: 'topic' },
  request: { topic, logical: optional(named('lo', boolean('whether static topics are asked for too'))) },
  response: {},
  responseBody: 'TopicConfigAndQueueMapping (JSON)',
})

export const getTopicStatsInfo = defineCommand({
  name: 'GET_TOPIC_STATS_INFO',
  code: 202,
  about: 'Read the offsets of all queues of a topic.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Get', field: 'topic' },
  request: { topic },
  response: {},
  responseBody: 'TopicStatsTable (JSON)',
})

export const queryTopicConsumeByWho = defineCommand({
  name: 'QUERY_TOPIC_CONSUME_BY_WHO',
  code: 300,
  about: 'Read which groups consume a topic.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Get', field: 'topic' },
  request: { topic },
  response: {},
  responseBody: 'GroupList (JSON)',
})

export const getSystemTopicListFromBroker = defineCommand({
  name: 'GET_SYSTEM_TOPIC_LIST_FROM_BROKER',
  code: 305,
  about: "Read the names of the broker's own topics.",
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'cluster', action: 'Get' },
  request: {},
  response: {},
  responseBody: 'TopicList (JSON)',
})

export const cleanExpiredConsumeQueue = defineCommand({
  name: 'CLEAN_EXPIRED_CONSUMEQUEUE',
  code: 306,
  about: 'Delete consume queues whose messages are all gone.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'cluster', action: 'Update' },
  request: {},
  response: {},
})

export const cleanUnusedTopic = defineCommand({
  name: 'CLEAN_UNUSED_TOPIC',
  code: 316,
  about: 'Delete consume queues of topics that are gone.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'cluster', action: 'Update' },
  request: {},
  response: {},
})
