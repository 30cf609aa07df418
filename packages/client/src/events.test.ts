import assert from 'node:assert/strict'
import test from 'node:test'
import { failure } from '@aerobee/net'
import { commands, responseCodes } from '@aerobee/wire'
import { FakeCluster } from './fake-cluster.test.js'
import { LitePullConsumer } from './lite-pull-consumer/lite-pull-consumer.js'
import { Producer } from './producer/producer.js'
import { PushConsumer } from './push-consumer/push-consumer.js'

async function startedConsumer() {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 4)
  const consumer = cluster.use(new PushConsumer({ ...cluster.options(), consumerGroup: 'g' }))
  const events: string[] = []
  consumer
    .on('connected', ({ address }) => events.push(`connected ${address}`))
    .on('disconnected', ({ address, reason }) => events.push(`disconnected ${address}: ${reason}`))
    .on('rebalanced', ({ topic, all, own }) => events.push(`rebalanced ${topic} ${own.length}/${all.length}`))
    .on('closed', () => events.push('closed'))
    .subscribe('T')
  await cluster.clock.resolve(consumer.run(() => {}))
  return { cluster, consumer, events }
}

test('a consumer tells of connections, of its queues, and of its end', async () => {
  const { cluster, consumer, events } = await startedConsumer()
  assert.deepEqual(
    events.filter((event) => !event.includes('%RETRY%')),
    [`connected ${cluster.namesrvAddr}`, `connected ${cluster.broker.address}`, 'rebalanced T 4/4'],
  )
  events.length = 0
  const other = cluster.use(new PushConsumer({ ...cluster.options(), consumerGroup: 'g' }).subscribe('T'))
  await cluster.clock.resolve(other.run(() => {}))
  await cluster.pass(25_000)
  assert.ok(events.includes('rebalanced T 2/4'), events.join())
  events.length = 0
  await cluster.clock.resolve(cluster.broker.stop())
  await cluster.pass(100)
  assert.match(events[0]!, /^disconnected 10\.0\.1\.1:10911: /)
  await cluster.broker.start()
  await cluster.pass(35_000)
  assert.ok(events.includes(`connected ${cluster.broker.address}`), events.join())
  await cluster.clock.resolve(consumer.close())
  assert.equal(events.at(-1), 'closed')
  await cluster.close()
})

test('failures in the background are told of, with what went on; nobody has to listen', async () => {
  const { cluster, consumer } = await startedConsumer()
  const errors: string[] = []
  await cluster.clock.resolve(cluster.broker.stop())
  await cluster.clock.resolve(cluster.stopNameServer())
  await cluster.pass(40_000)
  consumer.on('error', (error, during) => errors.push(`${during}: ${(error as Error).message}`))
  await cluster.pass(40_000)
  for (const during of ['routes', 'heartbeat', 'pull'])
    assert.ok(
      errors.some((one) => one.startsWith(`${during}: `)),
      `${during} in ${errors.join('\n')}`,
    )
  await cluster.startNameServer()
  await cluster.broker.start()
  cluster.broker.overrides.set(commands.updateConsumerOffset.code, () =>
    failure(responseCodes.SYSTEM_BUSY, 'busy'),
  )
  await cluster.pass(10_000)
  errors.length = 0
  cluster.broker.put({ topic: 'T', queueId: 0, body: 'x' })
  await cluster.pass(20_000)
  assert.ok(
    errors.some((one) => /^offsets: Saving offset 1 of group g/.test(one)),
    errors.join('\n'),
  )
  await cluster.close()
})

test('a listener that throws, or has gone, disturbs nobody', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T')
  const producer = cluster.use(new Producer({ ...cluster.options(), producerGroup: 'p' }))
  const seen: string[] = []
  const removed = () => seen.push('removed')
  producer
    .on('connected', () => {
      throw new Error('clumsy')
    })
    .on('connected', removed)
    .off('connected', removed)
    .once('connected', ({ address }) => seen.push(address))
  await cluster.clock.resolve(producer.start())
  await cluster.clock.resolve(producer.send({ topic: 'T', body: 'x' }))
  assert.deepEqual(seen, [cluster.namesrvAddr])
  assert.equal(cluster.lines(/a listener of event connected failed: clumsy/).length, 2)
  const closed = new Promise<void>((resolve) => producer.on('closed', resolve))
  await cluster.clock.resolve(producer.close())
  await closed
  await cluster.close()
})

test('a lite pull consumer tells of its queues too', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 2)
  const lite = cluster.use(new LitePullConsumer({ ...cluster.options(), consumerGroup: 'g' }).subscribe('T'))
  const rebalanced: number[] = []
  lite.on('rebalanced', ({ own }) => rebalanced.push(own.length))
  await cluster.clock.resolve(lite.start())
  assert.deepEqual(rebalanced, [2])
  await cluster.close()
})
