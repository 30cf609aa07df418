import { boolean, defineCommand, int32, named, optional, string } from '../command.js'

/** Routes and topic lists at the name server (reference: request-codes A.3, broker-behaviour 1.6, 1.7). */
const read = { resource: 'cluster', action: 'Get' } as const
const change = { resource: 'cluster', action: 'Update' } as const
const zone = {
  zoneName: optional(named('__ZONE_NAME', string('zone of the caller'))),
  zoneMode: optional(named('__ZONE_MODE', boolean('whether to answer with brokers of that zone only'))),
}

export const getRouteInfoByTopic = defineCommand({
  name: 'GET_ROUTEINFO_BY_TOPIC',
  code: 105,
  about: 'Read which brokers have a topic, and with how many queues.',
  callers: ['client', 'broker', 'admin'],
  receiver: 'nameServer',
  access: read,
  request: {
    topic: optional(string('topic; without one the answer is 17')),
    acceptStandardJsonOnly: optional(boolean('true: keys of maps must be quoted in the answer')),
    ...zone,
  },
  response: {},
  responseBody: 'TopicRouteData (JSON)',
})

export const getBrokerClusterInfo = defineCommand({
  name: 'GET_BROKER_CLUSTER_INFO',
  code: 106,
  about: 'Read all clusters, broker names and addresses.',
  callers: ['admin', 'client'],
  receiver: 'nameServer',
  access: read,
  request: {},
  response: {},
  responseBody: 'ClusterInfo (JSON)',
})

export const getAllTopicListFromNameServer = defineCommand({
  name: 'GET_ALL_TOPIC_LIST_FROM_NAMESERVER',
  code: 206,
  about: 'Read the names of all topics.',
  callers: ['admin'],
  receiver: 'nameServer',
  access: { resource: 'topic', action: 'List' },
  request: {},
  response: {},
  responseBody: 'TopicList (JSON)',
})

export const getTopicsByCluster = defineCommand({
  name: 'GET_TOPICS_BY_CLUSTER',
  code: 224,
  about: 'Read the names of the topics of a cluster.',
  callers: ['admin'],
  receiver: 'nameServer',
  access: { resource: 'topic', action: 'List' },
  request: { cluster: string('cluster') },
  response: {},
  responseBody: 'TopicList (JSON)',
})

export const getSystemTopicListFromNameServer = defineCommand({
  name: 'GET_SYSTEM_TOPIC_LIST_FROM_NS',
  code: 304,
  about: 'Read the names of clusters and brokers, which are topics too, and one broker address.',
  callers: ['admin'],
  receiver: 'nameServer',
  access: { resource: 'topic', action: 'List' },
  request: {},
  response: {},
  responseBody: 'TopicList (JSON)',
})

export const getUnitTopicList = defineCommand({
  name: 'GET_UNIT_TOPIC_LIST',
  code: 311,
  about: 'Read the names of unit topics.',
  callers: ['admin'],
  receiver: 'nameServer',
  access: { resource: 'topic', action: 'List' },
  request: {},
  response: {},
  responseBody: 'TopicList (JSON)',
})

export const getHasUnitSubTopicList = defineCommand({
  name: 'GET_HAS_UNIT_SUB_TOPIC_LIST',
  code: 312,
  about: 'Read the names of topics with unit subscriptions.',
  callers: ['admin'],
  receiver: 'nameServer',
  access: { resource: 'topic', action: 'List' },
  request: {},
  response: {},
  responseBody: 'TopicList (JSON)',
})

export const getHasUnitSubUnunitTopicList = defineCommand({
  name: 'GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST',
  code: 313,
  about: 'Read the names of topics with unit subscriptions that are no unit topics.',
  callers: ['admin'],
  receiver: 'nameServer',
  access: { resource: 'topic', action: 'List' },
  request: {},
  response: {},
  responseBody: 'TopicList (JSON)',
})

export const deleteTopicInNameServer = defineCommand({
  name: 'DELETE_TOPIC_IN_NAMESRV',
  code: 216,
  about: 'Forget a topic, or its queues in one cluster.',
  callers: ['admin'],
  receiver: 'nameServer',
  access: change,
  request: { topic: string('topic'), clusterName: optional(string('one cluster; absent for all')) },
  response: {},
})

export const registerTopicInNameServer = defineCommand({
  name: 'REGISTER_TOPIC_IN_NAMESRV',
  code: 217,
  about: 'Add queues of a topic without a registration of the broker.',
  callers: ['admin', 'broker'],
  receiver: 'nameServer',
  access: change,
  request: { topic: string('topic') },
  response: {},
  requestBody: 'TopicRouteData (JSON)',
})

export const wipeWritePermOfBroker = defineCommand({
  name: 'WIPE_WRITE_PERM_OF_BROKER',
  code: 205,
  about: 'Take write permission from all topics of a broker name.',
  callers: ['admin'],
  receiver: 'nameServer',
  access: change,
  request: { brokerName: string('name of the broker') },
  response: { wipeTopicCount: int32('topics changed') },
})

export const addWritePermOfBroker = defineCommand({
  name: 'ADD_WRITE_PERM_OF_BROKER',
  code: 327,
  about: 'Give all topics of a broker name permission to read and write.',
  callers: ['admin'],
  receiver: 'nameServer',
  access: change,
  request: { brokerName: string('name of the broker') },
  response: { addTopicCount: int32('topics changed') },
})
