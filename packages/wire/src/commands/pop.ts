import { boolean, defineCommand, int32, int64, optional, string } from '../command.js'

/** POP (reference: wire 4). Codes above int16 reach us over binary headers truncated; the codec restores them. */
const notServed = 'POP: not yet'
const consumerGroup = string('consumer group')
const topic = string('topic')
const queueId = int32('queue, or -1 for all')
const bornTime = int64('time of the request at the client, ms')
const attemptId = optional(string('same on a repetition of the request'))
const access = { resource: 'topic', action: 'Sub', field: 'topic', groupField: 'consumerGroup' } as const

const popResponse = {
  popTime: int64('time of popping, ms'),
  invisibleTime: int64('how long the messages stay hidden, ms'),
  reviveQid: int32('revive queue; 999 for ordered groups'),
  restNum: int64('messages that were left'),
  startOffsetInfo: optional(string('first offset of each queue: retry queue offset;…')),
  msgOffsetInfo: optional(string('offsets of the messages: retry queue offset,offset;…')),
  orderCountInfo: optional(string('deliveries so far: retry queue count;…')),
}

export const popMessage = defineCommand({
  name: 'POP_MESSAGE',
  code: 200050,
  about: 'Take messages of any queue and hide them for a while; held while nothing is there.',
  callers: ['client'],
  receiver: 'broker',
  access,
  request: {
    consumerGroup,
    topic,
    queueId,
    maxMsgNums: int32('messages wanted at most, up to 32'),
    invisibleTime: int64('how long to hide them, ms'),
    pollTime: int64('how long to hold the request, ms'),
    bornTime,
    initMode: int32('where a new group begins: 0 at the first message, 1 at the last'),
    expType: optional(string('TAG or SQL92')),
    exp: optional(string('filter expression')),
    order: optional(boolean('whether the group consumes in order')),
    attemptId,
  },
  response: popResponse,
  responseBody: 'records as they stand in the commit log, one behind another',
  notServed,
})

export const ackMessage = defineCommand({
  name: 'ACK_MESSAGE',
  code: 200051,
  about: 'Say that a popped message is consumed.',
  callers: ['client'],
  receiver: 'broker',
  access,
  request: {
    consumerGroup,
    topic,
    queueId: int32('queue'),
    extraInfo: string('handle of the message'),
    offset: int64('queue offset of the message'),
  },
  response: {},
  notServed,
})

export const batchAckMessage = defineCommand({
  name: 'BATCH_ACK_MESSAGE',
  code: 200151,
  about: 'Say that popped messages are consumed.',
  callers: ['client'],
  receiver: 'broker',
  access: { resource: 'group', action: 'Sub' },
  request: {},
  response: {},
  requestBody: 'BatchAckMessageRequestBody (JSON)',
  notServed,
})

export const peekMessage = defineCommand({
  name: 'PEEK_MESSAGE',
  code: 200052,
  about: 'Read messages without hiding them.',
  callers: ['client'],
  receiver: 'broker',
  access,
  request: { topic, queueId, maxMsgNums: int32('messages wanted at most'), consumerGroup },
  response: popResponse,
  responseBody: 'records as they stand in the commit log, one behind another',
  notServed,
})

export const changeMessageInvisibleTime = defineCommand({
  name: 'CHANGE_MESSAGE_INVISIBLETIME',
  code: 200053,
  about: 'Hide a popped message for longer or shorter.',
  callers: ['client'],
  receiver: 'broker',
  access,
  request: {
    consumerGroup,
    topic,
    queueId: int32('queue'),
    extraInfo: string('handle of the message'),
    offset: int64('queue offset of the message'),
    invisibleTime: int64('how long from now, ms'),
  },
  response: {
    popTime: int64('time of popping in the new handle, ms'),
    invisibleTime: int64('how long the message stays hidden, ms'),
    reviveQid: int32('revive queue of the new handle'),
  },
  notServed,
})

export const notification = defineCommand({
  name: 'NOTIFICATION',
  code: 200054,
  about: 'Ask whether there is a message; held while there is none.',
  callers: ['client'],
  receiver: 'broker',
  access,
  request: {
    consumerGroup,
    topic,
    queueId,
    pollTime: int64('how long to hold the request, ms'),
    bornTime,
    order: optional(boolean('whether the group consumes in order')),
    attemptId,
  },
  response: {
    hasMsg: boolean('whether there is a message'),
    pollingFull: optional(boolean('whether too many requests are held already')),
  },
  notServed,
})

export const pollingInfo = defineCommand({
  name: 'POLLING_INFO',
  code: 200055,
  about: 'Read how many requests are held.',
  callers: ['client'],
  receiver: 'broker',
  access: { resource: 'topic', action: 'Get', field: 'topic', groupField: 'consumerGroup' },
  request: { consumerGroup, topic, queueId },
  response: { pollingNum: int32('requests held') },
  notServed,
})

export const popRollback = defineCommand({
  name: 'POP_ROLLBACK',
  code: 200056,
  about: 'Bring popped records kept in RocksDB back into files.',
  callers: ['admin'],
  receiver: 'broker',
  access: { resource: 'cluster', action: 'Update' },
  request: {},
  response: {},
  notServed: 'RocksDB: popped records are files here',
})
