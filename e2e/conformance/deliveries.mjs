// What brokers do with messages on their way: delays, timers, recall, transactions, requests and replies.
import assert from 'node:assert/strict'
import { Inbox } from './scene.mjs'

/** @typedef {import('./scene.mjs').Scene} Scene */
/** @typedef {import('@aerobee/client').OutgoingMessage} OutgoingMessage */

/** Apache's timers go by whole seconds and may be one early. @param {Scene} scene */
const earlyMs = (scene) => (scene.kind === 'aerobee' ? 0 : 1000)
const lateMs = 4000

/**
 * Sends each message, and checks when it comes.
 * @param {Scene} scene
 * @param {(Partial<OutgoingMessage> & { body: string, dueMs: number })[]} messages
 */
async function assertDelays(scene, messages) {
  const producer = await scene.producer()
  /** @type {Map<string, number>} */
  const arrived = new Map()
  await producer.send({ topic: scene.topic, body: 'at once' })
  await scene
    .pushConsumer()
    .run((message) => void (arrived.has(message.text()) || arrived.set(message.text(), Date.now())))
  await scene.until(() => arrived.has('at once'), 'the first message')
  const sentAt = new Map()
  for (const { dueMs, ...message } of messages) {
    const now = Date.now()
    sentAt.set(message.body, now)
    await producer.send({
      topic: scene.topic,
      ...message,
      ...('deliverTimeMs' in message && { deliverTimeMs: new Date(now + dueMs) }),
    })
  }
  await scene.until(() => arrived.size > messages.length, 'all messages')
  for (const { body, dueMs } of messages) {
    const took = (arrived.get(body) ?? 0) - sentAt.get(body)
    assert.ok(took >= dueMs - earlyMs(scene), `${body} came after ${took} ms, ${dueMs} are asked for`)
    assert.ok(took <= dueMs + lateMs, `${body} came after ${took} ms, ${dueMs} are asked for`)
  }
}

/** @param {Scene} scene */
const delayLevels = (scene) =>
  assertDelays(scene, [
    { body: 'level 1', delayLevel: 1, dueMs: 1000 },
    { body: 'level 2', delayLevel: 2, dueMs: 2000 },
  ])

/** @param {Scene} scene */
const timers = (scene) =>
  assertDelays(scene, [
    { body: 'seconds', delayTimeSec: 2, dueMs: 2000 },
    { body: 'milliseconds', delayTimeMs: 1500, dueMs: 1500 },
    { body: 'at a time', deliverTimeMs: 0, dueMs: 2500 },
  ])

/** @param {Scene} scene */
async function recall(scene) {
  const producer = await scene.producer()
  const inbox = await scene.inbox()
  const taken = await producer.send({ topic: scene.topic, body: 'taken back', delayTimeMs: 4000 })
  assert.ok(taken.recallHandle, 'a delayed message has a handle')
  assert.equal(await producer.recallMessage(scene.topic, taken.recallHandle), taken.messageId)
  await producer.send({ topic: scene.topic, body: 'kept', delayTimeMs: 5500 })
  await inbox.await(1)
  await scene.pause(500)
  assert.deepEqual(inbox.texts, ['kept'])
  await assert.rejects(producer.recallMessage(scene.topic, 'no handle'), /recall handle is invalid/)
}

/** @param {Scene} scene */
async function requestReply(scene) {
  await scene.makeTopic()
  const replier = await scene.producer({ producerGroup: `${scene.topic}-replier` })
  const { topic } = scene
  await scene.pushConsumer().run(async (message) => {
    if (message.text() !== 'silence') await replier.reply(message, `re: ${message.text()}`)
  })
  const producer = await scene.producer()
  // The first one may be sent before the broker knows the way back.
  for (const body of ['one', 'two', 'three']) {
    const reply = await producer.request({ topic, body }, { timeoutMs: 10_000 })
    assert.equal(reply.text(), `re: ${body}`)
  }
  await assert.rejects(producer.request({ topic, body: 'silence' }, { timeoutMs: 1000 }), { code: 'TIMEOUT' })
}

/** @param {Scene} scene */
async function transactions(scene) {
  await scene.makeTopic()
  /** @type {string[]} */
  const checked = []
  const producer = await scene.transactionProducer({
    executeLocalTransaction: (_, { argument }) => /** @type {any} */ (argument),
    checkLocalTransaction: (message) => {
      checked.push(message.text())
      return 'UNKNOW'
    },
  })
  /** @param {string} body @param {string | undefined} argument */
  const send = (body, argument) =>
    producer.sendMessageInTransaction({ topic: scene.topic, body }, { argument })
  const inbox = await scene.inbox()
  assert.equal((await send('committed', 'COMMIT_MESSAGE')).localTransactionState, 'COMMIT_MESSAGE')
  assert.equal((await send('rolled back', 'ROLLBACK_MESSAGE')).localTransactionState, 'ROLLBACK_MESSAGE')
  const failing = await producer.sendMessageInTransaction(
    { topic: scene.topic, body: 'thrown' },
    { execute: () => Promise.reject(new Error('no')) },
  )
  assert.equal(failing.localTransactionState, 'UNKNOW')
  await producer.sendMessageInTransaction(
    { topic: scene.topic, body: 'executed', keys: ['k'], tags: 'T' },
    { execute: () => {} },
  )
  await inbox.await(2)
  await scene.pause(500)
  assert.deepEqual(inbox.distinct, ['committed', 'executed'])
  const executed = inbox.messages.find((message) => message.text() === 'executed')
  assert.equal(executed?.tags, 'T')
  assert.deepEqual(executed?.keys, ['k'])
  assert.ok(executed?.transactionId)
}

