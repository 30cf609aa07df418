// Every way of sending, read back by consumers.
import assert from 'node:assert/strict'
import { Inbox, numbered } from './scene.mjs'

/** @typedef {import('./scene.mjs').Scene} Scene */
/** @typedef {import('@aerobee/client').SendResult} SendResult */
/** @typedef {import('@aerobee/client').ReceivedMessage} ReceivedMessage */

/** @param {SendResult} result @param {ReceivedMessage} message */
function assertWhereItWasPromised(result, message) {
  assert.equal(result.status, 'SEND_OK')
  assert.deepEqual(message.queue, result.queue)
  assert.equal(message.queueOffset, result.queueOffset)
  assert.equal(message.offsetMessageId, result.offsetMessageId)
}

/** @param {Inbox} inbox @param {string} body */
const withBody = (inbox, body) => {
  const found = inbox.messages.find((message) => message.text() === body)
  assert.ok(found, `${body} did not arrive`)
  return found
}

/** @param {Scene} scene */
async function send(scene) {
  const producer = await scene.producer()
  const sent = {
    topic: scene.topic,
    body: 'höher, 更高, 🙂',
    tags: 'TagÄ',
    keys: ['key-1', 'key-2'],
    properties: { greeting: 'héllo wörld, 你好', größe: '7' },
    flag: 42,
  }
  const result = await producer.send(sent)
  const many = await scene.sendAll(producer, numbered('m', 20))
  const inbox = await scene.inbox()
  await inbox.await(21)
  const message = withBody(inbox, sent.body)
  assertWhereItWasPromised(result, message)
  assert.equal(message.messageId, result.messageId)
  assert.equal(message.topic, scene.topic)
  assert.equal(message.tags, sent.tags)
  assert.deepEqual(message.keys, sent.keys)
  for (const [name, value] of Object.entries(sent.properties)) assert.equal(message.property(name), value)
  assert.equal(message.flag, 42)
  assert.equal(message.reconsumeTimes, 0)
  for (const [n, body] of numbered('m', 20).entries())
    assertWhereItWasPromised(many[n], withBody(inbox, body))
  assert.deepEqual([...new Set(many.map(({ queue }) => queue.queueId))].sort(), [0, 1, 2, 3])
}

/** @param {Scene} scene */
async function oneway(scene) {
  await scene.makeTopic()
  const producer = await scene.producer()
  for (const body of numbered('m', 50)) await producer.sendOneway({ topic: scene.topic, body })
  const inbox = await scene.inbox()
  await inbox.await(50)
  assert.deepEqual(inbox.distinct, numbered('m', 50))
}

/** @param {Scene} scene */
async function batch(scene) {
  const producer = await scene.producer({ maxMessageSize: 4096 })
  const bodies = numbered('batch ', 30).map((body) => body.padEnd(700, '.'))
  const results = await producer.sendBatch(
    bodies.map((body, n) => ({ topic: scene.topic, body, tags: `T${n % 3}`, keys: [`k${n}`] })),
  )
  const inbox = await scene.inbox()
  await inbox.await(30)
  for (const [n, body] of bodies.entries()) {
    const message = withBody(inbox, body)
    assertWhereItWasPromised(results[n], message)
    assert.equal(message.tags, `T${n % 3}`)
    assert.deepEqual(message.keys, [`k${n}`])
  }
  assert.equal(new Set(results.map(({ messageId }) => messageId)).size, 30)
  await assert.rejects(
    producer.sendBatch([{ topic: scene.topic, body: 'x'.padEnd(5000) }]),
    /the message body size over max value, MAX: 4096/,
  )
}

/** @param {Scene} scene */
async function autoBatch(scene) {
  const producer = await scene.producer({ autoBatch: true })
  const bodies = numbered('m', 100)
  const results = await Promise.all(bodies.map((body) => producer.send({ topic: scene.topic, body })))
  const inbox = await scene.inbox()
  await inbox.await(100)
  for (const [n, body] of bodies.entries()) assertWhereItWasPromised(results[n], withBody(inbox, body))
}

