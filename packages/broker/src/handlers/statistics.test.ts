import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodies } from '@aerobee/wire'
import { ask, bodyText, brokerParts, FakeConnection, storedIn } from '../fakes.test.js'
import { joinGroup } from '../members.test.js'
import { getConsumerConnectionsHandler, getProducerConnectionsHandler } from './client-connections.js'
import { getConsumeStatsHandler } from './consume-stats.js'
import { getTopicStatsHandler } from './topic-stats.js'
import {
  getSystemTopicsHandler,
  queryGroupsOfTopicHandler,
  queryTopicsOfGroupHandler,
} from './who-consumes-what.js'

/** A broker whose queues end at 10 in queue 0 of T, with the record of offset n stored at 1000 + n. */
function scene() {
  const parts = brokerParts()
  Object.assign(parts.store, {
    maxOffset: (topic: string, queueId: number) => (topic === 'T' && queueId === 0 ? 10 : 0),
    minOffset: (topic: string, queueId: number) => (topic === 'T' && queueId === 0 ? 2 : 0),
    storeTimeAt: async (_topic: string, _queueId: number, offset: number) => 1000 + offset,
  })
  const join = (group: string, ...topics: string[]) =>
    joinGroup(parts, group, topics, { tags: 'TagA || TagB' })
  return { parts, join }
}

const json = async <T>(
  codec: { decode(body: Uint8Array): { ok: boolean; value?: T } },
  call: Awaited<ReturnType<typeof ask>>,
) => {
  assert.equal(call.reply.code, 0)
  const read = codec.decode(Buffer.from(bodyText(call.reply)))
  assert.ok(read.ok)
  return read.value as T
}

test('the bounds of every queue of a topic are answered, with the time of the last message', async () => {
  const { parts } = scene()
  const table = await json(bodies.topicStatsTable, await ask(getTopicStatsHandler(parts), { topic: 'T' }))
  assert.equal(table.offsetTable.length, 4)
  assert.deepEqual(table.offsetTable[0], [
    { brokerName: 'broker-a', queueId: 0, topic: 'T' },
    { lastUpdateTimestamp: 1009, maxOffset: 10, minOffset: 2 },
  ])
  assert.deepEqual(table.offsetTable[3]![1], { lastUpdateTimestamp: 0, maxOffset: 0, minOffset: 0 })
  const { reply } = await ask(getTopicStatsHandler(parts), { topic: 'Nope' })
  assert.deepEqual([reply.code, reply.remark], [17, 'topic[Nope] not exist'])
})

test('the progress of a group is answered for each queue of the topics it has offsets on', async () => {
  const { parts } = scene()
  parts.offsets.reset('G', 'T', 0, 7)
  parts.offsets.notePull('G', 'T', 0, 9)
  const asked = { consumerGroup: 'G', topic: undefined, topicList: undefined }
  const stats = await json(bodies.consumeStats, await ask(getConsumeStatsHandler(parts), asked))
  assert.equal(stats.offsetTable.length, 4)
  assert.deepEqual(stats.offsetTable[0], [
    { brokerName: 'broker-a', queueId: 0, topic: 'T' },
    { brokerOffset: 10, consumerOffset: 7, lastTimestamp: 1006, pullOffset: 9 },
  ])
  assert.deepEqual(stats.offsetTable[1]![1], {
    brokerOffset: 0,
    consumerOffset: 0,
    lastTimestamp: 0,
    pullOffset: 0,
  })
})

test('rates of a topic and of a group are those of the last minute', async () => {
  const { parts } = scene()
  parts.offsets.reset('G', 'T', 0, 7)
  parts.stats.notePut('T', 0, 20, storedIn(parts.clock, 2000, 1))
  parts.stats.noteGet('T', 'G', 0, 10, 1000, 0)
  parts.stats.noteGet('Unsubscribed', 'G', 0, 10, 1000, 0)
  parts.stats.sample()
  const table = await json(bodies.topicStatsTable, await ask(getTopicStatsHandler(parts), { topic: 'T' }))
  assert.equal(table.topicPutTps, 2)
  const asked = { consumerGroup: 'G', topic: undefined, topicList: undefined }
  const stats = await json(bodies.consumeStats, await ask(getConsumeStatsHandler(parts), asked))
  assert.equal(stats.consumeTps, 1)
})

