import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '@aerobee/base'
import { decodeRecallHandle, encodeBatch, type SendMessageRequest } from '@aerobee/wire'
import { ask, type BrokerParts, brokerParts, FakeConnection, sendRequest as request } from '../fakes.test.js'
import { newTopicConfig } from '../topics.js'
import { sendMessageHandler } from './send-message.js'

const common = { traceOn: true, region: 'DefaultRegion' }
const faq = '\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.'

const send = async (
  parts: BrokerParts,
  more: Partial<SendMessageRequest> = {},
  body: Uint8Array | string = 'hello',
) => (await ask(sendMessageHandler(parts), request(more), { body })).reply

const only = (parts: BrokerParts, topic = 'T', queueId = 1) => {
  const queue = parts.store.queue(topic, queueId)
  assert.equal(queue.length, 1)
  return queue[0]!.message
}

test('a stored message is answered with its ids, queue and offset', async () => {
  const parts = brokerParts()
  await send(parts)
  const reply = await send(parts, { properties: 'UNIQ_KEY\u0001K2\u0002' })
  assert.deepEqual(reply, {
    code: 0,
    remark: null,
    fields: {
      ...common,
      queueId: 1,
      queueOffset: 1,
      transactionId: 'K2',
      msgId: '7F00000100002A9F0000000000000064',
    },
    body: null,
  })
  assert.equal(parts.stats.totals.putTimes, 2)
})

test('the record keeps what was sent, and what the broker adds', async () => {
  const parts = brokerParts()
  const connection = new FakeConnection()
  await ask(sendMessageHandler(parts), request({ sysFlag: 0x301 }), { body: 'hello', connection })
  const message = only(parts)
  assert.equal(
    message.properties,
    'UNIQ_KEY\u0001K\u0002TAGS\u0001TagA\u0002WAIT\u0001true\u0002' +
      'MSG_REGION\u0001DefaultRegion\u0002TRACE_ON\u0001true\u0002CLUSTER\u0001DefaultCluster\u0002',
  )
  assert.equal(
    Buffer.from(message.bornHost).toString('hex'),
    `7f000001${connection.remote.port.toString(16).padStart(8, '0')}`,
  )
  assert.equal(Buffer.from(message.storeHost).toString('hex'), '7f00000100002a9f')
  const { flag, sysFlag, tagsCode, uniqKey, waitStoreOk } = message
  assert.deepEqual(
    { flag, sysFlag, tagsCode, uniqKey, waitStoreOk },
    { flag: 7, sysFlag: 0x301, tagsCode: 2598919, uniqKey: 'K', waitStoreOk: true },
  )
})

test('bits for IPv6 hosts are ours to set, not the sender’s', async () => {
  const parts = brokerParts()
  const connection = new FakeConnection()
  Object.assign(connection.remote, { host: '::1' })
  await ask(sendMessageHandler(parts), request({ sysFlag: 0x20 }), { body: 'x', connection })
  assert.equal(only(parts).sysFlag, 0x10)
  assert.equal(only(parts).bornHost.length, 20)
})

test('a message without UNIQ_KEY gets one, and properties that the broker sets are not doubled', async () => {
  const parts = brokerParts()
  const reply = await send(parts, {
    properties: 'MSG_REGION\u0001x\u0002a\u0001\u0002k\u0001v\u0002POP_CK\u00011 2\u0002z\u0001y',
  })
  assert.equal(reply.fields?.transactionId, 'KEY1')
  assert.equal(
    only(parts).properties,
    'k\u0001v\u0002z\u0001y\u0002MSG_REGION\u0001DefaultRegion\u0002TRACE_ON\u0001true\u0002CLUSTER\u0001DefaultCluster\u0002UNIQ_KEY\u0001KEY1\u0002',
  )
})

