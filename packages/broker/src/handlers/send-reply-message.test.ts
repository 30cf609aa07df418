import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AerobeeError } from '@aerobee/base'
import { newFrame, propertyText, setProperty } from '@aerobee/wire'
import { ask, brokerParts, FakeConnection } from '../fakes.test.js'
import { sendReplyMessageHandler } from './send-reply-message.js'

const topic = 'DefaultCluster_REPLY_TOPIC'
const request = {
  producerGroup: 'P',
  topic,
  defaultTopic: 'TBW102',
  defaultTopicQueueNums: 4,
  queueId: 0,
  sysFlag: 0,
  bornTimestamp: 5,
  flag: 7,
  properties: propertyText('REPLY_TO_CLIENT', 'asker') + propertyText('CORRELATION_ID', 'c'),
  reconsumeTimes: 0,
  unitMode: false,
  maxReconsumeTimes: undefined,
  batch: undefined,
  brokerName: undefined,
}

function scene(more: Parameters<typeof brokerParts>[0] = {}) {
  const parts = brokerParts(more)
  const asker = new FakeConnection()
  asker.onCall = () =>
    Promise.resolve({ code: 0, remark: null, fields: {}, frame: newFrame(0, 1), body: Buffer.alloc(0) })
  parts.clients.producers.register('Q', { connection: asker, clientId: 'asker', language: null, version: 0 })
  const reply = async (sent: Partial<typeof request> = {}) =>
    (await ask(sendReplyMessageHandler(parts), { ...request, ...sent }, { body: 'answer' })).reply
  return { parts, asker, reply }
}

test('a reply is brought to the client that asked, and stored without the time of bringing it', async () => {
  const { parts, asker, reply } = scene()
  const { code, remark, fields } = await reply()
  assert.deepEqual([code, remark, fields?.queueId, fields?.queueOffset], [0, null, 0, 0])
  const [call] = asker.called
  const { properties, storeTimestamp, ...header } = call!.fields as Record<string, unknown>
  assert.equal(call?.code, 326)
  assert.equal(Buffer.from(call!.options!.body!).toString(), 'answer')
  assert.deepEqual([header.topic, header.queueId, header.flag, header.bornTimestamp], [topic, 0, 7, 5])
  const stored = parts.store.queue(topic, 0)[0]!.message.properties
  assert.equal(
    stored,
    request.properties + propertyText('MSG_REGION', 'DefaultRegion') + propertyText('TRACE_ON', 'true'),
  )
  assert.equal(properties, setProperty(stored, 'PUSH_REPLY_TIME', String(storeTimestamp)))
})

test('a reply that cannot be brought is stored all the same, and the answer says why', async () => {
  const { parts, asker, reply } = scene()
  const nobody = await reply({ properties: propertyText('REPLY_TO_CLIENT', 'gone') })
  assert.deepEqual([nobody.code, nobody.remark], [1, 'push reply message fail, channel of <gone> not found.'])
  const unaddressed = await reply({ properties: undefined })
  assert.deepEqual(
    [unaddressed.code, unaddressed.remark],
    [1, 'reply message properties[REPLY_TO_CLIENT] is null'],
  )
  asker.onCall = () => Promise.reject(new AerobeeError('TIMEOUT', 'no answer'))
  const deaf = await reply()
  assert.deepEqual([deaf.code, deaf.remark], [1, 'push reply message to askerfail.'])
  assert.equal(parts.store.queue(topic, 0).length, 3)
  asker.close('gone')
  parts.clients.producers.leaveAll(asker)
  assert.match((await reply()).remark ?? '', /channel of <asker> not found/)
})

test('a reply is not stored when the configuration says so, or the store refuses: it is brought all the same', async () => {
  const unstored = scene({ storeReplyMessageEnable: false })
  const { code, fields } = await unstored.reply()
  assert.deepEqual([code, fields?.msgId, fields?.queueOffset], [0, '0', 0])
  assert.equal(unstored.parts.store.queue(topic, 0).length, 0)
  const refused = scene()
  refused.parts.store.status_ = 'SERVICE_NOT_AVAILABLE'
  assert.deepEqual([(await refused.reply()).code, refused.asker.called.length], [0, 1])
})

test('a reply to an unknown topic or a queue out of range is refused before anything is brought', async () => {
  const { asker, reply } = scene({ autoCreateTopicEnable: false })
  assert.equal((await reply({ topic: 'Nowhere', defaultTopic: 'None' })).code, 17)
  assert.equal((await reply({ queueId: 9 })).code, 29)
  assert.equal(asker.called.length, 0)
})