/** @param {Scene} scene */
async function chosenQueue(scene) {
  await scene.makeTopic(6)
  const producer = await scene.producer()
  const queues = await producer.queues(scene.topic)
  assert.equal(queues.length, 6)
  const third = queues.find(({ queueId }) => queueId === 3)
  const named = await producer.send({ topic: scene.topic, body: 'named' }, { queue: third })
  assert.equal(named.queue.queueId, 3)
  const selected = await producer.send(
    { topic: scene.topic, body: 'selected', properties: { to: '5' } },
    { selector: (all, { properties }) => all.find(({ queueId }) => queueId === Number(properties?.to)) },
  )
  assert.equal(selected.queue.queueId, 5)
  await producer.sendOneway({ topic: scene.topic, body: 'oneway' }, { queue: third })
  const inbox = await scene.inbox()
  await inbox.await(3)
  assertWhereItWasPromised(named, withBody(inbox, 'named'))
  assertWhereItWasPromised(selected, withBody(inbox, 'selected'))
  assert.equal(withBody(inbox, 'oneway').queue.queueId, 3)
}

/** @param {Scene} scene */
async function shardingKey(scene) {
  await scene.makeTopic(4)
  const producer = await scene.producer()
  const results = []
  for (const body of numbered('m', 24)) {
    const shardingKey = `user-${body.length}${body.at(-1)}`
    results.push({ shardingKey, ...(await producer.send({ topic: scene.topic, body, shardingKey })) })
  }
  const queueOf = new Map(results.map(({ shardingKey, queue }) => [shardingKey, queue.queueId]))
  assert.ok(new Set(queueOf.values()).size > 1, 'one queue got all')
  for (const { shardingKey, queue } of results) assert.equal(queue.queueId, queueOf.get(shardingKey))
  // As Java's SelectMessageQueueByHash chooses: |"user-1".hashCode() mod 4|.
  const known = await producer.send({ topic: scene.topic, body: 'known', shardingKey: 'user-1' })
  assert.equal(known.queue.queueId, 1)
  const inbox = await scene.inbox()
  await inbox.await(25)
  assert.equal(withBody(inbox, 'known').property('__SHARDINGKEY'), 'user-1')
}

/** @param {Scene} scene */
async function compression(scene) {
  const text = 'a body that is worth it '.repeat(1000)
  const bits = /** @type {const} */ ({ LZ4: 1, ZSTD: 2, ZLIB: 3 })
  for (const compressType of /** @type {const} */ (['LZ4', 'ZSTD', 'ZLIB'])) {
    const producer = await scene.producer({ compressType, producerGroup: `${scene.topic}-${compressType}` })
    await producer.send({ topic: scene.topic, body: compressType + text })
  }
  const inbox = await scene.inbox()
  await inbox.await(3)
  for (const [type, bit] of Object.entries(bits)) {
    const message = withBody(inbox, type + text)
    assert.equal((message.sysFlag >> 8) & 7, bit, `type bits of ${type}`)
  }
}

