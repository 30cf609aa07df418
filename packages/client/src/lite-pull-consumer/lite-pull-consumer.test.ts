import assert from 'node:assert/strict'
import test from 'node:test'
import { isAerobeeError } from '@aerobee/base'
import { failure } from '@aerobee/net'
import { commands, responseCodes } from '@aerobee/wire'
import { FakeCluster } from '../fake-cluster.test.js'
import type { ReceivedMessage } from '../received-message.js'
import { LitePullConsumer } from './lite-pull-consumer.js'
import type { LitePullConsumerOptions } from './options.js'

async function clusterWith(count: number, queues = 1) {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', queues)
  const put = (more: number, tags?: string) => {
    for (let i = 0; i < more; i++) {
      const body = `m${cluster.broker.queues.bodies('T').length}`
      cluster.broker.put({
        topic: 'T',
        queueId: i % queues,
        body,
        ...(tags && { properties: { TAGS: tags } }),
      })
    }
  }
  put(count)
  const make = (more: Partial<LitePullConsumerOptions> = {}) =>
    cluster.use(new LitePullConsumer({ ...cluster.options(), consumerGroup: 'g', from: 'earliest', ...more }))
  const start = async (more: Partial<LitePullConsumerOptions> = {}) => {
    const lite = make(more).subscribe('T')
    await cluster.clock.resolve(lite.start())
    return lite
  }
  return { cluster, put, make, start, resolve: <T>(promise: Promise<T>) => cluster.clock.resolve(promise) }
}

const texts = (messages: readonly ReceivedMessage[]) => messages.map((message) => message.text())
const queue = { topic: 'T', brokerName: 'broker-a', queueId: 0 }

test('poll returns what was pulled, batch by batch, and nothing when nothing comes', async () => {
  const { cluster, put, start, resolve } = await clusterWith(15)
  const lite = await start()
  assert.deepEqual(texts(await resolve(lite.poll())), [
    'm0',
    'm1',
    'm2',
    'm3',
    'm4',
    'm5',
    'm6',
    'm7',
    'm8',
    'm9',
  ])
  assert.deepEqual(texts(await resolve(lite.poll())).length, 5)
  const beganAt = cluster.clock.monoMs()
  assert.deepEqual(await resolve(lite.poll({ timeoutMs: 700 })), [])
  assert.equal(cluster.clock.monoMs() - beganAt, 700)
  const waiting = lite.poll()
  await cluster.pass(100)
  put(1)
  assert.deepEqual(texts(await resolve(waiting)), ['m15'])
  await cluster.close()
})

test('a pull asks as Java asks', async () => {
  const { cluster, start } = await clusterWith(0)
  await start()
  await cluster.pass(100)
  const { fields, frame } = cluster.broker.seen(commands.litePullMessage)[0]!
  const { sysFlag, subscription, subVersion, maxMsgNums, suspendTimeoutMillis, maxMsgBytes } = fields
  assert.deepEqual(
    [sysFlag, subscription, subVersion, maxMsgNums, suspendTimeoutMillis, maxMsgBytes],
    [22, '*', 0, 10, 20_000, 2_147_483_647],
  )
  assert.equal(frame.extFields!.ReqT, '0')
  await cluster.close()
})

test('what a poll returned is committed once poll is called again, so that a crash loses nothing', async () => {
  const { cluster, start, resolve } = await clusterWith(20)
  const lite = await start()
  await resolve(lite.poll())
  await cluster.pass(30_000)
  assert.equal(cluster.broker.offset('g', 'T', 0), 0)
  await resolve(lite.poll())
  await cluster.pass(6000)
  assert.equal(cluster.broker.offset('g', 'T', 0), 10)
  await resolve(lite.close())
  assert.equal(cluster.broker.offset('g', 'T', 0), 10)
  await cluster.close()
})

test('commit saves all that was handed out, at once; without autoCommit nothing else does', async () => {
  const { cluster, start, resolve } = await clusterWith(20)
  const lite = await start({ autoCommit: false })
  await resolve(lite.poll())
  await resolve(lite.poll())
  await cluster.pass(30_000)
  assert.equal(cluster.broker.offset('g', 'T', 0), 0)
  await resolve(lite.commit())
  assert.equal(cluster.broker.offset('g', 'T', 0), 20)
  await resolve(lite.commit([[queue, 7]]))
  assert.equal(cluster.broker.offset('g', 'T', 0), 7)
  assert.equal(await resolve(lite.committed(queue)), 7)
  await resolve(lite.commit([queue]))
  assert.equal(cluster.broker.offset('g', 'T', 0), 20)
  await cluster.close()
})

