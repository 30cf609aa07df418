import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildSubscription, type Subscription } from '@aerobee/filter'
import { messageTo, pullOf } from '../fake-messages.test.js'
import { ask, type BrokerParts, bodyText, brokerParts, FakeConnection } from '../fakes.test.js'
import { newGroupConfig } from '../groups.js'
import type { PullRequest } from '../pull/checks.js'
import { newTopicConfig } from '../topics.js'
import { pullMessageHandler } from './pull-message.js'

const faq = '\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.'
const flags = { commit: 1, suspend: 2, subscription: 4 }

const request = (more: Partial<PullRequest> = {}) =>
  pullOf({ sysFlag: flags.subscription, subscription: '*', expressionType: 'TAG', ...more })

const pull = (
  parts: BrokerParts,
  more: Partial<PullRequest> = {},
  connection = new FakeConnection(),
  lite = false,
) => ask(pullMessageHandler(parts, { lite }), request(more), { connection })

const tagCodes = new Map([
  ['a', 97],
  ['b', 98],
])
function put(parts: BrokerParts, text: string, tag = 'a'): void {
  const message = messageTo('T', { body: Buffer.from(text), tagsCode: tagCodes.get(tag)! })
  parts.store.append(message, () => {})
}

function subscribe(
  parts: BrokerParts,
  expression: string,
  subVersion: number,
  model: 'CLUSTERING' | 'BROADCASTING' = 'CLUSTERING',
) {
  const connection = new FakeConnection()
  const built = buildSubscription('T', expression, 'TAG', subVersion)
  parts.consumers.register({
    group: 'G',
    consumeType: 'CONSUME_PASSIVELY',
    messageModel: model,
    consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
    connection,
    clientId: 'c',
    language: 'JAVA',
    version: 479,
    subscriptions: [(built as { value: Subscription }).value],
  })
  return connection
}

test('messages are found, with the offsets that the client needs', async () => {
  const parts = brokerParts()
  for (const text of ['one', 'two', 'three']) put(parts, text)
  const { reply } = await pull(parts, { queueOffset: 1, maxMsgNums: 1 })
  assert.deepEqual(
    { ...reply, body: bodyText(reply) },
    {
      code: 0,
      remark: 'FOUND',
      fields: {
        suggestWhichBrokerId: 0,
        nextBeginOffset: 2,
        minOffset: 0,
        maxOffset: 3,
        topicSysFlag: 0,
        groupSysFlag: 0,
      },
      body: 'two',
    },
  )
  assert.equal(parts.offsets.pulled('G', 'T', 0), 2)
  assert.equal(parts.stats.totals.getTransferred, 1)
})

test('a client that asks for no message gets one, and none gets more than the transfer limit', async () => {
  const parts = brokerParts({ maxTransferCountOnMessageInMemory: 2 })
  for (const text of ['one', 'two', 'three']) put(parts, text)
  assert.equal((await pull(parts, { maxMsgNums: 0 })).reply.fields?.nextBeginOffset, 1)
  assert.equal((await pull(parts, { maxMsgNums: 32 })).reply.fields?.nextBeginOffset, 2)
})

test('each place in or beside the queue has its code', async () => {
  const parts = brokerParts()
  put(parts, 'one')
  const cases: [Partial<PullRequest>, number, string, number][] = [
    [{ queueOffset: 1 }, 19, 'OFFSET_OVERFLOW_ONE', 1],
    [{ queueOffset: 2 }, 21, 'OFFSET_OVERFLOW_BADLY', 1],
    [{ queueOffset: -1 }, 21, 'OFFSET_TOO_SMALL', 0],
    [{ queueId: 1, queueOffset: 0 }, 19, 'NO_MESSAGE_IN_QUEUE', 0],
    [{ queueId: 1, queueOffset: 7 }, 21, 'NO_MESSAGE_IN_QUEUE', 0],
    [{ subscription: 'zzz' }, 20, 'NO_MATCHED_MESSAGE', 1],
  ]
  for (const [more, code, remark, next] of cases) {
    const { reply } = await pull(parts, more)
    assert.deepEqual(
      [reply.code, reply.remark, reply.fields?.nextBeginOffset, reply.body],
      [code, remark, next, null],
    )
  }
})

