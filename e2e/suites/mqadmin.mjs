// Java mqadmin 5.3.3: each sub-command prints from our answers what it prints from Apache's.
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { until } from '../lib/wait.mjs'

/** @typedef {import('../lib/suite.mjs').Context} Context */

const statusKeys = `EndTransactionQueueSize EndTransactionThreadPoolQueueCapacity ackThreadPoolQueueCapacity
  ackThreadPoolQueueHeadWaitTimeMills ackThreadPoolQueueSize bootTimestamp brokerActive brokerVersion brokerVersionDesc
  commitLogDirCapacity commitLogDiskRatio commitLogMaxOffset commitLogMinOffset consumeQueueDiskRatio
  dispatchBehindBytes dispatchMaxBuffer earliestMessageTimeStamp getFoundTps getMessageEntireTimeMax getMissTps
  getTotalTps getTransferredTps litePullThreadPoolQueueCapacity litePullThreadPoolQueueHeadWaitTimeMills
  litePullThreadPoolQueueSize msgGetTotalTodayMorning msgGetTotalTodayNow msgGetTotalYesterdayMorning
  msgPutTotalTodayMorning msgPutTotalTodayNow msgPutTotalYesterdayMorning pageCacheLockTimeMills
  pullThreadPoolQueueCapacity pullThreadPoolQueueHeadWaitTimeMills pullThreadPoolQueueSize putLatency99 putLatency999
  putMessageAverageSize putMessageDistributeTime putMessageEntireTimeMax putMessageFailedTimes putMessageSizeTotal
  putMessageTimesTotal putTps queryThreadPoolQueueCapacity queryThreadPoolQueueHeadWaitTimeMills
  queryThreadPoolQueueSize remainHowManyDataToFlush remainTransientStoreBufferNumbs runtime
  sendThreadPoolQueueCapacity sendThreadPoolQueueHeadWaitTimeMills sendThreadPoolQueueSize
  startAcceptSendRequestTimeStamp timerCongestNum timerDequeueTps timerEnqueueTps timerOffsetBehind
  timerReadBehind`.split(/\s+/)

/** cluster, broker, id, address, version, in TPS(load), out TPS(load), timer, page cache wait, hour, space, active */
const clusterListRow = new RegExp(
  [
    /^DefaultCluster +broker-a +0 +(?<address>\S+) +V\d+_\d+_\d+\S* +\d+\.\d+\(\d+,\d+ms\)/,
    / +\d+\.\d+\(\d+,\d+ms\|\d+,\d+ms\) +-?\d+-\d+\(\d+\.\d+w, \d+\.\d+, \d+\.\d+\)/,
    / +\d+ +\d+\.\d+ +\d\.\d+ +true *$/,
  ]
    .map((part) => part.source)
    .join(''),
  'm',
)

/** mqadmin writes the body of each message that it shows to a file of its own choosing. @param {string} printed */
function removeBodyFile(printed) {
  const path = /Message Body Path: +(\S+)/.exec(printed)?.[1]
  if (path) rmSync(path, { force: true })
}

/** @param {string} printed @param {string} topic */
function assertShowsMessage(printed, topic) {
  assert.match(printed, new RegExp(`^Topic: +${topic}$`, 'm'))
  assert.match(printed, /^Tags: +\[TagC\]$/m)
  assert.match(printed, /^Keys: +\[key-5 shared\]$/m)
  assert.match(printed, /^Queue Offset: +0$/m)
  assert.match(printed, /^Born Host: +127\.0\.0\.1:\d+$/m)
  assert.match(printed, /greeting=héllo wörld, 你好, жду 🙂 5/)
}

