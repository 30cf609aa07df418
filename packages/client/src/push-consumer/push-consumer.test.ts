import assert from 'node:assert/strict'
import test from 'node:test'
import { isAerobeeError } from '@aerobee/base'
import { failure } from '@aerobee/net'
import { commands, responseCodes } from '@aerobee/wire'
import { Client } from '../client.js'
import { FakeCluster } from '../fake-cluster.test.js'
import type { ReceivedMessage } from '../received-message.js'
import { sql } from '../sql.js'
import type { PushConsumerOptions } from './options.js'
import { PushConsumer } from './push-consumer.js'

const consumerOf = (cluster: FakeCluster, more: Partial<PushConsumerOptions> = {}) =>
  cluster.use(new PushConsumer({ ...cluster.options(), consumerGroup: 'g', from: 'earliest', ...more }))

function put(cluster: FakeCluster, count: number, topic = 'T', queues = 4): string[] {
  return Array.from({ length: count }, (_, i) => {
    const body = `m${cluster.broker.queues.bodies(topic).length}`
    cluster.broker.put({ topic, queueId: i % queues, body, properties: { UNIQ_KEY: `ID${body}` } })
    return body
  })
}

const sorted = (texts: Iterable<string>) => [...texts].sort()

test('messages that are there and that come are delivered, and the offsets are saved', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T')
  const expected = put(cluster, 10)
  const got: string[] = []
  const consumer = consumerOf(cluster).subscribe('T')
  await cluster.clock.resolve(consumer.run((message) => void got.push(message.text())))
  await cluster.pass(600)
  assert.deepEqual(sorted(got), sorted(expected))
  expected.push(...put(cluster, 6))
  await cluster.pass(10)
  assert.deepEqual(sorted(got), sorted(expected))
  await cluster.pass(6000)
  assert.deepEqual(
    [0, 1, 2, 3].map((queueId) => cluster.broker.offset('g', 'T', queueId)),
    [5, 5, 3, 3],
  )
  await cluster.close()
})

test('a pull asks as Java asks: flags, sizes, and no expression unless wanted', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 1)
  put(cluster, 1, 'T', 1)
  const consumer = consumerOf(cluster).subscribe('T', 'a || b')
  await cluster.clock.resolve(consumer.run(() => {}))
  await cluster.pass(16_000)
  const pulls = cluster.broker.seen(commands.pullMessage).filter(({ fields }) => fields.topic === 'T')
  const { maxMsgNums, maxMsgBytes, suspendTimeoutMillis, subscription, expressionType } = pulls[0]!.fields
  assert.deepEqual(
    [maxMsgNums, maxMsgBytes, suspendTimeoutMillis, subscription, expressionType],
    [32, 262_144, 15_000, undefined, 'TAG'],
  )
  // The first one has nothing to commit; later ones carry the offset that was corrected.
  assert.deepEqual(
    pulls.map(({ fields }) => [fields.sysFlag, fields.commitOffset, fields.queueOffset]).slice(0, 2),
    [
      [2, 0, 0],
      [3, 1, 1],
    ],
  )
  assert.equal(pulls[0]!.atMs, 500, 'the first pull comes half a second after the queue was taken')
  await cluster.close()
})

test('with postSubscriptionWhenPull the expression goes along', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 1)
  const consumer = consumerOf(cluster, { postSubscriptionWhenPull: true }).subscribe('T', 'a')
  await cluster.clock.resolve(consumer.run(() => {}))
  await cluster.pass(600)
  const [pull] = cluster.broker.seen(commands.pullMessage).filter(({ fields }) => fields.topic === 'T')
  assert.deepEqual([pull!.fields.sysFlag, pull!.fields.subscription], [6, 'a'])
  await cluster.close()
})

test('tags with the hash of a wanted one are not delivered', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 1)
  for (const tag of ['Aa', 'BB', 'C'])
    cluster.broker.put({ topic: 'T', queueId: 0, body: tag, properties: { TAGS: tag } })
  const got: string[] = []
  const consumer = consumerOf(cluster).subscribe('T', 'Aa')
  await cluster.clock.resolve(consumer.run((message) => void got.push(message.text())))
  await cluster.pass(20_000)
  assert.deepEqual(got, ['Aa'])
  assert.equal(cluster.broker.offset('g', 'T', 0), 3)
  await cluster.close()
})

