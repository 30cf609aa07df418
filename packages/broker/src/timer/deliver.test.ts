import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8Text } from '@aerobee/base'
import { FaultFileSystem } from '@aerobee/testkit'
import { findProperty } from '@aerobee/wire'
import { ask, bodyText } from '../fakes.test.js'
import { getTimerCheckPointHandler, getTimerMetricsHandler } from '../handlers/timer-state.js'
import { startMs, TimerScene } from './scene.test.js'

test('timers are delivered at the millisecond they ask for, whatever the way of asking and the order of sending', async () => {
  const scene = await TimerScene.started()
  await scene.put('late', { TIMER_DELAY_SEC: 3 })
  await scene.put('soon', { TIMER_DELAY_MS: 250 })
  await scene.put('at', { TIMER_DELIVER_MS: startMs + 1777 })
  await scene.put('exact', { TIMER_DELIVER_MS: startMs - (startMs % 1000) + 2000 })
  assert.deepEqual(await scene.bodies(), [])
  await scene.clock.advance(5000)
  assert.deepEqual(await scene.delivered(), ['soon 250', 'exact 1660', 'at 1777', 'late 3000'])
  await scene.stop()
})

test('what is delivered is the message as it was, with the times at which it went in and out', async () => {
  const scene = await TimerScene.started()
  await scene.put('x', { TIMER_DELAY_MS: 2000, KEYS: 'k' }, { queueId: 3, reconsumeTimes: 2 })
  await scene.clock.advance(3000)
  const [record] = await scene.records('T', 3)
  assert.equal(record?.flag, 7)
  assert.equal(record.reconsumeTimes, 2)
  assert.equal(record.bornTimestamp, startMs)
  const property = (name: string) => findProperty(record.properties, name)
  assert.deepEqual(
    [
      'REAL_TOPIC',
      'REAL_QID',
      'TIMER_OUT_MS',
      'TIMER_ENQUEUE_MS',
      'TIMER_DEQUEUE_MS',
      'TIMER_DELAY_MS',
      'KEYS',
    ].map(property),
    ['T', '3', '1795510274000', '1795510272000', String(startMs + 2000), '2000', 'k'],
  )
  await scene.stop()
})

test('timers of one millisecond keep the order in which they were stored', async () => {
  const scene = await TimerScene.started()
  const names = Array.from({ length: 300 }, (_, i) => `m${i}`)
  const at = startMs + 1500
  await Promise.all(names.map((name) => scene.put(name, { TIMER_DELIVER_MS: at })))
  await scene.clock.advance(2000)
  assert.deepEqual(
    await scene.delivered(),
    names.map((name) => `${name} 1500`),
  )
  await scene.stop()
})

test('a message that is due already is stored at once', async () => {
  const scene = await TimerScene.started()
  assert.equal(await scene.put('past', { TIMER_DELIVER_MS: startMs }), 'PUT_OK')
  assert.equal(await scene.put('zero', { TIMER_DELAY_MS: 0 }), 'PUT_OK')
  assert.deepEqual(await scene.bodies(), ['past', 'zero'])
  await scene.stop()
})

test('a timer beyond the roll window goes round and still is on time', async () => {
  const scene = await TimerScene.started({ config: { timerRollWindowSlot: 10 } })
  await scene.put('far', { TIMER_DELAY_MS: 45_678 })
  await scene.put('little', { TIMER_DELIVER_MS: startMs + 12_345 })
  await scene.clock.advance(60_000)
  assert.deepEqual(await scene.delivered(), ['little 12345', 'far 45678'])
  const rolls = (await scene.records()).map(({ properties }) => findProperty(properties, 'TIMER_ROLL_TIMES'))
  assert.deepEqual(rolls, ['1', '4'])
  assert.equal(scene.service.metrics.countOf('T'), 0)
  await scene.stop()
})

test('a timer is taken back by a marker for the same time', async () => {
  const scene = await TimerScene.started()
  await scene.put('a', { TIMER_DELAY_MS: 3000 })
  await scene.put('b', { TIMER_DELAY_MS: 3000 })
  assert.equal(scene.service.metrics.countOf('T'), 2)
  const handleMs = Math.floor((startMs + 3000) / 1000) * 1000 + 1
  await scene.put('0', { UNIQ_KEY: 'a', TIMER_DEL_UNIQKEY: 'T+a', TIMER_DELIVER_MS: handleMs })
  await scene.put('1', { UNIQ_KEY: 'c', TIMER_DEL_UNIQKEY: 'T+c', TIMER_DELIVER_MS: handleMs })
  await scene.clock.advance(5000)
  assert.deepEqual(await scene.bodies(), ['b'])
  await scene.stop()
})

