import { defineCommand, optional, string } from '../command.js'

/** Key-value tables and configuration of the name server (reference: request-codes A.3, broker-behaviour 1.7, 1.8). */
const read = { resource: 'cluster', action: 'Get' } as const
const change = { resource: 'cluster', action: 'Update' } as const
const namespace = string('table, e.g. ORDER_TOPIC_CONFIG')
const key = string('key')

export const putKvConfig = defineCommand({
  name: 'PUT_KV_CONFIG',
  code: 100,
  about: 'Set a key of a table.',
  callers: ['admin'],
  receiver: 'nameServer',
  access: change,
  request: { namespace, key, value: string('value') },
  response: {},
})

export const getKvConfig = defineCommand({
  name: 'GET_KV_CONFIG',
  code: 101,
  about: 'Read a key of a table; code 22 when it is absent.',
  callers: ['admin', 'client'],
  receiver: 'nameServer',
  access: read,
  request: { namespace, key },
  response: { value: optional(string('value')) },
})

export const deleteKvConfig = defineCommand({
  name: 'DELETE_KV_CONFIG',
  code: 102,
  about: 'Delete a key of a table.',
  callers: ['admin'],
  receiver: 'nameServer',
  access: change,
  request: { namespace, key },
  response: {},
})

export const getKvListByNamespace = defineCommand({
  name: 'GET_KVLIST_BY_NAMESPACE',
  code: 219,
  about: 'Read a table; code 22 when it is absent.',
  callers: ['admin'],
  receiver: 'nameServer',
  access: read,
  request: { namespace },
  response: {},
  responseBody: 'KVTable (JSON)',
})

export const updateNameServerConfig = defineCommand({
  name: 'UPDATE_NAMESRV_CONFIG',
  code: 318,
  about: 'Change configuration keys that are allowed to change at run time.',
  callers: ['admin'],
  receiver: 'nameServer',
  access: change,
  request: {},
  response: {},
  requestBody: 'properties text',
})

export const getNameServerConfig = defineCommand({
  name: 'GET_NAMESRV_CONFIG',
  code: 319,
  about: 'Read the configuration.',
  callers: ['admin'],
  receiver: 'nameServer',
  access: read,
  request: {},
  response: {},
  responseBody: 'properties text',
})
