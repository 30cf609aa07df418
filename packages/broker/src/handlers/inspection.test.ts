import assert from 'node:assert/strict'
import { test } from 'node:test'
import { localTimeText } from '@aerobee/base'
import { buildSubscription } from '@aerobee/filter'
import { bodies, encodeRecord, recordSizeUpperBound, tagsCode } from '@aerobee/wire'
import { messageTo } from '../fake-messages.test.js'
import { ask, bodyText, brokerParts, FakeConnection, storedIn } from '../fakes.test.js'
import { newGroupConfig } from '../groups.js'
import { joinGroup } from '../members.test.js'
import { newTopicConfig } from '../topics.js'
import { getBrokerConsumeStatsHandler } from './broker-consume-stats.js'
import { getAllProducersHandler } from './client-connections.js'
import { queryConsumeTimeSpanHandler } from './consume-time-span.js'
import { queryConsumeQueueHandler } from './query-queue.js'
import { viewBrokerStatsHandler } from './view-stats.js'
import { querySubscriptionHandler } from './who-consumes-what.js'

type Call = Awaited<ReturnType<typeof ask>>

function json<T>(codec: { decode(body: Uint8Array): { ok: boolean; value?: T } }, { reply }: Call): T {
  assert.equal(reply.code, 0)
  const read = codec.decode(Buffer.from(bodyText(reply)))
  assert.ok(read.ok)
  return read.value as T
}

function recordOf(topic: string, properties: string): Uint8Array {
  const fields = messageTo(topic, { properties })
  const bytes = Buffer.alloc(recordSizeUpperBound(fields, topic.length))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return bytes.subarray(0, encodeRecord(bytes, view, 0, fields, Buffer.from(topic), 0, 0, 1))
}

/** Queue 0 of T holds [2, 10), the message of offset n stored at 1000 + n; queue 1 is empty. */
function scene() {
  const parts = brokerParts()
  parts.topics.put([newTopicConfig('T', 2, 6), newTopicConfig('Ordered', 1, 6, { order: true })])
  const holds = (topic: string, queueId: number) => topic === 'T' && queueId === 0
  Object.assign(parts.store, {
    maxOffset: (topic: string, queueId: number) => (holds(topic, queueId) ? 10 : 0),
    minOffset: (topic: string, queueId: number) => (holds(topic, queueId) ? 2 : 0),
    storeTimeAt: async (topic: string, queueId: number, offset: number) =>
      holds(topic, queueId) && offset >= 2 && offset < 10 ? 1000 + offset : -1,
    queueEntries: async (topic: string, queueId: number, from: number, count: number) => {
      if (!holds(topic, queueId)) return undefined
      const offsets = [2, 3, 4, 5, 6, 7, 8, 9].filter((offset) => offset >= from && from >= 2)
      return offsets.slice(0, count).map((offset) => ({
        offset,
        physicalOffset: offset * 100,
        sizeBytes: 100,
        tagsCode: tagsCode(offset % 2 === 0 ? 'even' : 'odd'),
      }))
    },
    status: () => ({ maxPhysicalOffset: 1000 }),
  })
  return parts
}

const put = (parts: ReturnType<typeof scene>, group: string, topic: string, offset: number) => {
  parts.offsets.reset(group, topic, 0, offset)
  parts.offsets.redirect(group, topic, 0, 1, offset)
}

test('the progress of every group is summed up, with what is on its way to it', async () => {
  const parts = scene()
  parts.groups.put([newGroupConfig('G'), newGroupConfig('H')])
  put(parts, 'G', 'T', 4)
  parts.offsets.notePull('G', 'T', 0, 7)
  put(parts, 'G', 'Gone', 1)
  put(parts, 'H', 'Ordered', 0)
  put(parts, 'H', 'T', 9)
  joinGroup(parts, 'H', ['Ordered'])
  const asked = async (isOrder: boolean) => {
    const call = await ask(getBrokerConsumeStatsHandler(parts), { isOrder })
    const list = json(bodies.consumeStatsList, call)
    const topics = list.consumeStatsList.flatMap((table) =>
      [...table].flatMap(([group, stats]) =>
        stats.map(({ offsetTable }) => `${group} ${offsetTable[0]![0].topic} ${offsetTable.length}`),
      ),
    )
    return { ...list, topics }
  }
  const all = await asked(false)
  assert.deepEqual(all.topics, ['G T 2', 'H Ordered 1'])
  assert.equal(all.consumeStatsList.length, parts.groups.all.size)
  assert.equal(all.brokerAddr, '127.0.0.1:10911')
  assert.equal(all.totalDiff, 6)
  assert.equal(all.totalInflightDiff, 3)
  assert.deepEqual((await asked(true)).topics, ['H Ordered 1'])
})

