import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAerobeeError } from '@aerobee/base'
import { FakeCluster } from './fake-cluster.test.js'
import { LitePullConsumer, type OutgoingMessage, Producer, PushConsumer } from './index.js'

/** What users without a compiler give: the types say otherwise. */
const anything = (given: unknown) => given as never

async function refusal(call: () => unknown): Promise<string> {
  try {
    await call()
  } catch (thrown) {
    assert.ok(isAerobeeError(thrown, 'INVALID_ARGUMENT'), String(thrown))
    return thrown.message
  }
  assert.fail('nothing was refused')
}

const options = () => new FakeCluster().options()

test('groups that are missing, illegal or left at Java’s default are refused', async () => {
  const more = options()
  for (const consumer of [PushConsumer, LitePullConsumer]) {
    assert.match(await refusal(() => new consumer(anything(more))), /^consumerGroup : .* is blank$/)
    assert.match(
      await refusal(() => new consumer({ ...more, consumerGroup: 'DEFAULT_CONSUMER' })),
      /^consumerGroup can not equal DEFAULT_CONSUMER/,
    )
  }
  assert.match(await refusal(() => new Producer(anything(more))), /^producerGroup : .* is blank$/)
  assert.match(
    await refusal(() => new Producer({ ...more, producerGroup: 'a b' })),
    /^producerGroup a b: the specified group\[a b\] contains illegal characters/,
  )
})

test('an option of a few words takes these only, and says which', async () => {
  const consumer = (more: object) => new PushConsumer({ ...options(), consumerGroup: 'G', ...more })
  assert.equal(
    await refusal(() => consumer({ messageModel: 'SHARED' })),
    'messageModel is SHARED: give CLUSTERING or BROADCASTING',
  )
  assert.match(
    await refusal(() => consumer({ consumeFromWhere: 'FIRST' })),
    /give CONSUME_FROM_LAST_OFFSET or/,
  )
  for (const from of ['start', 0, new Date('no date')])
    assert.match(await refusal(() => consumer({ from })), /give 'earliest', 'latest' or a Date$/)
  assert.equal(
    await refusal(() => new Producer({ ...options(), producerGroup: 'P', compressType: anything('GZIP') })),
    'compressType is GZIP: give ZLIB or LZ4 or ZSTD',
  )
})

test('topics, bodies and what else a message has are refused at once when they are of other types', async () => {
  const cluster = new FakeCluster()
  for (const more of [{}, { namespace: 'N' }]) {
    const producer = new Producer({ ...cluster.options(), producerGroup: 'P', ...more })
    await cluster.clock.resolve(producer.start())
    const send = (message: object) => refusal(() => producer.send(message as OutgoingMessage))
    for (const topic of [undefined, null, 5, ' '])
      assert.equal(await send({ topic, body: 'x' }), 'The specified topic is blank')
    assert.match(await send({ topic: 't'.repeat(128), body: 'x' }), /longer than topic max length 127\.$/)
    assert.match(
      await send({ topic: 'T', body: { a: 1 } }),
      /of type object: give text, such as JSON\.stringify/,
    )
    assert.match(await send({ topic: 'T', body: 5 }), /of type number/)
    assert.equal(await send({ topic: 'T' }), 'the message body is null')
    assert.equal(await send(anything(undefined)), 'the message is null')
    assert.equal(
      await refusal(() => producer.sendBatch([anything({ body: 'x' })])),
      'The specified topic is blank',
    )
    for (const [field, fault] of [
      [{ properties: { n: 5 } }, 'property n is of type number: give text'],
      [{ tags: ['a'] }, 'tags is of type object: give text'],
      [{ shardingKey: 0 }, 'shardingKey is of type number: give text'],
      [{ keys: 'k' }, "keys is no list: give keys: ['…']"],
    ] as const)
      assert.equal(await send({ topic: 'T', body: 'x', ...field }), fault)
    await cluster.clock.resolve(producer.close())
  }
})

test('a consumer needs a function', async () => {
  const consumer = new PushConsumer({ ...options(), consumerGroup: 'G' })
  for (const run of ['run', 'runBatch', 'runOrderly', 'runOrderlyBatch'] as const)
    assert.equal(await refusal(() => consumer[run](anything({}))), 'messageListener is null: give a function')
  assert.equal(await refusal(() => consumer.subscribe(anything(undefined))), 'The specified topic is blank')
})