test('refusals have upstream’s codes, texts and forbiddenType', async () => {
  const parts = brokerParts({ autoCreateSubscriptionGroup: false, litePullMessageEnable: false })
  parts.groups.put([newGroupConfig('G'), newGroupConfig('Off', { consumeEnable: false })])
  parts.topics.put([newTopicConfig('WriteOnly', 1, 2)])
  const connection = new FakeConnection()
  const cases: [Partial<PullRequest>, number, string, number?][] = [
    [{ consumerGroup: 'Nobody' }, 26, `subscription group [Nobody] does not exist, ${faq}`],
    [{ consumerGroup: 'bad group!' }, 26, `subscription group [bad group!] does not exist, ${faq}`],
    [{ consumerGroup: 'Off' }, 16, 'subscription group no permission, Off', 2],
    [{ topic: 'NoSuch' }, 17, `topic[NoSuch] not exist, apply first please! ${faq}`],
    [{ topic: 'WriteOnly' }, 16, 'the topic[WriteOnly] pulling message is forbidden', 3],
    [
      { queueId: 9 },
      29,
      `queueId[9] is illegal, topic:[T] topicConfig.readQueueNums:[4] consumer:[/${connection.remoteText}]`,
    ],
    [
      { queueId: -1 },
      29,
      `queueId[-1] is illegal, topic:[T] topicConfig.readQueueNums:[4] consumer:[/${connection.remoteText}]`,
    ],
    [{ subscription: '||' }, 23, "parse the consumer's subscription failed"],
    [{ sysFlag: 0 }, 24, `the consumer's group info not exist${faq}`],
    [
      { expressionType: 'SQL92', subscription: 'a > 1' },
      1,
      'The broker does not support consumer to filter message by SQL92',
    ],
  ]
  for (const [more, code, remark, forbiddenType] of cases) {
    const { reply } = await pull(parts, more, connection)
    const fields = forbiddenType === undefined ? {} : { forbiddenType }
    assert.deepEqual(reply, { code, remark, fields, body: null }, JSON.stringify(more))
  }
  const { reply: lite } = await pull(parts, {}, connection, true)
  assert.deepEqual(
    [lite.code, lite.remark, lite.fields],
    [16, 'the broker[127.0.0.1] for lite pull consumer is forbidden', { forbiddenType: 1 }],
  )
  const { reply: unreadable } = await pull(brokerParts({ brokerPermission: 2 }))
  assert.deepEqual(
    [unreadable.code, unreadable.remark],
    [16, 'the broker[127.0.0.1] pulling message is forbidden'],
  )
})

test('without a subscription in the request the registered one counts', async () => {
  const parts = brokerParts()
  put(parts, 'A', 'a')
  put(parts, 'B', 'b')
  subscribe(parts, 'b', 5)
  assert.equal(bodyText((await pull(parts, { sysFlag: 0, subVersion: 5 })).reply), 'B')
  const { reply: newer } = await pull(parts, { sysFlag: 0, subVersion: 6 })
  assert.deepEqual([newer.code, newer.remark], [25, "the consumer's subscription not latest"])
  parts.topics.put([newTopicConfig('Other', 4, 6)])
  const { reply: other } = await pull(parts, { sysFlag: 0, topic: 'Other' })
  assert.deepEqual([other.code, other.remark], [24, `the consumer's subscription not exist${faq}`])
})

test('a group that may not broadcast is refused when it does', async () => {
  const parts = brokerParts()
  parts.groups.put([newGroupConfig('G', { consumeBroadcastEnable: false })])
  subscribe(parts, '*', 1, 'BROADCASTING')
  const { reply } = await pull(parts, { sysFlag: 0 })
  assert.deepEqual(
    [reply.code, reply.remark, reply.fields],
    [16, 'the consumer group[G] can not consume by broadcast way', { forbiddenType: 4 }],
  )
})

test('consumers that pull by themselves can be refused', async () => {
  const parts = brokerParts({ rejectPullConsumerEnable: true })
  const { reply } = await pull(parts)
  assert.deepEqual(
    [reply.code, reply.remark],
    [24, `the consumer's group info not exist, or the pull consumer is rejected by server.${faq}`],
  )
  put(parts, 'one')
  const connection = subscribe(parts, '*', 1)
  assert.equal((await pull(parts, { sysFlag: 0 }, connection)).reply.code, 0)
})

test('the commit that rides on a pull counts, but never moves an offset back', async () => {
  const parts = brokerParts()
  for (const text of ['one', 'two', 'three']) put(parts, text)
  const committing = { sysFlag: flags.subscription | flags.commit }
  await pull(parts, { ...committing, commitOffset: 2 })
  assert.equal(parts.offsets.committed('G', 'T', 0), 2)
  await pull(parts, { ...committing, commitOffset: 1 })
  assert.equal(parts.offsets.committed('G', 'T', 0), 2)
  await pull(parts, { commitOffset: 3 })
  assert.equal(parts.offsets.committed('G', 'T', 0), 2)
})

test('a group that was reset is sent there once, and the offset of its old position is not committed', async () => {
  const parts = brokerParts()
  for (const text of ['one', 'two', 'three']) put(parts, text)
  parts.offsets.commit('G', 'T', 0, 3)
  parts.offsets.reset('G', 'T', 0, 1)
  const committing = { sysFlag: flags.subscription | flags.commit, commitOffset: 3, queueOffset: 3 }
  const { reply } = await pull(parts, committing)
  assert.deepEqual([reply.code, reply.remark], [21, 'OFFSET_RESET'])
  assert.deepEqual([reply.fields?.nextBeginOffset, reply.fields?.maxOffset], [1, 3])
  assert.equal(parts.offsets.committed('G', 'T', 0), 1)
  assert.equal((await pull(parts, { queueOffset: 1 })).reply.code, 0)
})

