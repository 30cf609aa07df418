// The push consumer.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { Inbox, numbered } from './scene.mjs'

/** @typedef {import('./scene.mjs').Scene} Scene */

/** @param {Scene} scene */
async function sharing(scene) {
  await scene.makeTopic(4)
  const producer = await scene.producer()
  const [one, other] = [scene.pushConsumer(), scene.pushConsumer()]
  const inboxes = [new Inbox(), new Inbox()]
  await one.run(inboxes[0].take)
  await other.run(inboxes[1].take)
  await scene.until(() => scene.held(one) === 2 && scene.held(other) === 2, 'two queues for each member')
  await scene.sendAll(producer, numbered('m', 40))
  const all = () => inboxes.flatMap((inbox) => inbox.texts).sort()
  await scene.until(() => all().length >= 40, 'all messages')
  assert.deepEqual(all(), numbered('m', 40))
  for (const inbox of inboxes) assert.ok(inbox.messages.length > 0, 'a member got nothing')
  await scene.close(other)
  await scene.until(() => scene.held(one) === 4, 'the queues of the member that left')
  await scene.sendAll(producer, numbered('n', 8))
  await scene.until(() => all().length >= 48, 'all messages')
}

/** @param {Scene} scene */
async function keptOffsets(scene) {
  const producer = await scene.producer()
  await scene.sendAll(producer, numbered('before ', 10))
  const first = new Inbox()
  const consumer = scene.pushConsumer()
  await consumer.run(first.take)
  await first.await(10)
  await scene.close(consumer)
  await scene.sendAll(producer, numbered('after ', 10))
  const second = await scene.inbox()
  await second.await(10)
  await scene.pause(300)
  assert.deepEqual(second.distinct, numbered('after ', 10))
}

/** @param {Scene} scene */
async function batches(scene) {
  const producer = await scene.producer()
  await producer.sendBatch(numbered('m', 20).map((body) => ({ topic: scene.topic, body })))
  /** @type {string[][]} */
  const batches = []
  await scene.pushConsumer({ consumeMessageBatchMaxSize: 8 }).runBatch((messages) => {
    batches.push(messages.map((message) => message.text()))
  })
  await scene.until(() => batches.flat().length >= 20, 'all messages')
  assert.deepEqual(batches.flat().sort(), numbered('m', 20))
  assert.deepEqual(
    batches.map((batch) => batch.length),
    [8, 8, 4],
  )
}

/** Messages behind ackIndex come again. @param {Scene} scene */
async function partialBatch(scene) {
  const producer = await scene.producer()
  await producer.sendBatch(numbered('m', 4).map((body) => ({ topic: scene.topic, body })))
  /** @type {string[]} */
  const delivered = []
  await scene.pushConsumer({ consumeMessageBatchMaxSize: 4 }).runBatch((messages, context) => {
    for (const message of messages) delivered.push(`${message.text()} ${message.reconsumeTimes}`)
    if (messages.length === 4) context.ackIndex = 1
  })
  await scene.until(() => delivered.length >= 6, 'two messages again')
  assert.deepEqual(delivered.sort(), ['m0 0', 'm1 0', 'm2 0', 'm2 1', 'm3 0', 'm3 1'])
}

