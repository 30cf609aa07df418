// The lite pull consumer.
import assert from 'node:assert/strict'
import { Inbox, numbered } from './scene.mjs'

/** @typedef {import('./scene.mjs').Scene} Scene */
/** @typedef {import('@aerobee/client').LitePullConsumer} LitePullConsumer */

/** Polls until so many different bodies came. @param {Scene} scene @param {LitePullConsumer} consumer @param {number} count */
async function poll(scene, consumer, count) {
  const inbox = new Inbox()
  await scene.until(async () => {
    for (const message of await consumer.poll({ timeoutMs: 500 })) inbox.take(message)
    return inbox.distinct.length >= count
  }, `${count} messages`)
  return inbox
}

/** A topic of one queue with m0 to m9, and a consumer that reads it by assignment. @param {Scene} scene */
async function assigned(scene) {
  await scene.makeTopic(1)
  const producer = await scene.producer()
  await scene.sendAll(producer, numbered('m', 10))
  const consumer = await scene.litePullConsumer({ autoCommit: false }).start()
  const [queue] = await consumer.fetchMessageQueues(scene.topic)
  consumer.assign([queue])
  return { producer, consumer, queue }
}

/** @param {Scene} scene */
async function subscribed(scene) {
  const producer = await scene.producer()
  for (const body of numbered('m', 20))
    await producer.send({ topic: scene.topic, body, tags: Number(body.at(-1)) % 2 ? 'odd' : 'even' })
  const first = await scene.litePullConsumer().subscribe(scene.topic, 'odd').start()
  const got = await poll(scene, first, 10)
  assert.ok(got.messages.every(({ tags }) => tags === 'odd'))
  await first.commit()
  await scene.close(first)
  await scene.sendAll(producer, numbered('n', 6), { tags: 'odd' })
  const second = await scene.litePullConsumer().subscribe(scene.topic, 'odd').start()
  const rest = await poll(scene, second, 6)
  assert.deepEqual(rest.distinct, numbered('n', 6))
}

/** @param {Scene} scene */
async function seeking(scene) {
  const { producer, consumer, queue } = await assigned(scene)
  assert.deepEqual((await poll(scene, consumer, 10)).texts, numbered('m', 10))
  await consumer.seek(queue, 7)
  assert.deepEqual((await poll(scene, consumer, 3)).texts, ['m7', 'm8', 'm9'])
  await consumer.seekToBegin(queue)
  assert.deepEqual((await poll(scene, consumer, 10)).texts, numbered('m', 10))
  await consumer.seek(queue, 2)
  await consumer.seekToEnd(queue)
  await producer.send({ topic: scene.topic, body: 'next' })
  assert.deepEqual((await poll(scene, consumer, 1)).texts, ['next'])
  await assert.rejects(consumer.seek(queue, 99), /Seek offset illegal, seek offset = 99/)
  await assert.rejects(consumer.seek({ ...queue, queueId: 5 }, 0), /not in assigned list/)
  assert.throws(() => consumer.subscribe(scene.topic), /Subscribe and assign are mutually exclusive/)
}

/** @param {Scene} scene */
async function innerBatches(scene) {
  await scene.makeTopic(1, scene.topic, '+queue.type=BatchCQ')
  const producer = await scene.producer()
  const bodies = numbered('m', 10)
  const results = await producer.sendBatch(bodies.map((body) => ({ topic: scene.topic, body, tags: body })))
  assert.deepEqual(
    results.map(({ queueOffset }) => queueOffset),
    bodies.map((_, i) => i),
  )
  assert.equal(new Set(results.map(({ offsetMessageId }) => offsetMessageId)).size, 1, 'one record')
  const [alone] = await scene.sendAll(producer, ['n'])
  assert.equal(alone.queueOffset, 10)
  const consumer = await scene.litePullConsumer({ autoCommit: false }).start()
  const [queue] = await consumer.fetchMessageQueues(scene.topic)
  consumer.assign([queue])
  const { messages } = await poll(scene, consumer, 11)
  assert.deepEqual(
    messages.map((message) => [message.queueOffset, message.text()]),
    [...bodies, 'n'].map((body, i) => [i, body]),
  )
  assert.deepEqual(
    messages.map(({ tags }) => tags ?? ''),
    [...bodies, ''],
  )
  await consumer.seek(queue, 7)
  assert.deepEqual((await poll(scene, consumer, 4)).texts, ['m7', 'm8', 'm9', 'n'])
}

/** @param {Scene} scene */
async function lightQueues(scene) {
  await scene.makeTopic(1)
  const producer = await scene.producer()
  const names = ['all', 'odd'].map((name) => `%LMQ%${scene.topic}-${name}`)
  for (const [i, body] of numbered('m', 10).entries()) {
    const properties = { INNER_MULTI_DISPATCH: i % 2 ? names.join(',') : names[0] }
    await producer.send({ topic: scene.topic, body, properties })
  }
  const consumer = await scene.litePullConsumer({ autoCommit: false }).start()
  // A light message queue has no route: its broker is known from the topic's.
  const [{ brokerName }] = await consumer.fetchMessageQueues(scene.topic)
  for (const [i, topic] of names.entries()) {
    consumer.assign([{ topic, brokerName, queueId: 0 }])
    const wanted = numbered('m', 10).filter((_, n) => i === 0 || n % 2)
    assert.deepEqual((await poll(scene, consumer, wanted.length)).texts, wanted)
  }
}