test('a marker that is placed after its time, because the broker was away, takes its timer back', async () => {
  const scene = await TimerScene.started()
  await scene.put('a', { TIMER_DELAY_MS: 6000 })
  await scene.put('b', { TIMER_DELAY_MS: 6000 })
  // Long enough for both to be in the files.
  await scene.clock.advance(3000)
  scene.config.timerStopEnqueue = true
  const handleMs = Math.floor((startMs + 6000) / 1000) * 1000 + 1
  await scene.put('0', { UNIQ_KEY: 'a', TIMER_DEL_UNIQKEY: 'T+a', TIMER_DELIVER_MS: handleMs })
  scene.disk.kill()
  const next = await TimerScene.started({ disk: scene.disk.afterKill(), nowMs: startMs + 9500 })
  await next.clock.advance(5000)
  assert.deepEqual(await next.bodies(), ['b'])
  await next.stop()
})

test('stop switches hold timers, and give them on when they are set back', async () => {
  const scene = await TimerScene.started()
  scene.config.timerStopEnqueue = true
  await scene.put('a', { TIMER_DELAY_MS: 500 })
  await scene.clock.advance(2000)
  assert.equal(scene.service.figures().offsetBehind, 1)
  scene.config.timerStopEnqueue = false
  scene.config.timerStopDequeue = true
  await scene.clock.advance(2000)
  assert.deepEqual(await scene.bodies(), [])
  assert.equal(scene.service.figures().offsetBehind, 0)
  assert.ok(scene.service.figures().readBehindSeconds >= 1)
  scene.config.timerStopDequeue = false
  await scene.clock.advance(1100)
  assert.deepEqual(await scene.bodies(), ['a'])
  await scene.stop()
})

test('what was delivered before a power cut is not delivered again, however long timers are held behind it', async () => {
  const disk = new FaultFileSystem()
  const config = { flushDiskType: 'SYNC_FLUSH' } as const
  const before = await TimerScene.started({ disk, config })
  await before.put('a', { TIMER_DELAY_MS: 500 })
  await before.clock.advance(600)
  await before.put('b', {})
  assert.deepEqual(await before.bodies(), ['a', 'b'])
  disk.kill()
  const held = {
    disk: disk.afterPowerCut(),
    nowMs: before.nowMs,
    config: { ...config, timerStopEnqueue: true },
  }
  const scene = await TimerScene.started(held)
  await scene.clock.advance(20_000)
  scene.config.timerStopEnqueue = false
  await scene.put('c', { TIMER_DELAY_MS: 1500 })
  await scene.clock.advance(5000)
  assert.deepEqual(await scene.bodies(), ['a', 'b', 'c'])
  await scene.stop()
})

test('a store that takes nothing for a while gets every timer later, and once', async () => {
  const scene = await TimerScene.started()
  for (let i = 0; i < 20; i++) await scene.put(`m${i}`, { TIMER_DELIVER_MS: startMs + 2000 + i * 100 })
  const heal = scene.disk.fail({ call: 'write', path: /commitlog/, errno: 'ENOSPC', times: 1e9 })
  await scene.clock.advance(6000)
  assert.deepEqual(await scene.bodies(), [])
  heal()
  await scene.clock.advance(2000)
  assert.deepEqual((await scene.bodies()).sort(), Array.from({ length: 20 }, (_, i) => `m${i}`).sort())
  for (const { properties, storeTimestamp } of await scene.records()) {
    assert.equal(properties.split('TIMER_DEQUEUE_MS').length, 2)
    assert.equal(findProperty(properties, 'TIMER_DEQUEUE_MS'), String(storeTimestamp))
  }
  await scene.stop()
})

test('a clock that jumps forward delivers what it passed, one that jumps back delivers nothing twice', async () => {
  const scene = await TimerScene.started()
  await scene.put('a', { TIMER_DELAY_MS: 60_000 })
  await scene.put('b', { TIMER_DELAY_MS: 90_000 })
  scene.clock.jumpWall(70_000)
  await scene.clock.advance(2000)
  assert.deepEqual(await scene.bodies(), ['a'])
  scene.clock.jumpWall(-70_000)
  await scene.put('c', { TIMER_DELAY_MS: 100 })
  await scene.clock.advance(120_000)
  assert.deepEqual((await scene.bodies()).sort(), ['a', 'b', 'c'])
  await scene.stop()
})

test('messages that cannot be read for a while are delivered later, each once', async () => {
  const first = await TimerScene.started()
  for (let i = 0; i < 50; i++) await first.put(`m${i}`, { TIMER_DELIVER_MS: startMs + 4000 + i })
  const scene = await first.restarted()
  const heal = scene.disk.fail({ call: 'read', path: /commitlog|timerlog/, times: 1e9 })
  await scene.clock.advance(6000)
  assert.equal(scene.store.maxOffset('T', 0), 0)
  heal()
  await scene.clock.advance(2000)
  assert.deepEqual(
    await scene.bodies(),
    Array.from({ length: 50 }, (_, i) => `m${i}`),
  )
  await scene.stop()
})

