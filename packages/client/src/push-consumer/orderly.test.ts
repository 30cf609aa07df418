import assert from 'node:assert/strict'
import test from 'node:test'
import { failure } from '@aerobee/net'
import { bodies, commands, responseCodes } from '@aerobee/wire'
import { FakeCluster } from '../fake-cluster.test.js'
import type { PushConsumerOptions } from './options.js'
import { PushConsumer } from './push-consumer.js'

async function clusterWith(count: number, queues = 1) {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', queues)
  for (let i = 0; i < count; i++) cluster.broker.put({ topic: 'T', queueId: i % queues, body: `m${i}` })
  const make = (more: Partial<PushConsumerOptions> = {}) =>
    cluster
      .use(new PushConsumer({ ...cluster.options(), consumerGroup: 'g', from: 'earliest', ...more }))
      .subscribe('T')
  const locks = () =>
    cluster.broker.seen(commands.lockBatchQueues).map(({ frame, atMs }) => {
      const body = bodies.lockBatchRequest.decode(frame.body)
      assert.ok(body.ok)
      return {
        atMs,
        queues: body.value.mqSet.filter(({ topic }) => topic === 'T').map(({ queueId }) => queueId),
      }
    })
  return { cluster, make, locks }
}

test('messages of a queue come one after another, each when the one before is done', async () => {
  const { cluster, make } = await clusterWith(30, 3)
  const lines: string[] = []
  const consumer = make()
  await cluster.clock.resolve(
    consumer.runOrderly(async ({ queue, queueOffset }) => {
      lines.push(`${queue.queueId} begins ${queueOffset}`)
      await Promise.resolve()
      lines.push(`${queue.queueId} ends ${queueOffset}`)
    }),
  )
  await cluster.pass(2000)
  for (const queueId of [0, 1, 2]) {
    const own = lines.filter((line) => line.startsWith(`${queueId} `))
    const expected = Array.from({ length: 10 }, (_, i) => [
      `${queueId} begins ${i}`,
      `${queueId} ends ${i}`,
    ]).flat()
    assert.deepEqual(own, expected)
  }
  await cluster.pass(5000)
  assert.equal(cluster.broker.offset('g', 'T', 0), 10)
  await cluster.close()
})

test('a failure stops the queue for its pause and brings the same message again', async () => {
  const { cluster, make } = await clusterWith(3)
  const seen: [text: string, times: number, atMs: number][] = []
  const consumer = make({ suspendCurrentQueueTimeMillis: 300 })
  await cluster.clock.resolve(
    consumer.runOrderly((message) => {
      seen.push([message.text(), message.reconsumeTimes, cluster.clock.monoMs()])
      if (seen.length === 2 || seen.length === 3) throw new Error('not yet')
    }),
  )
  await cluster.pass(3000)
  assert.deepEqual(
    seen.map(([text, times]) => `${text} ${times}`),
    ['m0 0', 'm1 0', 'm1 1', 'm1 2', 'm2 0'],
  )
  assert.deepEqual([seen[2]![2] - seen[1]![2], seen[3]![2] - seen[2]![2]], [300, 300])
  await cluster.close()
})

test('a message that had its tries goes to the dead letters, and the queue goes on', async () => {
  const { cluster, make } = await clusterWith(2)
  const seen: string[] = []
  const consumer = make({ maxReconsumeTimes: 2, suspendCurrentQueueTimeMillis: 10 })
  await cluster.clock.resolve(
    consumer.runOrderly((message) => {
      seen.push(message.text())
      return message.text() === 'm0' ? 'SUSPEND_CURRENT_QUEUE_A_MOMENT' : 'SUCCESS'
    }),
  )
  await cluster.pass(20_000)
  assert.deepEqual(seen, ['m0', 'm0', 'm0', 'm1'])
  assert.deepEqual(cluster.broker.queues.bodies('%DLQ%g'), ['m0'])
  await cluster.close()
})

test('without autoCommit messages are finished by COMMIT and come again after ROLLBACK', async () => {
  const { cluster, make } = await clusterWith(4)
  const seen: string[] = []
  const results = ['SUCCESS', 'ROLLBACK', 'SUCCESS', 'SUCCESS', 'COMMIT', 'SUCCESS'] as const
  const consumer = make()
  await cluster.clock.resolve(
    consumer.runOrderly((message, context) => {
      context.autoCommit = false
      context.suspendCurrentQueueTimeMillis = 20
      seen.push(message.text())
      return results[seen.length - 1]
    }),
  )
  await cluster.pass(10_000)
  assert.deepEqual(seen, ['m0', 'm1', 'm0', 'm1', 'm2', 'm3'])
  assert.equal(cluster.broker.offset('g', 'T', 0), 3)
  await cluster.close()
})

test('batches are taken whole, and retried whole', async () => {
  const { cluster, make } = await clusterWith(5)
  const seen: string[][] = []
  const consumer = make({ consumeMessageBatchMaxSize: 3, suspendCurrentQueueTimeMillis: 10 })
  await cluster.clock.resolve(
    consumer.runOrderlyBatch((messages) => {
      seen.push(messages.map((message) => message.text()))
      if (seen.length === 1) throw new Error('not yet')
    }),
  )
  await cluster.pass(2000)
  assert.deepEqual(seen, [
    ['m0', 'm1', 'm2'],
    ['m0', 'm1', 'm2'],
    ['m3', 'm4'],
  ])
  await cluster.close()
})

