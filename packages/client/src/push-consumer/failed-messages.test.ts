import assert from 'node:assert/strict'
import test from 'node:test'
import { failure } from '@aerobee/net'
import { commands, responseCodes } from '@aerobee/wire'
import { FakeCluster } from '../fake-cluster.test.js'
import type { ReceivedMessage } from '../received-message.js'
import type { PushConsumerOptions } from './options.js'
import { PushConsumer } from './push-consumer.js'

async function clusterWith(count: number): Promise<FakeCluster> {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 1)
  for (let i = 0; i < count; i++)
    cluster.broker.put({
      topic: 'T',
      queueId: 0,
      body: `m${i}`,
      properties: { UNIQ_KEY: `ID${i}`, TAGS: 'a' },
    })
  return cluster
}

const consumerOf = (cluster: FakeCluster, more: Partial<PushConsumerOptions> = {}) =>
  cluster
    .use(new PushConsumer({ ...cluster.options(), consumerGroup: 'g', from: 'earliest', ...more }))
    .subscribe('T')

const refuse = () => failure(responseCodes.SYSTEM_ERROR, 'not now')

test('a message whose listener throws is sent back, and comes again under its own topic', async () => {
  const cluster = await clusterWith(1)
  const seen: [topic: string, times: number, id: string][] = []
  const consumer = consumerOf(cluster)
  await cluster.clock.resolve(
    consumer.run(({ topic, reconsumeTimes, messageId }) => {
      seen.push([topic, reconsumeTimes, messageId])
      if (seen.length < 3) throw new Error('not yet')
    }),
  )
  await cluster.pass(60_000)
  assert.deepEqual(seen, [
    ['T', 0, 'ID0'],
    ['T', 1, 'ID0'],
    ['T', 2, 'ID0'],
  ])
  const [back] = cluster.broker.seen(commands.consumerSendMsgBack)
  const { group, originTopic, originMsgId, delayLevel, maxReconsumeTimes, brokerName, offset } = back!.fields
  assert.deepEqual(
    [group, originTopic, originMsgId, delayLevel, maxReconsumeTimes, brokerName, offset],
    ['g', 'T', 'ID0', 0, 16, 'broker-a', 0],
  )
  await cluster.pass(6000)
  assert.equal(cluster.broker.offset('g', 'T', 0), 1)
  await cluster.close()
})

test('a retry topic that name servers know a moment after the first heartbeat is read soon', async () => {
  const cluster = await clusterWith(0)
  const consumer = consumerOf(cluster)
  await cluster.clock.resolve(consumer.run(() => {}))
  assert.equal(consumer.assignment().length, 1)
  await cluster.pass(1000)
  cluster.createTopic('%RETRY%g', 1)
  await cluster.pass(3000)
  assert.deepEqual(
    consumer.assignment().map(({ topic }) => topic),
    ['T', '%RETRY%g'],
  )
  await cluster.close()
})

test('the context says when a message comes again, or that it goes to the dead letters', async () => {
  const cluster = await clusterWith(2)
  const consumer = consumerOf(cluster)
  await cluster.clock.resolve(
    consumer.run(({ queueOffset }, context) => {
      context.delayLevelWhenNextConsume = queueOffset === 0 ? 5 : -1
      return 'RECONSUME_LATER'
    }),
  )
  await cluster.pass(2000)
  assert.deepEqual(
    cluster.broker.seen(commands.consumerSendMsgBack).map(({ fields }) => fields.delayLevel),
    [5, -1],
  )
  assert.deepEqual(cluster.broker.queues.bodies('%DLQ%g'), ['m1'])
  await cluster.close()
})

test('what the broker does not take back is sent to the retry topic as a message of our own', async () => {
  const cluster = await clusterWith(1)
  cluster.broker.overrides.set(commands.consumerSendMsgBack.code, refuse)
  const seen: ReceivedMessage[] = []
  const consumer = consumerOf(cluster, { maxReconsumeTimes: 5 })
  await cluster.clock.resolve(
    consumer.run((message) => {
      seen.push(message)
      if (seen.length === 1) throw new Error('not yet')
    }),
  )
  await cluster.pass(30_000)
  const [send] = cluster.broker.seen(commands.sendMessageV2)
  const { producerGroup, topic, reconsumeTimes, maxReconsumeTimes } = send!.fields
  assert.deepEqual(
    [producerGroup, topic, reconsumeTimes, maxReconsumeTimes],
    ['CLIENT_INNER_PRODUCER', '%RETRY%g', 1, 5],
  )
  assert.equal(seen.length, 2)
  const again = seen[1]!
  assert.deepEqual(
    [again.topic, again.text(), again.reconsumeTimes, again.tags, again.messageId],
    ['T', 'm0', 1, 'a', 'ID0'],
  )
  assert.deepEqual(
    ['ORIGIN_MESSAGE_ID', 'RETRY_TOPIC', 'RECONSUME_TIME', 'MAX_RECONSUME_TIMES', 'DELAY'].map((name) =>
      again.property(name),
    ),
    ['ID0', 'T', '1', '5', '3'],
  )
  await cluster.close()
})

