import { boolean, defineCommand, int32, int64, optional, string } from '../command.js'

/** Election and membership (reference: replication 5). */
const notServed = 'controllers: not yet'
const read = { resource: 'cluster', action: 'Get' } as const
const change = { resource: 'cluster', action: 'Update' } as const
const receiver = 'controller'
const clusterName = optional(string('cluster'))
const brokerName = optional(string('name of the brokers'))
const invokeTime = optional(int64('time of the request, ms'))
const masterBrokerId = optional(int64('id of the master'))
const masterAddress = optional(string('address of the master'))
const masterEpoch = optional(int32('how often the master has changed'))
const syncStateSetEpoch = optional(int32('how often the in-sync set has changed'))

export const alterSyncStateSet = defineCommand({
  name: 'CONTROLLER_ALTER_SYNC_STATE_SET',
  code: 1001,
  about: 'Set which brokers are in sync with their master.',
  callers: ['broker'],
  receiver,
  access: change,
  request: { brokerName, masterBrokerId, masterEpoch, invokeTime },
  response: { newSyncStateSetEpoch: optional(int32('epoch of the set now')) },
  requestBody: 'SyncStateSet (JSON)',
  responseBody: 'SyncStateSet (JSON)',
  notServed,
})

export const electMaster = defineCommand({
  name: 'CONTROLLER_ELECT_MASTER',
  code: 1002,
  about: 'Elect a master for a broker name.',
  callers: ['broker', 'admin'],
  receiver,
  access: change,
  request: {
    clusterName: string('cluster'),
    brokerName: string('name of the brokers'),
    brokerId: int64('broker that asks, or that shall be elected'),
    designateElect: boolean('whether that one shall be elected'),
    invokeTime,
  },
  response: { masterBrokerId, masterAddress, masterEpoch, syncStateSetEpoch },
  responseBody: 'SyncStateSet (JSON)',
  notServed,
})

export const registerBrokerToController = defineCommand({
  name: 'CONTROLLER_REGISTER_BROKER',
  code: 1003,
  about: 'Announce a broker that has an id, and learn who is master.',
  callers: ['broker'],
  receiver,
  access: change,
  request: {
    clusterName,
    brokerName,
    brokerId: optional(int64('id of the broker')),
    brokerAddress: optional(string('host:port of the broker')),
    invokeTime,
  },
  response: { clusterName, brokerName, masterBrokerId, masterAddress, masterEpoch, syncStateSetEpoch },
  responseBody: 'SyncStateSet (JSON)',
  notServed,
})

export const getReplicaInfo = defineCommand({
  name: 'CONTROLLER_GET_REPLICA_INFO',
  code: 1004,
  about: 'Read the master and the in-sync set of a broker name.',
  callers: ['broker'],
  receiver,
  access: read,
  request: { brokerName },
  response: { masterBrokerId, masterAddress, masterEpoch },
  responseBody: 'SyncStateSet (JSON)',
  notServed,
})

export const getControllerMetadata = defineCommand({
  name: 'CONTROLLER_GET_METADATA_INFO',
  code: 1005,
  about: 'Read which controller leads.',
  callers: ['broker', 'admin'],
  receiver,
  access: read,
  request: {},
  response: {
    group: optional(string('group of the controllers')),
    controllerLeaderId: optional(string('id of the leader')),
    controllerLeaderAddress: optional(string('address of the leader')),
    isLeader: optional(boolean('whether the one that answers leads')),
    peers: optional(string('all controllers: id:address;…')),
  },
  notServed,
})

export const getSyncStateData = defineCommand({
  name: 'CONTROLLER_GET_SYNC_STATE_DATA',
  code: 1006,
  about: 'Read the in-sync sets of broker names.',
  callers: ['admin'],
  receiver,
  access: read,
  request: {},
  response: {},
  requestBody: 'list of broker names (JSON)',
  responseBody: 'BrokerReplicasInfo (JSON)',
  notServed,
})

export const updateControllerConfig = defineCommand({
  name: 'UPDATE_CONTROLLER_CONFIG',
  code: 1009,
  about: 'Change configuration keys that are allowed to change at run time.',
  callers: ['admin'],
  receiver,
  access: change,
  request: {},
  response: {},
  requestBody: 'properties text',
  notServed,
})

export const getControllerConfig = defineCommand({
  name: 'GET_CONTROLLER_CONFIG',
  code: 1010,
  about: 'Read the configuration.',
  callers: ['admin'],
  receiver,
  access: read,
  request: {},
  response: {},
  responseBody: 'properties text',
  notServed,
})

export const cleanBrokerData = defineCommand({
  name: 'CLEAN_BROKER_DATA',
  code: 1011,
  about: 'Forget brokers of a name.',
  callers: ['admin'],
  receiver,
  access: change,
  request: {
    clusterName,
    brokerName: string('name of the brokers'),
    brokerControllerIdsToClean: optional(string('ids, joined by ;; absent for all')),
    isCleanLivingBroker: optional(boolean('whether living ones go too')),
    invokeTime,
  },
  response: {},
  notServed,
})

export const getNextBrokerId = defineCommand({
  name: 'CONTROLLER_GET_NEXT_BROKER_ID',
  code: 1012,
  about: 'Ask for an id no broker of the name has.',
  callers: ['broker'],
  receiver,
  access: read,
  request: { clusterName, brokerName },
  response: { clusterName, brokerName, nextBrokerId: optional(int64('free id')) },
  notServed,
})

export const applyBrokerId = defineCommand({
  name: 'CONTROLLER_APPLY_BROKER_ID',
  code: 1013,
  about: 'Take an id for good.',
  callers: ['broker'],
  receiver,
  access: change,
  request: {
    clusterName,
    brokerName,
    appliedBrokerId: optional(int64('id wanted')),
    registerCheckCode: optional(string('address;time, by which the broker is known again')),
  },
  response: { clusterName, brokerName },
  notServed,
})
