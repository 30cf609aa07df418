import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@aerobee/base'
import { ask, type BrokerParts, brokerParts, FakeConnection } from './fakes.test.js'
import { heartbeatHandler } from './handlers/heartbeat.js'
import { pullMessageHandler } from './handlers/pull-message.js'

async function broadcaster(parts: BrokerParts, clientID: string, model = 'BROADCASTING') {
  const connection = new FakeConnection()
  const consumer = {
    groupName: 'G',
    messageModel: model,
    consumeType: 'CONSUME_PASSIVELY',
    subscriptionDataSet: [{ topic: 'T', subVersion: 1 }],
  }
  const body = JSON.stringify({ clientID, consumerDataSet: [consumer] })
  await ask(heartbeatHandler(parts), {}, { connection, body })
  return connection
}

async function pull(parts: BrokerParts, connection: FakeConnection, queueOffset: number, proxyFor?: string) {
  const request = {
    consumerGroup: 'G',
    topic: 'T',
    queueId: 0,
    queueOffset,
    maxMsgNums: 32,
    sysFlag: 4,
    commitOffset: 0,
    suspendTimeoutMillis: 0,
    subscription: '*',
    subVersion: 0,
    expressionType: 'TAG',
    maxMsgBytes: undefined,
    requestSource: proxyFor === undefined ? undefined : 1,
    proxyFrowardClientId: proxyFor,
    brokerName: undefined,
  }
  const { reply } = await ask(pullMessageHandler(parts, { lite: false }), request, { connection })
  return [reply.code, reply.fields?.nextBeginOffset]
}

function fill(parts: BrokerParts, count: number): void {
  const host = new Uint8Array(8)
  for (let i = 0; i < count; i++) {
    const message = {
      ...{ topic: 'T', queueId: 0, flag: 0, sysFlag: 0, bornTimestamp: 0, bornHost: host, storeHost: host },
      ...{ reconsumeTimes: 0, preparedTransactionOffset: 0, tagsCode: 0, waitStoreOk: true, properties: '' },
      ...{ body: Buffer.from('m'), uniqKey: undefined, keys: undefined },
    }
    parts.store.append(message, () => {})
  }
}

const common = (parts: BrokerParts) => parts.offsets.committed('G@broadcast', 'T', 0)

test('a client that comes from the broker to a proxy goes on where it was, and back again', async () => {
  const parts = brokerParts()
  fill(parts, 10)
  const connection = await broadcaster(parts, 'client')
  assert.deepEqual(await pull(parts, connection, 6), [0, 10])
  assert.deepEqual(await pull(parts, new FakeConnection(), 0, 'client'), [21, 6])
  assert.deepEqual(await pull(parts, new FakeConnection(), 6, 'client'), [0, 10])
  assert.deepEqual(await pull(parts, new FakeConnection(), 8, 'client'), [0, 10])
  // What it reads once more does not count.
  assert.deepEqual(await pull(parts, new FakeConnection(), 7, 'client'), [0, 10])
  assert.deepEqual(await pull(parts, connection, 3), [21, 8])
  assert.deepEqual(await pull(parts, connection, 8), [0, 10])
})

test('a proxy’s client that does not know where to begin begins where all others have come to', async () => {
  const parts = brokerParts()
  fill(parts, 10)
  parts.offsets.commit('G@broadcast', 'T', 0, 4)
  assert.deepEqual(await pull(parts, new FakeConnection(), -1, 'new'), [21, 4])
})

test('when nothing was committed it begins at 0 while that is in memory, and at the end otherwise', async () => {
  const parts = brokerParts()
  fill(parts, 10)
  assert.deepEqual(await pull(parts, new FakeConnection(), -1, 'new'), [21, 0])
  parts.store.inMemory = () => false
  assert.deepEqual(await pull(parts, new FakeConnection(), -1, 'newer'), [21, 10])
})

test('the least offset of all clients is committed every few seconds', async () => {
  const parts = brokerParts()
  fill(parts, 10)
  const [one, two] = [await broadcaster(parts, 'one'), await broadcaster(parts, 'two')]
  await pull(parts, one, 7)
  await pull(parts, two, 5)
  parts.broadcastOffsets.commit()
  assert.equal(common(parts), 5)
  // A client that left counts for two minutes more, one that is there for five without a pull.
  two.close('gone')
  await parts.clock.advance(119_999)
  parts.broadcastOffsets.commit()
  assert.equal(common(parts), 5)
  await parts.clock.advance(1)
  parts.broadcastOffsets.commit()
  assert.equal(common(parts), 7)
  parts.offsets.commit('G@broadcast', 'T', 0, 1)
  await parts.clock.advance(180_000)
  parts.broadcastOffsets.commit()
  parts.offsets.commit('G@broadcast', 'T', 0, 1)
  parts.broadcastOffsets.commit()
  assert.equal(common(parts), 1)
})

test('clustering groups and switched-off brokers keep nothing', async () => {
  const clustering = brokerParts()
  fill(clustering, 10)
  await pull(clustering, await broadcaster(clustering, 'one', 'CLUSTERING'), 5)
  clustering.broadcastOffsets.commit()
  assert.equal(common(clustering), undefined)
  const off = brokerParts({ enableBroadcastOffsetStore: false })
  fill(off, 10)
  await pull(off, await broadcaster(off, 'one'), 5)
  off.broadcastOffsets.commit()
  assert.equal(common(off), undefined)
  assert.deepEqual(await pull(off, new FakeConnection(), -1, 'new'), [21, 0])
})

test('no more queues of clients are kept than the bound, and those that go make room', async () => {
  const parts = brokerParts()
  const of = (queueId: number) => ({
    ...{ topic: 'T', consumerGroup: 'G', queueId, queueOffset: 0 },
    ...{ requestSource: 1, proxyFrowardClientId: 'c' },
  })
  const client = { clientId: 'c', fromProxy: true }
  for (let i = 0; i < limits.broadcastQueues; i++) parts.broadcastOffsets.note(of(i), client, 1)
  const other = { clientId: 'other', fromProxy: true }
  parts.broadcastOffsets.note(of(0), other, 1)
  assert.equal(parts.broadcastOffsets.startOf(of(0), { ...other, fromProxy: false }), undefined)
  await parts.clock.advance(120_000)
  parts.broadcastOffsets.commit()
  parts.broadcastOffsets.note(of(0), other, 1)
  assert.equal(parts.broadcastOffsets.startOf(of(0), { ...other, fromProxy: false }), 1)
})

test('a broadcasting group’s common offset is no group of its topic', () => {
  const { offsets } = brokerParts()
  offsets.commit('G', 'T', 0, 0)
  offsets.commit('G@broadcast', 'T', 0, 0)
  assert.deepEqual(
    [offsets.groupsOf('T'), offsets.topicsOf('G'), offsets.topicsOf('broadcast')],
    [['G'], ['T'], []],
  )
  offsets.deleteGroup('G')
  assert.deepEqual([...offsets.all.keys()], [])
})