test('times of storing that a group has behind it and before it are shown', async () => {
  const parts = scene()
  await parts.clock.advance(5000)
  const spans = async (group: string) => {
    const call = await ask(queryConsumeTimeSpanHandler(parts), { topic: 'T', group })
    const [first, second] = json(bodies.consumeTimeSpans, call).consumeTimeSpanSet
    assert.deepEqual(
      [second!.minTimeStamp, second!.maxTimeStamp, second!.consumeTimeStamp, second!.delayTime],
      [-1, -1, -1, 0],
    )
    return first!
  }
  put(parts, 'G', 'T', 5)
  const span = await spans('G')
  const now = parts.clock.wallMs()
  assert.deepEqual(span, {
    consumeTimeStamp: 1004,
    consumeTimeStampStr: localTimeText(1004),
    delayTime: now - 1005,
    maxTimeStamp: 1009,
    maxTimeStampStr: localTimeText(1009),
    messageQueue: { brokerName: 'broker-a', queueId: 0, topic: 'T' },
    minTimeStamp: 1002,
    minTimeStampStr: localTimeText(1002),
  })
  assert.match(localTimeText(1004), /^1970-01-01#\d\d:00:01:004$|^1969-12-31#\d\d:\d\d:01:004$/)
  const unknown = await spans('New')
  assert.deepEqual([unknown.consumeTimeStamp, unknown.delayTime], [1002, now - 1002])
  put(parts, 'G', 'T', 10)
  assert.equal((await spans('G')).delayTime, 0)
})

test('entries of a queue are shown, and whether a group would get them', async () => {
  const parts = scene()
  joinGroup(parts, 'G', ['T'], { tags: 'even' })
  const view = async (more: object) => {
    const asked = { topic: 'T', queueId: 0, index: 8, count: 5, consumerGroup: undefined, ...more }
    return json(bodies.consumeQueueView, await ask(queryConsumeQueueHandler(parts), asked))
  }
  const plain = await view({})
  assert.deepEqual([plain.minQueueIndex, plain.maxQueueIndex], [2, 10])
  assert.deepEqual(
    plain.queueData.map(({ physicOffset, physicSize, eval: match }) => [physicOffset, physicSize, match]),
    [
      [800, 100, false],
      [900, 100, false],
    ],
  )
  assert.deepEqual([plain.filterData, plain.subscriptionData], [undefined, undefined])
  const filtered = await view({ consumerGroup: 'G' })
  assert.deepEqual(
    filtered.queueData.map((entry) => entry.eval),
    [true, false],
  )
  assert.equal(filtered.filterData, 'null')
  assert.equal(filtered.subscriptionData?.subString, 'even')
  assert.equal((await view({ consumerGroup: 'H' })).filterData, 'H@T is not online!')
  assert.equal((await view({ index: 2, count: 2_000_000_000 })).queueData.length, 8)
  assert.equal((await view({ index: 2, count: -1 })).queueData.length, 0)
})

test('a queue that nothing was sent to has no entries', async () => {
  const parts = scene()
  const asked = { topic: 'T', queueId: 1, index: 0, count: 5, consumerGroup: undefined }
  const { reply } = await ask(queryConsumeQueueHandler(parts), asked)
  assert.deepEqual([reply.code, reply.remark], [0, 'Index 0 of 1@T is not exist!'])
  const { reply: none } = await ask(queryConsumeQueueHandler(parts), { ...asked, queueId: 4 })
  assert.deepEqual([none.code, none.remark], [1, '4@T is not exist!'])
})

test('entries are tried with the expression of a group, too', async () => {
  const parts = scene()
  const subscription = buildSubscription('T', 'n > 5', 'SQL92', 7)
  assert.ok(subscription.ok)
  const record = (n: number) => recordOf('T', `n\u0001${n}\u0002`)
  const records = [2, 3, 4, 5, 6, 7, 8, 9].map(record)
  Object.assign(parts.store, { recordAt: async (at: number) => records[at / 100 - 2] })
  joinGroup(parts, 'G', ['T'], { subscription: subscription.value })
  parts.filters.register('G', [subscription.value])
  const asked = { topic: 'T', queueId: 0, index: 4, count: 4, consumerGroup: 'G' }
  const view = json(bodies.consumeQueueView, await ask(queryConsumeQueueHandler(parts), asked))
  assert.deepEqual(
    view.queueData.map((entry) => entry.eval),
    [false, false, true, true],
  )
  assert.equal(JSON.parse(view.filterData!).expression, 'n > 5')
})

test('producers of every group are listed with their last heartbeat', async () => {
  const parts = scene()
  await parts.clock.advance(1000)
  const connection = new FakeConnection()
  parts.clients.producers.register('P', { connection, clientId: 'ip@P', language: null, version: 431 })
  const seen = parts.clock.wallMs()
  await parts.clock.advance(20_000)
  const { data } = json(bodies.producerTable, await ask(getAllProducersHandler(parts), {}))
  assert.deepEqual(
    [...data],
    [
      [
        'P',
        [
          {
            clientId: 'ip@P',
            language: 'OTHER',
            lastUpdateTimestamp: seen,
            remoteIP: `/${connection.remoteText}`,
            version: 431,
          },
        ],
      ],
    ],
  )
})

test('the subscription of a group to a topic is shown, or that there is none', async () => {
  const parts = scene()
  joinGroup(parts, 'G', ['T'], { tags: 'a || b' })
  const shown = async (group: string, topic: string | undefined) =>
    json(bodies.queriedSubscription, await ask(querySubscriptionHandler(parts), { group, topic }))
  assert.deepEqual((await shown('G', 'T')).subscriptionData?.tagsSet, ['a', 'b'])
  assert.deepEqual(await shown('G', 'U'), { group: 'G', subscriptionData: undefined, topic: 'U' })
  assert.deepEqual(await shown('H', undefined), { group: 'H', subscriptionData: undefined, topic: undefined })
})

test('every item of the statistics is found by its name and key', async () => {
  const parts = scene()
  parts.stats.sample()
  parts.stats.notePut('T', 1, 4, storedIn(parts.clock, 400, 8))
  parts.stats.noteGet('T', 'G', 1, 3, 300, 6)
  parts.stats.noteSendBack('T', 'G')
  for (let second = 0; second < 10; second++) {
    await parts.clock.advance(1000)
    parts.stats.sample()
  }
  const minute = async (statsName: string, statsKey: string) => {
    const data = await ask(viewBrokerStatsHandler(parts), { statsName, statsKey })
    return data.reply.code === 0 ? json(bodies.brokerStatsData, data).statsMinute : data.reply.remark
  }
  for (const [name, key, sum, avgpt] of [
    ['TOPIC_PUT_NUMS', 'T', 4, 4],
    ['TOPIC_PUT_SIZE', 'T', 400, 400],
    ['TOPIC_PUT_LATENCY', '1@T', 8, 8],
    ['QUEUE_PUT_NUMS', 'T@1', 4, 4],
    ['QUEUE_PUT_SIZE', 'T@1', 400, 400],
    ['GROUP_GET_NUMS', 'T@G', 3, 3],
    ['GROUP_GET_SIZE', 'T@G', 300, 300],
    ['GROUP_GET_LATENCY', '1@T@G', 6, 6],
    ['QUEUE_GET_NUMS', 'T@1@G', 3, 3],
    ['QUEUE_GET_SIZE', 'T@1@G', 300, 300],
    ['SNDBCK_PUT_NUMS', 'T@G', 1, 1],
    ['BROKER_PUT_NUMS', 'DefaultCluster', 4, 0],
    ['BROKER_GET_NUMS', 'DefaultCluster', 3, 0],
    ['BROKER_PUT_NUMS_WITHOUT_SYSTEM_TOPIC', 'DefaultCluster', 4, 0],
    ['BROKER_GET_NUMS_WITHOUT_SYSTEM_TOPIC', 'DefaultCluster', 3, 0],
  ] as const) {
    // Those of the broker have been sampled from the start on.
    const seconds = name.startsWith('BROKER') ? 20 : 10
    assert.deepEqual(await minute(name, key), { sum, avgpt, tps: sum / seconds }, name)
  }
  assert.equal(await minute('SNDBCK_PUT_NUMS', 'T@H'), 'The stats <SNDBCK_PUT_NUMS> <T@H> not exist')
})

test('how far a group falls behind in a queue is shown in bytes and in time', async () => {
  const parts = scene()
  await parts.clock.advance(5000)
  const sum = async (statsName: string) => {
    const call = await ask(viewBrokerStatsHandler(parts), { statsName, statsKey: '0@T@G' })
    return call.reply.code === 0 ? json(bodies.brokerStatsData, call).statsMinute.sum : undefined
  }
  assert.equal(await sum('GROUP_GET_FALL_SIZE'), undefined)
  parts.offsets.notePull('G', 'T', 0, 6)
  assert.equal(await sum('GROUP_GET_FALL_SIZE'), 400)
  assert.equal(await sum('GROUP_GET_FALL_TIME'), parts.clock.wallMs() - 1006)
  parts.offsets.notePull('G', 'T', 0, 10)
  assert.equal(await sum('GROUP_GET_FALL_SIZE'), 0)
  assert.equal(await sum('GROUP_GET_FALL_TIME'), 0)
})
