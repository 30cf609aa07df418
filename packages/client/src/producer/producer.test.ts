import assert from 'node:assert/strict'
import test from 'node:test'
import { inflateSync } from 'node:zlib'
import { isAerobeeError } from '@aerobee/base'
import { failure } from '@aerobee/net'
import { commands, decodeBatch, decodeProperties, findProperty, responseCodes } from '@aerobee/wire'
import { Client } from '../client.js'
import { FakeCluster } from '../fake-cluster.test.js'
import type { ProducerOptions } from './options.js'
import { Producer } from './producer.js'

async function started(brokers = 1, more: Partial<ProducerOptions> = {}) {
  const cluster = await FakeCluster.start(brokers)
  cluster.createTopic('T', 2)
  const producer = cluster.use(new Producer({ ...cluster.options(), producerGroup: 'p', ...more }))
  await cluster.clock.resolve(producer.start())
  const sends = () => cluster.brokers.flatMap((broker) => broker.seen(commands.sendMessageV2))
  return { cluster, producer, sends, resolve: <T>(promise: Promise<T>) => cluster.clock.resolve(promise) }
}

test('a message is stored with its properties, and the result says where', async () => {
  const { cluster, producer, sends, resolve } = await started()
  const result = await resolve(
    producer.send({
      topic: 'T',
      body: 'hello',
      tags: 'a',
      keys: ['k1', 'k2'],
      flag: 7,
      properties: { color: 'red' },
    }),
  )
  const { fields } = sends()[0]!
  assert.deepEqual(
    [
      fields.producerGroup,
      fields.topic,
      fields.defaultTopic,
      fields.defaultTopicQueueNums,
      fields.flag,
      fields.batch,
    ],
    ['p', 'T', 'TBW102', 4, 7, false],
  )
  assert.deepEqual(Object.fromEntries(decodeProperties(fields.properties as string)), {
    color: 'red',
    TAGS: 'a',
    KEYS: 'k1 k2',
    UNIQ_KEY: result.messageId,
    WAIT: 'true',
  })
  assert.equal(result.status, 'SEND_OK')
  assert.deepEqual(
    [result.queue.brokerName, result.queueOffset, result.regionId, result.traceOn],
    ['broker-a', 0, 'DefaultRegion', true],
  )
  assert.match(result.offsetMessageId, /^[0-9A-F]{32}$/)
  await cluster.close()
})

test('queues are used in turn, and a sharding key or a selector keeps to one', async () => {
  const { cluster, producer, resolve } = await started(2)
  const queuesOf = async (count: number, more: object, options = {}) => {
    const used: string[] = []
    for (let i = 0; i < count; i++) {
      const { queue } = await resolve(producer.send({ topic: 'T', body: 'x', ...more }, options))
      used.push(`${queue.brokerName}:${queue.queueId}`)
    }
    return new Set(used).size
  }
  assert.equal(await queuesOf(4, {}), 4)
  assert.equal(await queuesOf(4, { shardingKey: 'order-1' }), 1)
  assert.equal(await queuesOf(4, {}, { selector: (queues: readonly unknown[]) => queues[3] }), 1)
  const [queue] = await resolve(producer.queues('T'))
  assert.equal(await queuesOf(2, {}, { queue }), 1)
  await cluster.close()
})

test('a selector that throws or returns nothing is an error, and so is a queue of another topic', async () => {
  const { cluster, producer, resolve } = await started()
  const message = { topic: 'T', body: 'x' }
  const wrong = { topic: 'U', brokerName: 'broker-a', queueId: 0 }
  const refused = (promise: Promise<unknown>, text: RegExp) => resolve(assert.rejects(promise, text))
  await refused(producer.send(message, { selector: () => undefined }), /select message queue return null/)
  await refused(
    producer.send(message, {
      selector: () => {
        throw new Error('no')
      },
    }),
    /select message queue threw exception/,
  )
  await refused(producer.send(message, { queue: wrong }), /message's topic not equal mq's topic/)
  await cluster.close()
})