test('messages are read before they are due, so that a disk that fails then delays none', async () => {
  const first = await TimerScene.started()
  const dueMs = startMs + 4000
  for (let i = 0; i < 500; i++) await first.put(`m${i}`, { TIMER_DELIVER_MS: dueMs + (i % 3) })
  const scene = await first.restarted()
  await scene.clock.advance(dueMs - 10 - scene.nowMs)
  scene.disk.fail({ call: 'read', path: /commitlog|timerlog/, times: 1e9 })
  await scene.clock.advance(200)
  const late = (await scene.records()).map(
    ({ body, storeTimestamp }) => storeTimestamp - dueMs - (Number(utf8Text(body).slice(1)) % 3),
  )
  assert.deepEqual(late, new Array(500).fill(0))
  await scene.stop()
})

test('a message that was read ahead can still be taken back', async () => {
  const scene = await TimerScene.started()
  const slotMs = startMs - (startMs % 1000) + 3000
  for (const name of ['a', 'b']) await scene.put(name, { TIMER_DELIVER_MS: slotMs + 500 })
  await scene.clock.advance(slotMs - 300 - startMs)
  await scene.put('0', { UNIQ_KEY: 'a', TIMER_DEL_UNIQKEY: 'T+a', TIMER_DELIVER_MS: slotMs + 1 })
  await scene.clock.advance(2000)
  assert.deepEqual(await scene.bodies(), ['b'])
  await scene.stop()
})

test('a timer whose unit is torn within the time it is due comes at that time', async () => {
  for (let torn = 1; torn <= 8; torn++) {
    const first = await TimerScene.started()
    await first.put('whole', { TIMER_DELIVER_MS: startMs + 2400 })
    await first.put('torn', { TIMER_DELIVER_MS: startMs + 2500 })
    first.disk.kill()
    const disk = first.disk.afterKill()
    const path = '/store/timerlog/00000000000000000000'
    disk.openSync(path).writeSync(new Uint8Array(torn), 2 * 52 - torn)
    const scene = await TimerScene.started({ disk, nowMs: startMs + 10 })
    await scene.clock.advance(5000)
    assert.deepEqual(await scene.delivered(), ['whole 2400', 'torn 2500'], `${torn} bytes`)
    await scene.stop()
  }
})

test('a stop in the midst of a second delivers that second to its end, since RocketMQ would begin it again', async () => {
  const scene = await TimerScene.started()
  const slotMs = startMs - (startMs % 1000) + 2000
  for (const atMs of [100, 500, 900, 1100]) await scene.put(`m${atMs}`, { TIMER_DELIVER_MS: slotMs + atMs })
  await scene.clock.advance(slotMs + 600 - startMs)
  assert.deepEqual(await scene.bodies(), ['m100', 'm500'])
  await scene.stop()
  const check = Buffer.from(scene.disk.readFileSync('/store/config/timercheck')!)
  assert.equal(Number(check.readBigInt64BE(0)), slotMs + 1000)
  const next = await TimerScene.started({ disk: scene.disk.afterKill(), nowMs: slotMs + 1000 })
  assert.deepEqual(await next.bodies(), ['m100', 'm500', 'm900'])
  await next.clock.advance(2000)
  assert.deepEqual(await next.bodies(), ['m100', 'm500', 'm900', 'm1100'])
  await next.stop()
})

test('how far the timer came and what waits is told to whoever copies it', async () => {
  const scene = await TimerScene.started()
  const checkPoint = getTimerCheckPointHandler({ timerService: scene.service })
  const metrics = getTimerMetricsHandler({ timerService: scene.service })
  await scene.put('a', { TIMER_DELAY_SEC: 60 })
  const bytes = Buffer.from((await ask(checkPoint, {})).reply.body as Uint8Array)
  assert.equal(bytes.length, 56)
  const fields = [0, 8, 16, 24].map((at) => Number(bytes.readBigInt64BE(at)))
  assert.deepEqual(fields, [startMs - (startMs % 1000), 52, 1, 1])
  const document = JSON.parse(bodyText((await ask(metrics, {})).reply))
  assert.deepEqual(document.timingCount, { T: { count: 1, timeStamp: startMs } })
  assert.deepEqual(Object.keys(document), ['dataVersion', 'timingCount'])
  await scene.stop()
  const remarks = [(await ask(checkPoint, {})).reply, (await ask(metrics, {})).reply].map(
    ({ code, remark }) => [code, remark],
  )
  assert.deepEqual(remarks, [
    [1, 'The checkpoint is null'],
    [1, 'The timer message store is null'],
  ])
})