test('messages are iterated over with back-pressure; the one a loop is left with is the first of the next', async () => {
  const { cluster, start, resolve } = await clusterWith(25)
  const lite = await start({ pullBatchSize: 4, pullThresholdForAll: 8 })
  const read = async (count: number) => {
    const got: string[] = []
    for await (const message of lite) {
      got.push(message.text())
      if (got.length === count) break
    }
    return got
  }
  assert.deepEqual(await resolve(read(6)), ['m0', 'm1', 'm2', 'm3', 'm4', 'm5'])
  await cluster.pass(1000)
  const pulls = cluster.broker.seen(commands.litePullMessage).length
  await cluster.pass(1000)
  assert.equal(cluster.broker.seen(commands.litePullMessage).length, pulls, 'the cache is full')
  assert.deepEqual(await resolve(read(3)), ['m5', 'm6', 'm7'])
  await resolve(lite.close())
  assert.equal(cluster.broker.offset('g', 'T', 0), 7)
  await cluster.close()
})

test('batches are iterated over until close', async () => {
  const { cluster, start, resolve } = await clusterWith(25)
  const lite = await start()
  const sizes: number[] = []
  const loop = (async () => {
    for await (const messages of lite.batches()) sizes.push(messages.length)
  })()
  await cluster.pass(7000)
  await resolve(lite.close())
  await resolve(loop)
  assert.deepEqual(sizes, [10, 10, 5])
  assert.equal(cluster.broker.offset('g', 'T', 0), 25)
  await cluster.close()
})

test('seek goes anywhere the queue has, and what was cached counts for nothing', async () => {
  const { cluster, start, resolve } = await clusterWith(30)
  const lite = await start()
  await resolve(lite.poll())
  await resolve(lite.seek(queue, 3))
  assert.equal(texts(await resolve(lite.poll()))[0], 'm3')
  await resolve(lite.seekToEnd(queue))
  assert.deepEqual(await resolve(lite.poll({ timeoutMs: 100 })), [])
  await resolve(lite.seekToBegin(queue))
  assert.equal(texts(await resolve(lite.poll()))[0], 'm0')
  await resolve(
    assert.rejects(
      lite.seek(queue, 31),
      /Seek offset illegal, seek offset = 31, min offset = 0, max offset = 30/,
    ),
  )
  const other = { ...queue, queueId: 9 }
  await resolve(
    assert.rejects(lite.seek(other, 0), /The message queue is not in assigned list, may be rebalancing/),
  )
  await resolve(lite.commit())
  assert.equal(cluster.broker.offset('g', 'T', 0), 10)
  await cluster.close()
})

test('a paused queue is not pulled, what is cached is delivered', async () => {
  const { cluster, put, start, resolve } = await clusterWith(3)
  const lite = await start()
  await cluster.pass(100)
  lite.pause([queue])
  await cluster.pass(25_000)
  put(2)
  assert.deepEqual(texts(await resolve(lite.poll())), ['m0', 'm1', 'm2'])
  assert.deepEqual(await resolve(lite.poll({ timeoutMs: 3000 })), [])
  lite.resume([queue])
  assert.deepEqual(texts(await resolve(lite.poll())), ['m3', 'm4'])
  await cluster.close()
})

test('members share the queues, and an assigned consumer reads what it names', async () => {
  const { cluster, make, start, resolve } = await clusterWith(8, 4)
  const one = await start()
  const two = await start()
  await cluster.pass(3000)
  assert.deepEqual([one.assignment().length, two.assignment().length], [2, 2])
  const named = make({ consumerGroup: 'h' })
  assert.throws(() => named.assign([]), /Message queues can not be null or empty/)
  named.assign([{ ...queue, queueId: 2 }])
  assert.throws(() => named.subscribe('T'), /Subscribe and assign are mutually exclusive/)
  assert.throws(() => one.assign([queue]), /Subscribe and assign are mutually exclusive/)
  await resolve(named.start())
  assert.deepEqual(texts(await resolve(named.poll())), ['m2', 'm6'])
  named.assign([{ ...queue, queueId: 3 }])
  assert.deepEqual(texts(await resolve(named.poll())), ['m3', 'm7'])
  assert.deepEqual(
    named.assignment().map(({ queueId }) => queueId),
    [3],
  )
  await cluster.close()
})

test('an assigned light message queue is read and committed at the broker it names, though it has no route', async () => {
  const { cluster, make, resolve } = await clusterWith(1)
  const light = { ...queue, topic: '%LMQ%light' }
  cluster.broker.queues.create(light.topic, 1)
  cluster.broker.put({ topic: light.topic, queueId: 0, body: 'light' })
  const lite = make()
  await resolve(lite.start())
  assert.equal((await resolve(lite.fetchMessageQueues('T'))).length, 1)
  lite.assign([light])
  assert.deepEqual(texts(await resolve(lite.poll())), ['light'])
  await resolve(lite.commit())
  assert.equal(await resolve(lite.committed(light)), 1)
  await cluster.close()
})

