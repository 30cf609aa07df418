import assert from 'node:assert/strict'
import test from 'node:test'
import { failure } from '@aerobee/net'
import { commands, responseCodes } from '@aerobee/wire'
import { FakeCluster } from '../fake-cluster.test.js'
import { Producer } from './producer.js'

async function started() {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 1)
  const producer = cluster.use(
    new Producer({
      ...cluster.options(),
      producerGroup: 'p',
      autoBatch: true,
      batchMaxBytes: 100,
      batchMaxDelayMs: 20,
    }),
  )
  await cluster.clock.resolve(producer.start())
  await cluster.clock.resolve(producer.queues('T'))
  const batches = () => cluster.broker.seen(commands.sendBatchMessage).length
  return { cluster, producer, batches }
}

test('sends of one moment go together, and each gets its own result', async () => {
  const { cluster, producer, batches } = await started()
  const sending = Array.from({ length: 5 }, (_, i) => producer.send({ topic: 'T', body: `m${i}` }))
  await cluster.pass(19)
  assert.equal(batches(), 0)
  await cluster.pass(10)
  const results = await cluster.clock.resolve(Promise.all(sending))
  assert.equal(batches(), 1)
  assert.deepEqual(
    results.map(({ queueOffset }) => queueOffset),
    [0, 1, 2, 3, 4],
  )
  assert.equal(new Set(results.map(({ messageId }) => messageId)).size, 5)
  await cluster.close()
})

test('a batch that is full does not wait, other tags make another batch, and delayed messages go alone', async () => {
  const { cluster, producer, batches } = await started()
  const body = 'x'.repeat(60)
  const sending = [
    producer.send({ topic: 'T', body }),
    producer.send({ topic: 'T', body }),
    producer.send({ topic: 'T', body, tags: 'a' }),
    producer.send({ topic: 'T', body, delayLevel: 1 }),
  ]
  await cluster.pass(5)
  assert.equal(batches(), 1)
  assert.equal(cluster.broker.seen(commands.sendMessageV2).length, 1)
  await cluster.clock.resolve(Promise.all(sending))
  assert.equal(batches(), 2)
  await cluster.close()
})

test('a message that cannot be sent spoils no others, and a failed batch fails all of its messages', async () => {
  const { cluster, producer } = await started()
  const good = producer.send({ topic: 'T', body: 'x' })
  await assert.rejects(producer.send({ topic: 'T', body: '' }), /the message body length is zero/)
  await cluster.clock.resolve(good)
  cluster.broker.overrides.set(commands.sendBatchMessage.code, () =>
    failure(responseCodes.MESSAGE_ILLEGAL, 'no'),
  )
  const failing = [1, 2].map(() => assert.rejects(producer.send({ topic: 'T', body: 'x' }), /answered 13/))
  await cluster.clock.resolve(Promise.all(failing))
  await cluster.close()
})

test('close sends what is gathered', async () => {
  const { cluster, producer, batches } = await started()
  const sending = producer.send({ topic: 'T', body: 'x' })
  await cluster.clock.settle()
  await cluster.clock.resolve(producer.close())
  assert.equal((await sending).status, 'SEND_OK')
  assert.equal(batches(), 1)
  await cluster.close()
})