test('queues are locked when they are taken, then all together after a second and every twenty', async () => {
  const { cluster, make, locks } = await clusterWith(0, 2)
  const consumer = make()
  await cluster.clock.resolve(consumer.runOrderly(() => {}))
  await cluster.pass(41_500)
  const seen = locks().filter(({ queues }) => queues.length > 0)
  assert.deepEqual(
    seen.slice(0, 2).map(({ queues }) => queues),
    [[0], [1]],
  )
  assert.deepEqual(
    seen.slice(2).map(({ queues, atMs }) => [queues.length, atMs]),
    [
      [2, 1000],
      [2, 20_000],
      [2, 40_000],
    ],
  )
  await cluster.clock.resolve(consumer.close())
  assert.equal(cluster.broker.locks.size, 0)
  await cluster.close()
})

test('a queue that another member has locked is taken once it is given up, where that member came to', async () => {
  const { cluster, make } = await clusterWith(6)
  cluster.broker.locks.set('g@T@0', { clientId: 'other', untilMs: 30_000 })
  const seen: string[] = []
  const consumer = make()
  await cluster.clock.resolve(consumer.runOrderly((message) => void seen.push(message.text())))
  await cluster.pass(5000)
  assert.deepEqual(seen, [])
  assert.ok(cluster.lines(/because lock failed/).length > 0)
  cluster.broker.offsets.set('g@T@0', 4)
  cluster.broker.locks.delete('g@T@0')
  await cluster.pass(3000)
  assert.deepEqual(seen, ['m4', 'm5'])
  assert.match(
    cluster.lines(/the first time to pull message.* topic T /)[0]!,
    /newOffset: 4, brokerBusy: false/,
  )
  await cluster.close()
})

test('a lock that is lost stops the queue until it is held again', async () => {
  const { cluster, make } = await clusterWith(1)
  const seen: string[] = []
  const consumer = make()
  await cluster.clock.resolve(consumer.runOrderly((message) => void seen.push(message.text())))
  await cluster.pass(2000)
  cluster.broker.locks.set('g@T@0', { clientId: 'other', untilMs: 1e9 })
  await cluster.pass(20_000)
  cluster.broker.put({ topic: 'T', queueId: 0, body: 'm1' })
  await cluster.pass(10_000)
  assert.deepEqual(seen, ['m0'])
  cluster.broker.locks.delete('g@T@0')
  await cluster.pass(25_000)
  assert.deepEqual(seen, ['m0', 'm1'])
  await cluster.close()
})

test('a broker that does not answer leaves the locks as they are, for as long as they live', async () => {
  const { cluster, make } = await clusterWith(1)
  const seen: string[] = []
  const consumer = make()
  await cluster.clock.resolve(consumer.runOrderly((message) => void seen.push(message.text())))
  await cluster.pass(2000)
  cluster.broker.overrides.set(commands.lockBatchQueues.code, () =>
    failure(responseCodes.SYSTEM_ERROR, 'not now'),
  )
  await cluster.pass(20_000)
  cluster.broker.put({ topic: 'T', queueId: 0, body: 'm1' })
  await cluster.pass(100)
  assert.deepEqual(seen, ['m0', 'm1'])
  await cluster.pass(30_000)
  cluster.broker.put({ topic: 'T', queueId: 0, body: 'm2' })
  await cluster.pass(2000)
  assert.deepEqual(seen, ['m0', 'm1'])
  cluster.broker.overrides.clear()
  await cluster.pass(25_000)
  assert.deepEqual(seen, ['m0', 'm1', 'm2'])
  await cluster.close()
})

test('a queue goes to another member only when its listener has ended, and no two have it at once', async () => {
  const { cluster, make } = await clusterWith(20)
  let atWork = 0
  let most = 0
  const seen: string[] = []
  const listen = (delayMs: number) => async (message: { text(): string }) => {
    most = Math.max(most, ++atWork)
    await new Promise<void>((resolve) => void cluster.clock.after(delayMs, resolve))
    seen.push(message.text())
    atWork--
  }
  // Client ids are sorted, so the second one takes the only queue from the first.
  const first = make({ instanceName: 'z' })
  await cluster.clock.resolve(first.runOrderly(listen(700)))
  await cluster.pass(2500)
  const second = make({ clientIP: '10.0.0.101', instanceName: 'a' })
  await cluster.clock.resolve(second.runOrderly(listen(10)))
  await cluster.pass(30_000)
  assert.equal(most, 1)
  assert.deepEqual(
    seen,
    Array.from({ length: 20 }, (_, i) => `m${i}`),
  )
  await cluster.close()
})

test('a listener at work for more than a minute lets others in between its messages', async () => {
  const { cluster, make } = await clusterWith(10, 2)
  const seen: string[] = []
  const consumer = make({ consumeThreadMax: 1 })
  await cluster.clock.resolve(
    consumer.runOrderly(async ({ queue }) => {
      await new Promise<void>((resolve) => void cluster.clock.after(25_000, resolve))
      seen.push(`queue ${queue.queueId}`)
    }),
  )
  await cluster.pass(260_000)
  assert.equal(new Set(seen.slice(0, 4)).size, 2, seen.join())
  assert.equal(seen.length, 10)
  await cluster.close()
})
