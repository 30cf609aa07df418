// Java mqadmin 5.3.3 looks into delivery and steers it, with Java clients connected and without.
import assert from 'node:assert/strict'
import { until } from '../lib/wait.mjs'

/** @typedef {import('../lib/suite.mjs').Context} Context */

const count = 20
const ownDeadlineMs = 5_000
/** Apache tells a consumer of a reset only when its held pull has ended. */
const resetDeadlineMs = 45_000

/**
 * Rows of a table that mqadmin prints, below its heading.
 * @param {string} printed
 * @param {string} first how the first column begins
 */
const rowsOf = (printed, first) =>
  printed
    .split('\n')
    .filter((line) => line.startsWith(first))
    .map((line) => line.trim().split(/\s+/))

export const steeringSuite = {
  name: 'steering',
  proves:
    'the Java mqadmin 5.3.3 resets offsets, with consumers online and offline, and shows clients, progress and statistics',
  needs: /** @type {import('../lib/suite.mjs').Need[]} */ (['java-5.3.3']),
  /** @param {Context} context */
  async run(context) {
    const { servers, target } = context
    const store = context.folder('store')
    const cluster = await servers.startCluster(target, { store, config: { traceTopicEnable: true } })
    const { namesrv, broker } = cluster
    const driver = await context.startDriver('java-5.3.3')
    const topic = 'e2e-steer'
    const group = `${topic}-consumer`
    const copy = `${topic}-copy`

    /** @param {string} args @returns {Promise<string>} what it prints, without what Java's logging says about itself */
    const mqadmin = async (args) => {
      const { printed } = await driver.run('mqadmin', { args: `${args} -n ${namesrv}` })
      const lines = printed.split('\n').filter((/** @type {string} */ line) => !line.includes(' |-'))
      return lines.join('\n')
    }
    /** @param {string} call @param {Record<string, unknown>} [more] @returns {Promise<any>} */
    const call = async (call, more = {}) => {
      const { answer } = await driver.run('adminCall', { namesrv, broker, topic, group, call, ...more })
      return answer
    }
    /** @param {string} args @returns {Promise<string[][]>} queue, broker offset, consumer offset */
    const progress = async (args) =>
      rowsOf(await mqadmin(`consumerProgress ${args}`), `${topic} `)
        .map((row) => row.slice(2, 5))
        .sort()
    const atStart = [
      ['0', '10', '0'],
      ['1', '10', '0'],
    ]
    const atEnd = [
      ['0', '10', '10'],
      ['1', '10', '10'],
    ]

    await mqadmin(`updateTopic -b ${broker} -t ${topic} -r 2 -w 2`)
    await mqadmin(`updateSubGroup -b ${broker} -g ${copy}`)
    const producer = driver.start('steeredProducer', { namesrv, topic, count })
    await producer.until(({ msgId }) => msgId !== undefined, 20_000, 'the producer had sent')
    const consumer = driver.start('steeredConsumer', { namesrv, topic })
    await consumer.until(({ seen }) => seen === count, 40_000, 'all messages were consumed')
    await until(async () => String(await progress(`-g ${group}`)) === String(atEnd), 20_000, 'the commits')
    const { msgId, offsetMsgId } = producer.figures
    const { clientId } = consumer.figures

    await context.case('consumerConnection, producerConnection, producer', async () => {
      const consumers = await mqadmin(`consumerConnection -g ${group}`)
      assert.equal(rowsOf(consumers, clientId)[0]?.[3], 'V5_3_3')
      assert.match(consumers, new RegExp(`^${topic} +\\*$`, 'm'))
      assert.match(consumers, /^MessageModel: CLUSTERING$/m)
      const producers = await mqadmin(`producerConnection -g ${topic}-producer -t ${topic}`)
      assert.match(
        producers,
        new RegExp(`^0001 +${producer.figures.clientId} +127\\.0\\.0\\.1:\\d+ +JAVA`, 'm'),
      )
      const all = await mqadmin(`producer -b ${broker}`)
      assert.match(all, new RegExp(`^producer group \\(${topic}-producer\\) instance : clientId=`, 'm'))
    })
    await context.case('consumerStatus, of a group and of a client', async () => {
      const all = await mqadmin(`consumerStatus -g ${group}`)
      assert.match(all, new RegExp(`^1 +${clientId} +V5_3_3 `, 'm'))
      assert.match(all, /^Rebalance OK$/m)
      const one = await mqadmin(`consumerStatus -g ${group} -i ${clientId}`)
      assert.match(one, new RegExp(`^${topic} +broker-a +0 +10 *$`, 'm'))
      assert.deepEqual((await call('consumerStatus', { clientId }))[clientId], { 0: 10, 1: 10 })
    })
    await context.case('consumerProgress, brokerConsumeStats, topicStatus, consume time span', async () => {
      assert.match(
        await mqadmin('consumerProgress'),
        new RegExp(`^${group} +1 +V5_3_3 +PUSH +CLUSTERING`, 'm'),
      )
      // Once: the sub-command keeps the client that it has shut down.
      const stats = await mqadmin(`brokerConsumeStats -b ${broker} -t 10000 -l 0 -o false`)
      const rows = rowsOf(stats, `${topic} `).map((row) => row.slice(1, 7))
      assert.deepEqual(rows.sort()[0], [group, 'broker-a', '0', '10', '10', '0'])
      const status = rowsOf(await mqadmin(`topicStatus -t ${topic}`), 'broker-a ')
      assert.deepEqual(status.map((row) => row.slice(1, 4)).sort(), [
        ['0', '0', '10'],
        ['1', '0', '10'],
      ])
      const spans = await call('timeSpan')
      assert.equal(spans.length, 2)
      for (const { min, max, consumed, delay } of spans)
        assert.ok(min > 0 && min <= max && consumed === max && delay === 0, JSON.stringify(spans))
    })
    await context.case('statsAll, and a single item', async () => {
      const row = async () => rowsOf(await mqadmin(`statsAll -t ${topic}`), `${topic} `).at(-1) ?? []
      // Statistics are sampled every 10 s.
      await until(async () => Number((await row())[4]) > 0, 25_000, 'a rate of deliveries')
      const [, shown, behind, , , putToday, gotToday] = await row()
      assert.deepEqual([shown, behind, putToday, gotToday], [group, '0', '20', '20'])
      assert.equal(await call('stats', { name: 'TOPIC_PUT_NUMS', key: topic }), count)
      assert.equal(await call('stats', { name: 'GROUP_GET_NUMS', key: `${topic}@${group}` }), count)
      assert.equal((await call('stats', { name: 'BROKER_PUT_NUMS', key: 'DefaultCluster' })) >= count, true)
    })
    await context.case('who consumes what', async () => {
      assert.ok((await call('groupsOfTopic')).includes(group))
      assert.ok((await call('topicsOfGroup')).includes(topic))
      assert.equal(await call('subscription'), '*')
    })
    await context.case('the subscription of a consumer that pulled and has gone', async () => {
      const pulled = { topic: `${topic}-pulled`, group: `${topic}-pulled-lite` }
      await mqadmin(`updateTopic -b ${broker} -t ${pulled.topic} -r 4 -w 4`)
      await driver.run('pullSubscribe', { namesrv, topic: pulled.topic })
      assert.equal(await call('subscription', pulled), 'TagA || TagC')
    })
    await context.case('queryCq', async () => {
      const printed = await mqadmin(`queryCq -t ${topic} -q 0 -i 0 -c 3 -b ${broker} -g ${group}`)
      assert.match(printed, /^max: 10, min: 0$/m)
      assert.match(printed, /^\t"subString":"\*",$/m)
      assert.equal(
        printed.match(/^ConsumeQueueData\{physicOffset=\d+, physicSize=\d+, tagsCode=2598\d+,/gm)?.length,
        3,
      )
    })
    await context.case('printMsg, queryMsgTraceById, consuming a message directly', async () => {
      const printed = await mqadmin(`printMsg -t ${topic} -d true`)
      assert.equal(printed.match(/^MSGID: [0-9A-F]{32,} MessageExt /gm)?.length, count)
      const trace = new RegExp(`^Pub +${topic}-producer +127\\.0\\.0\\.1 .* success *$`, 'm')
      await until(
        async () => trace.test(await mqadmin(`queryMsgTraceById -i ${msgId}`)),
        20_000,
        `a trace of ${msgId}`,
      )
      const before = consumer.figures.deliveries
      const direct = await mqadmin(`queryMsgById -i ${offsetMsgId} -t ${topic} -g ${group} -d ${clientId}`)
      assert.match(direct, /consumeResult=CR_SUCCESS/)
      await consumer.until(({ deliveries }) => deliveries === before + 1, ownDeadlineMs, 'one more delivery')
    })
    await context.case('cloneGroupOffset', async () => {
      const printed = await mqadmin(`cloneGroupOffset -s ${group} -d ${copy} -t ${topic}`)
      assert.ok(
        printed.includes(`clone group offset success. srcGroup[${group}], destGroup=[${copy}]`),
        printed,
      )
      await call('clone', { to: `${copy}-2` })
      assert.deepEqual(await call('committed', { group: copy }), { 0: 10, 1: 10 })
      assert.ok((await call('groupsOfTopic')).includes(`${copy}-2`))
    })
    await context.case('resetOffsetByTime while the consumer is online', async () => {
      const { deliveries } = consumer.figures
      const printed = await mqadmin(`resetOffsetByTime -g ${group} -t ${topic} -s 0`)
      assert.deepEqual(rowsOf(printed, 'broker-a ').sort(), [
        ['broker-a', '0', '0'],
        ['broker-a', '1', '0'],
      ])
      const all = (/** @type {any} */ figures) => figures.deliveries >= deliveries + count
      await consumer.until(all, resetDeadlineMs, 'all messages were delivered again')
      await until(async () => String(await progress(`-g ${group}`)) === String(atEnd), 10_000, 'the commits')
      assert.equal(consumer.figures.deliveries, deliveries + count)
    })
    await context.case('resetOffsetByTime through the consumer', async () => {
      await mqadmin(`updateBrokerConfig -b ${broker} -k useServerSideResetOffset -v false`)
      const { deliveries } = consumer.figures
      await mqadmin(`resetOffsetByTime -g ${group} -t ${topic} -s 0`)
      const all = (/** @type {any} */ figures) => figures.deliveries >= deliveries + count
      await consumer.until(all, resetDeadlineMs, 'all messages were delivered again')
      await mqadmin(`updateBrokerConfig -b ${broker} -k useServerSideResetOffset -v true`)
    })
    await consumer.stop()
    await context.case('resetOffsetByTime and skipAccumulatedMessage while it is offline', async () => {
      await mqadmin(`resetOffsetByTime -g ${group} -t ${topic} -s 0`)
      assert.deepEqual(await progress(`-g ${group}`), atStart)
      const skipped = await mqadmin(`skipAccumulatedMessage -g ${group} -t ${topic}`)
      assert.deepEqual(rowsOf(skipped, 'broker-a ').sort(), [
        ['broker-a', '0', '10'],
        ['broker-a', '1', '10'],
      ])
      assert.deepEqual(await progress(`-g ${group}`), atEnd)
      await call('resetQueue', { queue: 1, offset: 7 })
      assert.deepEqual(await progress(`-g ${group}`), [atEnd[0], ['1', '10', '7']])
      const next = driver.start('steeredConsumer', { namesrv, topic })
      await next.until(({ seen }) => seen === 3, 40_000, 'the rest of the queue was consumed')
      await next.stop()
      assert.equal(next.figures.deliveries, 3)
    })
    await context.case('updateTopicPerm, cleaning on demand, deleteSubGroup', async () => {
      const updated = await mqadmin(`updateTopicPerm -b ${broker} -t ${topic} -p 4`)
      assert.ok(updated.includes(`update topic perm from 6 to 4 in ${broker} success.`), updated)
      for (const clean of ['cleanExpiredCQ', 'cleanUnusedTopic', 'deleteExpiredCommitLog'])
        assert.match(await mqadmin(`${clean} -b ${broker}`), /^success$/m)
      assert.equal((await progress(`-g ${group}`)).length, 2)
      const deleted = await mqadmin(`deleteSubGroup -b ${broker} -g ${group} -r true`)
      assert.ok(
        deleted.includes(`delete subscription group [${group}] from broker [${broker}] success.`),
        deleted,
      )
      assert.deepEqual(await progress(`-g ${group}`), [])
    })
    await producer.stop()
    await driver.stop()
    await cluster.stop()
  },
}
