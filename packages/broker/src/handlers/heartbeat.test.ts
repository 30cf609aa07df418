import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, type BrokerParts, brokerParts, FakeConnection } from '../fakes.test.js'
import { newGroupConfig } from '../groups.js'
import { newTopicConfig } from '../topics.js'
import { heartbeatHandler } from './heartbeat.js'

interface Beat {
  clientID: string
  fingerprint: number
  withoutSub: boolean
  groups: string[]
  producers: string[]
  model: 'CLUSTERING' | 'BROADCASTING'
  type: 'CONSUME_ACTIVELY' | 'CONSUME_PASSIVELY'
  topics: [topic: string, subVersion: number][]
}

const body = (more: Partial<Beat>) => {
  const beat: Beat = {
    clientID: 'ip@1',
    fingerprint: 0,
    withoutSub: false,
    groups: ['G'],
    producers: [],
    model: 'CLUSTERING',
    type: 'CONSUME_PASSIVELY',
    topics: [['T', 1]],
    ...more,
  }
  return JSON.stringify({
    clientID: beat.clientID,
    heartbeatFingerprint: beat.fingerprint,
    withoutSub: beat.withoutSub,
    producerDataSet: beat.producers.map((groupName) => ({ groupName })),
    consumerDataSet: beat.groups.map((groupName) => ({
      groupName,
      consumeType: beat.type,
      messageModel: beat.model,
      consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
      subscriptionDataSet: beat.topics.map(([topic, subVersion]) => ({
        topic,
        subVersion,
        subString: '*',
        expressionType: 'TAG',
        tagsSet: [],
        codeSet: [],
      })),
    })),
  })
}

const beat = async (parts: BrokerParts, connection: FakeConnection, more: Partial<Beat> = {}) =>
  (await ask(heartbeatHandler(parts), {}, { connection, body: body(more) })).reply

const told = (connection: FakeConnection) => connection.notified.filter(({ code }) => code === 40).length

test('a consumer is registered with its group, its subscriptions and a retry topic', async () => {
  const parts = brokerParts()
  const connection = new FakeConnection()
  const reply = await beat(parts, connection)
  assert.deepEqual(reply, {
    code: 0,
    remark: null,
    fields: { supportsHeartbeatV2: true, subscriptionChanged: true },
    body: null,
  })
  const group = parts.consumers.group('G')!
  assert.deepEqual([...group.topics.keys()], ['T'])
  assert.equal(group.clients.get(connection)?.clientId, 'ip@1')
  assert.deepEqual(parts.topics.find('%RETRY%G'), newTopicConfig('%RETRY%G', 1, 6))
  assert.ok(parts.groups.get('G'))
})

test('members hear of new members and of new topics, not of repetitions', async () => {
  const parts = brokerParts()
  const [one, two] = [new FakeConnection(), new FakeConnection()]
  await beat(parts, one)
  assert.deepEqual([told(one), told(two)], [1, 0])
  assert.deepEqual(one.notified[0]?.fields, { consumerGroup: 'G' })
  await beat(parts, one, { topics: [['T', 9]] })
  assert.equal(told(one), 1)
  assert.equal(parts.consumers.group('G')?.topics.get('T')?.subscription.subVersion, 9)
  await beat(parts, two, { clientID: 'ip@2' })
  assert.deepEqual([told(one), told(two)], [2, 1])
  await beat(parts, two, {
    clientID: 'ip@2',
    topics: [
      ['T', 1],
      ['U', 1],
    ],
  })
  assert.deepEqual([told(one), told(two)], [3, 2])
  assert.equal(parts.consumers.group('G')?.topics.get('T')?.subscription.subVersion, 9)
})

test('nobody is told in a broadcasting group, in a group that does not want it, or where it is switched off', async () => {
  const broadcasting = new FakeConnection()
  await beat(brokerParts(), broadcasting, { model: 'BROADCASTING' })
  const unwanted = new FakeConnection()
  const parts = brokerParts()
  parts.groups.put([newGroupConfig('G', { notifyConsumerIdsChangedEnable: false })])
  await beat(parts, unwanted)
  const off = new FakeConnection()
  await beat(brokerParts({ notifyConsumerIdsChangedEnable: false }), off)
  assert.deepEqual([told(broadcasting), told(unwanted), told(off)], [0, 0, 0])
})