test('an unknown topic is created from the default topic, with as many queues as asked for and allowed', async () => {
  const parts = brokerParts()
  assert.equal((await send(parts, { topic: 'New', defaultTopicQueueNums: 100 })).code, 0)
  assert.deepEqual(parts.topics.find('New'), newTopicConfig('New', 8, 6))
  assert.ok(JSON.stringify(parts.topicFile.document).includes('"New"'))
})

test('refusals of a destination have upstream’s codes and texts', async () => {
  const parts = brokerParts({ autoCreateTopicEnable: false })
  const connection = new FakeConnection()
  const cases: [Partial<SendMessageRequest>, number, string][] = [
    [{ topic: 'Unknown' }, 17, `topic[Unknown] not exist, apply first please!${faq}`],
    [{ topic: 'TBW102' }, 17, `topic[TBW102] not exist, apply first please!${faq}`],
    [
      { topic: 'bad topic!' },
      29,
      'The specified topic contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$',
    ],
    [{ topic: ' ' }, 29, 'The specified topic is blank.'],
    [{ topic: 'L'.repeat(128) }, 29, 'The specified topic is longer than topic max length.'],
    [
      { topic: '../x\0' },
      29,
      'The specified topic contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$',
    ],
    [{ topic: 'rmq_sys_wheel_timer' }, 16, 'Sending message to topic[rmq_sys_wheel_timer] is forbidden.'],
    [{ topic: 'rmq_sys_new' }, 16, 'Sending message to topic[rmq_sys_new] is forbidden.'],
    [{ topic: 'SCHEDULE_TOPIC_XXXX' }, 16, 'Sending message to topic[SCHEDULE_TOPIC_XXXX] is forbidden.'],
    [
      { queueId: 99 },
      29,
      'request queueId[99] is illegal, TopicConfig [topicName=T, readQueueNums=4, writeQueueNums=4, perm=RW-, ' +
        `topicFilterType=SINGLE_TAG, topicSysFlag=0, order=false, attributes={}] Producer: ${connection.remoteText}`,
    ],
  ]
  for (const [more, code, remark] of cases) {
    const { reply } = await ask(sendMessageHandler(parts), request(more), { body: 'x', connection })
    assert.deepEqual(reply, { code, remark, fields: common, body: null }, JSON.stringify(more))
  }
  assert.equal(parts.admission.sendsUnderWay, 0)
})

test('a topic without write permission is still written to, as upstream does', async () => {
  const parts = brokerParts()
  parts.topics.put([newTopicConfig('ReadOnly', 4, 4)])
  assert.equal((await send(parts, { topic: 'ReadOnly' })).code, 0)
})

test('a broker that may not be written to refuses order topics only', async () => {
  const parts = brokerParts({ brokerPermission: 4 })
  parts.topics.put([newTopicConfig('Ordered', 4, 6, { order: true })])
  assert.equal((await send(parts)).code, 0)
  const refused = await send(parts, { topic: 'Ordered' })
  assert.deepEqual([refused.code, refused.remark], [16, 'the broker[127.0.0.1] sending message is forbidden'])
})

test('below queue 0 the broker picks a queue', async () => {
  const parts = brokerParts()
  parts.random.below = (bound: number) => bound - 1
  assert.equal((await send(parts, { queueId: -1 })).fields?.queueId, 3)
})

test('before the time of accepting sends nothing is stored', async () => {
  const parts = brokerParts({ startAcceptSendRequestTimeStamp: 1_704_067_201_000 })
  const refused = await send(parts)
  assert.deepEqual(
    [refused.code, refused.remark],
    [1, 'broker unable to service, until 2024-01-01 00:00:01,000'],
  )
  await parts.clock.advance(1000)
  assert.equal((await send(parts)).code, 0)
})

const illegal =
  'the message is illegal, maybe msg body or properties length not matched. msg body length limit 4194304B, msg properties length limit 32KB.'

