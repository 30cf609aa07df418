import assert from 'node:assert/strict'
import test from 'node:test'
import { bodies, commands } from '@aerobee/wire'
import { FakeCluster } from './fake-cluster.test.js'
import { LitePullConsumer } from './lite-pull-consumer/lite-pull-consumer.js'
import { Producer } from './producer/producer.js'
import { PushConsumer } from './push-consumer/push-consumer.js'
import { staticQueues } from './static-topic.js'

const mapping = (bname: string, epoch: number, ids: readonly number[], more: object = {}) => ({
  topic: 'T',
  scope: '__global__',
  totalQueues: 4,
  bname,
  epoch,
  dirty: false,
  currIdMap: Object.fromEntries(ids.map((id) => [id, id])),
  ...more,
})

const placed = (byBroker: unknown) =>
  staticQueues('T', byBroker)?.map(
    ({ queue, brokerName }) => `${queue.brokerName} ${queue.queueId} ${brokerName}`,
  )

test('the queues of a static topic are those of its mapping, at whoever has them by the highest epoch', () => {
  const byBroker = {
    'broker-a': mapping('broker-a', 1000, [0, 1, 2]),
    'broker-b': mapping('broker-b', 2000, [2]),
  }
  assert.deepEqual(placed(byBroker), [
    '__syslo__global__ 0 broker-a',
    '__syslo__global__ 1 broker-a',
    '__syslo__global__ 2 broker-b',
    '__syslo__global__ 3 __syslo__none__',
  ])
})

test('scopes have names of their own, and what is no mapping is passed over', () => {
  assert.deepEqual(placed({ b: mapping('b', 1, [0], { scope: 'zone', totalQueues: 1 }) }), [
    '__syslo__zone 0 b',
  ])
  for (const none of [undefined, null, 7, {}, { b: 1 }, { b: { totalQueues: 'many' } }])
    assert.equal(staticQueues('T', none), undefined)
  assert.equal(staticQueues('T', { b: mapping('b', 1, [], { totalQueues: 1e9 }) })?.length, 65_536)
})

async function staticCluster() {
  const cluster = await FakeCluster.start(2)
  cluster.createTopic('T', 4)
  cluster.mappings.set('T', {
    'broker-a': mapping('broker-a', 1, [0, 1]),
    'broker-b': mapping('broker-b', 1, [2, 3]),
  })
  return cluster
}

test('messages of a static topic go to, and come from, the broker that has the queue now', async () => {
  const cluster = await staticCluster()
  const producer = cluster.use(new Producer({ ...cluster.options(), producerGroup: 'p' }))
  await cluster.clock.resolve(producer.start())
  const queues = await cluster.clock.resolve(producer.queues('T'))
  assert.deepEqual(
    queues.map(({ brokerName, queueId }) => `${brokerName} ${queueId}`),
    [0, 1, 2, 3].map((id) => `__syslo__global__ ${id}`),
  )
  for (const queue of queues) {
    const result = await cluster.clock.resolve(
      producer.send({ topic: 'T', body: `q${queue.queueId}` }, { queue }),
    )
    assert.deepEqual(result.queue, queue)
  }
  const [a, b] = cluster.brokers
  assert.deepEqual(a!.queues.bodies('T').sort(), ['q0', 'q1'])
  assert.deepEqual(b!.queues.bodies('T').sort(), ['q2', 'q3'])
  assert.deepEqual(
    b!.seen(commands.sendMessageV2).map(({ fields }) => [fields.brokerName, fields.queueId]),
    [
      ['broker-b', 2],
      ['broker-b', 3],
    ],
  )
  const seen: string[] = []
  const consumer = cluster.use(
    new PushConsumer({ ...cluster.options(), consumerGroup: 'g', from: 'earliest' }),
  )
  await cluster.clock.resolve(consumer.subscribe('T').runOrderly((message) => void seen.push(message.text())))
  await cluster.pass(20_000)
  assert.deepEqual(seen.sort(), ['q0', 'q1', 'q2', 'q3'])
  assert.deepEqual([a!.offset('g', 'T', 0), b!.offset('g', 'T', 3)], [1, 1])
  for (const broker of cluster.brokers) {
    const locks = broker.seen(commands.lockBatchQueues).flatMap(({ frame }) => {
      const body = bodies.lockBatchRequest.decode(frame.body)
      return body.ok ? body.value.mqSet.filter(({ topic }) => topic === 'T') : []
    })
    const own = broker === a ? [0, 1] : [2, 3]
    assert.ok(locks.every(({ brokerName }) => brokerName === '__syslo__global__'))
    assert.deepEqual([...new Set(locks.map(({ queueId }) => queueId))].sort(), own)
  }
  await cluster.close()
})

test('a queue of a static topic that moves is followed', async () => {
  const cluster = await staticCluster()
  const producer = cluster.use(new Producer({ ...cluster.options(), producerGroup: 'p' }))
  await cluster.clock.resolve(producer.start())
  const queue = { topic: 'T', brokerName: '__syslo__global__', queueId: 1 }
  await cluster.clock.resolve(producer.send({ topic: 'T', body: 'before' }, { queue }))
  cluster.mappings.set('T', {
    'broker-a': mapping('broker-a', 2, [0]),
    'broker-b': mapping('broker-b', 2, [1, 2, 3]),
  })
  await cluster.pass(35_000)
  await cluster.clock.resolve(producer.send({ topic: 'T', body: 'after' }, { queue }))
  assert.deepEqual(cluster.brokers[1]!.queues.bodies('T'), ['after'])
  await cluster.close()
})

test('a message of a static topic that fails goes to the retry topic as a message of its own', async () => {
  const cluster = await staticCluster()
  const consumer = cluster.use(
    new PushConsumer({ ...cluster.options(), consumerGroup: 'g', from: 'earliest' }),
  )
  cluster.brokers[1]!.put({ topic: 'T', queueId: 2, body: 'x' })
  const times: number[] = []
  const listen = ({ reconsumeTimes }: { reconsumeTimes: number }) => {
    times.push(reconsumeTimes)
    throw new Error('no')
  }
  await cluster.clock.resolve(consumer.subscribe('T').run(listen))
  await cluster.pass(5000)
  assert.deepEqual(times, [0])
  const sends = cluster.brokers.flatMap((broker) => broker.seen(commands.sendMessageV2))
  assert.deepEqual(
    sends.map(({ fields }) => [fields.topic, fields.reconsumeTimes]),
    [['%RETRY%g', 1]],
  )
  assert.equal(cluster.brokers.flatMap((broker) => broker.seen(commands.consumerSendMsgBack)).length, 0)
  await cluster.close()
})

test('a lite pull consumer seeks in the queues of a static topic', async () => {
  const cluster = await staticCluster()
  for (let i = 0; i < 3; i++) cluster.brokers[1]!.put({ topic: 'T', queueId: 3, body: `m${i}` })
  const queue = { topic: 'T', brokerName: '__syslo__global__', queueId: 3 }
  const lite = cluster.use(new LitePullConsumer({ ...cluster.options(), consumerGroup: 'g' }).assign([queue]))
  await cluster.clock.resolve(lite.start())
  await cluster.clock.resolve(lite.seek(queue, 1))
  const got = await cluster.clock.resolve(lite.poll())
  assert.deepEqual(
    got.map((message) => message.text()),
    ['m1', 'm2'],
  )
  await cluster.close()
})
