import assert from 'node:assert/strict'
import test from 'node:test'
import { type bodies as Bodies, bodies, commands } from '@aerobee/wire'
import { FakeCluster } from '../fake-cluster.test.js'
import { PushConsumer } from './push-consumer.js'

async function running(listener: (text: string) => void = () => {}, orderly = false) {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 2)
  for (let i = 0; i < 10; i++) cluster.broker.put({ topic: 'T', queueId: 0, body: `m${i}` })
  const consumer = cluster.use(
    new PushConsumer({ ...cluster.options(), consumerGroup: 'g', from: 'earliest' }),
  )
  consumer.subscribe('T')
  const take = (message: { text(): string }) => listener(message.text())
  await cluster.clock.resolve(orderly ? consumer.runOrderly(take) : consumer.run(take))
  await cluster.pass(2000)
  const { broker, clock } = cluster
  const ask = <T>(calling: Promise<T>) => clock.resolve(calling)
  return { cluster, consumer, broker, ask, connection: broker.connectionOf('g') }
}

const queue = { topic: 'T', brokerName: 'broker-a', queueId: 0 }

test('offsets are reset while the consumer runs, back and forth', async () => {
  for (const orderly of [false, true]) {
    const got: string[] = []
    const { cluster, broker, connection } = await running((text) => got.push(text), orderly)
    assert.equal(got.length, 10)
    const reset = (offset: number) => {
      const body = bodies.resetOffset.encode({ offsetTable: [[queue, offset]] })
      const fields = { topic: 'T', group: 'g', timestamp: -1, isForce: true }
      connection.notify(commands.resetConsumerClientOffset, fields, { body })
    }
    reset(7)
    await cluster.pass(3000)
    assert.deepEqual(got.slice(10), ['m7', 'm8', 'm9'])
    got.length = 0
    reset(10)
    await cluster.pass(10)
    assert.equal(broker.offset('g', 'T', 0), 10)
    broker.put({ topic: 'T', queueId: 0, body: 'm10' })
    await cluster.pass(3000)
    assert.deepEqual(got, ['m10'])
    await cluster.close()
  }
})

test('a reset to the offset that was saved last is saved again, since pulls have carried a later one', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 1)
  const got: string[] = []
  const consumer = cluster.use(
    new PushConsumer({ ...cluster.options(), consumerGroup: 'g', from: 'earliest' }),
  )
  const { broker } = cluster
  const put = () => broker.put({ topic: 'T', queueId: 0, body: `m${got.length}` })
  put()
  await cluster.clock.resolve(consumer.subscribe('T').run((message) => void got.push(message.text())))
  await cluster.pass(6000)
  put()
  await cluster.pass(100)
  put()
  await cluster.pass(100)
  assert.deepEqual(got, ['m0', 'm1', 'm2'])
  const body = bodies.resetOffset.encode({ offsetTable: [[queue, 1]] })
  const fields = { topic: 'T', group: 'g', timestamp: -1, isForce: true }
  broker.connectionOf('g').notify(commands.resetConsumerClientOffset, fields, { body })
  await cluster.pass(3000)
  assert.deepEqual(got.slice(3), ['m1', 'm2'])
  await cluster.close()
})

test('it tells how far it is', async () => {
  const { cluster, ask, connection } = await running()
  const answer = await ask(connection.call(commands.getConsumerStatusFromClient, { topic: 'T', group: 'g' }))
  const status = bodies.consumerStatus.decode(answer.body)
  assert.ok(status.ok)
  const byQueue = status.value.messageQueueTable.map(([{ queueId }, offset]) => [queueId, offset])
  assert.deepEqual(byQueue.sort(), [
    [0, 10],
    [1, 0],
  ])
  const other = await ask(connection.call(commands.getConsumerStatusFromClient, { topic: 'T', group: 'x' }))
  assert.equal(other.code, 0)
  await cluster.close()
})

test('it shows its inner state, and no credentials', async () => {
  const { cluster, ask, connection } = await running()
  const clientId = '10.0.0.101@c1'
  const answer = await ask(
    connection.call(commands.getConsumerRunningInfoFromClient, {
      consumerGroup: 'g',
      clientId,
      jstackEnable: true,
    }),
  )
  const info = bodies.consumerRunningInfo.decode(answer.body)
  assert.ok(info.ok)
  const { properties, mqTable, subscriptionSet, statusTable, jstack } = info.value
  assert.equal(properties.PROP_CONSUME_TYPE, 'CONSUME_PASSIVELY')
  assert.equal(properties.PROP_CONSUMEORDERLY, 'false')
  assert.equal(properties.PROP_NAMESERVER_ADDR, '10.0.0.9:9876;')
  assert.equal(properties.pullBatchSize, '32')
  assert.match(jstack!, /event loop/)
  const held = mqTable.find(([one]) => one.topic === 'T' && one.queueId === 0)![1]
  assert.deepEqual([held.commitOffset, held.cachedMsgCount, held.droped, held.locked], [10, 0, false, false])
  assert.deepEqual(subscriptionSet.map(({ topic }) => topic).sort(), ['%RETRY%g', 'T'])
  assert.ok(statusTable.get('T'))
  const wrong = await ask(
    connection.call(commands.getConsumerRunningInfoFromClient, { consumerGroup: 'x', clientId }),
  )
  assert.deepEqual([wrong.code, wrong.remark], [1, 'The Consumer Group <x> not exist in this consumer'])
  await cluster.close()
})

test('figures of the last minute are shown per topic', async () => {
  const { cluster, broker, ask, connection } = await running()
  for (let i = 0; i < 80; i++) {
    broker.put({ topic: 'T', queueId: 0, body: 'x' })
    await cluster.pass(1000)
  }
  const answer = await ask(
    connection.call(commands.getConsumerRunningInfoFromClient, { consumerGroup: 'g', clientId: 'c' }),
  )
  const info = bodies.consumerRunningInfo.decode(answer.body)
  assert.ok(info.ok)
  const status: Bodies.ConsumeStatus = info.value.statusTable.get('T')!
  assert.ok(Math.abs(status.consumeOKTPS - 1) < 0.1, `${status.consumeOKTPS}`)
  assert.ok(Math.abs(status.pullTPS - 1) < 0.1, `${status.pullTPS}`)
  assert.equal(status.consumeFailedTPS, 0)
  await cluster.close()
})

test('one message is consumed again by the hand of an administrator', async () => {
  let fail = false
  const got: string[] = []
  const { cluster, broker, ask, connection } = await running((text) => {
    got.push(text)
    if (fail) throw new Error('no, thanks')
  })
  const body = broker.queues.queue('T', 0)![4]!.record
  const again = async () => {
    const fields = { consumerGroup: 'g', clientId: 'c', msgId: 'x', brokerName: 'broker-a' }
    const answer = await ask(connection.call(commands.consumeMessageDirectlyOnClient, fields, { body }))
    const result = bodies.consumeMessageDirectlyResult.decode(answer.body)
    assert.ok(result.ok)
    return result.value
  }
  const done = await again()
  assert.deepEqual([done.consumeResult, done.order, done.autoCommit], ['CR_SUCCESS', false, true])
  assert.equal(got.at(-1), 'm4')
  fail = true
  const failed = await again()
  assert.deepEqual([failed.consumeResult, failed.remark], ['CR_THROW_EXCEPTION', 'no, thanks'])
  assert.equal(broker.seen(commands.consumerSendMsgBack).length, 0)
  await cluster.close()
})
