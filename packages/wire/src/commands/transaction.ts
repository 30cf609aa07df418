import { boolean, defineCommand, int32, int64, named, optional, string } from '../command.js'

/** Transactions (reference: wire 3.5, broker-behaviour 9). */
export const endTransaction = defineCommand({
  name: 'END_TRANSACTION',
  code: 37,
  about: 'Commit or roll back a half message; one-way from clients.',
  callers: ['client'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Pub', field: 'topic' },
  request: {
    topic: optional(string('topic of the message')),
    producerGroup: string('group of the producer'),
    tranStateTableOffset: int64('queue offset of the half message'),
    commitLogOffset: int64('physical offset of the half message'),
    commitOrRollback: int32('8 commit, 12 roll back, 0 unknown'),
    fromTransactionCheck: optional(boolean('whether this answers a check')),
    msgId: string('unique key of the message'),
    transactionId: optional(string('id of the transaction')),
    brokerName: optional(named('bname', string('broker that holds the half message'))),
  },
  response: {},
})

export const checkTransactionState = defineCommand({
  name: 'CHECK_TRANSACTION_STATE',
  code: 39,
  about: 'Ask a producer of the group how a transaction ended; one-way, the answer is an END_TRANSACTION.',
  callers: ['broker'],
  receiver: 'client',
  access: { resource: 'topic', action: 'Pub', field: 'topic' },
  request: {
    topic: optional(string('topic the half message is stored under')),
    tranStateTableOffset: int64('queue offset of the half message'),
    commitLogOffset: int64('physical offset of the half message'),
    msgId: optional(string('unique key of the message')),
    transactionId: optional(string('id of the transaction')),
    offsetMsgId: optional(string('offset message id of the half message')),
    brokerName: optional(named('bname', string('broker that asks'))),
  },
  response: {},
  requestBody: 'the half message as a record',
})

export const resumeCheckHalfMessage = defineCommand({
  name: 'RESUME_CHECK_HALF_MESSAGE',
  code: 323,
  about: 'Check again a half message whose checks had been given up.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Update', field: 'topic' },
  request: {
    topic: optional(string('topic of the message')),
    msgId: optional(string('offset message id of the half message')),
  },
  response: {},
})