test('a beat with a fingerprint asks for subscriptions only when it changed', async () => {
  const parts = brokerParts()
  const connection = new FakeConnection()
  const changed = async (more: Partial<Beat>) =>
    (await beat(parts, connection, more)).fields?.subscriptionChanged
  assert.equal(await changed({ fingerprint: 1 }), false)
  assert.equal(await changed({ fingerprint: 1, withoutSub: true, topics: [] }), false)
  assert.deepEqual([...parts.consumers.group('G')!.topics.keys()], ['T'])
  assert.equal(await changed({ fingerprint: 2, topics: [['U', 1]] }), true)
  assert.equal(await changed({ fingerprint: 2, withoutSub: true }), false)
  assert.deepEqual([...parts.consumers.group('G')!.topics.keys()], ['U'])
})

test('a broker that lost the subscriptions asks for them', async () => {
  const parts = brokerParts()
  const reply = await beat(parts, new FakeConnection(), { fingerprint: 1, withoutSub: true })
  assert.equal(reply.fields?.subscriptionChanged, true)
})

test('the retry topic of a group that consumes an ordered topic is ordered', async () => {
  const parts = brokerParts()
  parts.topics.put([newTopicConfig('T', 4, 6, { order: true })])
  await beat(parts, new FakeConnection())
  assert.equal(parts.topics.find('%RETRY%G')?.order, true)
})

test('illegal groups and, where they are refused, active consumers are passed over', async () => {
  const parts = brokerParts({ rejectPullConsumerEnable: true })
  const connection = new FakeConnection()
  const reply = await beat(parts, connection, { groups: ['bad group!', '../../x'] })
  assert.equal(reply.code, 0)
  await beat(parts, connection, { type: 'CONSUME_ACTIVELY' })
  assert.equal(parts.consumers.all.size, 0)
  assert.equal(
    [...parts.topics.all.keys()].some((topic) => topic.startsWith('%RETRY%')),
    false,
  )
})

test('a bad body or client id is refused', async () => {
  const parts = brokerParts()
  assert.equal((await ask(heartbeatHandler(parts), {}, { body: '{' })).reply.code, 1)
  assert.equal((await beat(parts, new FakeConnection(), { clientID: '' })).code, 29)
  assert.equal((await beat(parts, new FakeConnection(), { clientID: 'x'.repeat(513) })).code, 29)
  assert.equal(parts.consumers.all.size, 0)
})

test('a connection that closes takes its clients along, and the others hear of it', async () => {
  const parts = brokerParts()
  const [one, two] = [new FakeConnection(), new FakeConnection()]
  await beat(parts, one, { producers: ['P'] })
  await beat(parts, two, { clientID: 'ip@2' })
  one.close('gone')
  assert.deepEqual([...parts.consumers.group('G')!.clients.keys()], [two])
  assert.equal(parts.clients.producers.all.size, 0)
  assert.equal(told(two), 2)
  two.close('gone')
  assert.equal(parts.consumers.group('G'), undefined)
})

test('clients that fall silent are closed after the expiry, nobody is told', async () => {
  const parts = brokerParts()
  parts.clients.start()
  const [one, two] = [new FakeConnection(), new FakeConnection()]
  await beat(parts, one)
  await parts.clock.advance(60_000)
  await beat(parts, two, { clientID: 'ip@2', producers: ['P'] })
  const before = told(two)
  await parts.clock.advance(75_000)
  assert.deepEqual([one.state, two.state], ['closed', 'open'])
  assert.equal(told(two), before)
  await parts.clock.advance(60_000)
  assert.equal(two.state, 'closed')
  assert.equal(parts.consumers.all.size + parts.clients.producers.all.size, 0)
  parts.clients.stop()
  assert.equal(parts.clock.timers, 0)
})

test('a heartbeat that names more than any client has is refused', async () => {
  const parts = brokerParts()
  const groups = Array.from({ length: 1025 }, (_, i) => `G${i}`)
  const topics = groups.map((name): [string, number] => [name, 1])
  for (const more of [{ groups }, { producers: groups }, { topics }])
    assert.equal((await beat(parts, new FakeConnection(), more)).code, 29)
  assert.equal(parts.consumers.all.size + parts.clients.producers.all.size, 0)
})