test('what nobody takes is tried again here after five seconds, and holds the offset', async () => {
  const cluster = await clusterWith(3)
  cluster.broker.overrides.set(commands.consumerSendMsgBack.code, refuse)
  cluster.broker.overrides.set(commands.sendMessageV2.code, refuse)
  const seen: [text: string, times: number, atMs: number][] = []
  const consumer = consumerOf(cluster)
  await cluster.clock.resolve(
    consumer.run((message) => {
      seen.push([message.text(), message.reconsumeTimes, cluster.clock.monoMs()])
      if (message.text() === 'm1' && message.reconsumeTimes < 1) throw new Error('not yet')
    }),
  )
  await cluster.pass(5400)
  assert.equal(cluster.broker.offset('g', 'T', 0), 1)
  await cluster.pass(6000)
  assert.deepEqual(
    seen.map(([text, times]) => [text, times]),
    [
      ['m0', 0],
      ['m1', 0],
      ['m2', 0],
      ['m1', 1],
    ],
  )
  assert.equal(seen[3]![2] - seen[1]![2], 5000)
  assert.equal(cluster.broker.offset('g', 'T', 0), 3)
  await cluster.close()
})

test('a batch may succeed in part', async () => {
  const cluster = await clusterWith(5)
  const batches: string[][] = []
  const consumer = consumerOf(cluster, { consumeMessageBatchMaxSize: 4 })
  await cluster.clock.resolve(
    consumer.runBatch((messages, context) => {
      batches.push(messages.map((message) => message.text()))
      if (batches.length === 1) context.ackIndex = 1
    }),
  )
  await cluster.pass(2000)
  assert.deepEqual(batches, [['m0', 'm1', 'm2', 'm3'], ['m4']])
  assert.deepEqual(
    cluster.broker.seen(commands.consumerSendMsgBack).map(({ fields }) => fields.originMsgId),
    ['ID2', 'ID3'],
  )
  await cluster.pass(10_000)
  assert.equal(cluster.broker.offset('g', 'T', 0), 5)
  await cluster.close()
})

test('a message that its listener has for too long is delivered again, and the rest goes on', async () => {
  const cluster = await clusterWith(2)
  const seen: string[] = []
  const consumer = consumerOf(cluster, { consumeTimeout: 1, awaitTerminationMillisWhenShutdown: 0 })
  await cluster.clock.resolve(
    consumer.run((message) => {
      seen.push(`${message.text()} ${message.reconsumeTimes}`)
      return seen.length === 1 ? new Promise<void>(() => {}) : undefined
    }),
  )
  await cluster.pass(119_000)
  assert.deepEqual(seen, ['m0 0', 'm1 0'])
  await cluster.pass(20_000)
  assert.deepEqual(seen, ['m0 0', 'm1 0', 'm0 1'])
  assert.equal(cluster.broker.seen(commands.consumerSendMsgBack)[0]!.fields.delayLevel, 3)
  await cluster.pass(30_000)
  assert.equal(cluster.broker.offset('g', 'T', 0), 2)
  await cluster.close()
})

test('a result that comes after its queue was given up is ignored', async () => {
  const cluster = await clusterWith(1)
  let fail = (_error: Error) => {}
  const consumer = consumerOf(cluster)
  await cluster.clock.resolve(
    consumer.run(
      () =>
        new Promise<void>((_resolve, reject) => {
          fail = reject
        }),
    ),
  )
  await cluster.pass(1000)
  consumer.unsubscribe('T')
  await cluster.pass(2000)
  fail(new Error('too late'))
  await cluster.pass(1000)
  assert.equal(cluster.broker.seen(commands.consumerSendMsgBack).length, 0)
  await cluster.close()
})
