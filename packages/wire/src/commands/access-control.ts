import { defineCommand, optional, string } from '../command.js'

/** Users and their rights (reference: request-codes A.2, features 1.7). */
const notServed = 'users and access control: not yet'
const change = { resource: 'cluster', action: 'Update' } as const
const read = { resource: 'cluster', action: 'Get' } as const
const callers = ['admin'] as const
const receiver = 'broker'
const username = optional(string('name of the user'))
const subject = optional(string('whose rights, e.g. User:name'))

export const createUser = defineCommand({
  name: 'AUTH_CREATE_USER',
  code: 3001,
  about: 'Create a user.',
  callers,
  receiver,
  access: change,
  request: { username },
  response: {},
  requestBody: 'UserInfo (JSON)',
  notServed,
})

export const updateUser = defineCommand({
  name: 'AUTH_UPDATE_USER',
  code: 3002,
  about: 'Change a user.',
  callers,
  receiver,
  access: change,
  request: { username },
  response: {},
  requestBody: 'UserInfo (JSON)',
  notServed,
})

export const deleteUser = defineCommand({
  name: 'AUTH_DELETE_USER',
  code: 3003,
  about: 'Delete a user.',
  callers,
  receiver,
  access: change,
  request: { username },
  response: {},
  notServed,
})

export const getUser = defineCommand({
  name: 'AUTH_GET_USER',
  code: 3004,
  about: 'Read a user.',
  callers,
  receiver,
  access: read,
  request: { username },
  response: {},
  responseBody: 'UserInfo (JSON)',
  notServed,
})

export const listUsers = defineCommand({
  name: 'AUTH_LIST_USER',
  code: 3005,
  about: 'Read all users.',
  callers,
  receiver,
  access: read,
  request: { filter: optional(string('part of the name')) },
  response: {},
  responseBody: 'list of UserInfo (JSON)',
  notServed,
})

export const createAcl = defineCommand({
  name: 'AUTH_CREATE_ACL',
  code: 3006,
  about: 'Give a subject rights.',
  callers,
  receiver,
  access: change,
  request: { subject },
  response: {},
  requestBody: 'AclInfo (JSON)',
  notServed,
})

export const updateAcl = defineCommand({
  name: 'AUTH_UPDATE_ACL',
  code: 3007,
  about: 'Change the rights of a subject.',
  callers,
  receiver,
  access: change,
  request: { subject },
  response: {},
  requestBody: 'AclInfo (JSON)',
  notServed,
})

export const deleteAcl = defineCommand({
  name: 'AUTH_DELETE_ACL',
  code: 3008,
  about: 'Take rights from a subject.',
  callers,
  receiver,
  access: change,
  request: {
    subject,
    policyType: optional(string('Custom or Default')),
    resource: optional(string('one resource; absent for all')),
  },
  response: {},
  notServed,
})

export const getAcl = defineCommand({
  name: 'AUTH_GET_ACL',
  code: 3009,
  about: 'Read the rights of a subject.',
  callers,
  receiver,
  access: read,
  request: { subject },
  response: {},
  responseBody: 'AclInfo (JSON)',
  notServed,
})

export const listAcls = defineCommand({
  name: 'AUTH_LIST_ACL',
  code: 3010,
  about: 'Read the rights of all subjects.',
  callers,
  receiver,
  access: read,
  request: {
    subjectFilter: optional(string('part of the subject')),
    resourceFilter: optional(string('part of the resource')),
  },
  response: {},
  responseBody: 'list of AclInfo (JSON)',
  notServed,
})
