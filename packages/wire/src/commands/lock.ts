import { defineCommand } from '../command.js'

/** Queue locks of orderly consumers (reference: request-codes A.1). */
export const lockBatchQueues = defineCommand({
  name: 'LOCK_BATCH_MQ',
  code: 41,
  about: 'Lock queues for one client of a group, for 60 s or until unlocked; answers which it holds.',
  callers: ['client', 'broker'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Sub' },
  request: {},
  response: {},
  requestBody: 'LockBatchRequestBody (JSON)',
  responseBody: 'LockBatchResponseBody (JSON)',
})

export const unlockBatchQueues = defineCommand({
  name: 'UNLOCK_BATCH_MQ',
  code: 42,
  about: 'Give queue locks back.',
  callers: ['client', 'broker'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Sub' },
  request: {},
  response: {},
  requestBody: 'UnlockBatchRequestBody (JSON)',
})
