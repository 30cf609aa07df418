import { boolean, defineCommand, int32, int64, named, optional, string } from '../command.js'

/** A broker's own configuration, state and housekeeping (reference: request-codes A.2). */
const cluster = { resource: 'cluster', action: 'Get' } as const
const change = { resource: 'cluster', action: 'Update' } as const

export const updateBrokerConfig = defineCommand({
  name: 'UPDATE_BROKER_CONFIG',
  code: 25,
  about: 'Change configuration keys that are allowed to change at run time.',
  callers: ['admin'],
  receiver: 'broker',
  access: change,
  request: {},
  response: {},
  requestBody: 'properties text',
})

export const getBrokerConfig = defineCommand({
  name: 'GET_BROKER_CONFIG',
  code: 26,
  about: 'Read the configuration.',
  callers: ['admin'],
  receiver: 'broker',
  access: cluster,
  request: {},
  response: { version: string('data version of the configuration, as JSON text') },
  responseBody: 'properties text',
})

export const getBrokerRuntimeInfo = defineCommand({
  name: 'GET_BROKER_RUNTIME_INFO',
  code: 28,
  about: 'Read version, rates, disk use and the like as a table of texts.',
  callers: ['admin'],
  receiver: 'broker',
  access: cluster,
  request: {},
  response: {},
  responseBody: 'KVTable (JSON)',
})

export const getTimerCheckPoint = defineCommand({
  name: 'GET_TIMER_CHECK_POINT',
  code: 60,
  about: 'Read how far the timer has come, as a slave copies it.',
  callers: ['broker'],
  receiver: 'broker',
  access: cluster,
  request: {},
  response: {},
  responseBody: 'timer checkpoint, 56 bytes (reference: storage)',
})

export const getTimerMetrics = defineCommand({
  name: 'GET_TIMER_METRICS',
  code: 61,
  about: 'Read how many timer messages wait for each topic, as a slave copies it.',
  callers: ['broker'],
  receiver: 'broker',
  access: cluster,
  request: {},
  response: {},
  responseBody: 'TimerMetricsSerializeWrapper (JSON)',
})

export const getBrokerConsumeStats = defineCommand({
  name: 'GET_BROKER_CONSUME_STATS',
  code: 317,
  about: 'Read how far all groups are behind.',
  callers: ['admin'],
  receiver: 'broker',
  access: cluster,
  request: { isOrder: boolean('true: ordered topics only') },
  response: {},
  responseBody: 'ConsumeStatsList (JSON)',
})

export const deleteExpiredCommitLog = defineCommand({
  name: 'DELETE_EXPIRED_COMMITLOG',
  code: 329,
  about: 'Delete segments of the commit log that are past their time.',
  callers: ['admin'],
  receiver: 'broker',
  access: change,
  request: {},
  response: {},
})

export const checkRocksdbCqWriteProgress = defineCommand({
  name: 'CHECK_ROCKSDB_CQ_WRITE_PROGRESS',
  code: 354,
  about: 'Compare consume queues kept in RocksDB with those kept in files.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Get', field: 'topic' },
  request: { topic: string('topic'), checkStoreTime: optional(int64('time of storing to begin at, ms')) },
  response: {},
  responseBody: 'CheckRocksdbCqWriteResult (JSON)',
  notServed: 'RocksDB: consume queues are files here',
})

export const exportRocksdbConfigToJson = defineCommand({
  name: 'EXPORT_ROCKSDB_CONFIG_TO_JSON',
  code: 355,
  about: 'Write settings kept in RocksDB to JSON files.',
  callers: ['admin'],
  receiver: 'broker',
  access: cluster,
  request: { configType: string('topics, subscriptionGroups or consumerOffsets, joined by ;') },
  response: {},
  notServed: 'RocksDB: settings are JSON files here',
})

const containers = 'several brokers in one process: not yet'

export const addBroker = defineCommand({
  name: 'ADD_BROKER',
  code: 902,
  about: 'Start a broker in a broker container.',
  callers: ['admin'],
  receiver: 'broker',
  access: change,
  request: { configPath: optional(string('configuration file of the new broker')) },
  response: {},
  requestBody: 'properties text',
  notServed: containers,
})

export const removeBroker = defineCommand({
  name: 'REMOVE_BROKER',
  code: 903,
  about: 'Stop a broker of a broker container.',
  callers: ['admin'],
  receiver: 'broker',
  access: change,
  request: {
    brokerName: string('name of the broker'),
    brokerClusterName: string('cluster of the broker'),
    brokerId: int64('id of the broker'),
  },
  response: {},
  notServed: containers,
})

const coldRead = 'flow control of cold reads: not yet'

export const updateColdDataFlowControlConfig = defineCommand({
  name: 'UPDATE_COLD_DATA_FLOW_CTR_CONFIG',
  code: 2001,
  about: 'Set how many bytes a second groups may read from disk.',
  callers: ['admin'],
  receiver: 'broker',
  access: change,
  request: {},
  response: {},
  requestBody: 'properties text: group=bytes',
  notServed: coldRead,
})

export const removeColdDataFlowControlConfig = defineCommand({
  name: 'REMOVE_COLD_DATA_FLOW_CTR_CONFIG',
  code: 2002,
  about: 'Lift the bound on what a group may read from disk.',
  callers: ['admin'],
  receiver: 'broker',
  access: change,
  request: {},
  response: {},
  requestBody: 'name of the group',
  notServed: coldRead,
})

export const getColdDataFlowControlInfo = defineCommand({
  name: 'GET_COLD_DATA_FLOW_CTR_INFO',
  code: 2003,
  about: 'Read bounds and use of reading from disk.',
  callers: ['admin'],
  receiver: 'broker',
  access: cluster,
  request: {},
  response: {},
  responseBody: 'table of bounds and use (JSON)',
  notServed: coldRead,
})

export const setCommitLogReadMode = defineCommand({
  name: 'SET_COMMITLOG_READ_MODE',
  code: 2004,
  about: 'Set how the operating system reads ahead in the commit log.',
  callers: ['admin'],
  receiver: 'broker',
  access: change,
  request: { readAheadMode: optional(named('READ_AHEAD_MODE', int32('0 normal, 1 random, as for madvise'))) },
  response: {},
  notServed: 'memory-mapped files: segments are read by pread here',
})
