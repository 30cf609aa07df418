import { defineCommand, int32, int64, optional, string } from '../command.js'

/** Between brokers of one name, and from controllers to brokers (reference: replication 5). */
const replication = 'replication: not yet'

export const notifyMinBrokerIdChange = defineCommand({
  name: 'NOTIFY_MIN_BROKER_ID_CHANGE',
  code: 905,
  about: 'Tell the brokers of a name which of them has the smallest id now; one-way.',
  callers: ['nameServer'],
  receiver: 'broker',
  access: { resource: 'cluster', action: 'Update' },
  request: {
    minBrokerId: optional(int64('smallest id')),
    brokerName: optional(string('name of the brokers')),
    minBrokerAddr: optional(string('address of the broker with that id')),
    offlineBrokerAddr: optional(string('address of the broker that went')),
    haBrokerAddr: optional(string('replication address of the broker with that id')),
  },
  response: {},
  notServed: replication,
})

const haInfo = {
  masterHaAddress: optional(string('replication address of the master')),
  masterFlushOffset: optional(int64('physical offset up to which the master has flushed')),
  masterAddress: optional(string('address of the master')),
}

export const exchangeBrokerHaInfo = defineCommand({
  name: 'EXCHANGE_BROKER_HA_INFO',
  code: 906,
  about: 'Tell each other the replication address and the flushed offset of the master.',
  callers: ['broker'],
  receiver: 'broker',
  access: { resource: 'cluster', action: 'Update' },
  request: haInfo,
  response: haInfo,
  notServed: replication,
})

export const getBrokerHaStatus = defineCommand({
  name: 'GET_BROKER_HA_STATUS',
  code: 907,
  about: 'Read how far the slaves of a broker are.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'cluster', action: 'Get' },
  request: {},
  response: {},
  responseBody: 'HARuntimeInfo (JSON)',
  notServed: replication,
})

export const resetMasterFlushOffset = defineCommand({
  name: 'RESET_MASTER_FLUSH_OFFSET',
  code: 908,
  about: 'Set up to where a slave believes the master flushed.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'cluster', action: 'Update' },
  request: { masterFlushOffset: int64('physical offset') },
  response: {},
  notServed: replication,
})

export const getBrokerEpochCache = defineCommand({
  name: 'GET_BROKER_EPOCH_CACHE',
  code: 1007,
  about: 'Read at which offsets masters changed.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'cluster', action: 'Get' },
  request: {},
  response: {},
  responseBody: 'EpochEntryCache (JSON)',
  notServed: replication,
})

export const notifyBrokerRoleChanged = defineCommand({
  name: 'NOTIFY_BROKER_ROLE_CHANGED',
  code: 1008,
  about: 'Tell a broker who is master now; one-way.',
  callers: ['controller'],
  receiver: 'broker',
  access: { resource: 'cluster', action: 'Update' },
  request: {
    masterAddress: optional(string('address of the master')),
    masterEpoch: optional(int32('how often the master has changed')),
    syncStateSetEpoch: optional(int32('how often the in-sync set has changed')),
    masterBrokerId: optional(int64('id of the master')),
  },
  response: {},
  requestBody: 'SyncStateSet (JSON)',
  notServed: replication,
})