export const mqadminSuite = {
  name: 'mqadmin',
  proves: 'the Java mqadmin 5.3.3 manages topics, groups and configuration, and finds messages',
  needs: /** @type {import('../lib/suite.mjs').Need[]} */ (['java-5.3.3']),
  /** @param {Context} context */
  async run(context) {
    const { servers, target } = context
    const cluster = await servers.startCluster(target, { store: context.folder('store') })
    const { namesrv, broker } = cluster
    const driver = await context.startDriver('java-5.3.3')
    const topic = 'e2e-admin'

    /** @param {string} args @returns {Promise<string>} what it prints, without what Java's logging says about itself */
    const mqadmin = async (args) => {
      const { printed } = await driver.run('mqadmin', { args: `${args} -n ${namesrv}` })
      const lines = printed.split('\n').filter((/** @type {string} */ line) => !line.includes(' |-'))
      return lines.join('\n')
    }

    await context.case('updateTopic, to a broker and to a cluster', async () => {
      const one = await mqadmin(`updateTopic -b ${broker} -t ${topic} -r 6 -w 6`)
      assert.ok(one.includes(`create topic to ${broker} success.`), one)
      const all = await mqadmin('updateTopic -c DefaultCluster -t e2e-admin-cluster')
      assert.ok(all.includes(`create topic to ${broker} success.`), all)
    })
    await context.case('topicList', async () => {
      const topics = (await mqadmin('topicList')).split('\n')
      for (const name of [topic, 'e2e-admin-cluster', 'TBW102'])
        assert.ok(topics.includes(name), `${name} is not in ${topics}`)
      assert.match(await mqadmin('topicList -c'), new RegExp(`^DefaultCluster +${topic} *$`, 'm'))
    })
    await context.case('topicRoute', async () => {
      const route = await mqadmin(`topicRoute -t ${topic}`)
      // Java prints the broker id as a bare number, which is not JSON.
      const { brokerDatas, queueDatas } = JSON.parse(route.replace(/\{0:/g, '{"0":'))
      assert.deepEqual(brokerDatas[0].brokerAddrs, { 0: broker })
      assert.equal(brokerDatas[0].cluster, 'DefaultCluster')
      const queues = { brokerName: 'broker-a', perm: 6, readQueueNums: 6, topicSysFlag: 0, writeQueueNums: 6 }
      assert.deepEqual(queueDatas, [queues])
    })
    await context.case('clusterList', async () => {
      const list = await mqadmin('clusterList')
      assert.equal(clusterListRow.exec(list)?.groups?.address, broker, `no such row in\n${list}`)
      assert.match(await mqadmin('clusterList -m'), /^DefaultCluster +broker-a +\d+ +\d+ +\d+ +\d+ *$/m)
    })
    /** @type {Record<string, string>} */
    let sent = {}
    await context.case('queryMsgById, queryMsgByKey, queryMsgByUniqueKey', async () => {
      sent = await driver.run('sendOne', { namesrv, topic, n: 5 })
      const byId = await mqadmin(`queryMsgById -t ${topic} -i ${sent.offsetMsgId}`)
      removeBodyFile(byId)
      assert.match(byId, new RegExp(`^OffsetID: +${sent.offsetMsgId}$`, 'm'))
      assertShowsMessage(byId, topic)
      const byUniqueKey = await mqadmin(`queryMsgByUniqueKey -t ${topic} -i ${sent.msgId}`)
      removeBodyFile(byUniqueKey)
      assertShowsMessage(byUniqueKey, topic)
      // The index is built after the answer to the send.
      const row = new RegExp(`^${sent.msgId} +${sent.queueId} +0 *$`, 'm')
      const query = `queryMsgByKey -t ${topic} -k key-5`
      await until(async () => row.test(await mqadmin(query)), 10_000, `a row ${row} from ${query}`)
    })
    await context.case('brokerStatus', async () => {
      const status = await mqadmin(`brokerStatus -b ${broker}`)
      const pairs = [...status.matchAll(/^(\S+?) *: (.*)$/gm)].map(([, key, value]) => [key, value.trim()])
      const table = Object.fromEntries(pairs)
      const missing = statusKeys.filter((key) => !(key in table))
      assert.deepEqual(missing, [], 'keys that brokerStatus does not print')
      assert.match(table.putTps, /^\d+\.\d+/)
      assert.match(table.getTotalTps, /^\d+\.\d+( \d+\.\d+){2}$/)
      assert.equal(table.msgPutTotalTodayNow, '1')
      assert.equal(table.brokerActive, 'true')
    })
    await context.case('getBrokerConfig, updateBrokerConfig', async () => {
      const config = await mqadmin(`getBrokerConfig -b ${broker}`)
      const port = broker.split(':')[1]
      for (const [key, value] of Object.entries({
        brokerName: 'broker-a',
        listenPort: port,
        autoCreateTopicEnable: 'true',
      })) {
        assert.match(config, new RegExp(`^${key} += +${value} *$`, 'm'))
      }
      const updated = await mqadmin(`updateBrokerConfig -b ${broker} -k fileReservedTime -v 71`)
      assert.ok(updated.includes('update broker config success'), updated)
      assert.match(await mqadmin(`getBrokerConfig -b ${broker}`), /^fileReservedTime += +71 *$/m)
    })
    await context.case('updateSubGroup', async () => {
      const printed = await mqadmin(`updateSubGroup -b ${broker} -g e2e-admin-group -r 3`)
      assert.ok(printed.includes(`create subscription group to ${broker} success.`), printed)
    })
    await context.case('deleteTopic', async () => {
      const printed = await mqadmin(`deleteTopic -c DefaultCluster -t ${topic}`)
      assert.ok(printed.includes(`delete topic [${topic}] from cluster [DefaultCluster] success.`), printed)
      assert.ok(printed.includes(`delete topic [${topic}] from NameServer success.`), printed)
      assert.ok(
        !(await mqadmin('topicList')).split('\n').includes(topic),
        'the deleted topic is still listed',
      )
      assert.equal((await mqadmin(`topicRoute -t ${topic}`)).trim(), '')
    })
    await driver.stop()
    await cluster.stop()
  },
}