test('a broker that is gone is passed over for another one', async () => {
  const { cluster, producer, resolve } = await started(2)
  await resolve(producer.send({ topic: 'T', body: 'x' }))
  await resolve(cluster.brokers[0]!.stop())
  for (let i = 0; i < 6; i++) {
    const { queue } = await resolve(producer.send({ topic: 'T', body: 'x' }))
    assert.equal(queue.brokerName, 'broker-b')
  }
  await cluster.close()
})

test('when every broker is gone the error names them and what they advertise', async () => {
  const { cluster, producer, resolve } = await started(2)
  await resolve(producer.queues('T'))
  for (const broker of cluster.brokers) await resolve(broker.stop())
  await resolve(
    assert.rejects(producer.send({ topic: 'T', body: 'x' }), (thrown) => {
      assert.ok(isAerobeeError(thrown, 'CONNECT_FAILED'))
      assert.match(thrown.message, /Send \[3\] times, still failed, Topic: T, BrokersSent: \[broker-.*\]/)
      assert.match(
        thrown.message,
        /broker broker-[ab] advertises 10\.0\.1\.[12]:10911; if that cannot be reached from here/,
      )
      return true
    }),
  )
  await cluster.close()
})

test('answers that will not change are thrown at once, others are tried at another broker', async () => {
  const { cluster, producer, sends, resolve } = await started(2)
  let code: number = responseCodes.MESSAGE_ILLEGAL
  for (const broker of cluster.brokers)
    broker.overrides.set(commands.sendMessageV2.code, () => failure(code, 'no'))
  const send = () => resolve(assert.rejects(producer.send({ topic: 'T', body: 'x' }), /answered \d+ /))
  await send()
  assert.equal(sends().length, 1)
  code = responseCodes.SYSTEM_BUSY
  await send()
  assert.equal(sends().length, 4)
  await cluster.close()
})

test('a broker that never answers takes the whole time', async () => {
  const { cluster, producer, sends, resolve } = await started(1, { sendMsgTimeout: 1000 })
  await resolve(producer.queues('T'))
  cluster.broker.overrides.set(commands.sendMessageV2.code, () => new Promise(() => {}))
  const beganAt = cluster.clock.monoMs()
  await resolve(
    assert.rejects(producer.send({ topic: 'T', body: 'x' }), (thrown) => isAerobeeError(thrown, 'TIMEOUT')),
  )
  assert.ok(cluster.clock.monoMs() - beganAt <= 1100)
  assert.equal(sends().length, 1)
  await cluster.close()
})

test('a topic that nobody knows is created where topics may be, and is an error elsewhere', async () => {
  const { cluster, producer, sends, resolve } = await started()
  const { queue } = await resolve(producer.send({ topic: 'New', body: 'x' }))
  assert.ok(queue.queueId < 4)
  assert.equal(sends()[0]!.fields.defaultTopic, 'TBW102')
  cluster.broker.autoCreate = false
  await resolve(
    assert.rejects(producer.send({ topic: 'Newer', body: 'x' }), (thrown) => {
      assert.ok(isAerobeeError(thrown, 'NO_ROUTE'))
      assert.match(
        thrown.message,
        /No route info of this topic: Newer.*10\.0\.0\.9:9876.*create it.*autoCreateTopicEnable/,
      )
      return true
    }),
  )
  await cluster.close()
})

test('queues of an ordered topic come from its configuration', async () => {
  const { cluster, producer, resolve } = await started(2)
  cluster.setOrder('T', 'broker-b:1;broker-a:2')
  assert.deepEqual(
    (await resolve(producer.queues('T'))).map(({ brokerName, queueId }) => `${brokerName}:${queueId}`),
    ['broker-b:0', 'broker-a:0', 'broker-a:1'],
  )
  await cluster.close()
})

