import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '@aerobee/base'
import { encodeBatch, findProperty, type SendMessageRequest } from '@aerobee/wire'
import { ask, type BrokerParts, brokerParts, sendRequest } from '../fakes.test.js'
import { sendMessageHandler } from '../handlers/send-message.js'
import { newTopicConfig } from '../topics.js'

const body = encodeBatch(
  ['one', 'two', 'three'].map((text) => ({
    flag: 0,
    body: utf8(text),
    properties: `TAGS\u0001${text}\u0002`,
  })),
)

function batchParts(): BrokerParts {
  const parts = brokerParts()
  parts.topics.put([newTopicConfig('Many', 4, 6, { attributes: { 'queue.type': 'BatchCQ' } })])
  return parts
}

const send = async (parts: BrokerParts, more: Partial<SendMessageRequest>, bytes: Uint8Array = body) =>
  (await ask(sendMessageHandler(parts), sendRequest({ topic: 'Many', ...more }), { body: bytes })).reply

test('a batch with a UNIQ_KEY is one record of a topic whose queues are of type BatchCQ', async () => {
  const parts = batchParts()
  const properties = 'UNIQ_KEY\u0001B\u0002INNER_BASE\u000177\u0002INNER_NUM\u00019\u0002KEYS\u0001k\u0002'
  const reply = await send(parts, { batch: true, properties })
  assert.equal(reply.code, 0)
  const { msgId, batchUniqId, transactionId, queueOffset } = reply.fields!
  assert.deepEqual(
    { msgId, batchUniqId, transactionId, queueOffset },
    { msgId: '7F00000100002A9F0000000000000000', batchUniqId: 'B', transactionId: 'B', queueOffset: 0 },
  )
  const [stored] = parts.store.queue('Many', 1)
  const { message } = stored!
  assert.equal(message.sysFlag, 0xc0)
  assert.deepEqual(Buffer.from(message.body), Buffer.from(body))
  assert.equal(findProperty(message.properties, 'INNER_NUM'), '3')
  assert.equal(findProperty(message.properties, 'INNER_BASE'), undefined)
  assert.equal(findProperty(message.properties, 'CLUSTER'), 'DefaultCluster')
  assert.deepEqual([message.uniqKey, message.keys], ['B', 'k'])
  assert.equal(parts.stats.totals.putTimes, 3)
})

test('a batch without a UNIQ_KEY, or for another topic, is a record for each message', async () => {
  const parts = batchParts()
  const keyless = await send(parts, { batch: true, properties: '' })
  assert.deepEqual([keyless.code, keyless.fields?.batchUniqId], [0, undefined])
  assert.equal(parts.store.queue('Many', 1).length, 3)
  const other = await send(parts, { batch: true, topic: 'T', properties: 'UNIQ_KEY\u0001B\u0002' })
  assert.deepEqual([other.code, other.fields?.batchUniqId], [0, undefined])
  assert.equal(parts.store.queue('T', 1).length, 3)
})

test('what cannot be a batch in one record is refused with 13, and nothing is stored', async () => {
  const parts = batchParts()
  const flag = 0xc0
  const three = 'INNER_NUM\u00013\u0002'
  const refused: [Partial<SendMessageRequest>, Uint8Array?][] = [
    [{ properties: three }],
    [{ sysFlag: flag, properties: '' }],
    [{ sysFlag: flag, properties: 'INNER_NUM\u00012\u0002' }],
    [{ sysFlag: flag, properties: three, topic: 'T' }],
    [{ sysFlag: flag, properties: three }, body.subarray(1)],
    [{ sysFlag: flag, batch: true, properties: three }],
    [{ batch: true, properties: 'UNIQ_KEY\u0001B\u0002DELAY\u00013\u0002' }],
    [{ batch: true, properties: `UNIQ_KEY\u0001B\u0002x\u0001${'y'.repeat(32_700)}\u0002` }],
  ]
  for (const [more, bytes] of refused)
    assert.equal((await send(parts, more, bytes)).code, 13, JSON.stringify(more))
  assert.equal(parts.store.kept.size, 0)
})

test('a message that says rightly that it is a batch is taken as one', async () => {
  const parts = batchParts()
  const reply = await send(parts, { sysFlag: 0xc0, properties: 'INNER_NUM\u00013\u0002' })
  assert.equal(reply.code, 0)
  assert.equal(parts.store.queue('Many', 1)[0]!.message.sysFlag, 0xc0)
})