test('half types without TRAN_MSG are illegal; what an old client retries with TRAN_MSG is an ordinary message', async () => {
  const parts = brokerParts()
  for (const sysFlag of [4, 12]) assert.equal((await send(parts, { sysFlag })).code, 13)
  const properties = 'TRAN_MSG\u0001true\u0002DELAY\u00011\u0002'
  assert.equal((await send(parts, { sysFlag: 4, properties, reconsumeTimes: 1 })).code, 0)
  const [retried] = parts.store.queue('SCHEDULE_TOPIC_XXXX', 0)
  assert.equal(retried?.message.sysFlag, 0)
})

test('bodies that are empty or too long and properties beyond 32 KiB are illegal', async () => {
  const parts = brokerParts()
  const long = `K\u0001${'v'.repeat(32_700)}\u0002`
  const wide = `K\u0001${'界'.repeat(10_922)}\u0002`
  for (const refused of [
    await send(parts, {}, ''),
    await send(parts, {}, Buffer.alloc(4 * 1024 * 1024 + 1)),
    await send(parts, { properties: long }),
    await send(parts, { properties: wide }),
  ])
    assert.deepEqual([refused.code, refused.remark], [13, illegal])
  assert.equal((await send(parts, { properties: `K\u0001${'v'.repeat(32_600)}\u0002` })).code, 0)
})

test('a timer message goes to the timer, and the answer says how it is taken back', async () => {
  const parts = brokerParts()
  const reply = await send(parts, { properties: 'UNIQ_KEY\u0001K\u0002TIMER_DELAY_MS\u00012500\u0002' })
  assert.deepEqual([reply.code, reply.fields?.queueId], [0, 1])
  const slotMs = Math.floor((parts.clock.wallMs() + 2500) / 1000) * 1000
  const handle = { topic: 'T', brokerName: 'broker-a', timestamp: String(slotMs + 1), messageId: 'K' }
  assert.deepEqual(decodeRecallHandle(reply.fields!.recallHandle!), { ok: true, value: handle })
  const { properties } = only(parts, 'rmq_sys_wheel_timer', 0)
  assert.ok(
    properties.endsWith(`TIMER_OUT_MS\u0001${slotMs}\u0002REAL_TOPIC\u0001T\u0002REAL_QID\u00011\u0002`),
  )
  const retry = await send(parts, { topic: '%RETRY%G', properties: 'TIMER_DELAY_MS\u00012500\u0002' })
  assert.equal(retry.fields?.recallHandle, undefined)
})

test('transactions are refused when the broker is told to', async () => {
  const parts = brokerParts()
  const prepared = { properties: 'TRAN_MSG\u0001true\u0002', sysFlag: 4 }
  const forbidden = await send(brokerParts({ rejectTransactionMessage: true }), prepared)
  assert.deepEqual(
    [forbidden.code, forbidden.remark],
    [16, 'the broker[127.0.0.1] sending transaction message is forbidden'],
  )
  assert.equal(parts.store.maxOffset('T', 1), 0)
  assert.equal((await send(parts, { properties: 'DELAY\u00010\u0002' })).code, 0)
})

test('a delayed message goes to the queue of its level, and the answer names the queue it was sent to', async () => {
  const parts = brokerParts()
  const reply = await send(parts, { properties: 'UNIQ_KEY\u0001K\u0002DELAY\u00013\u0002' })
  assert.deepEqual([reply.code, reply.fields?.queueId, reply.fields?.queueOffset], [0, 1, 0])
  const { properties, tagsCode } = only(parts, 'SCHEDULE_TOPIC_XXXX', 2)
  assert.equal(tagsCode, 10_000)
  assert.ok(properties.endsWith('REAL_TOPIC\u0001T\u0002REAL_QID\u00011\u0002'), properties)
  assert.equal(parts.store.maxOffset('T', 1), 0)
})

