import { boolean, defineCommand, int32, named, optional, string } from '../command.js'

/** Clients as the broker knows them, and what it tells or asks them (reference: request-codes A.1, A.2). */
const consumerGroup = string('consumer group')

export const heartbeat = defineCommand({
  name: 'HEART_BEAT',
  code: 34,
  about:
    'Register a client with its producer groups, consumer groups and subscriptions, and keep it registered.',
  callers: ['client'],
  receiver: 'broker',
  access: { resource: 'group', action: ['Pub', 'Sub'] },
  request: {},
  response: {
    supportsHeartbeatV2: optional(
      named('IS_SUPPORT_HEART_BEAT_V2', boolean('whether beats without subscriptions are understood')),
    ),
    subscriptionChanged: optional(
      named('IS_SUB_CHANGE', boolean('whether the next beat must carry the subscriptions')),
    ),
  },
  requestBody: 'HeartbeatData (JSON)',
})

export const unregisterClient = defineCommand({
  name: 'UNREGISTER_CLIENT',
  code: 35,
  about: 'Take a client out of a producer group or a consumer group.',
  callers: ['client'],
  receiver: 'broker',
  access: { resource: 'group', action: ['Pub', 'Sub'], field: 'consumerGroup' },
  request: {
    clientID: string('id of the client'),
    producerGroup: optional(string('producer group to leave')),
    consumerGroup: optional(string('consumer group to leave')),
  },
  response: {},
})

export const getConsumerListByGroup = defineCommand({
  name: 'GET_CONSUMER_LIST_BY_GROUP',
  code: 38,
  about: 'Read the client ids of a consumer group, for sharing its queues out.',
  callers: ['client', 'admin'],
  receiver: 'broker',
  access: { resource: 'group', action: 'Sub', field: 'consumerGroup' },
  request: { consumerGroup },
  response: {},
  responseBody: 'GetConsumerListByGroupResponseBody (JSON)',
})

export const notifyConsumerIdsChanged = defineCommand({
  name: 'NOTIFY_CONSUMER_IDS_CHANGED',
  code: 40,
  about: 'Tell a consumer that its group has other members now; one-way.',
  callers: ['broker'],
  receiver: 'client',
  access: { resource: 'group', action: 'Sub', field: 'consumerGroup' },
  request: { consumerGroup },
  response: {},
})

export const checkClientConfig = defineCommand({
  name: 'CHECK_CLIENT_CONFIG',
  code: 46,
  about: 'Check a subscription, a SQL92 expression above all, before it is used.',
  callers: ['client'],
  receiver: 'broker',
  access: { resource: 'group', action: 'Sub' },
  request: {},
  response: {},
  requestBody: 'CheckClientRequestBody (JSON)',
})

export const getConsumerConnectionList = defineCommand({
  name: 'GET_CONSUMER_CONNECTION_LIST',
  code: 203,
  about: 'Read who is connected for a consumer group and what it subscribes to.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'group', action: 'Get', field: 'consumerGroup' },
  request: { consumerGroup },
  response: {},
  responseBody: 'ConsumerConnection (JSON)',
})

export const getProducerConnectionList = defineCommand({
  name: 'GET_PRODUCER_CONNECTION_LIST',
  code: 204,
  about: 'Read who is connected for a producer group.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'cluster', action: 'Get' },
  request: { producerGroup: string('producer group') },
  response: {},
  responseBody: 'ProducerConnection (JSON)',
})

export const getAllProducerInfo = defineCommand({
  name: 'GET_ALL_PRODUCER_INFO',
  code: 328,
  about: 'Read the clients of all producer groups.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'cluster', action: 'Get' },
  request: {},
  response: {},
  responseBody: 'ProducerTableInfo (JSON)',
})

const runningInfoRequest = {
  consumerGroup,
  clientId: string('id of the client'),
  jstackEnable: optional(boolean('whether to add the stacks of its threads')),
}

export const getConsumerRunningInfo = defineCommand({
  name: 'GET_CONSUMER_RUNNING_INFO',
  code: 307,
  about: 'Ask a consumer for its inner state; the broker passes it on.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'group', action: 'Get', field: 'consumerGroup' },
  request: runningInfoRequest,
  response: {},
  responseBody: 'ConsumerRunningInfo (JSON)',
})

export const getConsumerRunningInfoFromClient = defineCommand({
  name: 'GET_CONSUMER_RUNNING_INFO',
  code: 307,
  about: 'Ask a consumer for its inner state.',
  callers: ['broker'],
  receiver: 'client',
  access: { resource: 'group', action: 'Get', field: 'consumerGroup' },
  request: runningInfoRequest,
  response: {},
  responseBody: 'ConsumerRunningInfo (JSON)',
})

const consumeDirectlyRequest = {
  consumerGroup,
  clientId: optional(string('one client; absent for any of the group')),
  msgId: optional(string('offset message id of the message')),
  brokerName: optional(string('broker that holds the message')),
  topic: optional(string('topic of the message')),
  topicSysFlag: optional(int32('system flag of the topic')),
  groupSysFlag: optional(int32('system flag of the group')),
}

export const consumeMessageDirectly = defineCommand({
  name: 'CONSUME_MESSAGE_DIRECTLY',
  code: 309,
  about: 'Have a consumer consume one message again; the broker passes it on.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Sub', field: 'topic', groupField: 'consumerGroup' },
  request: consumeDirectlyRequest,
  response: {},
  responseBody: 'ConsumeMessageDirectlyResult (JSON)',
})

export const consumeMessageDirectlyOnClient = defineCommand({
  name: 'CONSUME_MESSAGE_DIRECTLY',
  code: 309,
  about: 'Have a consumer consume one message again.',
  callers: ['broker'],
  receiver: 'client',
  access: { resource: 'topic', action: 'Sub', field: 'topic', groupField: 'consumerGroup' },
  request: consumeDirectlyRequest,
  response: {},
  requestBody: 'the message as a record',
  responseBody: 'ConsumeMessageDirectlyResult (JSON)',
})
