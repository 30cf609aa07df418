import { boolean, defineCommand, optional, string } from '../command.js'

/** Consumer groups of a broker (reference: request-codes A.2). */
const group = string('consumer group')

export const updateAndCreateSubscriptionGroup = defineCommand({
  name: 'UPDATE_AND_CREATE_SUBSCRIPTIONGROUP',
  code: 200,
  about: 'Create a consumer group or change its settings.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'group', action: ['Create', 'Update'] },
  request: {},
  response: {},
  requestBody: 'SubscriptionGroupConfig (JSON)',
})

export const updateAndCreateSubscriptionGroupList = defineCommand({
  name: 'UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST',
  code: 225,
  about: 'Create consumer groups or change their settings.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'group', action: ['Create', 'Update'] },
  request: {},
  response: {},
  requestBody: 'SubscriptionGroupList (JSON)',
})

export const getAllSubscriptionGroupConfig = defineCommand({
  name: 'GET_ALL_SUBSCRIPTIONGROUP_CONFIG',
  code: 201,
  about: 'Read the settings of all consumer groups.',
  callers: ['admin', 'broker'],
  receiver: 'broker',
  access: { resource: 'group', action: 'List' },
  request: {},
  response: {},
  responseBody: 'SubscriptionGroupWrapper (JSON)',
})

export const getSubscriptionGroupConfig = defineCommand({
  name: 'GET_SUBSCRIPTIONGROUP_CONFIG',
  code: 352,
  about: 'Read the settings of a consumer group.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'group', action: 'Get', field: 'group' },
  request: { group },
  response: {},
  responseBody: 'SubscriptionGroupConfig (JSON)',
})

export const deleteSubscriptionGroup = defineCommand({
  name: 'DELETE_SUBSCRIPTIONGROUP',
  code: 207,
  about: 'Delete a consumer group.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'group', action: 'Delete', field: 'groupName' },
  request: {
    groupName: group,
    cleanOffset: optional(boolean('whether its offsets go too')),
  },
  response: {},
})

export const queryTopicsByConsumer = defineCommand({
  name: 'QUERY_TOPICS_BY_CONSUMER',
  code: 343,
  about: 'Read which topics a group consumes.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'group', action: 'Get', field: 'group' },
  request: { group },
  response: {},
  responseBody: 'TopicList (JSON)',
})

export const querySubscriptionByConsumer = defineCommand({
  name: 'QUERY_SUBSCRIPTION_BY_CONSUMER',
  code: 345,
  about: 'Read the subscription of a group to a topic.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Get', field: 'topic', groupField: 'group' },
  request: { group, topic: optional(string('topic')) },
  response: {},
  responseBody: 'QuerySubscriptionResponseBody (JSON)',
})

export const updateAndGetGroupForbidden = defineCommand({
  name: 'UPDATE_AND_GET_GROUP_FORBIDDEN',
  code: 353,
  about: 'Read whether a group may read a topic, and change it when `readable` is given.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Update', field: 'topic', groupField: 'group' },
  request: { group, topic: string('topic'), readable: optional(boolean('what to set')) },
  response: {},
  responseBody: 'GroupForbidden (JSON)',
})