test('two members share the queues; when one leaves or dies the other takes over, and nothing is lost', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T')
  const got = new Set<string>()
  const take = (message: ReceivedMessage) => void got.add(message.text())
  const first = consumerOf(cluster).subscribe('T')
  const second = consumerOf(cluster).subscribe('T')
  await cluster.clock.resolve(first.run(take))
  await cluster.clock.resolve(second.run(take))
  await cluster.pass(3000)
  assert.deepEqual(
    [first.assignment(), second.assignment()].map(
      (queues) => queues.filter(({ topic }) => topic === 'T').length,
    ),
    [2, 2],
  )
  const expected = put(cluster, 40)
  await cluster.pass(1000)
  assert.equal(got.size, 40)
  await cluster.clock.resolve(first.close())
  expected.push(...put(cluster, 40))
  await cluster.pass(3000)
  assert.deepEqual(sorted(got), sorted(expected))
  await cluster.close()
})

test('an offset that the broker does not have is corrected at once', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 1)
  put(cluster, 10, 'T', 1)
  cluster.broker.queues.minimum.set('T@0', 7)
  cluster.broker.offsets.set('g@T@0', 2)
  const got: string[] = []
  const consumer = consumerOf(cluster).subscribe('T')
  await cluster.clock.resolve(consumer.run((message) => void got.push(message.text())))
  await cluster.pass(510)
  assert.equal(cluster.broker.offset('g', 'T', 0), 7)
  await cluster.pass(2000)
  assert.deepEqual(got, ['m7', 'm8', 'm9'])
  assert.equal(cluster.lines(/the pull request offset illegal/).length, 1)
  await cluster.close()
})

test('a correction may be made to wait, as clients before 5.2 do', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 1)
  cluster.broker.offsets.set('g@T@0', 50)
  const consumer = consumerOf(cluster, { correctOffsetDelayMillis: 10_000 }).subscribe('T')
  await cluster.clock.resolve(consumer.run(() => {}))
  await cluster.pass(10_400)
  assert.equal(cluster.broker.offset('g', 'T', 0), 50)
  await cluster.pass(200)
  assert.equal(cluster.broker.offset('g', 'T', 0), 0)
  await cluster.close()
})

test('a broker that restarts is consumed from again, and knows the consumer before it is pulled from', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T')
  const got = new Set<string>()
  const consumer = consumerOf(cluster).subscribe('T')
  await cluster.clock.resolve(consumer.run((message) => void got.add(message.text())))
  await cluster.pass(1000)
  await cluster.clock.resolve(cluster.broker.stop())
  await cluster.pass(5000)
  const expected = put(cluster, 20)
  cluster.broker.requests.length = 0
  await cluster.broker.start()
  await cluster.pass(1500)
  assert.deepEqual(sorted(got), sorted(expected))
  assert.equal(cluster.broker.requests[0]!.name, 'HEART_BEAT')
  await cluster.close()
})

test('a consumer that starts before its servers gets to work once they are there', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T')
  await cluster.clock.resolve(cluster.stopNameServer())
  const got: string[] = []
  const consumer = consumerOf(cluster).subscribe('T')
  await cluster.clock.resolve(consumer.run((message) => void got.push(message.text())))
  put(cluster, 4)
  await cluster.pass(10_000)
  assert.deepEqual(got, [])
  await cluster.startNameServer()
  await cluster.pass(8000)
  assert.equal(got.length, 4)
  await cluster.close()
})

test('a name server that goes does not disturb consumers at work', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T')
  const got: string[] = []
  const consumer = consumerOf(cluster).subscribe('T')
  await cluster.clock.resolve(consumer.run((message) => void got.push(message.text())))
  await cluster.pass(1000)
  await cluster.clock.resolve(cluster.stopNameServer())
  await cluster.pass(120_000)
  put(cluster, 8)
  await cluster.pass(100)
  assert.equal(got.length, 8)
  await cluster.close()
})

test('waitForBroker waits for as long as it says', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T')
  await cluster.clock.resolve(cluster.broker.stop())
  const early = consumerOf(cluster).subscribe('T')
  const refused = assert.rejects(
    early.run(() => {}, { waitForBroker: 2000 }),
    (thrown) => {
      assert.ok(isAerobeeError(thrown, 'TIMEOUT'))
      assert.match(
        thrown.message,
        /no broker was there within 2000 ms: No route info of this topic: T\. Name server 10/,
      )
      return true
    },
  )
  await cluster.clock.resolve(refused)
  const patient = consumerOf(cluster).subscribe('T')
  const running = patient.run(() => {}, { waitForBroker: 30_000 })
  await cluster.pass(5000)
  await cluster.broker.start()
  await cluster.clock.resolve(running)
  await cluster.close()
})

