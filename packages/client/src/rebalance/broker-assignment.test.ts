import assert from 'node:assert/strict'
import test from 'node:test'
import { isAerobeeError } from '@aerobee/base'
import { failure, success } from '@aerobee/net'
import { FaultFileSystem } from '@aerobee/testkit'
import { bodies, commands, isRetryTopic } from '@aerobee/wire'
import { FakeCluster } from '../fake-cluster.test.js'
import type { PushConsumerOptions } from '../push-consumer/options.js'
import { PushConsumer } from '../push-consumer/push-consumer.js'

const queue = (queueId: number) => ({ topic: 'T', brokerName: 'broker-a', queueId })

async function withAssignments(more: Partial<PushConsumerOptions> = {}) {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 4)
  /** Answer for topic T. */
  const state: { answer: ReturnType<typeof success> | 'default' } = { answer: 'default' }
  const assign = (ids: readonly number[], mode: 'PULL' | 'POP' = 'PULL') => {
    const messageQueueAssignments = ids.map((id) => ({ messageQueue: queue(id), mode }))
    state.answer = success(null, bodies.queryAssignmentResponse.encode({ messageQueueAssignments }))
  }
  cluster.broker.overrides.set(commands.queryAssignment.code, ({ frame }) => {
    const asked = bodies.queryAssignmentRequest.decode(frame.body)
    assert.ok(asked.ok)
    if (!isRetryTopic(asked.value.topic)) return state.answer === 'default' ? undefined : state.answer
    const messageQueue = { ...queue(0), topic: asked.value.topic }
    return success(
      null,
      bodies.queryAssignmentResponse.encode({ messageQueueAssignments: [{ messageQueue, mode: 'PULL' }] }),
    )
  })
  const { surroundings, ...options } = cluster.options()
  const consumer = cluster.use(
    new PushConsumer({
      ...options,
      surroundings: { ...surroundings!, fileSystem: new FaultFileSystem() },
      consumerGroup: 'g',
      from: 'earliest',
      clientRebalance: false,
      ...more,
    }).subscribe('T'),
  )
  const own = () =>
    consumer
      .assignment()
      .filter(({ topic }) => topic === 'T')
      .map(({ queueId }) => queueId)
      .sort()
  const asked = () => cluster.broker.seen(commands.queryAssignment)
  return { cluster, consumer, state, assign, own, asked }
}

test('with clientRebalance off a consumer has the queues that the broker says, and follows it', async () => {
  const { cluster, consumer, assign, own, asked } = await withAssignments()
  assign([1, 3])
  const seen: string[] = []
  for (const id of [0, 1, 2, 3]) cluster.broker.put({ topic: 'T', queueId: id, body: `q${id}` })
  await cluster.clock.resolve(consumer.run((message) => void seen.push(message.text())))
  await cluster.pass(5000)
  assert.deepEqual(
    [own(), seen.sort()],
    [
      [1, 3],
      ['q1', 'q3'],
    ],
  )
  const body = bodies.queryAssignmentRequest.decode(asked()[0]!.frame.body)
  assert.deepEqual(body.ok && { ...body.value, clientId: '' }, {
    clientId: '',
    consumerGroup: 'g',
    messageModel: 'CLUSTERING',
    strategyName: 'AVG',
    topic: 'T',
  })
  assign([0, 1])
  await cluster.pass(22_000)
  assert.deepEqual(
    [own(), seen.sort()],
    [
      [0, 1],
      ['q0', 'q1', 'q3'],
    ],
  )
  await cluster.close()
})

test('an error, or an answer without queues, leaves everything as it is', async () => {
  const { cluster, consumer, state, assign, own } = await withAssignments()
  assign([2])
  await cluster.clock.resolve(consumer.run(() => {}))
  const errors: unknown[] = []
  consumer.on('error', (error) => errors.push(error))
  state.answer = failure(1, 'no idea')
  await cluster.pass(25_000)
  assert.deepEqual(own(), [2])
  assert.ok(isAerobeeError(errors[0], 'BROKER_ERROR'))
  state.answer = success(null, bodies.queryAssignmentResponse.encode({}))
  await cluster.pass(25_000)
  assert.deepEqual(own(), [2])
  await cluster.close()
})

test('a broker that shares nothing out leaves it to the members', async () => {
  const { cluster, consumer, own } = await withAssignments()
  await cluster.clock.resolve(consumer.run(() => {}))
  assert.deepEqual(own(), [0, 1, 2, 3])
  assert.ok(cluster.lines(/does not share out queues/).length > 0)
  await cluster.close()
})

test('queues that are to be popped are left, with the way out told once in a while', async () => {
  const { cluster, consumer, assign, own } = await withAssignments()
  assign([-1], 'POP')
  const errors: unknown[] = []
  consumer.on('error', (error) => errors.push(error))
  await cluster.clock.resolve(consumer.run(() => {}))
  await cluster.pass(50_000)
  assert.deepEqual(own(), [])
  assert.ok(errors.length > 0 && errors.length <= 4, `${errors.length} errors`)
  assert.ok(isAerobeeError(errors[0], 'UNSUPPORTED'))
  assert.match(errors[0].message, /mqadmin setConsumeMode -t T -g g -m PULL/)
  assign([0, 1, 2, 3])
  await cluster.pass(25_000)
  assert.deepEqual(own(), [0, 1, 2, 3])
  await cluster.close()
})

test('orderly and broadcasting consumers, and those that share queues out themselves, never ask', async () => {
  for (const [more, orderly] of [
    [{}, true],
    [{ messageModel: 'BROADCASTING' }, false],
    [{ clientRebalance: true }, false],
  ] as const) {
    const { cluster, consumer, asked } = await withAssignments(more)
    await cluster.clock.resolve(orderly ? consumer.runOrderly(() => {}) : consumer.run(() => {}))
    await cluster.pass(25_000)
    assert.equal(asked().length, 0)
    await cluster.close()
  }
})
