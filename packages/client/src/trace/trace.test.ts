import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { failure } from '@aerobee/net'
import { commands, findProperty, responseCodes } from '@aerobee/wire'
import { FakeCluster } from '../fake-cluster.test.js'
import { Producer } from '../producer/producer.js'
import { PushConsumer } from '../push-consumer/push-consumer.js'
import { type TraceRecord, traceKeys, traceText } from './trace-records.js'

interface Vector {
  type: TraceRecord['type']
  beans: number
  result: { transData: string; transKey: string[] }
}
const { vectors } = JSON.parse(
  readFileSync(new URL('../../testdata/trace.json', import.meta.url), 'utf8'),
) as { vectors: Vector[] }

const common = { timestamp: 1_700_000_000_000, region: 'DefaultRegion', group: 'GID_a' }
const one = { topic: 'TopicA', messageId: 'ID0', tags: 'TagA', keys: 'k1 k2', storeHost: '127.0.0.1:10911' }
const many = (beans: number) =>
  Array.from({ length: beans }, (_, i) => ({ messageId: `ID${i}`, keys: 'k1 k2', retryTimes: 2 }))

function recordOf(type: TraceRecord['type'], beans: number): TraceRecord {
  const requestId = 'REQ0001'
  switch (type) {
    case 'Pub':
      return {
        type,
        ...common,
        ...one,
        bodyBytes: 10,
        costMs: 12,
        messageType: 'Normal_Msg',
        offsetMessageId: 'OFF0',
        success: true,
      }
    case 'SubBefore':
      return { type, ...common, requestId, messages: many(beans) }
    case 'SubAfter':
      return {
        type,
        ...common,
        requestId,
        messages: many(beans),
        costMs: 12,
        success: true,
        returnType: 'SUCCESS',
      }
    case 'EndTransaction':
      return {
        type,
        ...common,
        ...one,
        messageType: 'Normal_Msg',
        transactionId: 'TXID',
        state: 'COMMIT_MESSAGE',
        fromTransactionCheck: true,
      }
    case 'Recall':
      return { type, ...common, topic: 'TopicA', messageId: 'ID0', success: true }
  }
}

test('records are written as Java writes them', () => {
  assert.equal(new Set(vectors.map(({ type }) => type)).size, 5)
  for (const { type, beans, result } of vectors) {
    const record = recordOf(type, beans)
    assert.equal(traceText(record), result.transData, `${type} ${beans}`)
    if (beans === 1 && type !== 'Recall')
      assert.deepEqual([...new Set(traceKeys(record))].sort(), [...result.transKey].sort(), type)
  }
})

async function traced(more: object = {}) {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 1)
  cluster.createTopic('RMQ_SYS_TRACE_TOPIC', 1)
  const producer = cluster.use(
    new Producer({ ...cluster.options(), producerGroup: 'p', enableTrace: true, ...more }),
  )
  await cluster.clock.resolve(producer.start())
  const traces = () =>
    cluster.broker
      .seen(commands.sendMessageV2)
      .filter(({ fields }) => fields.topic === 'RMQ_SYS_TRACE_TOPIC')
      .map(({ fields, frame }) => ({
        group: fields.producerGroup as string,
        keys: findProperty(fields.properties as string, 'KEYS')!,
        lines: Buffer.from(frame.body)
          .toString()
          .split('\u0002')
          .slice(0, -1)
          .map((line) => line.split('\u0001')),
      }))
  return { cluster, producer, traces }
}

test('sends and consumption are traced, after five seconds, under keys and ids', async () => {
  const { cluster, producer, traces } = await traced()
  const { messageId } = await cluster.clock.resolve(
    producer.send({ topic: 'T', body: 'hello', tags: 'a', keys: ['k1'] }),
  )
  const consumer = cluster.use(
    new PushConsumer({ ...cluster.options(), consumerGroup: 'g', from: 'earliest', enableTrace: true }),
  )
  consumer.subscribe('T')
  await cluster.clock.resolve(consumer.run(() => {}))
  await cluster.pass(10_000)
  const [sent, consumed] = traces()
  assert.match(sent!.group, /^_INNER_TRACE_PRODUCER-p-PRODUCE-\d+$/)
  assert.equal(sent!.keys, `${messageId} k1`)
  assert.deepEqual(sent!.lines[0]!.slice(2, 10), [
    'DefaultRegion',
    'p',
    'T',
    messageId,
    'a',
    'k1',
    '10.0.1.1:10911',
    '5',
  ])
  assert.match(consumed!.group, /^_INNER_TRACE_PRODUCER-g-CONSUME-\d+$/)
  const [before, after] = consumed!.lines
  assert.deepEqual([before![0], before![3], before![5], before![6]], ['SubBefore', 'g', messageId, '0'])
  assert.deepEqual(
    [after![0], after![1], after![2], after![4], after![6]],
    ['SubAfter', before![4], messageId, 'true', '0'],
  )
  await cluster.close()
})

test('a message that is full goes at once, what is left goes at close', async () => {
  const { cluster, producer, traces } = await traced({ traceMsgBatchNum: 4 })
  for (let i = 0; i < 6; i++) await cluster.clock.resolve(producer.send({ topic: 'T', body: 'x' }))
  await cluster.pass(10)
  assert.deepEqual(
    traces().map(({ lines }) => lines.length),
    [4],
  )
  await cluster.clock.resolve(producer.close())
  assert.deepEqual(
    traces().map(({ lines }) => lines.length),
    [4, 2],
  )
  await cluster.close()
})

test('failed sends are not traced, and a broker that takes no traces slows nothing down', async () => {
  const { cluster, producer, traces } = await traced()
  cluster.broker.overrides.set(commands.sendMessageV2.code, ({ fields }) =>
    fields.topic === 'T' ? failure(responseCodes.MESSAGE_ILLEGAL, 'no') : undefined,
  )
  await cluster.clock.resolve(assert.rejects(producer.send({ topic: 'T', body: 'x' })))
  await cluster.pass(6000)
  assert.equal(traces().length, 0)
  cluster.broker.overrides.set(commands.sendMessageV2.code, ({ fields }) =>
    fields.topic === 'T' ? undefined : failure(responseCodes.SYSTEM_BUSY, 'no'),
  )
  for (let i = 0; i < 50; i++) await cluster.clock.resolve(producer.send({ topic: 'T', body: 'x' }))
  await cluster.pass(6000)
  assert.ok(cluster.lines(/trace records could not be sent/).length > 0)
  await cluster.close()
})