const waiting = { sysFlag: flags.subscription | flags.suspend }

test('a pull at the end of its queue is held and answered by the next message', async () => {
  const parts = brokerParts()
  put(parts, 'one')
  const held = await pull(parts, { ...waiting, queueOffset: 1 })
  assert.equal(held.replies.length, 0)
  assert.equal(parts.longPoll.held, 1)
  await parts.clock.advance(3000)
  put(parts, 'two')
  assert.deepEqual([held.reply.code, bodyText(held.reply), held.reply.fields?.nextBeginOffset], [0, 'two', 2])
  assert.equal(parts.longPoll.held, 0)
})

test('a held pull that nothing comes for is answered with 19 in time', async () => {
  const parts = brokerParts()
  const held = await pull(parts, { ...waiting, suspendTimeoutMillis: 2000 })
  await parts.clock.advance(1999)
  assert.equal(held.replies.length, 0)
  await parts.clock.advance(100)
  assert.deepEqual([held.reply.code, held.reply.remark], [19, 'NO_MESSAGE_IN_QUEUE'])
})

test('messages that the consumer does not want leave its pull held, and are not read twice', async () => {
  const parts = brokerParts()
  put(parts, 'A', 'a')
  const held = await pull(parts, {
    ...waiting,
    subscription: 'b',
    queueOffset: 1,
    suspendTimeoutMillis: 2000,
  })
  put(parts, 'A', 'a')
  put(parts, 'A', 'a')
  assert.equal(held.replies.length, 0)
  put(parts, 'B', 'b')
  assert.deepEqual([held.reply.code, bodyText(held.reply), held.reply.fields?.nextBeginOffset], [0, 'B', 4])

  const later = await pull(parts, {
    ...waiting,
    subscription: 'b',
    queueOffset: 4,
    suspendTimeoutMillis: 2000,
  })
  put(parts, 'A', 'a')
  await parts.clock.advance(2100)
  assert.deepEqual([later.reply.code, later.reply.fields?.nextBeginOffset], [19, 5])
})

test('without long polling a pull is held for the short time', async () => {
  const parts = brokerParts({ longPollingEnable: false, shortPollingTimeMills: 500 })
  const held = await pull(parts, waiting)
  await parts.clock.advance(600)
  assert.equal(held.reply.code, 19)
})

test('a pull is not held for longer than a connection may be idle', async () => {
  const parts = brokerParts()
  const held = await pull(parts, { ...waiting, suspendTimeoutMillis: Number.MAX_SAFE_INTEGER })
  await parts.clock.advance(121_000)
  assert.equal(held.reply.code, 19)
})

test('a held pull whose topic was deleted meanwhile says so', async () => {
  const parts = brokerParts()
  const held = await pull(parts, waiting)
  parts.topics.delete('T')
  parts.longPoll.expireAll('T')
  assert.equal(held.reply.code, 17)
})

test('pulls of a closed connection are dropped', async () => {
  const parts = brokerParts()
  const connection = new FakeConnection()
  const held = await pull(parts, waiting, connection)
  connection.state = 'closed'
  await parts.clock.advance(6000)
  assert.equal(parts.longPoll.held, 0)
  assert.equal(held.replies.length, 0)
})

test('too many held pulls are refused, with the reason', async () => {
  const parts = brokerParts({ pullThreadPoolQueueCapacity: 1 })
  await pull(parts, waiting)
  const { reply } = await pull(parts, waiting)
  assert.deepEqual(
    [reply.code, reply.remark],
    [2, '[OVERLOAD]system busy, start flow control for a while: 1 pulls are held, limit 1'],
  )
})

test('a read off the event loop is answered when it ends, and held when it found nothing', async () => {
  const parts = brokerParts()
  put(parts, 'one')
  const { store } = parts
  const readNow = store.read.bind(store)
  store.read = ((read: Parameters<typeof readNow>[0]) =>
    Promise.resolve(readNow(read))) as unknown as typeof store.read
  const found = await pull(parts)
  const held = await pull(parts, { ...waiting, queueOffset: 1 })
  await new Promise(setImmediate)
  assert.equal(bodyText(found.reply), 'one')
  assert.equal(parts.longPoll.held, 1)
  put(parts, 'two')
  await new Promise(setImmediate)
  assert.equal(bodyText(held.reply), 'two')
})

test('a read that fails is answered with its text', async () => {
  const parts = brokerParts()
  parts.store.read = (() =>
    Promise.reject(new Error('input/output error'))) as unknown as typeof parts.store.read
  const failed = await pull(parts)
  await new Promise(setImmediate)
  assert.deepEqual([failed.reply.code, failed.reply.remark], [1, 'input/output error'])
})
