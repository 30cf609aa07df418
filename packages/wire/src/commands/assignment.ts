import { defineCommand } from '../command.js'

/** Queues shared out by the broker (reference: request-codes A.1). */
const notServed = 'assignment by the broker and POP: not yet'

export const queryAssignment = defineCommand({
  name: 'QUERY_ASSIGNMENT',
  code: 400,
  about: 'Ask which queues to consume, and whether to pull or pop them.',
  callers: ['client'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Get' },
  request: {},
  response: {},
  requestBody: 'QueryAssignmentRequestBody (JSON)',
  responseBody: 'QueryAssignmentResponseBody (JSON)',
  notServed,
})

export const setMessageRequestMode = defineCommand({
  name: 'SET_MESSAGE_REQUEST_MODE',
  code: 401,
  about: 'Set whether a group pulls or pops a topic.',
  callers: ['client', 'admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Update' },
  request: {},
  response: {},
  requestBody: 'SetMessageRequestModeRequestBody (JSON)',
  notServed,
})

export const getAllMessageRequestMode = defineCommand({
  name: 'GET_ALL_MESSAGE_REQUEST_MODE',
  code: 402,
  about: 'Read the modes of all groups, as a slave copies them.',
  callers: ['broker'],
  receiver: 'broker',
  access: { resource: 'cluster', action: 'Get' },
  request: {},
  response: {},
  responseBody: 'MessageRequestModeSerializeWrapper (JSON)',
  notServed,
})