test('of a group that is online only subscribed topics count, and unknown topics never do', async () => {
  const { parts, join } = scene()
  parts.offsets.reset('G', 'T', 0, 7)
  const rows = async (topic?: string, topicList?: string) => {
    const asked = { consumerGroup: 'G', topic, topicList }
    return (await json(bodies.consumeStats, await ask(getConsumeStatsHandler(parts), asked))).offsetTable
      .length
  }
  assert.equal(await rows('T'), 4)
  assert.equal(await rows('Nope'), 0)
  assert.equal(await rows(undefined, 'T;Nope'), 4)
  join('G', 'Other')
  assert.equal(await rows('T'), 0)
  join('G', 'Other', 'T')
  assert.equal(await rows(), 4)
})

test('who is connected for a consumer group, and that nobody is', async () => {
  const { parts, join } = scene()
  const connection = join('G', 'T')
  const asked = await ask(getConsumerConnectionsHandler(parts), { consumerGroup: 'G' })
  const answered = await json(bodies.consumerConnection, asked)
  assert.deepEqual(answered.connectionSet, [
    { clientAddr: connection.remoteText, clientId: 'ip@G', language: 'GO', version: 431 },
  ])
  assert.deepEqual(answered.subscriptionTable.get('T')?.tagsSet, ['TagA', 'TagB'])
  assert.equal(answered.subscriptionTable.get('T')?.subVersion, 7)
  const { reply } = await ask(getConsumerConnectionsHandler(parts), { consumerGroup: 'Nope' })
  assert.deepEqual([reply.code, reply.remark], [206, 'the consumer group[Nope] not online'])
})

test('who is connected for a producer group, and that nobody is', async () => {
  const { parts } = scene()
  const connection = new FakeConnection()
  parts.clients.producers.register('P', { connection, clientId: 'ip@P', language: null, version: 0 })
  const asked = await ask(getProducerConnectionsHandler(parts), { producerGroup: 'P' })
  assert.deepEqual((await json(bodies.producerConnection, asked)).connectionSet, [
    { clientAddr: connection.remoteText, clientId: 'ip@P', language: 'OTHER', version: 0 },
  ])
  const { reply } = await ask(getProducerConnectionsHandler(parts), { producerGroup: 'Nope' })
  assert.deepEqual([reply.code, reply.remark], [1, 'the producer group[Nope] not exist'])
})

test('the groups of a topic are those with offsets and those that subscribe to it, each once', async () => {
  const { parts, join } = scene()
  parts.offsets.reset('G1', 'T', 0, 0)
  parts.offsets.reset('G1', 'T2', 0, 0)
  parts.offsets.reset('G3', 'T2', 0, 0)
  join('G1', 'T')
  join('G2', 'T')
  const asked = await ask(queryGroupsOfTopicHandler(parts), { topic: 'T' })
  assert.deepEqual((await json(bodies.groupList, asked)).groupList, ['G1', 'G2'])
})

test('the topics of a group are those with offsets, with the address of the broker', async () => {
  const { parts } = scene()
  parts.offsets.reset('G', 'T', 0, 0)
  parts.offsets.reset('G', '%RETRY%G', 0, 0)
  const asked = await ask(queryTopicsOfGroupHandler(parts), { group: 'G' })
  assert.deepEqual(await json(bodies.topicList, asked), {
    brokerAddr: '127.0.0.1:10911',
    topicList: ['T', '%RETRY%G'],
  })
})

test('the topics of the system are listed, those of this cluster and broker too, and none of users', async () => {
  const { parts } = scene()
  const { topicList } = await json(bodies.topicList, await ask(getSystemTopicsHandler(parts), {}))
  for (const topic of [
    'TBW102',
    'RMQ_SYS_TRANS_HALF_TOPIC',
    'CHECKPOINT_TOPIC',
    'DefaultCluster',
    'broker-a',
    'DefaultCluster_REPLY_TOPIC',
  ])
    assert.ok(topicList.includes(topic), topic)
  assert.equal(new Set(topicList).size, topicList.length)
  assert.ok(!topicList.includes('T'))
})