test('large bodies are compressed, and the flag says how', async () => {
  const { cluster, producer, sends } = await started()
  const body = 'x'.repeat(4096)
  await cluster.inRealTime(producer.send({ topic: 'T', body }))
  await cluster.inRealTime(producer.send({ topic: 'T', body: body.slice(1) }))
  const [large, small] = sends()
  assert.equal(large!.fields.sysFlag, 0x301)
  assert.equal(inflateSync(large!.frame.body).toString(), body)
  assert.equal(small!.fields.sysFlag, 0)
  await cluster.close()
})

test('delays are said in one of four ways', async () => {
  const { cluster, producer, sends, resolve } = await started()
  const send = (more: object) => resolve(producer.send({ topic: 'T', body: 'x', ...more }))
  await send({ delayLevel: 3 })
  await send({ delayTimeSec: 5 })
  await send({ delayTimeMs: 1500 })
  await send({ deliverTimeMs: new Date(1_800_000_000_000) })
  const of = (i: number, name: string) => findProperty(sends()[i]!.fields.properties as string, name)
  assert.deepEqual(
    [of(0, 'DELAY'), of(1, 'TIMER_DELAY_SEC'), of(2, 'TIMER_DELAY_MS'), of(3, 'TIMER_DELIVER_MS')],
    ['3', '5', '1500', '1800000000000'],
  )
  await resolve(
    assert.rejects(send({ delayLevel: 1, delayTimeMs: 1 }), /delayLevel and delayTimeMs exclude each other/),
  )
  await cluster.close()
})

test('a batch goes in as few requests as its size allows, and every message has its own result', async () => {
  const { cluster, producer, resolve } = await started(1, { maxMessageSize: 1000 })
  const messages = Array.from({ length: 5 }, (_, i) => ({
    topic: 'T',
    body: `${i}`.repeat(300),
    keys: [`k${i}`],
  }))
  const results = await resolve(producer.sendBatch(messages))
  const batches = cluster.broker.seen(commands.sendBatchMessage).map(({ frame }) => {
    const batch = decodeBatch(frame.body)
    assert.ok(batch.ok)
    return batch.value.map(({ body, properties }) => [
      Buffer.from(body).toString()[0],
      findProperty(properties, 'KEYS'),
    ])
  })
  assert.deepEqual(batches, [
    [
      ['0', 'k0'],
      ['1', 'k1'],
    ],
    [
      ['2', 'k2'],
      ['3', 'k3'],
    ],
    [['4', 'k4']],
  ])
  assert.equal(new Set(results.map(({ messageId }) => messageId)).size, 5)
  assert.deepEqual(results[1]!.queueOffset, results[0]!.queueOffset + 1)
  assert.equal(results[0]!.offsetMessageId.length, 32)
  await resolve(
    assert.rejects(producer.sendBatch([]), /Failed to initiate the MessageBatch: a batch needs at least one/),
  )
  await resolve(
    assert.rejects(
      producer.sendBatch([messages[0]!, { topic: 'U', body: 'x' }]),
      /topic of the messages in one batch/,
    ),
  )
  await resolve(
    assert.rejects(
      producer.sendBatch([{ ...messages[0]!, delayLevel: 1 }]),
      /TimeDelayLevel is not supported/,
    ),
  )
  await cluster.close()
})

test('a one-way message is stored without an answer', async () => {
  const { cluster, producer, sends, resolve } = await started()
  await resolve(producer.sendOneway({ topic: 'T', body: 'x' }))
  await cluster.pass(10)
  assert.equal(cluster.broker.queues.bodies('T').length, 1)
  assert.equal(sends()[0]!.frame.flag, 2)
  await cluster.close()
})