/** @param {Scene} scene */
async function refusals(scene) {
  const producer = await scene.producer()
  const { topic } = scene
  /** @type {[object, RegExp][]} */
  const faulty = [
    [{ topic, body: '' }, /the message body length is zero/],
    [{ topic: '', body: 'x' }, /The specified topic is blank/],
    [{ topic: 'no spaces', body: 'x' }, /The specified topic\[no spaces\] contains illegal characters/],
    [{ topic: 't'.repeat(128), body: 'x' }, /longer than topic max length/],
    [
      { topic: 'SCHEDULE_TOPIC_XXXX', body: 'x' },
      /Sending message to topic\[SCHEDULE_TOPIC_XXXX\] is forbidden/,
    ],
    [{ topic, body: 'x', properties: { KEYS: 'k' } }, /The Property<KEYS> is used by system/],
    [{ topic, body: 'x', properties: { blank: ' ' } }, /can not be null or blank/],
    [{ topic, body: 'x'.repeat(4_194_305) }, /the message body size over max value, MAX: 4194304/],
    [{ topic, body: 'x', delayLevel: 1, delayTimeMs: 5 }, /exclude each other/],
  ]
  for (const [message, text] of faulty)
    await assert.rejects(
      producer.send(/** @type {import('@aerobee/client').OutgoingMessage} */ (message)),
      (/** @type {any} */ error) => error.code === 'INVALID_ARGUMENT' && text.test(error.message),
      `${text}`,
    )
  const elsewhere = { topic: 'elsewhere', brokerName: 'broker-a', queueId: 0 }
  await assert.rejects(
    producer.send({ topic, body: 'x' }, { queue: elsewhere }),
    /message's topic not equal mq's topic/,
  )
  const group = { ...scene.common, producerGroup: 'DEFAULT_PRODUCER' }
  assert.throws(() => new scene.client.Producer(group), /producerGroup can not equal DEFAULT_PRODUCER/)
  // What the client lets through and the broker refuses comes back with the broker's own code and address.
  const careless = await scene.producer({ maxMessageSize: 8_000_000, compressMsgBodyOverHowmuch: 9_000_000 })
  await assert.rejects(careless.send({ topic, body: 'x'.repeat(4_500_000) }), (/** @type {any} */ error) => {
    assert.equal(error.code, 'BROKER_ERROR')
    assert.equal(error.responseCode, 13)
    assert.equal(error.address, scene.broker)
    return true
  })
}

/** @param {Scene} scene */
async function namespaces(scene) {
  const producer = await scene.producer({ namespace: 'NS' })
  const result = await producer.send({ topic: scene.topic, body: 'inside', shardingKey: 'k' })
  assert.equal(result.queue.topic, scene.topic)
  const inside = await scene.inbox({ namespace: 'NS' })
  await inside.await(1)
  assert.equal(inside.messages[0].topic, scene.topic)
  assert.equal(inside.messages[0].queue.topic, scene.topic)
  const outside = new Inbox()
  const consumer = new scene.client.PushConsumer({
    ...scene.common,
    consumerGroup: scene.group,
    from: 'earliest',
  })
  scene.roles.push(consumer)
  await consumer.subscribe(`NS%${scene.topic}`).run(outside.take)
  await outside.await(1)
  assert.equal(outside.messages[0].topic, `NS%${scene.topic}`)
  const v2 = await scene.producer({ namespaceV2: 'NS2', producerGroup: `${scene.topic}-v2` })
  assert.equal((await v2.send({ topic: scene.topic, body: 'v2' })).status, 'SEND_OK')
}

/** @param {Scene} scene */
async function sharedClient(scene) {
  const { producerGroup, consumerGroup, topic } = {
    producerGroup: 'shared-p',
    consumerGroup: scene.group,
    ...scene,
  }
  const client = await scene.client.connect({ ...scene.common, waitForBroker: 5000 })
  const producer = await new scene.client.Producer({ client, producerGroup }).start()
  const inbox = new Inbox()
  await producer.send({ topic, body: 'first' })
  const consumer = new scene.client.PushConsumer({ client, consumerGroup, from: 'earliest' })
  await consumer.subscribe(topic).run(inbox.take)
  await producer.send({ topic, body: 'second' })
  await inbox.await(2)
  await client.close()
  await assert.rejects(producer.send({ topic, body: 'late' }), { code: 'CLOSED' })
}

export const sends = [
  {
    name: 'send: body, tags, keys, properties and flag arrive where the answer says',
    run: send,
    smoke: true,
  },
  { name: 'send one-way', run: oneway, smoke: true },
  { name: 'send a batch, split by size', run: batch, smoke: true },
  { name: 'auto-batching', run: autoBatch },
  { name: 'send to a named and to a selected queue', run: chosenQueue },
  { name: 'sharding keys choose the queues that Java chooses', run: shardingKey },
  { name: 'compression by LZ4, ZSTD and ZLIB', run: compression },
  { name: 'messages that are refused, by the client and by the broker', run: refusals },
  { name: 'namespaces of both kinds', run: namespaces },
  { name: 'one client shared by a producer and a consumer', run: sharedClient },
]