/** @param {Scene} scene */
async function orderly(scene) {
  await scene.makeTopic(4)
  const producer = await scene.producer()
  const keys = ['a', 'b', 'c', 'd', 'e']
  for (let n = 0; n < 60; n += 1)
    await producer.send({ topic: scene.topic, body: `${n}`, shardingKey: keys[n % keys.length] })
  /** @type {Map<string, number[]>} */
  const byKey = new Map(keys.map((key) => [key, []]))
  const busy = new Set()
  const failed = new Set()
  let overlaps = 0
  const listener = async (/** @type {import('@aerobee/client').ReceivedMessage} */ message) => {
    if (busy.has(message.queue.queueId)) overlaps += 1
    busy.add(message.queue.queueId)
    await scene.pause(2)
    busy.delete(message.queue.queueId)
    const n = Number(message.text())
    if (n % 20 === 7 && !failed.has(n)) {
      failed.add(n)
      throw new Error('the same again, before any other')
    }
    byKey.get(message.property('__SHARDINGKEY') ?? '')?.push(n)
  }
  const options = { suspendCurrentQueueTimeMillis: 50 }
  await scene.pushConsumer(options).runOrderly(listener)
  await scene.pushConsumer(options).runOrderly(listener)
  await scene.until(() => [...byKey.values()].flat().length >= 60, 'all messages')
  assert.equal(overlaps, 0, 'queues with two listeners at once')
  assert.equal(failed.size, 3)
  for (const [key, numbers] of byKey)
    assert.deepEqual(
      numbers,
      Array.from({ length: 12 }, (_, n) => n * keys.length + keys.indexOf(key)),
    )
}

/** @param {Scene} scene */
async function broadcasting(scene) {
  const producer = await scene.producer()
  await scene.sendAll(producer, numbered('m', 12))
  /** @param {string} name */
  const options = (name) => ({
    messageModel: /** @type {const} */ ('BROADCASTING'),
    instanceName: name,
    localOffsetStoreDir: join(scene.dir, `${scene.topic}-${name}`),
  })
  const [one, other] = [new Inbox(), new Inbox()]
  const consumer = scene.pushConsumer(options('one'))
  await consumer.run(one.take)
  await scene.pushConsumer(options('other')).run(other.take)
  for (const inbox of [one, other]) await inbox.await(12)
  await scene.close(consumer)
  await scene.sendAll(producer, numbered('n', 12))
  await other.await(24)
  const again = await scene.inbox(options('one'))
  await again.await(12)
  assert.deepEqual(again.distinct, numbered('n', 12))
}

/** @param {Scene} scene */
async function tags(scene) {
  const producer = await scene.producer()
  for (const [n, tag] of ['a', 'b', 'c', undefined, 'a', 'Aa', 'BB'].entries())
    await producer.send({ topic: scene.topic, body: `${n} ${tag}`, tags: tag })
  const inbox = await scene.inbox({}, 'a || c || Aa')
  await inbox.await(4)
  await scene.pause(300)
  // "Aa" and "BB" have one hash code.
  assert.deepEqual(inbox.distinct, ['0 a', '2 c', '4 a', '5 Aa'])
}

/** @param {Scene} scene */
async function sql(scene) {
  const producer = await scene.producer()
  /** @param {string} body @param {Record<string, string>} properties @param {string} [tag] */
  const send = (body, properties, tag) => producer.send({ topic: scene.topic, body, properties, tags: tag })
  await send('both', { amount: '11', region: 'eu' })
  await send('amount only', { amount: '11', region: 'us' })
  await send('region only', { amount: '9.5', region: 'eu' })
  await send('no amount', { region: 'eu' })
  await send('tagged', { amount: '1', region: 'eu' }, 'vip')
  const { sql } = scene.client
  const expression = sql`(amount > ${10} AND region IN ('eu', 'uk')) OR TAGS = ${'vip'}`
  const inbox = await scene.inbox({}, expression)
  await inbox.await(2)
  await scene.pause(300)
  assert.deepEqual(inbox.distinct, ['both', 'tagged'])
  const faulty = scene.pushConsumer({ consumerGroup: `${scene.group}-faulty` }, sql`amount > `)
  await assert.rejects(
    faulty.run(() => {}),
    { code: 'BROKER_ERROR' },
  )
}

/** @param {Scene} scene */
async function suspended(scene) {
  const producer = await scene.producer()
  await producer.send({ topic: scene.topic, body: 'first' })
  const inbox = new Inbox()
  const consumer = scene.pushConsumer()
  await consumer.run(inbox.take)
  await inbox.await(1)
  consumer.suspend()
  // Pulls that the broker holds already are answered by one message each.
  await scene.sendAll(producer, numbered('woken ', 8))
  await scene.pause(1500)
  const before = inbox.messages.length
  await scene.sendAll(producer, numbered('later ', 8))
  await scene.pause(1000)
  assert.equal(inbox.messages.length, before, 'messages that came to a suspended consumer')
  consumer.resume()
  await inbox.await(17)
}

