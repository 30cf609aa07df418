import { boolean, clampedInt64, defineCommand, int32, int64, named, optional, string } from '../command.js'

/** Looking messages and index entries up (reference: request-codes A.1, A.2). */
export const queryMessage = defineCommand({
  name: 'QUERY_MESSAGE',
  code: 12,
  about: 'Find messages by key or unique key within a span of time.',
  callers: ['client', 'admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: ['Sub', 'Get'], field: 'topic' },
  request: {
    topic: string('topic'),
    key: string('key, or unique key'),
    maxNum: int32('messages wanted at most'),
    beginTimestamp: clampedInt64('earliest time of storing, ms'),
    endTimestamp: clampedInt64('latest time of storing, ms'),
    uniqueKeyQuery: optional(named('_UNIQUE_KEY_QUERY', boolean('whether the key is a unique key'))),
  },
  response: {
    indexLastUpdateTimestamp: int64('time of the newest message in the index, ms'),
    indexLastUpdatePhyoffset: int64('physical offset of the newest message in the index'),
  },
  responseBody: 'records as they stand in the commit log, one behind another',
})

export const viewMessageById = defineCommand({
  name: 'VIEW_MESSAGE_BY_ID',
  code: 33,
  about: 'Read the one message at a physical offset.',
  callers: ['client', 'admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Get', field: 'topic' },
  request: {
    topic: optional(string('topic, when the caller knows it')),
    offset: int64('physical offset'),
  },
  response: {},
  responseBody: 'the record as it stands in the commit log',
})

export const queryConsumeQueue = defineCommand({
  name: 'QUERY_CONSUME_QUEUE',
  code: 321,
  about: 'Show entries of a consume queue and what a group would make of them.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Get', field: 'topic', groupField: 'consumerGroup' },
  request: {
    topic: optional(string('topic')),
    queueId: optional(int32('queue')),
    index: optional(int64('offset of the first entry')),
    count: optional(int32('entries wanted')),
    consumerGroup: optional(string('group whose filter is tried')),
  },
  response: {},
  responseBody: 'QueryConsumeQueueResponseBody (JSON)',
})

export const viewBrokerStatsData = defineCommand({
  name: 'VIEW_BROKER_STATS_DATA',
  code: 315,
  about: 'Read a counter of the last minute, hour and day.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'cluster', action: 'Get' },
  request: {
    statsName: string('name of the counter, e.g. TOPIC_PUT_NUMS'),
    statsKey: string('what it counts for: a topic, or topic@group'),
  },
  response: {},
  responseBody: 'BrokerStatsData (JSON)',
})