test('an inner batch, a compacted topic without key and DELAY that is no number are illegal', async () => {
  const parts = brokerParts()
  parts.topics.put([newTopicConfig('Compacted', 4, 6, { attributes: { 'cleanup.policy': 'COMPACTION' } })])
  assert.equal((await send(parts, { sysFlag: 0x80 })).code, 13)
  assert.equal((await send(parts, { properties: 'INNER_NUM\u00012\u0002' })).code, 13)
  assert.equal((await send(parts, { properties: 'DELAY\u0001soon\u0002' })).code, 13)
  const keyless = await send(parts, { topic: 'Compacted' })
  assert.deepEqual([keyless.code, keyless.remark], [13, 'Required message key is missing'])
})

test('the message type of a topic is for clients to know: as in RocketMQ, no send is refused for it', async () => {
  const parts = brokerParts()
  for (const type of ['FIFO', 'DELAY', 'TRANSACTION', 'NORMAL']) {
    parts.topics.put([newTopicConfig(type, 4, 6, { attributes: { 'message.type': type } })])
    assert.equal((await send(parts, { topic: type })).code, 0)
    assert.equal((await send(parts, { topic: type, properties: 'DELAY\u00011\u0002' })).code, 0)
  }
})

test('a retry beyond its limit goes to the dead letters, and no delay holds it up', async () => {
  const parts = brokerParts()
  const reply = await send(parts, {
    topic: '%RETRY%G',
    queueId: 0,
    reconsumeTimes: 4,
    maxReconsumeTimes: 3,
    properties: 'DELAY\u00015\u0002UNIQ_KEY\u0001K\u0002',
  })
  assert.equal(reply.code, 0)
  assert.deepEqual(parts.topics.find('%DLQ%G'), newTopicConfig('%DLQ%G', 1, 6))
  const { properties } = only(parts, '%DLQ%G', 0)
  assert.ok(
    properties.startsWith('UNIQ_KEY\u0001K\u0002') && properties.endsWith('DELAY\u0001-1\u0002'),
    properties,
  )
})

test('a retry within its limit stays, unless its group consumes in order', async () => {
  const parts = brokerParts()
  const retry = { topic: '%RETRY%G', queueId: 0, reconsumeTimes: 16 }
  await send(parts, retry)
  assert.equal(parts.store.maxOffset('%RETRY%G', 0), 1)
  parts.locks.lock('G', 'client', [{ topic: 'T', brokerName: 'broker-a', queueId: 0 }])
  await send(parts, retry)
  assert.equal(parts.store.maxOffset('%DLQ%G', 0), 1)
})

test('a retry for an unknown group is refused where groups are not created', async () => {
  const parts = brokerParts({ autoCreateSubscriptionGroup: false })
  const refused = await send(parts, { topic: '%RETRY%Nobody', queueId: 0 })
  assert.deepEqual([refused.code, refused.remark], [26, `subscription group not exist, Nobody ${faq}`])
})

test('what the store says becomes upstream’s code and text', async () => {
  const parts = brokerParts()
  const expected: [BrokerParts['store']['status_'], number, string | null][] = [
    ['FLUSH_DISK_TIMEOUT', 10, null],
    ['MESSAGE_ILLEGAL', 13, illegal],
    ['PROPERTIES_SIZE_EXCEEDED', 13, illegal],
    ['CREATE_MAPPED_FILE_FAILED', 1, 'create mapped file failed, server is busy or broken.'],
    ['UNKNOWN_ERROR', 1, 'UNKNOWN_ERROR'],
    [
      'SERVICE_NOT_AVAILABLE',
      14,
      "service not available now. It may be caused by one of the following reasons: the broker's disk is full " +
        '[CL:  0.92 CQ:  0.50 INDEX:  0.92], messages are put to the slave, message store has been shut down, etc. ' +
        'Here: the test says so',
    ],
  ]
  for (const [status, code, remark] of expected) {
    parts.store.status_ = status
    const reply = await send(parts)
    assert.deepEqual([reply.code, reply.remark], [code, remark], status)
  }
  assert.equal(parts.admission.sendsUnderWay, 0)
})

