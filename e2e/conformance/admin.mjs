// Java's mqadmin sees our clients, and steers them.
import assert from 'node:assert/strict'
import { Inbox, numbered } from './scene.mjs'

/** @typedef {import('./scene.mjs').Scene} Scene */

/**
 * A running consumer and what mqadmin calls it.
 * @param {Scene} scene
 */
async function online(scene) {
  const mqadmin = scene.mqadmin
  assert.ok(mqadmin)
  const producer = await scene.producer()
  const results = await scene.sendAll(producer, numbered('m', 8), { tags: 'T' })
  const inbox = new Inbox()
  const consumer = scene.pushConsumer({
    instanceName: `${scene.topic}-1`,
    persistConsumerOffsetInterval: 500,
  })
  await consumer.run(inbox.take)
  await inbox.await(8)
  const printed = await mqadmin(`consumerConnection -g ${scene.group}`)
  const clientId = /^(\S+@\S+) +127\.0\.0\.1:\d+ +JAVA /m.exec(printed)?.[1]
  assert.ok(clientId, `no client in\n${printed}`)
  return { mqadmin, producer, results, inbox, consumer, clientId, printed }
}

/** @param {Scene} scene */
async function connections(scene) {
  const { mqadmin, printed, clientId } = await online(scene)
  assert.ok(clientId.endsWith(`@${scene.topic}-1`), clientId)
  assert.match(printed, /^ConsumeType: CONSUME_PASSIVELY$/m)
  assert.match(printed, /^MessageModel: CLUSTERING$/m)
  assert.match(printed, /^ConsumeFromWhere: CONSUME_FROM_FIRST_OFFSET$/m)
  assert.match(printed, new RegExp(`^${scene.topic} +\\* *$`, 'm'))
  assert.match(printed, new RegExp(`^%RETRY%${scene.group} +\\* *$`, 'm'))
  const producers = await mqadmin(`producerConnection -g ${scene.topic}-producer -t ${scene.topic}`)
  assert.match(producers, /^\d+ +\S+@\S+ +127\.0\.0\.1:\d+ +\S+ +V\S+ *$/m)
}

/** @param {Scene} scene */
async function progress(scene) {
  const { mqadmin } = await online(scene)
  const row = new RegExp(`^${scene.topic} +broker-a +3 +2 +2 +0 +0 `, 'm')
  let printed = ''
  await scene
    .until(async () => {
      printed = await mqadmin(`consumerProgress -g ${scene.group}`)
      return row.test(printed)
    }, `a row ${row}`)
    .catch((error) => {
      throw new Error(`${error.message} in\n${printed}`)
    })
  assert.match(printed, /^Consume Diff Total: 0$/m)
}

