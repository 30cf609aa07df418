import assert from 'node:assert/strict'
import test from 'node:test'
import { failure, success } from '@aerobee/net'
import { commands } from '@aerobee/wire'
import { FakeCluster } from '../fake-cluster.test.js'
import { Producer } from './producer.js'

test('a delayed message is taken back at the broker that holds it', async () => {
  const cluster = await FakeCluster.start(2)
  cluster.createTopic('T')
  const producer = cluster.use(new Producer({ ...cluster.options(), producerGroup: 'p' }))
  await cluster.clock.resolve(producer.start())
  const handle = Buffer.from('v1 T broker-b 1700000000000 ID1').toString('base64url')
  cluster.brokers[1]!.overrides.set(commands.recallMessage.code, () => success({ msgId: 'ID1' }))
  assert.equal(await cluster.clock.resolve(producer.recallMessage('T', handle)), 'ID1')
  const { topic, recallHandle, producerGroup } = cluster.brokers[1]!.seen(commands.recallMessage)[0]!.fields
  assert.deepEqual([topic, recallHandle, producerGroup], ['T', handle, 'p'])
  await assert.rejects(producer.recallMessage('%RETRY%g', handle), /topic is not supported/)
  await assert.rejects(producer.recallMessage('T', 'abc'), /recall handle is invalid/)
  await cluster.close()
})

test('recalls are traced when both switches are on, the refused ones too', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T')
  cluster.createTopic('RMQ_SYS_TRACE_TOPIC', 1)
  const handle = Buffer.from('v1 T broker-a 1700000000000 ID1').toString('base64url')
  const switches = { enableTrace: true, recallDefaultTraceEnable: true }
  const traced = cluster.use(new Producer({ ...cluster.options(), producerGroup: 'p', ...switches }))
  const untraced = cluster.use(new Producer({ ...cluster.options(), producerGroup: 'q', enableTrace: true }))
  for (const producer of [traced, untraced]) {
    await cluster.clock.resolve(producer.start())
    await cluster.clock.resolve(producer.recallMessage('T', handle))
  }
  cluster.broker.overrides.set(commands.recallMessage.code, () => failure(1, 'too late'))
  await cluster.clock.resolve(assert.rejects(traced.recallMessage('T', handle), /too late/))
  await cluster.pass(10_000)
  const records = cluster.broker.queues.bodies('RMQ_SYS_TRACE_TOPIC').join('').split('\u0002').filter(Boolean)
  assert.deepEqual(
    records.map((record) => record.split('\u0001').filter((_field, i) => i !== 1)),
    [
      ['Recall', 'DefaultRegion', 'p', 'T', 'ID1', 'true'],
      ['Recall', 'DefaultRegion', 'p', 'T', 'ID1', 'false'],
    ],
  )
  await cluster.close()
})
