import assert from 'node:assert/strict'
import test from 'node:test'
import { FakeCluster } from '../fake-cluster.test.js'
import { PushConsumer } from './push-consumer.js'

async function clusterWith(count: number) {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 1)
  for (let i = 0; i < count; i++) cluster.broker.put({ topic: 'T', queueId: 0, body: `m${i}` })
  const consumer = cluster.use(
    new PushConsumer({ ...cluster.options(), consumerGroup: 'g', from: 'earliest' }),
  )
  consumer.subscribe('T')
  return { cluster, consumer }
}

test('a consumer is iterated over; leaving the loop closes it, and the last message is left to others', async () => {
  const { cluster, consumer } = await clusterWith(5)
  const got: string[] = []
  const loop = async () => {
    for await (const message of consumer) {
      got.push(message.text())
      if (got.length === 3) break
    }
  }
  await cluster.clock.resolve(loop())
  assert.deepEqual(got, ['m0', 'm1', 'm2'])
  assert.equal(cluster.broker.offset('g', 'T', 0), 2)
  assert.equal(cluster.broker.seen({ code: 36 }).length, 0)
  await cluster.close()
})

test('an error in the loop closes the consumer and loses nothing', async () => {
  const { cluster, consumer } = await clusterWith(3)
  const loop = async () => {
    for await (const message of consumer) if (message.queueOffset === 1) throw new Error('no')
  }
  await cluster.clock.resolve(assert.rejects(loop(), /no/))
  assert.equal(cluster.broker.offset('g', 'T', 0), 1)
  await cluster.close()
})

test('close() from outside ends the loop once the message in hand is done, which counts as consumed', async () => {
  const { cluster, consumer } = await clusterWith(3)
  let finish = () => {}
  const got: string[] = []
  const loop = async () => {
    for await (const message of consumer) {
      got.push(message.text())
      await new Promise<void>((resolve) => {
        finish = resolve
      })
    }
  }
  const looping = loop()
  await cluster.pass(1000)
  const closing = consumer.close()
  await cluster.pass(1000)
  finish()
  await cluster.clock.resolve(Promise.all([closing, looping]))
  assert.deepEqual(got, ['m0'])
  assert.equal(cluster.broker.offset('g', 'T', 0), 1)
  await cluster.close()
})
