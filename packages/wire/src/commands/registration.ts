import { boolean, defineCommand, int32, int64, named, optional, string } from '../command.js'

/** Brokers at the name server (reference: request-codes A.3, broker-behaviour 1.3 to 1.5, 2.2). */
const read = { resource: 'cluster', action: 'Get' } as const
const change = { resource: 'cluster', action: 'Update' } as const
const brokerName = string('name of the broker')
const clusterName = string('cluster of the broker')
const brokerAddr = string('host:port of the broker')
const brokerId = int64('0 for the master, above for slaves')

export const registerBroker = defineCommand({
  name: 'REGISTER_BROKER',
  code: 103,
  about: 'Announce a broker with its topics, and renew its lease.',
  callers: ['broker'],
  receiver: 'nameServer',
  access: change,
  request: {
    brokerName,
    brokerAddr,
    clusterName,
    haServerAddr: string('host:port for replication'),
    brokerId,
    heartbeatTimeoutMillis: optional(int64('lease, ms; 120000 when absent')),
    enableActingMaster: optional(
      boolean('whether a slave may stand in for the master; absent from old brokers'),
    ),
    compressed: optional(boolean('whether the body is in the compressed form')),
    bodyCrc32: optional(int32('CRC32 of the body without its highest bit; 0 for none')),
    zoneName: optional(named('__ZONE_NAME', string('zone of the broker'))),
  },
  response: {
    haServerAddr: optional(string('replication address of the master, for slaves')),
    masterAddr: optional(string('address of the master, for slaves')),
  },
  requestBody: 'RegisterBrokerBody (JSON, or compressed)',
  responseBody: 'KVTable of ordered topics (JSON)',
})

export const unregisterBroker = defineCommand({
  name: 'UNREGISTER_BROKER',
  code: 104,
  about: 'Take a broker out of all routes.',
  callers: ['broker'],
  receiver: 'nameServer',
  access: change,
  request: { brokerName, brokerAddr, clusterName, brokerId },
  response: {},
})

export const queryDataVersion = defineCommand({
  name: 'QUERY_DATA_VERSION',
  code: 322,
  about: 'Ask whether the topics of a broker changed since it last registered; renews its lease too.',
  callers: ['broker'],
  receiver: 'nameServer',
  access: read,
  request: { brokerName, brokerAddr, clusterName, brokerId },
  response: { changed: boolean('whether the broker should register') },
  requestBody: 'DataVersion (JSON)',
  responseBody: 'DataVersion (JSON)',
})

export const getBrokerMemberGroup = defineCommand({
  name: 'GET_BROKER_MEMBER_GROUP',
  code: 901,
  about: 'Read the addresses of the brokers of a name.',
  callers: ['broker', 'admin'],
  receiver: 'nameServer',
  access: read,
  request: { clusterName, brokerName },
  response: {},
  responseBody: 'GetBrokerMemberGroupResponseBody (JSON)',
})

const heartbeatFields = {
  clusterName,
  brokerAddr,
  brokerName,
  brokerId: optional(brokerId),
  epoch: optional(int32('epoch of the master the broker follows')),
  maxOffset: optional(int64('physical offset behind its last message')),
  confirmOffset: optional(int64('physical offset up to which the in-sync set has it')),
  heartbeatTimeoutMills: optional(int64('lease, ms')),
  electionPriority: optional(int32('the smaller, the sooner elected')),
}

export const brokerHeartbeat = defineCommand({
  name: 'BROKER_HEARTBEAT',
  code: 904,
  about: 'Renew the lease of a broker; one-way.',
  callers: ['broker'],
  receiver: 'nameServer',
  access: change,
  request: heartbeatFields,
  response: {},
})

export const brokerHeartbeatToController = defineCommand({
  name: 'BROKER_HEARTBEAT',
  code: 904,
  about: 'Renew the lease of a broker and tell how far it is; one-way.',
  callers: ['broker'],
  receiver: 'controller',
  access: change,
  request: heartbeatFields,
  response: {},
  notServed: 'controllers: not yet',
})