/** @param {Scene} scene */
async function committing(scene) {
  const { consumer, queue } = await assigned(scene)
  // Brokers of 4.x say 0 of a queue that is young, whoever asks.
  assert.equal(await consumer.committed(queue), scene.kind === 'apache-4.9.7' ? 0 : -1)
  await poll(scene, consumer, 10)
  await consumer.commit([[queue, 4]])
  assert.equal(await consumer.committed(queue), 4)
  await scene.close(consumer)
  const again = await scene.litePullConsumer({ autoCommit: false }).assign([queue]).start()
  assert.equal(await again.committed(queue), 4)
  assert.deepEqual((await poll(scene, again, 6)).texts, numbered('m', 10).slice(4))
  await again.commit()
  await scene.until(async () => (await again.committed(queue)) === 10, 'the commit')
}

/** @param {Scene} scene */
async function pausing(scene) {
  await scene.makeTopic(2)
  const producer = await scene.producer()
  const queues = await producer.queues(scene.topic)
  const consumer = await scene.litePullConsumer().assign(queues).start()
  consumer.pause([queues[0]])
  // A pull that the broker may hold already is still answered.
  await producer.send({ topic: scene.topic, body: 'held' }, { queue: queues[0] })
  await consumer.poll({ timeoutMs: 1000 })
  for (const body of ['paused', 'open'])
    await producer.send({ topic: scene.topic, body }, { queue: queues[body === 'open' ? 1 : 0] })
  assert.deepEqual((await poll(scene, consumer, 1)).texts, ['open'])
  assert.equal((await consumer.poll({ timeoutMs: 1500 })).length, 0)
  consumer.resume([queues[0]])
  const rest = await poll(scene, consumer, 1)
  assert.equal(rest.texts.at(-1), 'paused')
}

/** @param {Scene} scene */
async function times(scene) {
  const { producer, consumer, queue } = await assigned(scene)
  await scene.pause(1100)
  const then = Date.now()
  await scene.pause(50)
  await scene.sendAll(producer, ['late'])
  await scene.until(
    async () => (await consumer.offsetForTimestamp(queue, then)) === 10,
    'the offset of the time',
  )
  assert.equal(await consumer.offsetForTimestamp(queue, new Date(then - 3_600_000)), 0)
}

/** @param {Scene} scene */
async function iteration(scene) {
  const producer = await scene.producer()
  await scene.sendAll(producer, numbered('m', 10))
  const consumer = await scene.litePullConsumer().subscribe(scene.topic).start()
  /** @type {string[]} */
  const seen = []
  let unfinished = ''
  for await (const message of consumer) {
    if (seen.length === 5) {
      unfinished = message.text()
      break
    }
    seen.push(message.text())
  }
  await scene.close(consumer)
  const again = await scene.litePullConsumer().subscribe(scene.topic).start()
  for await (const message of again) {
    seen.push(message.text())
    if (new Set(seen).size === 10) break
  }
  assert.deepEqual([...seen].sort(), numbered('m', 10), 'each once')
  assert.ok(seen.includes(unfinished))
}

/** @param {Scene} scene */
async function changes(scene) {
  await scene.makeTopic(1)
  const consumer = scene.litePullConsumer({
    consumerGroup: `${scene.group}-change`,
    topicMetadataCheckIntervalMillis: 1000,
    pollNameServerInterval: 1000,
  })
  /** @type {number[]} */
  const counts = []
  consumer.registerTopicMessageQueueChangeListener(
    scene.topic,
    (_, queues) => void counts.push(queues.length),
  )
  await consumer.subscribe(scene.topic).start()
  await scene.until(() => scene.held(consumer) === 1, 'the queue')
  await scene.makeTopic(3)
  await scene.until(() => counts.includes(3), 'the news of three queues')
  await scene.until(() => scene.held(consumer) === 3, 'three queues')
}

export const litePull = [
  { name: 'lite pull: by subscription, with tags', run: subscribed, smoke: true },
  { name: 'lite pull: assign and seek', run: seeking, smoke: true },
  { name: 'lite pull: batches in one record, from the midst of one too', run: innerBatches },
  { name: 'lite pull: light message queues', run: lightQueues },
  { name: 'lite pull: commit and committed', run: committing, smoke: true },
  { name: 'lite pull: pause and resume of queues', run: pausing },
  { name: 'lite pull: offset for a time', run: times },
  { name: 'lite pull: for await, and what a loop was left with', run: iteration },
  { name: 'lite pull: queues that come', run: changes },
]
