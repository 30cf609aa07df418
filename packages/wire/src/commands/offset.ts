import { boolean, clampedInt64, defineCommand, int32, int64, named, optional, string } from '../command.js'

/** Offsets of queues and of groups (reference: request-codes A.1, A.2, broker-behaviour 5). */
const topic = string('topic')
const queueId = int32('queue')
const consumerGroup = string('consumer group')
const brokerName = optional(named('bname', string('broker the client means')))

export const queryConsumerOffset = defineCommand({
  name: 'QUERY_CONSUMER_OFFSET',
  code: 14,
  about: 'Read the offset a group has committed for a queue; code 22 when it has none.',
  callers: ['client', 'admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Get', field: 'topic', groupField: 'consumerGroup' },
  request: {
    consumerGroup,
    topic,
    queueId,
    setZeroIfNotFound: optional(boolean('false: never answer 0 for a group without an offset')),
    brokerName,
  },
  response: { offset: int64('offset to go on at') },
})

export const updateConsumerOffset = defineCommand({
  name: 'UPDATE_CONSUMER_OFFSET',
  code: 15,
  about: 'Commit the offset of a group for a queue; one-way from consumers.',
  callers: ['client', 'admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Sub', field: 'topic', groupField: 'consumerGroup' },
  request: {
    consumerGroup,
    topic,
    // Missing ones get an answer of their own.
    queueId: optional(queueId),
    commitOffset: optional(int64('offset to go on at')),
    brokerName,
  },
  response: {},
})

export const searchOffsetByTimestamp = defineCommand({
  name: 'SEARCH_OFFSET_BY_TIMESTAMP',
  code: 29,
  about: 'Find the offset of a queue by time of storing.',
  callers: ['client', 'admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Get', field: 'topic' },
  request: {
    topic,
    queueId,
    timestamp: clampedInt64('time of storing, ms'),
    boundaryType: optional(string('LOWER (when absent) or UPPER: which of several at the time')),
    brokerName,
  },
  response: { offset: int64('offset found') },
})

export const getMaxOffset = defineCommand({
  name: 'GET_MAX_OFFSET',
  code: 30,
  about: 'Read the offset behind the last message of a queue.',
  callers: ['client', 'admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Get', field: 'topic' },
  request: {
    topic,
    queueId,
    committed: optional(boolean('false: count what is not yet visible too')),
    brokerName,
  },
  response: { offset: int64('offset behind the last message') },
})

export const getMinOffset = defineCommand({
  name: 'GET_MIN_OFFSET',
  code: 31,
  about: 'Read the first offset of a queue.',
  callers: ['client', 'admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Get', field: 'topic' },
  request: { topic, queueId, brokerName },
  response: { offset: int64('first offset') },
})

export const getEarliestMsgStoreTime = defineCommand({
  name: 'GET_EARLIEST_MSG_STORETIME',
  code: 32,
  about: 'Read when the first message of a queue was stored.',
  callers: ['client', 'admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Get', field: 'topic' },
  request: { topic, queueId, brokerName },
  response: { timestamp: int64('time of storing, ms; -1 for an empty queue') },
})

export const getAllConsumerOffset = defineCommand({
  name: 'GET_ALL_CONSUMER_OFFSET',
  code: 43,
  about: 'Read all committed offsets, as a slave copies them.',
  callers: ['broker', 'admin'],
  receiver: 'broker',
  access: { resource: 'cluster', action: 'Get' },
  request: {},
  response: {},
  responseBody: 'ConsumerOffsetSerializeWrapper (JSON)',
  notServed: 'slaves: not yet',
})

export const getAllDelayOffset = defineCommand({
  name: 'GET_ALL_DELAY_OFFSET',
  code: 45,
  about: 'Read how far delay levels are delivered, as a slave copies it.',
  callers: ['broker', 'admin'],
  receiver: 'broker',
  access: { resource: 'cluster', action: 'Get' },
  request: {},
  response: {},
  responseBody: 'DelayOffsetSerializeWrapper (JSON)',
  notServed: 'slaves: not yet',
})

