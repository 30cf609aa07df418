import assert from 'node:assert/strict'
import test from 'node:test'
import { isAerobeeError } from '@aerobee/base'
import { FakeCluster } from './fake-cluster.test.js'
import { Producer } from './producer/producer.js'
import { PushConsumer } from './push-consumer/push-consumer.js'

async function vipCluster() {
  const cluster = await FakeCluster.start()
  await cluster.clock.resolve(cluster.broker.stop())
  cluster.broker.vipChannel = true
  await cluster.broker.start()
  cluster.createTopic('T', 2)
  return cluster
}

test('with vipChannelEnabled sends, offsets and locks go to the port less 2, and everything else does not', async () => {
  const cluster = await vipCluster()
  const options = { vipChannelEnabled: true }
  const producer = cluster.use(new Producer({ ...cluster.options(options), producerGroup: 'p' }))
  await cluster.clock.resolve(producer.start())
  await cluster.clock.resolve(producer.send({ topic: 'T', body: 'x' }))
  const consumer = cluster.use(
    new PushConsumer({ ...cluster.options(options), consumerGroup: 'g', from: 'earliest' }).subscribe('T'),
  )
  await cluster.clock.resolve(consumer.runOrderly(() => {}))
  await cluster.pass(40_000)
  await cluster.clock.resolve(consumer.close())
  const ports = new Map<string, Set<number>>()
  for (const { name, connection } of cluster.broker.requests)
    ports.set(name, (ports.get(name) ?? new Set()).add(connection.local.port))
  const by = (port: number) => [...ports].filter(([, seen]) => seen.has(port)).map(([name]) => name)
  assert.deepEqual(by(10_909).sort(), [
    'GET_MIN_OFFSET',
    'LOCK_BATCH_MQ',
    'QUERY_CONSUMER_OFFSET',
    'SEND_MESSAGE_V2',
    'UNLOCK_BATCH_MQ',
    'UPDATE_CONSUMER_OFFSET',
  ])
  assert.deepEqual(by(10_911).sort(), [
    'GET_CONSUMER_LIST_BY_GROUP',
    'HEART_BEAT',
    'PULL_MESSAGE',
    'UNREGISTER_CLIENT',
  ])
  await cluster.close()
})

test('a broker without VIP channel is told of by the error', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T')
  const options = cluster.options({ vipChannelEnabled: true })
  const producer = cluster.use(new Producer({ ...options, producerGroup: 'p', retryTimesWhenSendFailed: 0 }))
  await cluster.clock.resolve(producer.start())
  const sending = producer.send({ topic: 'T', body: 'x' })
  await cluster.clock.resolve(
    assert.rejects(sending, (thrown) => {
      assert.ok(isAerobeeError(thrown, 'CONNECT_FAILED'))
      assert.match(
        thrown.message,
        /10\.0\.1\.1:10909.*VIP channel of broker broker-a; leave vipChannelEnabled out/,
      )
      return true
    }),
  )
  await cluster.close()
})

test('the VIP port of an address that is mapped may be mapped itself, else it is the mapped port less 2', async () => {
  const cluster = await vipCluster()
  const { address } = cluster.broker
  const maps = [
    { '10.0.1.1:10909': '10.0.1.1:10909' },
    { [address]: '10.0.1.1:10911' },
    { [address]: '10.9.9.9:1', '10.0.1.1:10909': '10.0.1.1:10909' },
  ]
  for (const [i, addressMap] of maps.entries()) {
    const options = cluster.options({ vipChannelEnabled: true, addressMap })
    const producer = cluster.use(new Producer({ ...options, producerGroup: `p${i}` }))
    await cluster.clock.resolve(producer.start())
    await cluster.clock.resolve(producer.send({ topic: 'T', body: 'x' }))
  }
  assert.equal(cluster.broker.queues.bodies('T').length, 3)
  await cluster.close()
})