test('a filter that the broker refuses is an error of run()', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T')
  cluster.broker.overrides.set(commands.checkClientConfig.code, () =>
    failure(responseCodes.SUBSCRIPTION_PARSE_FAILED, 'no such operator'),
  )
  const consumer = consumerOf(cluster).subscribe('T', sql`a ~ ${"it's"}`)
  await cluster.clock.resolve(
    assert.rejects(
      consumer.run(() => {}),
      (thrown) => {
        assert.ok(isAerobeeError(thrown, 'BROKER_ERROR'))
        assert.match(thrown.message, /Subscribing to T by a ~ 'it''s'.* no such operator/)
        return true
      },
    ),
  )
  await cluster.close()
})

test('topics can be subscribed to and left while running', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T')
  cluster.createTopic('U')
  const got: string[] = []
  const consumer = consumerOf(cluster).subscribe('T')
  await cluster.clock.resolve(consumer.run((message) => void got.push(message.topic)))
  await cluster.pass(2000)
  consumer.subscribe('U')
  await cluster.pass(2000)
  put(cluster, 2, 'U')
  await cluster.pass(100)
  assert.deepEqual(got, ['U', 'U'])
  consumer.unsubscribe('T')
  await cluster.pass(2000)
  put(cluster, 2, 'T')
  await cluster.pass(20_000)
  assert.deepEqual(got, ['U', 'U'])
  assert.deepEqual([...new Set(consumer.assignment().map(({ topic }) => topic))].sort(), ['%RETRY%g', 'U'])
  await cluster.close()
})

test('a suspended consumer keeps its queues and pulls nothing until it is resumed', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 1)
  const got: string[] = []
  const consumer = consumerOf(cluster).subscribe('T')
  await cluster.clock.resolve(consumer.run((message) => void got.push(message.text())))
  consumer.suspend()
  await cluster.pass(1000)
  put(cluster, 3, 'T', 1)
  await cluster.pass(10_000)
  assert.deepEqual(got, [])
  consumer.resume()
  await cluster.pass(2000)
  assert.equal(got.length, 3)
  await cluster.close()
})

test('close waits for listeners at work and saves what they finished', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 1)
  put(cluster, 1, 'T', 1)
  let finish = () => {}
  const consumer = consumerOf(cluster).subscribe('T')
  await cluster.clock.resolve(
    consumer.run(
      () =>
        new Promise<void>((resolve) => {
          finish = resolve
        }),
    ),
  )
  await cluster.pass(1000)
  const closing = consumer.close()
  await cluster.pass(3000)
  finish()
  await cluster.clock.resolve(closing)
  assert.equal(cluster.broker.offset('g', 'T', 0), 1)
  assert.equal(cluster.broker.members.get('g')!.size, 0)
  await cluster.close()
})

test('a listener that hangs keeps close waiting for its deadline only, and its message is not committed', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 1)
  put(cluster, 2, 'T', 1)
  const consumer = consumerOf(cluster, { awaitTerminationMillisWhenShutdown: 500 }).subscribe('T')
  await cluster.clock.resolve(
    consumer.run((message) => (message.queueOffset === 0 ? new Promise<void>(() => {}) : undefined)),
  )
  await cluster.pass(1000)
  const beganAt = cluster.clock.monoMs()
  await cluster.clock.resolve(consumer.close())
  assert.ok(cluster.clock.monoMs() - beganAt < 600)
  assert.equal(cluster.broker.offset('g', 'T', 0), 0)
  await cluster.close()
})

test('close before, during and after the start leaves nothing behind', async () => {
  for (const steps of [0, 1, 5, 50, 400, 600]) {
    const cluster = await FakeCluster.start()
    cluster.createTopic('T')
    cluster.network.defaultLatencyMs = 10
    put(cluster, 8)
    const consumer = consumerOf(cluster).subscribe('T')
    const running = consumer.run(() => {}).catch((thrown) => assert.ok(isAerobeeError(thrown, 'CLOSED')))
    await cluster.pass(steps)
    await cluster.clock.resolve(consumer.close())
    await cluster.clock.resolve(running)
    await assert.rejects(
      consumer.run(() => {}),
      (thrown) => isAerobeeError(thrown, 'CLOSED'),
    )
    await cluster.pass(50)
    await cluster.close()
  }
})

test('one group has one consumer for each client', async () => {
  const cluster = await FakeCluster.start()
  const client = cluster.use(new Client(cluster.options()))
  const first = new PushConsumer({ client, consumerGroup: 'g' })
  const second = new PushConsumer({ client, consumerGroup: 'g' })
  await cluster.clock.resolve(first.run(() => {}))
  await assert.rejects(
    second.run(() => {}),
    /The consumer group\[g\] has been created before/,
  )
  await cluster.close()
})
