import assert from 'node:assert/strict'
import test from 'node:test'
import { FakeCluster } from '../fake-cluster.test.js'
import type { PushConsumerOptions } from './options.js'
import { PushConsumer } from './push-consumer.js'

/** Ten messages a minute apart, ending now; the first three were deleted. */
async function clusterWithPast(deleted = 3): Promise<FakeCluster> {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 1)
  for (let i = 0; i < 10; i++) {
    cluster.broker.put({ topic: 'T', queueId: 0, body: `m${i}` })
    await cluster.pass(60_000)
  }
  if (deleted > 0) cluster.broker.queues.minimum.set('T@0', deleted)
  return cluster
}

async function firstOffset(cluster: FakeCluster, options: Partial<PushConsumerOptions>): Promise<number[]> {
  const got: number[] = []
  const consumer = cluster.use(new PushConsumer({ ...cluster.options(), consumerGroup: 'g', ...options }))
  consumer.subscribe('T')
  await cluster.clock.resolve(consumer.run((message) => void got.push(message.queueOffset)))
  await cluster.pass(3000)
  return got
}

const localTime = (wallMs: number) => {
  const date = new Date(wallMs)
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`
  return `${day}${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`
}

const cases: [
  name: string,
  options: (now: number) => Partial<PushConsumerOptions>,
  first: number | undefined,
][] = [
  ['from earliest', () => ({ from: 'earliest' }), 3],
  ['from latest', () => ({ from: 'latest' }), undefined],
  ['from a date', (now) => ({ from: new Date(now - 270_000) }), 6],
  ['CONSUME_FROM_LAST_OFFSET', () => ({ consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET' }), undefined],
  // 0 is repaired by the broker, which has 3 as its first.
  ['CONSUME_FROM_FIRST_OFFSET', () => ({ consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' }), 3],
  [
    'CONSUME_FROM_TIMESTAMP',
    (now) => ({ consumeFromWhere: 'CONSUME_FROM_TIMESTAMP', consumeTimestamp: localTime(now - 180_000) }),
    7,
  ],
]

for (const [name, options, first] of cases)
  test(`a new group begins ${name}`, async () => {
    const cluster = await clusterWithPast()
    const got = await firstOffset(cluster, options(cluster.clock.wallMs()))
    assert.equal(got[0], first)
    assert.equal(got.length, first === undefined ? 0 : 10 - first)
    cluster.broker.put({ topic: 'T', queueId: 0, body: 'new' })
    await cluster.pass(100)
    assert.equal(got.at(-1), 10)
    await cluster.close()
  })

test('a group with an offset goes on there, whatever is asked for', async () => {
  const cluster = await clusterWithPast()
  cluster.broker.offsets.set('g@T@0', 8)
  assert.deepEqual(await firstOffset(cluster, { from: 'earliest' }), [8, 9])
  await cluster.close()
})

test('a young queue is read from its start as Java does it, unless the client says from where', async () => {
  const java = await clusterWithPast(0)
  assert.equal((await firstOffset(java, {})).length, 10)
  await java.close()
  const ours = await clusterWithPast(0)
  assert.equal((await firstOffset(ours, { from: 'latest' })).length, 0)
  await ours.close()
})

test('where a new group begins is saved at once, so that the next member does not choose anew', async () => {
  const cluster = await clusterWithPast(0)
  const consumer = cluster.use(new PushConsumer({ ...cluster.options(), consumerGroup: 'g', from: 'latest' }))
  consumer.subscribe('T')
  await cluster.clock.resolve(consumer.run(() => {}))
  assert.equal(cluster.broker.offset('g', 'T', 0), 10)
  await cluster.close()
})

test('a queue that comes later is read from when the consumer started, also from latest', async () => {
  const cluster = await clusterWithPast(0)
  const got: string[] = []
  const consumer = cluster.use(new PushConsumer({ ...cluster.options(), consumerGroup: 'g', from: 'latest' }))
  consumer.subscribe('T')
  await cluster.clock.resolve(consumer.run((message) => void got.push(message.text())))
  await cluster.pass(1000)
  cluster.createTopic('T', 2)
  for (let i = 0; i < 3; i++) cluster.broker.put({ topic: 'T', queueId: 1, body: `late ${i}` })
  await cluster.pass(60_000)
  assert.deepEqual(got, ['late 0', 'late 1', 'late 2'])
  await cluster.close()
})

test('retry topics begin at their start', async () => {
  const cluster = await clusterWithPast(0)
  cluster.createTopic('%RETRY%g', 1)
  const properties = { RETRY_TOPIC: 'T' }
  cluster.broker.put({ topic: '%RETRY%g', queueId: 0, body: 'again', properties, reconsumeTimes: 1 })
  const got: string[] = []
  const consumer = cluster.use(new PushConsumer({ ...cluster.options(), consumerGroup: 'g', from: 'latest' }))
  consumer.subscribe('T')
  await cluster.clock.resolve(consumer.run((message) => void got.push(`${message.topic} ${message.text()}`)))
  await cluster.pass(1000)
  assert.deepEqual(got, ['T again'])
  await cluster.close()
})

test('a time that is none is refused', () => {
  assert.throws(
    () => new PushConsumer({ namesrvAddr: 'a:1', consumerGroup: 'g', consumeTimestamp: '2024' }),
    /consumeTimestamp is invalid, the valid format is yyyyMMddHHmmss,but received 2024/,
  )
})