test('too many sends that wait for the disk are refused, with the reason', async () => {
  const parts = brokerParts({ sendThreadPoolQueueCapacity: 2 })
  parts.store.auto = false
  const handler = sendMessageHandler(parts)
  const first = await ask(handler, request(), { body: 'x' })
  await ask(handler, request(), { body: 'x' })
  const { reply } = await ask(handler, request(), { body: 'x' })
  assert.deepEqual(
    [reply.code, reply.remark],
    [2, '[OVERLOAD]system busy, start flow control for a while: 2 sends wait for the disk, limit 2'],
  )
  parts.store.flush()
  assert.equal(first.reply.code, 0)
  assert.equal((await ask(handler, request(), { body: 'x' })).replies.length, 0)
})

const batchBody = (messages: { body: string; properties: string; flag?: number }[]): Uint8Array =>
  encodeBatch(messages.map(({ body, properties, flag = 0 }) => ({ body: utf8(body), properties, flag })))

test('a batch is stored in one append, each message with its own and the batch’s properties', async () => {
  const parts = brokerParts()
  const body = batchBody([
    { body: 'one', properties: 'UNIQ_KEY\u0001A\u0002TAGS\u0001TagA', flag: 5 },
    { body: 'two', properties: 'UNIQ_KEY\u0001B\u0002KEYS\u0001k' },
  ])
  const reply = await send(
    parts,
    { batch: true, properties: 'UNIQ_KEY\u0001Batch\u0002WAIT\u0001false\u0002' },
    body,
  )
  assert.equal(reply.code, 0)
  assert.equal(reply.fields?.transactionId, 'Batch')
  assert.equal(reply.fields?.msgId, '7F00000100002A9F0000000000000000,7F00000100002A9F0000000000000064')
  const [one, two] = parts.store.queue('T', 1).map(({ message }) => message)
  const own = 'MSG_REGION\u0001DefaultRegion\u0002TRACE_ON\u0001true\u0002CLUSTER\u0001DefaultCluster\u0002'
  assert.equal(
    one!.properties,
    `UNIQ_KEY\u0001A\u0002TAGS\u0001TagA\u0002UNIQ_KEY\u0001Batch\u0002WAIT\u0001false\u0002${own}`,
  )
  assert.deepEqual([one!.flag, one!.tagsCode, one!.uniqKey, one!.waitStoreOk], [5, 2598919, 'Batch', false])
  assert.deepEqual([two!.keys, two!.tagsCode, Buffer.from(two!.body).toString()], ['k', 0, 'two'])
  assert.equal(parts.stats.totals.putTimes, 2)
})

test('batches that are malformed, delayed, transactional or for a retry topic are refused as a whole', async () => {
  const parts = brokerParts()
  const good = batchBody([{ body: 'x', properties: '' }])
  const batch = { batch: true, properties: '' }
  assert.equal((await send(parts, batch, good)).code, 0)
  for (let cut = 0; cut < good.length; cut++) {
    const refused = await send(parts, batch, good.subarray(0, cut))
    assert.deepEqual([refused.code, refused.remark], [13, illegal], `cut at ${cut}`)
  }
  assert.equal((await send(parts, { ...batch, sysFlag: 4 }, good)).code, 13)
  assert.equal((await send(parts, { batch: true, properties: 'DELAY\u00011\u0002' }, good)).code, 13)
  const retry = await send(parts, { ...batch, topic: '%RETRY%G', queueId: 0 }, good)
  assert.deepEqual([retry.code, retry.remark], [13, 'batch request does not support retry group %RETRY%G'])
  const huge = await send(parts, batch, Buffer.alloc(4 * 1024 * 1024 + 1))
  assert.deepEqual([huge.code, huge.remark], [1, 'message size exceeded'])
  assert.equal(parts.store.maxOffset('T', 1), 1)
  assert.equal(parts.admission.sendsUnderWay, 0)
})
