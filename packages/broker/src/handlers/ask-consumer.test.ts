import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AerobeeError } from '@aerobee/base'
import type { Answer } from '@aerobee/net'
import { bodies, newFrame } from '@aerobee/wire'
import { ask, bodyText, brokerParts } from '../fakes.test.js'
import { newGroupConfig } from '../groups.js'
import { joinGroup } from '../members.test.js'
import { newTopicConfig } from '../topics.js'
import { consumeMessageDirectlyHandler, getConsumerRunningInfoHandler } from './ask-consumer.js'
import { getConsumerStatusHandler } from './consumer-status.js'

const answerOf = (code: number, body: Uint8Array, remark: string | null = null): Answer => ({
  code,
  remark,
  fields: undefined,
  frame: newFrame(code, 1),
  body,
})

const info = { consumerGroup: 'G', clientId: 'ip@G', jstackEnable: true }
const direct = {
  consumerGroup: 'G',
  clientId: 'ip@G',
  msgId: '7F00000100002A9F0000000000000064',
  brokerName: 'another',
  topic: 'T',
  topicSysFlag: undefined,
  groupSysFlag: undefined,
}

test('the inner state of a consumer is asked for and passed on as it comes', async () => {
  const parts = brokerParts()
  const member = joinGroup(parts, 'G', ['T'])
  member.onCall = () => Promise.resolve(answerOf(1, Buffer.from('{"x":1}'), 'so so'))
  const { reply } = await ask(getConsumerRunningInfoHandler(parts), info)
  assert.deepEqual([reply.code, reply.remark, bodyText(reply)], [1, 'so so', '{"x":1}'])
  assert.deepEqual(member.called, [{ code: 307, fields: info, options: { timeoutMs: 10_000 } }])
})

test('a consumer that is silent, gone or too old is told of', async () => {
  const parts = brokerParts()
  const member = joinGroup(parts, 'G', ['T'])
  const answered = async (more: object = {}) => {
    const { reply } = await ask(getConsumerRunningInfoHandler(parts), { ...info, ...more })
    return `${reply.code} ${reply.remark}`
  }
  member.onCall = () => Promise.reject(new AerobeeError('TIMEOUT', 'no answer in 10 s'))
  assert.equal(await answered(), '207 consumer <G> <ip@G> Timeout: no answer in 10 s')
  member.onCall = () => Promise.reject(new AerobeeError('CONNECTION_CLOSED', 'it went'))
  assert.equal(await answered(), '1 invoke consumer <G> <ip@G> Exception: it went')
  joinGroup(parts, 'G', ['T'], { clientId: 'old', version: 60 })
  assert.equal(
    await answered({ clientId: 'old' }),
    '1 The Consumer <old> Version <V3_1_7_SNAPSHOT> too low to finish, please upgrade it to V3_1_8_SNAPSHOT',
  )
  assert.equal(await answered({ clientId: 'other' }), '1 The Consumer <G> <other> not online')
})

test('a message is read from the log and given to the consumer with what the broker knows', async () => {
  const parts = brokerParts()
  parts.topics.put([newTopicConfig('T', 1, 6, { topicSysFlag: 1 })])
  parts.groups.put([newGroupConfig('G', { groupSysFlag: 2 })])
  const record = Buffer.from('the record')
  Object.assign(parts.store, { recordAt: async (at: number) => (at === 100 ? record : undefined) })
  const member = joinGroup(parts, 'G', ['T'])
  member.onCall = () => Promise.resolve(answerOf(0, Buffer.from('{}')))
  for (const clientId of ['ip@G', undefined]) {
    const { reply } = await ask(consumeMessageDirectlyHandler(parts), { ...direct, clientId })
    assert.equal(reply.code, 0)
    const call = member.called.pop()!
    const fields = { ...direct, brokerName: 'broker-a', topicSysFlag: 1, groupSysFlag: 2 }
    assert.deepEqual(call, { code: 309, fields, options: { body: record, timeoutMs: 10_000 } })
  }
  const { reply } = await ask(consumeMessageDirectlyHandler(parts), { ...direct, clientId: 'other' })
  assert.equal(reply.remark, 'The Consumer <G> <other> not online')
  assert.deepEqual(member.called, [])
})

const queue = { brokerName: 'broker-a', queueId: 0, topic: 'T' }

test('all consumers of a group tell how far they are, or one; who does not is left out', async () => {
  const parts = brokerParts()
  const status = (offset: number) =>
    bodies.consumerStatus.encode({ consumerTable: new Map(), messageQueueTable: [[queue, offset]] })
  for (const [clientId, answer] of [
    ['one', () => Promise.resolve(answerOf(0, status(7)))],
    ['two', () => Promise.resolve(answerOf(0, status(9)))],
    ['refuses', () => Promise.resolve(answerOf(1, status(1)))],
    ['empty', () => Promise.resolve(answerOf(0, new Uint8Array(0)))],
    ['garbled', () => Promise.resolve(answerOf(0, Buffer.from('{"messageQueueTable":[]}')))],
    ['silent', () => Promise.reject(new AerobeeError('TIMEOUT', 'no answer'))],
  ] as const)
    joinGroup(parts, 'G', ['T'], { clientId }).onCall = answer
  const table = async (clientAddr: string | undefined) => {
    const { reply } = await ask(getConsumerStatusHandler(parts), { topic: 'T', group: 'G', clientAddr })
    const body = bodies.consumerStatus.decode(Buffer.from(bodyText(reply)))
    assert.ok(reply.code === 0 && body.ok)
    return [...body.value.consumerTable].map(([id, rows]) => [id, rows.map(([, offset]) => offset)])
  }
  assert.deepEqual(await table(undefined), [
    ['one', [7]],
    ['two', [9]],
  ])
  assert.deepEqual(await table('two'), [['two', [9]]])
  assert.deepEqual(await table('nobody'), [])
  joinGroup(parts, 'G', ['T'], { clientId: 'old', version: 20 })
  const asked = { topic: 'T', group: 'G', clientAddr: undefined }
  const { reply } = await ask(getConsumerStatusHandler(parts), asked)
  assert.match(reply.remark ?? '', /^the client does not support this feature\. version=V3_0_3/)
})