test('hooks see sends and their results, may refuse them, and do no harm', async () => {
  const seen: string[] = []
  const { cluster, producer, resolve } = await started(1, {
    sendMessageHooks: [
      {
        before: ({ messageType, topic }) => void seen.push(`before ${topic} ${messageType}`),
        after: ({ result, error }) => {
          seen.push(`after ${result?.status ?? (error as Error).message}`)
          throw new Error('a hook fails')
        },
      },
    ],
    checkForbiddenHooks: [
      {
        check: ({ tags }) => {
          if (tags === 'secret') throw new Error('not this one')
        },
      },
    ],
  })
  await resolve(producer.send({ topic: 'T', body: 'x', delayLevel: 1 }))
  await resolve(
    assert.rejects(
      producer.send({ topic: 'T', body: 'x', tags: 'secret' }),
      /sending is forbidden: not this one/,
    ),
  )
  assert.deepEqual(seen, ['before T Delay_Msg', 'after SEND_OK'])
  await cluster.close()
})

test('with a namespace brokers see other names than users', async () => {
  const { cluster, resolve } = await started()
  cluster.createTopic('ns%T', 2)
  const producer = cluster.use(new Producer({ ...cluster.options({ namespace: 'ns' }), producerGroup: 'p' }))
  await resolve(producer.start())
  const { queue } = await resolve(producer.send({ topic: 'T', body: 'x' }))
  assert.equal(queue.topic, 'T')
  const { fields } = cluster.broker.seen(commands.sendMessageV2)[0]!
  assert.deepEqual([fields.topic, fields.producerGroup], ['ns%T', 'ns%p'])
  assert.equal(findProperty(fields.properties as string, 'INSTANCE_ID'), 'ns')
  await resolve(producer.send({ topic: 'T', body: 'x' }, { queue }))
  await cluster.close()
})

test('start waits for a broker when told to, and leaves nothing behind when none comes', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T')
  await cluster.clock.resolve(cluster.broker.stop())
  const early = new Producer({ ...cluster.options(), producerGroup: 'p' })
  await cluster.clock.resolve(
    assert.rejects(early.start({ waitForBroker: 1000 }), (thrown) => isAerobeeError(thrown, 'TIMEOUT')),
  )
  const patient = cluster.use(new Producer({ ...cluster.options(), producerGroup: 'p' }))
  const starting = patient.start({ waitForBroker: 20_000 })
  await cluster.pass(3000)
  await cluster.broker.start()
  await cluster.clock.resolve(starting)
  await cluster.close()
})

test('several roles share a client, which closes them all', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T')
  const client = cluster.use(new Client(cluster.options()))
  const one = await cluster.clock.resolve(new Producer({ client, producerGroup: 'p1' }).start())
  const two = await cluster.clock.resolve(new Producer({ client, producerGroup: 'p2' }).start())
  await assert.rejects(
    new Producer({ client, producerGroup: 'p2' }).start(),
    /The producer group\[p2\] has been created before/,
  )
  await cluster.clock.resolve(one.send({ topic: 'T', body: 'x' }))
  await cluster.clock.resolve(two.send({ topic: 'T', body: 'x' }))
  assert.equal(
    new Set(cluster.broker.seen(commands.sendMessageV2).map(({ connection }) => connection)).size,
    1,
  )
  await cluster.clock.resolve(one.close())
  await cluster.clock.resolve(two.send({ topic: 'T', body: 'x' }))
  await cluster.clock.resolve(client.close())
  await assert.rejects(two.send({ topic: 'T', body: 'x' }), (thrown) => isAerobeeError(thrown, 'CLOSED'))
  await cluster.close()
})

test('a producer that is not started, or closed, says so', async () => {
  const { cluster, producer, resolve } = await started()
  const fresh = new Producer({ ...cluster.options(), producerGroup: 'q' })
  await assert.rejects(fresh.send({ topic: 'T', body: 'x' }), /not started: await producer.start\(\) first/)
  await resolve(fresh.close())
  await resolve(producer.close())
  await assert.rejects(producer.send({ topic: 'T', body: 'x' }), (thrown) => isAerobeeError(thrown, 'CLOSED'))
  await assert.rejects(producer.start(), (thrown) => isAerobeeError(thrown, 'CLOSED'))
  await cluster.close()
})