test('queues assigned to a consumer that runs already stay, whatever is shared out', async () => {
  const { cluster, make, put, resolve } = await clusterWith(1)
  const lite = make()
  await resolve(lite.start())
  lite.assign([queue])
  assert.deepEqual(texts(await resolve(lite.poll())), ['m0'])
  await cluster.pass(30_000)
  put(1)
  assert.deepEqual(texts(await resolve(lite.poll())), ['m1'])
  assert.deepEqual(lite.assignment(), [queue])
  await cluster.close()
})

test('a queue that goes to another member goes with what was consumed', async () => {
  const { cluster, start, resolve } = await clusterWith(40, 2)
  const one = await start()
  for (let i = 0; i < 4; i++) await resolve(one.poll())
  await cluster.pass(5000)
  assert.deepEqual(await resolve(one.poll({ timeoutMs: 10 })), [])
  await cluster.pass(5000)
  const two = await start()
  await cluster.pass(3000)
  const left = [
    ...(await resolve(one.poll({ timeoutMs: 100 }))),
    ...(await resolve(two.poll({ timeoutMs: 100 }))),
  ]
  assert.deepEqual(texts(left), [])
  await cluster.close()
})

test('tags are filtered, an illegal offset is corrected, and a failure is tried again', async () => {
  const { cluster, put, make, resolve } = await clusterWith(3)
  put(2, 'a')
  cluster.broker.offsets.set('g@T@0', 99)
  let failures = 2
  cluster.broker.overrides.set(commands.litePullMessage.code, () =>
    failures-- > 0 ? failure(responseCodes.SYSTEM_ERROR, 'not now') : undefined,
  )
  const lite = make().subscribe('T', 'a')
  await resolve(lite.start())
  await cluster.pass(3000)
  put(1, 'a')
  assert.deepEqual(texts(await resolve(lite.poll())), ['m5'])
  assert.equal(cluster.lines(/the pull request offset illegal/).length, 1)
  assert.equal(cluster.lines(/pulling queue .* failed/).length, 2)
  await cluster.close()
})

test('a broker that knows no lite pulls is read by ordinary ones, from the first refusal on', async () => {
  const { cluster, start, resolve } = await clusterWith(8, 4)
  cluster.broker.overrides.set(commands.litePullMessage.code, () =>
    failure(responseCodes.REQUEST_CODE_NOT_SUPPORTED, ' request type 361 not supported'),
  )
  const lite = await start()
  const got: string[] = []
  for (let i = 0; i < 4; i++) got.push(...texts(await resolve(lite.poll({ timeoutMs: 100 }))))
  assert.equal(got.length, 8)
  assert.equal(cluster.broker.seen(commands.litePullMessage).length, 4)
  assert.deepEqual(cluster.lines(/pulling queue .* failed/), [])
  await cluster.close()
})

test('offsets are found by time, queues by topic, and listeners hear when these change', async () => {
  const { cluster, put, start, resolve } = await clusterWith(3)
  await cluster.pass(60_000)
  const then = cluster.clock.wallMs()
  put(3)
  const lite = await start()
  assert.equal(await resolve(lite.offsetForTimestamp(queue, then)), 3)
  assert.deepEqual(await resolve(lite.fetchMessageQueues('T')), [queue])
  await resolve(
    assert.rejects(lite.fetchMessageQueues('Nope'), (thrown) => isAerobeeError(thrown, 'NO_ROUTE')),
  )
  const heard: number[] = []
  lite.registerTopicMessageQueueChangeListener('T', (_topic, queues) => void heard.push(queues.length))
  await cluster.pass(15_000)
  cluster.createTopic('T', 3)
  await cluster.pass(120_000)
  assert.deepEqual(heard, [3])
  await cluster.close()
})

test('closing ends polls, and afterwards nothing works', async () => {
  const { cluster, make, start, resolve } = await clusterWith(0)
  const fresh = make({ consumerGroup: 'x' })
  await assert.rejects(fresh.poll(), /The consumer not running, please start it first/)
  const lite = await start()
  const waiting = lite.poll()
  const controller = new AbortController()
  const aborted = assert.rejects(lite.poll({ signal: controller.signal }), /enough/)
  controller.abort(new Error('enough'))
  await aborted
  await resolve(lite.close())
  assert.deepEqual(await waiting, [])
  await assert.rejects(lite.poll(), (thrown) => isAerobeeError(thrown, 'CLOSED'))
  await cluster.close()
})

test('closing at any moment leaves nothing behind', async () => {
  for (const steps of [0, 1, 5, 30, 60, 400]) {
    const { cluster, make, resolve } = await clusterWith(5, 2)
    cluster.network.defaultLatencyMs = 10
    const lite = make().subscribe('T')
    const starting = lite.start().catch((thrown) => assert.ok(isAerobeeError(thrown, 'CLOSED')))
    await cluster.pass(steps)
    await resolve(lite.close())
    await resolve(starting)
    await cluster.pass(50)
    await cluster.close()
  }
})
