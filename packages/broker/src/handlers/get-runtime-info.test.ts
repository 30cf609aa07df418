import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodies } from '@aerobee/wire'
import { ask, bodyText, brokerParts, storedIn } from '../fakes.test.js'
import { getRuntimeInfoHandler } from './get-runtime-info.js'

/** What RocketMQ 5.3.3 answered, but for its own path and the delay levels. */
const keysOf533 = `EndTransactionQueueSize EndTransactionThreadPoolQueueCapacity ackThreadPoolQueueCapacity
  ackThreadPoolQueueHeadWaitTimeMills ackThreadPoolQueueSize bootTimestamp brokerActive brokerVersion brokerVersionDesc
  commitLogDirCapacity commitLogDiskRatio commitLogDiskRatio_/s/commitlog commitLogMaxOffset commitLogMinOffset
  consumeQueueDiskRatio dispatchBehindBytes dispatchMaxBuffer earliestMessageTimeStamp getFoundTps
  getMessageEntireTimeMax getMissTps getTotalTps getTransferredTps litePullThreadPoolQueueCapacity
  litePullThreadPoolQueueHeadWaitTimeMills litePullThreadPoolQueueSize msgGetTotalTodayMorning msgGetTotalTodayNow
  msgGetTotalYesterdayMorning msgPutTotalTodayMorning msgPutTotalTodayNow msgPutTotalYesterdayMorning
  pageCacheLockTimeMills pullThreadPoolQueueCapacity pullThreadPoolQueueHeadWaitTimeMills pullThreadPoolQueueSize
  putLatency99 putLatency999 putMessageAverageSize putMessageDistributeTime putMessageEntireTimeMax
  putMessageFailedTimes putMessageSizeTotal putMessageTimesTotal putTps queryThreadPoolQueueCapacity
  queryThreadPoolQueueHeadWaitTimeMills queryThreadPoolQueueSize remainHowManyDataToFlush
  remainTransientStoreBufferNumbs runtime sendThreadPoolQueueCapacity sendThreadPoolQueueHeadWaitTimeMills
  sendThreadPoolQueueSize startAcceptSendRequestTimeStamp timerCongestNum timerDequeueTps timerEnqueueTps
  timerOffsetBehind timerReadBehind`.split(/\s+/)

async function tableOf(parts: ReturnType<typeof brokerParts>): Promise<Readonly<Record<string, string>>> {
  const { reply } = await ask(getRuntimeInfoHandler(parts), {})
  assert.equal(reply.code, 0)
  const table = bodies.kvTable.decode(Buffer.from(bodyText(reply)))
  assert.ok(table.ok)
  return table.value.table
}

test('every key of RocketMQ is there, from the first moment on', async () => {
  const table = await tableOf(brokerParts({ storePathRootDir: '/s' }))
  assert.deepEqual(Object.keys(table).sort(), [...keysOf533].sort())
  // mqadmin and dashboards take these apart.
  for (const key of ['putTps', 'getFoundTps', 'getMissTps', 'getTotalTps', 'getTransferredTps'])
    assert.equal(table[key], '0.0 0.0 0.0')
  assert.equal(table.putMessageTimesTotal, '1')
  assert.equal(table.brokerVersion, '479')
  assert.equal(table.brokerVersionDesc, 'V5_3_3')
  assert.equal(table.sendThreadPoolQueueCapacity, '10000')
  assert.equal(table.ackThreadPoolQueueCapacity, '100000')
  assert.equal(table.EndTransactionThreadPoolQueueCapacity, '100000')
  assert.match(table.putMessageDistributeTime!, /^\[<=0ms\]:0 .*\[10s~\]:0 $/)
})

test('the figures are those of the broker', async () => {
  const parts = brokerParts({ storePathRootDir: '/s' })
  parts.delay.levels = () => [{ level: 3, offset: 5, maxOffset: 9 }]
  parts.stats.sample()
  parts.stats.notePut('T', 0, 20, storedIn(parts.clock, 2000, 12))
  parts.stats.notePut('TBW102', 0, 5, storedIn(parts.clock, 500))
  parts.stats.notePutFailed()
  parts.stats.noteGet('T', 'G', 0, 8, 800, 3)
  parts.stats.noteGet('T', 'G', 0, 0, 0, 0)
  parts.admission.admitSend(10)
  await parts.clock.advance(10_000)
  parts.stats.sample()
  const table = await tableOf(parts)
  assert.equal(table.scheduleMessageOffset_3, '5,9')
  assert.equal(table.putTps, '2.5 2.5 2.5')
  assert.equal(table.getTotalTps, '0.2 0.2 0.2')
  assert.equal(table.getTransferredTps, '0.8 0.8 0.8')
  assert.equal(table.putMessageTimesTotal, '25')
  assert.equal(table.putMessageEntireTimeMax, '12')
  assert.equal(table.getMessageEntireTimeMax, '3')
  assert.equal(table.putMessageAverageSize, '100.0')
  assert.equal(table.putMessageFailedTimes, '1')
  assert.equal(table.msgPutTotalTodayNow, '20')
  assert.equal(table.msgGetTotalTodayNow, '8')
  assert.equal(table.sendThreadPoolQueueSize, '1')
  assert.equal(table.commitLogDiskRatio, '0.915')
  assert.equal(table.earliestMessageTimeStamp, '-1')
})