/** @param {Scene} scene */
async function status(scene) {
  const { mqadmin, clientId } = await online(scene)
  const printed = await mqadmin(`consumerStatus -g ${scene.group} -i ${clientId}`)
  assert.match(printed, /^#Consumer Properties#$/m)
  assert.match(printed, /^PROP_CONSUME_TYPE +: CONSUME_PASSIVELY *$/m)
  assert.match(
    printed,
    new RegExp(`^\\d+ Topic: ${scene.topic} +ClassFilter: false +SubExpression: \\* *$`, 'm'),
  )
  assert.match(printed, new RegExp(`^${scene.topic} +broker-a +3 +2 *$`, 'm'))
  const detail = /ProcessQueueInfo \[commitOffset=2, .*cachedMsgCount=0, .*droped=false, /
  assert.match(printed, new RegExp(`^${scene.topic} +broker-a +3 +${detail.source}`, 'm'))
  assert.match(await mqadmin(`consumerStatus -g ${scene.group} -i ${clientId} -s`), /^one event loop/m)
}

/** By the next pull of each queue, and then by a request to the consumer. @param {Scene} scene */
async function reset(scene) {
  const { mqadmin, inbox } = await online(scene)
  let count = 8
  for (const byBroker of [true, false]) {
    await mqadmin(`updateBrokerConfig -b ${scene.broker} -k useServerSideResetOffset -v ${byBroker}`)
    const printed = await mqadmin(`resetOffsetByTime -g ${scene.group} -t ${scene.topic} -s 0 -f true`)
    assert.match(printed, /^broker-a +3 +0 *$/m)
    count += 8
    await scene.until(() => inbox.messages.length >= count, `every message again, ${byBroker}`)
  }
  assert.deepEqual(inbox.distinct, numbered('m', 8))
  await scene.pause(500)
  assert.equal(inbox.messages.length, 24)
}

/** @param {Scene} scene */
async function direct(scene) {
  const { mqadmin, inbox, results, clientId } = await online(scene)
  const { offsetMessageId } = results[0]
  const printed = await mqadmin(
    `queryMsgById -t ${scene.topic} -i ${offsetMessageId} -g ${scene.group} -d ${clientId}`,
  )
  assert.match(printed, /consumeResult=CR_SUCCESS, remark=null/)
  assert.equal(inbox.texts.filter((text) => text === 'm0').length, 2)
}

/** @param {Scene} scene */
async function readers(scene) {
  const { mqadmin } = scene
  assert.ok(mqadmin)
  await scene.makeTopic()
  const producer = await scene.producer()
  await scene.sendAll(producer, numbered('m', 8))
  const instanceName = `${scene.topic}-1`
  const consumer = await scene.litePullConsumer({ instanceName }).subscribe(scene.topic).start()
  let got = 0
  await scene.until(async () => {
    got += (await consumer.poll({ timeoutMs: 200 })).length
    return got === 8
  }, 'eight messages')
  await consumer.commit()
  const connection = await mqadmin(`consumerConnection -g ${scene.group}`)
  assert.match(connection, /^ConsumeType: CONSUME_ACTIVELY$/m)
  const clientId = new RegExp(`^(\\S+@${instanceName}@STREAM) `, 'm').exec(connection)?.[1]
  const printed = await mqadmin(`consumerStatus -g ${scene.group} -i ${clientId}`)
  assert.match(printed, /^PROP_CONSUME_TYPE +: CONSUME_ACTIVELY *$/m)
  assert.match(printed, new RegExp(`^${scene.topic} +broker-a +3 +2 *$`, 'm'))
  const progress = await mqadmin(`consumerProgress -g ${scene.group}`)
  assert.match(progress, new RegExp(`^${scene.topic} +broker-a +3 +2 +2 +0 +0 `, 'm'))
}

/** @param {Scene} scene */
async function traces(scene) {
  const { mqadmin } = scene
  assert.ok(mqadmin)
  const producer = await scene.producer({ enableTrace: true })
  const { messageId } = await producer.send({ topic: scene.topic, body: 'traced', keys: ['k'] })
  const inbox = new Inbox()
  const consumer = scene.pushConsumer({ enableTrace: true })
  await consumer.run(inbox.take)
  await inbox.await(1)
  await scene.close(consumer)
  await scene.close(producer)
  let printed = ''
  await scene.until(async () => {
    printed = await mqadmin(`queryMsgTraceById -i ${messageId}`)
    return /^Pub /m.test(printed) && /^Sub /m.test(printed)
  }, 'both records')
  assert.match(printed, new RegExp(`^Pub +${scene.topic}-producer +127\\.0\\.0\\.1 .* success *$`, 'm'))
  assert.match(printed, new RegExp(`^Sub +${scene.group} .* success *$`, 'm'))
}

export const admin = [
  { name: 'mqadmin: consumerConnection, producerConnection', run: connections, mqadmin: true },
  { name: 'mqadmin: consumerProgress', run: progress, mqadmin: true },
  { name: 'mqadmin: consumerStatus', run: status, mqadmin: true },
  { name: 'mqadmin: resetOffsetByTime', run: reset, mqadmin: true },
  { name: 'mqadmin: direct consume by queryMsgById', run: direct, mqadmin: true },
  { name: 'mqadmin: lite pull consumers', run: readers, mqadmin: true },
  { name: 'mqadmin: queryMsgTraceById', run: traces, mqadmin: true },
]
