import assert from 'node:assert/strict'
import test from 'node:test'
import { failure } from '@aerobee/net'
import { commands, responseCodes } from '@aerobee/wire'
import { FakeCluster } from '../fake-cluster.test.js'
import type { PushConsumerOptions } from './options.js'
import { PushConsumer } from './push-consumer.js'

/** A consumer whose listeners wait until `release()`. */
async function blocked(count: number, bodySize: number, options: Partial<PushConsumerOptions>) {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 1)
  for (let i = 0; i < count; i++)
    cluster.broker.put({ topic: 'T', queueId: 0, body: new Uint8Array(bodySize) })
  const waiting: { offset: number; go(): void }[] = []
  const all = { options: { ...cluster.options(), consumerGroup: 'g', from: 'earliest' as const, ...options } }
  const consumer = cluster.use(new PushConsumer({ awaitTerminationMillisWhenShutdown: 0, ...all.options }))
  consumer.subscribe('T')
  await cluster.clock.resolve(
    consumer.run(({ queueOffset }) => new Promise<void>((go) => waiting.push({ offset: queueOffset, go }))),
  )
  const pulls = () => cluster.broker.seen(commands.pullMessage).filter(({ fields }) => fields.topic === 'T')
  return { cluster, consumer, waiting, pulls }
}

test('no more is pulled while more messages are cached than the threshold, and the first wait is told of', async () => {
  const { cluster, waiting, pulls } = await blocked(40, 1, { pullThresholdForQueue: 20, pullBatchSize: 10 })
  await cluster.pass(2000)
  // 10, 20, and then 30, which is above 20.
  assert.equal(pulls().length, 3)
  const warnings = cluster.lines(/the cached message count exceeds the threshold 20/)
  assert.equal(warnings.length, 1)
  assert.match(warnings[0]!, /minOffset=0, maxOffset=29, count=30, size=0 MiB, .*flowControlTimes=1$/)
  await cluster.pass(50 * 1000)
  assert.equal(cluster.lines(/flowControlTimes=1001$/).length, 1)
  for (const { go } of waiting.splice(0)) go()
  await cluster.pass(50)
  assert.equal(pulls().length, 5)
  await cluster.close()
})

test('no more is pulled while the bodies cached take more MiB than the threshold', async () => {
  const { cluster, pulls } = await blocked(6, 1024 * 1024, { pullThresholdSizeForQueue: 2, pullBatchSize: 1 })
  await cluster.pass(2000)
  assert.equal(pulls().length, 3)
  assert.match(cluster.lines(/the cached message size/)[0]!, /threshold 2 MiB.*count=3, size=3 MiB/)
  await cluster.close()
})

test('no more is pulled while the offsets cached span too much', async () => {
  const { cluster, waiting, pulls } = await blocked(60, 1, {
    consumeConcurrentlyMaxSpan: 25,
    pullBatchSize: 10,
  })
  await cluster.pass(1000)
  assert.equal(pulls().length, 3)
  assert.match(cluster.lines(/span too long/)[0]!, /minOffset=0, maxOffset=29, maxSpan=29/)
  for (const { go } of waiting.splice(0, 4)) go()
  await cluster.pass(60)
  assert.equal(pulls().length, 4)
  await cluster.close()
})

test('thresholds of a topic are shared among the queues held', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 3)
  for (let i = 0; i < 300; i++) cluster.broker.put({ topic: 'T', queueId: i % 3, body: 'x' })
  const consumer = cluster.use(
    new PushConsumer({
      ...cluster.options(),
      consumerGroup: 'g',
      from: 'earliest',
      pullThresholdForTopic: 40,
      pullBatchSize: 5,
      awaitTerminationMillisWhenShutdown: 0,
    }),
  )
  consumer.subscribe('T')
  await cluster.clock.resolve(consumer.run(() => new Promise<void>(() => {})))
  await cluster.pass(3000)
  // Three queues: thirteen each, so that the third pull of five is the last.
  assert.match(cluster.lines(/the cached message count/)[0]!, /threshold 13,.*count=15/)
  await cluster.close()
})

test('a broker that asks for less gets a pause of 20 ms, any other failure one of a second', async () => {
  const { cluster, pulls } = await blocked(0, 1, {})
  let answers = [responseCodes.FLOW_CONTROL, responseCodes.FLOW_CONTROL, responseCodes.SYSTEM_ERROR]
  cluster.broker.overrides.set(commands.pullMessage.code, ({ fields }) => {
    if (fields.topic !== 'T') return undefined
    const [code, ...rest] = answers
    answers = rest
    return code === undefined ? undefined : failure(code, 'so it is')
  })
  await cluster.pass(3000)
  assert.deepEqual(
    pulls().map(({ atMs }) => atMs),
    [500, 520, 540, 1540],
  )
  assert.equal(cluster.lines(/execute the pull request exception.*answered 215 FLOW_CONTROL/).length, 2)
  await cluster.close()
})

test('a pause between pulls is kept', async () => {
  const { cluster, pulls } = await blocked(30, 1, { pullInterval: 300, pullBatchSize: 10 })
  await cluster.pass(1150)
  assert.deepEqual(
    pulls().map(({ atMs }) => atMs),
    [500, 800, 1100],
  )
  await cluster.close()
})
