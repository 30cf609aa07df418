import assert from 'node:assert/strict'
import { test } from 'node:test'
import { localHour } from '@aerobee/base'
import { startMs, TimerScene, type TimerSceneOptions } from './scene.test.js'

const hourMs = 3_600_000
const nextHour = String(localHour(startMs + hourMs)).padStart(2, '0')
const local = new Date(startMs)
const intoHourMs = local.getMinutes() * 60_000 + (startMs % 60_000)
/** Until the hour has begun and the look behind that was taken. */
const untilHourMs = hourMs - intoHourMs + 61_000

const started = (config: TimerSceneOptions['config'] = {}) =>
  TimerScene.started({ config: { timerCheckMetricsWhen: nextHour, ...config } })

const far = { TIMER_DELAY_SEC: 36_000 }

test('counts of timers that are off are put right in the hour for it, once', async () => {
  const scene = await started()
  const { metrics } = scene.service
  for (let i = 0; i < 30; i++) await scene.put(`m${i}`, far)
  await scene.put('other', far, { topic: 'U' })
  await scene.put('0', { UNIQ_KEY: 'm3', TIMER_DEL_UNIQKEY: 'T+m3', ...far })
  metrics.add('T', 5)
  metrics.add('Nothing', -2)
  await scene.clock.advance(hourMs - intoHourMs - 1000)
  assert.equal(metrics.countOf('T'), 34)
  await scene.clock.advance(62_000)
  const counts = ['T', 'U', 'Nothing'].map((topic) => metrics.countOf(topic))
  assert.deepEqual(counts, [29, 1, 0])
  assert.equal(metrics.total, 30)
  assert.match(scene.lines.join('\n'), /counted again in \d+ ms: 2 of 3 topics were off/)
  metrics.add('T', 1)
  await scene.clock.advance(10 * 60_000)
  assert.equal(metrics.countOf('T'), 30)
  await scene.stop()
})

test('topics with many timers, with one hash, and with the switch off are left as they are', async () => {
  const scene = await started({ timerMetricSmallThreshold: 10 })
  const { metrics } = scene.service
  metrics.add('Many', 10)
  // Their Java hashes are equal.
  metrics.add('Aa', 3)
  metrics.add('BB', 4)
  metrics.add('Few', 9)
  await scene.clock.advance(untilHourMs)
  const counts = ['Many', 'Aa', 'BB', 'Few'].map((topic) => metrics.countOf(topic))
  assert.deepEqual(counts, [10, 3, 4, 0])
  await scene.stop()
  const off = await started({ timerEnableCheckMetrics: false })
  off.service.metrics.add('Few', 9)
  await off.clock.advance(untilHourMs)
  assert.equal(off.service.metrics.countOf('Few'), 9)
  await off.stop()
})

test('what is put and delivered while it counts is counted once', async () => {
  const scene = await started()
  const { metrics } = scene.service
  // More than the units of one turn, so that it rests in between.
  for (let i = 0; i < 2500; i++) void scene.send(`far${i}`, far)
  await scene.clock.advance(60_000 * 59 - intoHourMs)
  const minutes = Math.ceil((hourMs - intoHourMs) / 60_000)
  const lookMs = startMs + minutes * 60_000
  const slotMs = lookMs - (lookMs % 1000)
  for (let at = slotMs - 900; at < slotMs + 2000; at += 25)
    void scene.send(`near${at}`, { TIMER_DELIVER_MS: at })
  await scene.clock.advance(10)
  const near = metrics.countOf('T') - 2500
  assert.ok(near > 100)
  metrics.add('T', 7)
  await scene.clock.advance(lookMs + 5 - scene.nowMs)
  void scene.send('between', far)
  await scene.clock.advance(100)
  const left = () => near - scene.store.maxOffset('T', 0)
  assert.ok(left() > 0 && left() < near)
  assert.equal(metrics.countOf('T'), 2501 + left())
  await scene.clock.advance(5000)
  assert.equal(left(), 0)
  assert.equal(metrics.countOf('T'), 2501)
  await scene.stop()
})

test('a stop while it counts leaves the counts as they are', async () => {
  const scene = await started()
  const { metrics } = scene.service
  for (let i = 0; i < 2500; i++) void scene.send(`far${i}`, far)
  metrics.add('T', 7)
  const minutes = Math.ceil((hourMs - intoHourMs) / 60_000)
  await scene.clock.advance(minutes * 60_000)
  await scene.stop()
  assert.equal(metrics.countOf('T'), 2507)
})