/** @param {Scene} scene */
async function transactionChecks(scene) {
  await scene.makeTopic()
  /** @type {Map<string, number>} */
  const checks = new Map()
  const producer = await scene.transactionProducer({
    checkLocalTransaction: (message) => {
      const times = (checks.get(message.text()) ?? 0) + 1
      checks.set(message.text(), times)
      if (message.text() === 'commit') return 'COMMIT_MESSAGE'
      if (message.text() === 'roll back') return 'ROLLBACK_MESSAGE'
      return times === 1 ? 'UNKNOW' : 'COMMIT_MESSAGE'
    },
  })
  const inbox = await scene.inbox()
  for (const body of ['commit', 'roll back', 'commit later'])
    await producer.sendMessageInTransaction({ topic: scene.topic, body }, { execute: () => 'UNKNOW' })
  await inbox.await(2)
  await scene.until(() => checks.has('roll back'), 'the check of what is rolled back')
  assert.deepEqual(inbox.distinct, ['commit', 'commit later'])
  assert.ok((checks.get('commit later') ?? 0) >= 2)
}

/** Needs retry topics and dead letters. @param {Scene} scene */
async function retry(scene) {
  const producer = await scene.producer()
  await producer.send({ topic: scene.topic, body: 'hard', tags: 'T', keys: ['k'], properties: { p: '1' } })
  await producer.send({ topic: scene.topic, body: 'easy', tags: 'T' })
  const inbox = new Inbox()
  await scene.pushConsumer({}, 'T').run((message) => {
    inbox.take(message)
    if (message.text() === 'hard' && message.reconsumeTimes < 2) throw new Error('not yet')
  })
  const times = () => inbox.messages.filter((message) => message.text() === 'hard')
  await scene.until(() => times().length >= 3, 'three deliveries')
  assert.deepEqual(
    times().map(({ reconsumeTimes }) => reconsumeTimes),
    [0, 1, 2],
  )
  for (const message of times()) {
    assert.equal(message.topic, scene.topic)
    assert.equal(message.tags, 'T')
    assert.deepEqual(message.keys, ['k'])
    assert.equal(message.property('p'), '1')
    assert.equal(message.messageId, times()[0].messageId)
  }
}

/** @param {Scene} scene @param {string[]} bodies */
async function assertDeadLetters(scene, bodies) {
  const topic = `%DLQ%${scene.group}`
  const reader = await scene.litePullConsumer({ consumerGroup: `${scene.group}-dead` }).start()
  /** @type {import('@aerobee/client').MessageQueue[]} */
  let queues = []
  await scene.until(async () => {
    queues = await reader.fetchMessageQueues(topic)
    return queues.length > 0
  }, 'the queues of the dead letters')
  reader.assign(queues)
  const inbox = new Inbox()
  await scene.until(async () => {
    for (const message of await reader.poll({ timeoutMs: 500 })) inbox.take(message)
    return inbox.distinct.length >= bodies.length
  }, `${bodies.length} dead letters`)
  assert.deepEqual(inbox.distinct, bodies)
  for (const message of inbox.messages) {
    assert.equal(message.topic, topic)
    assert.equal(message.property('RETRY_TOPIC'), scene.topic)
    assert.ok(message.property('ORIGIN_MESSAGE_ID'))
  }
}

/** @param {Scene} scene */
async function deadLetters(scene) {
  const producer = await scene.producer()
  await scene.sendAll(producer, ['at once', 'fine', 'in the end'])
  const inbox = new Inbox()
  const consumer = scene.pushConsumer({ maxReconsumeTimes: 1 })
  await consumer.run((message, context) => {
    inbox.take(message)
    if (message.text() === 'fine') return
    if (message.text() === 'at once') context.delayLevelWhenNextConsume = -1
    throw new Error('never')
  })
  await assertDeadLetters(scene, ['at once', 'in the end'])
  assert.deepEqual([...inbox.texts].sort(), ['at once', 'fine', 'in the end', 'in the end'])
}

/** @param {Scene} scene */
async function orderlyDeadLetters(scene) {
  const producer = await scene.producer()
  for (const body of ['first', 'bad', 'last'])
    await producer.send({ topic: scene.topic, body, shardingKey: 'k' })
  /** @type {string[]} */
  const delivered = []
  const options = { maxReconsumeTimes: 2, suspendCurrentQueueTimeMillis: 100 }
  await scene.pushConsumer(options).runOrderly((message) => {
    delivered.push(`${message.text()} ${message.reconsumeTimes}`)
    if (message.text() === 'bad') throw new Error('never')
  })
  await scene.until(() => delivered.includes('last 0'), 'the queue to go on')
  assert.deepEqual(delivered, ['first 0', 'bad 0', 'bad 1', 'bad 2', 'last 0'])
  await assertDeadLetters(scene, ['bad'])
}

export const deliveries = [
  { name: 'delay levels', run: delayLevels },
  { name: 'delays in seconds and milliseconds, delivery at a time', run: timers },
  { name: 'recall of a delayed message', run: recall },
  { name: 'request and reply', run: requestReply },
  { name: 'transactions: committed, rolled back, failed', run: transactions },
  { name: 'transactions: the broker asks', run: transactionChecks },
  { name: 'a failed message comes again with its reconsume times', run: retry, smoke: true },
  { name: 'dead letters: at once and after the last retry', run: deadLetters },
  { name: 'dead letters of an orderly consumer', run: orderlyDeadLetters },
]