/** @param {Scene} scene */
async function startPoints(scene) {
  const producer = await scene.producer()
  await scene.sendAll(producer, numbered('old ', 8))
  await scene.pause(1100)
  const then = new Date()
  await scene.pause(100)
  await scene.sendAll(producer, numbered('new ', 8))
  /** @param {'earliest' | 'latest' | Date} from @param {string} name */
  const inbox = async (from, name) => {
    const consumer = scene.pushConsumer({ from, consumerGroup: `${scene.group}-${name}` })
    const box = new Inbox()
    await consumer.run(box.take)
    await scene.until(() => scene.held(consumer) === 4, 'the queues')
    return box
  }
  const [earliest, latest, date] = [
    await inbox('earliest', 'e'),
    await inbox('latest', 'l'),
    await inbox(then, 'd'),
  ]
  await date.await(8)
  await earliest.await(16)
  await scene.sendAll(producer, numbered('now ', 8))
  for (const [box, count] of /** @type {const} */ ([
    [earliest, 24],
    [date, 16],
    [latest, 8],
  ]))
    await box.await(count)
  assert.deepEqual(latest.distinct, numbered('now ', 8))
  assert.deepEqual(date.distinct, [...numbered('new ', 8), ...numbered('now ', 8)])
}

/** @param {Scene} scene */
async function dynamic(scene) {
  const other = `${scene.topic}-other`
  await scene.makeTopic()
  await scene.makeTopic(4, other)
  const producer = await scene.producer()
  const inbox = new Inbox()
  const consumer = scene.pushConsumer()
  await consumer.run(inbox.take)
  await producer.send({ topic: other, body: 'other 1' })
  await producer.send({ topic: scene.topic, body: 'own 1' })
  await inbox.await(1)
  consumer.subscribe(other)
  await inbox.await(2)
  consumer.unsubscribe(scene.topic)
  await scene.until(() => scene.held(consumer) === 0, 'the queues of the topic to go')
  await producer.send({ topic: scene.topic, body: 'own 2' })
  await producer.send({ topic: other, body: 'other 2' })
  await inbox.await(3)
  await scene.pause(300)
  assert.deepEqual(inbox.distinct, ['other 1', 'other 2', 'own 1'])
}

/** @param {Scene} scene */
async function iteration(scene) {
  const producer = await scene.producer()
  await scene.sendAll(producer, numbered('m', 10))
  /** @type {string[]} */
  const seen = []
  let unfinished = ''
  for await (const message of scene.pushConsumer()) {
    if (seen.length === 5) {
      unfinished = message.text()
      break
    }
    seen.push(message.text())
  }
  for await (const message of scene.pushConsumer()) {
    seen.push(message.text())
    if (new Set(seen).size === 10) break
  }
  assert.deepEqual([...new Set(seen)].sort(), numbered('m', 10))
  assert.ok(seen.includes(unfinished))
}

export const push = [
  { name: 'push: members share the queues, one leaves', run: sharing, smoke: true },
  { name: 'push: offsets are kept for the next consumer', run: keptOffsets, smoke: true },
  { name: 'push: batches', run: batches },
  { name: 'push: a batch that succeeded in part', run: partialBatch },
  { name: 'push: orderly, with a listener that fails', run: orderly, smoke: true },
  { name: 'push: broadcasting, with offsets of its own', run: broadcasting },
  { name: 'push: tags', run: tags, smoke: true },
  { name: 'push: SQL', run: sql },
  { name: 'push: suspend and resume', run: suspended },
  { name: 'push: from the earliest, the latest, a time', run: startPoints },
  { name: 'push: subscribe and unsubscribe while running', run: dynamic },
  { name: 'push: for await, and what a loop was left with', run: iteration },
]