export const getConsumeStats = defineCommand({
  name: 'GET_CONSUME_STATS',
  code: 208,
  about: 'Read how far a group is behind, queue by queue.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Get', field: 'topic', groupField: 'consumerGroup' },
  request: {
    consumerGroup,
    topic: optional(string('one topic; absent for all the group consumes')),
    topicList: optional(string('several topics, joined by ;')),
  },
  response: {},
  responseBody: 'ConsumeStats (JSON)',
})

const resetRequest = {
  group: string('consumer group'),
  topic,
  queueId: optional(int32('one queue, or below zero for all')),
  offset: optional(int64('offset to set, or below zero to go by time')),
  timestamp: clampedInt64('time of storing to go to, ms; -1 for the end'),
  isForce: boolean('whether to move forward too'),
}

export const invokeBrokerToResetOffset = defineCommand({
  name: 'INVOKE_BROKER_TO_RESET_OFFSET',
  code: 222,
  about: 'Move the offsets of a group, also of one whose consumers are online.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Update', field: 'topic', groupField: 'group' },
  request: resetRequest,
  response: {},
  responseBody: 'ResetOffsetBody (JSON)',
})

export const resetConsumerClientOffset = defineCommand({
  name: 'RESET_CONSUMER_CLIENT_OFFSET',
  code: 220,
  about: 'Tell a consumer to go on at other offsets; one-way.',
  callers: ['broker'],
  receiver: 'client',
  access: { resource: 'topic', action: 'Update', field: 'topic', groupField: 'group' },
  request: resetRequest,
  response: {},
  requestBody: 'ResetOffsetBody (JSON)',
})

const statusRequest = {
  topic,
  group: string('consumer group'),
  clientAddr: optional(string('one client; absent for all of the group')),
}

export const invokeBrokerToGetConsumerStatus = defineCommand({
  name: 'INVOKE_BROKER_TO_GET_CONSUMER_STATUS',
  code: 223,
  about: 'Ask the consumers of a group how far they are.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Get', field: 'topic', groupField: 'group' },
  request: statusRequest,
  response: {},
  responseBody: 'GetConsumerStatusBody (JSON)',
})

export const getConsumerStatusFromClient = defineCommand({
  name: 'GET_CONSUMER_STATUS_FROM_CLIENT',
  code: 221,
  about: 'Ask one consumer how far it is.',
  callers: ['broker'],
  receiver: 'client',
  access: { resource: 'topic', action: 'Get', field: 'topic', groupField: 'group' },
  request: statusRequest,
  response: {},
  responseBody: 'GetConsumerStatusBody (JSON)',
})

export const queryConsumeTimeSpan = defineCommand({
  name: 'QUERY_CONSUME_TIME_SPAN',
  code: 303,
  about: 'Read which times of storing a group has yet to consume.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Get', field: 'topic', groupField: 'group' },
  request: { topic, group: string('consumer group') },
  response: {},
  responseBody: 'QueryConsumeTimeSpanBody (JSON)',
})

export const queryCorrectionOffset = defineCommand({
  name: 'QUERY_CORRECTION_OFFSET',
  code: 308,
  about: 'Compare the offsets of groups on a topic.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Get', field: 'topic', groupField: 'compareGroup' },
  request: {
    filterGroups: optional(string('groups left out, joined by commas')),
    compareGroup: string('group to compare with'),
    topic,
  },
  response: {},
  responseBody: 'QueryCorrectionOffsetBody (JSON)',
  notServed: 'no tool asks for it: 208 and 317 tell how far groups are',
})

export const cloneGroupOffset = defineCommand({
  name: 'CLONE_GROUP_OFFSET',
  code: 314,
  about: 'Give a group the offsets of another.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Update', field: 'topic', groupField: 'destGroup' },
  request: {
    srcGroup: string('group whose offsets are copied'),
    destGroup: string('group that gets them'),
    topic: optional(string('one topic; absent for all of the group')),
    offline: optional(boolean('whether the group may be offline')),
  },
  response: {},
})
