import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findProperty } from '@aerobee/wire'
import { exactDue, javaLong, slotFor, timerProperties } from './due.js'
import { noteUnit, OpenSlot } from './open-slot.js'
import { placeOf, rollWindowMs } from './placement.js'
import { startMs, TimerScene } from './scene.test.js'

const tooFar =
  'timer message illegal, the delay time should not be bigger than the max delay 259200000ms; ' +
  'or if set del msg, the delay time should be bigger than the current time'

test('what asks for no time, or for one too far away, is refused with RocketMQ\u2019s text, and nothing is stored', async () => {
  const scene = await TimerScene.started()
  const illegal = { code: 13, remark: tooFar }
  for (const [name, value] of [
    ['TIMER_DELAY_MS', 'soon'],
    ['TIMER_DELAY_SEC', '1.5'],
    ['TIMER_DELIVER_MS', ''],
    ['TIMER_DELAY_SEC', 259_201],
    ['TIMER_DELAY_MS', '9223372036854775807'],
    ['TIMER_DELIVER_MS', startMs + 259_200_001],
  ] as const) {
    const properties = value === '' ? { TIMER_DELIVER_MS: 'x' } : { [name]: value }
    assert.deepEqual(await scene.put('x', properties), illegal, `${name}=${value}`)
  }
  assert.deepEqual(await scene.put('x', { TIMER_DEL_UNIQKEY: 'T+x', TIMER_DELIVER_MS: startMs - 1 }), illegal)
  assert.equal(await scene.put('x', { TIMER_DELAY_SEC: 259_200 }), 'PUT_OK')
  assert.equal(scene.store.maxOffset('T', 0), 0)
  assert.equal(scene.store.maxOffset('rmq_sys_wheel_timer', 0), 1)
  scene.config.timerWheelEnable = false
  assert.deepEqual(await scene.put('x', { TIMER_DELAY_MS: 5 }), {
    code: 1,
    remark: 'accurate timer message is not enabled, timerWheelEnable is false',
  })
  await scene.stop()
})

test('a slot that holds too many refuses some, and twice as many all', async () => {
  const scene = await TimerScene.started({ config: { timerCongestNumEachSlot: 20 } })
  const remark =
    'timer message is under flow control, max num limit is 40 or the current value is greater than 20 and less than 40, ' +
    'trigger random flow control'
  const at = startMs + 10_000
  let stored = 0
  for (let i = 0; i < 400; i++) {
    const outcome = await scene.put(`m${i}`, { TIMER_DELIVER_MS: at })
    if (outcome === 'PUT_OK') stored++
    else assert.deepEqual(outcome, { code: 1, remark })
    if (i < 21) assert.equal(stored, i + 1)
  }
  assert.ok(stored > 21 && stored <= 40, `${stored} were stored`)
  assert.equal(await scene.put('other', { TIMER_DELIVER_MS: at + 1000 }), 'PUT_OK')
  await scene.stop()
})

test('the slot is the second before the time wanted, and the one before that for a whole second', () => {
  assert.deepEqual(
    [10_001, 10_999, 11_000].map((time) => slotFor(time, 1000)),
    [10_000, 10_000, 10_000],
  )
  assert.equal(slotFor(250, 100), 200)
})

test('numbers are those of Java', () => {
  assert.deepEqual(['7', '-7', '+7', '007'].map(javaLong), [7, -7, 7, 7])
  for (const text of ['', ' 7', '7 ', '7.0', '0x7', '1e3', '12345678901234567890'])
    assert.ok(Number.isNaN(javaLong(text)), text)
})

test('the time wanted is taken from the properties where it lies in the slot, else its end', () => {
  const due = (text: string, storeTimestamp: number) =>
    exactDue(timerProperties(text), 10_000, 1000, storeTimestamp)
  assert.equal(due('TIMER_DELIVER_MS\u000110123\u0002', 1), 10_123)
  assert.equal(due('TIMER_DELAY_MS\u00015000\u0002', 5321), 10_321)
  assert.equal(due('TIMER_DELAY_SEC\u00015\u0002', 5321), 10_321)
  assert.equal(due('TIMER_DELAY_MS\u00015000\u0002', 9000), 11_000)
  assert.equal(due('TIMER_DELIVER_MS\u000112123\u0002', 1), 11_000)
  assert.equal(due('TIMER_DELAY_MS\u00019000\u0002TIMER_DELIVER_MS\u000110500\u0002', 9000), 10_500)
})

test('timers beyond the window are placed within it, and late ones in their own while it is there', () => {
  const window = rollWindowMs(10, 1000)
  assert.equal(window, 10_000)
  assert.deepEqual(
    [0, 1, 700_000].map((slots) => rollWindowMs(slots, 1000)),
    [604_740_000, 604_740_000, 604_740_000],
  )
  const place = (ahead: number) =>
    placeOf(100_000 + ahead, { writeMs: 100_000, firstMs: 98_000 }, window, 1000)
  assert.deepEqual(place(9000), { slotMs: 109_000, roll: false })
  assert.deepEqual(place(10_000), { slotMs: 105_000, roll: true })
  assert.deepEqual(place(12_000), { slotMs: 105_000, roll: true })
  assert.deepEqual(place(13_000), { slotMs: 110_000, roll: true })
  assert.deepEqual(place(-1000), { slotMs: 99_000, roll: false })
  assert.deepEqual(place(-5000), { slotMs: 98_000, roll: false })
})

test('an open slot gives its timers by time, and takes new ones that are due before those that wait', () => {
  const slot = new OpenSlot(10_000, 1000, 0)
  const unit = (physicalOffset: number, dueMs: number) => ({
    previous: -1,
    magic: 1,
    writeTimeMs: 1,
    delayMs: 1,
    physicalOffset,
    sizeBytes: 100,
    topicHash: 0,
    dueMs,
  })
  slot.add(unit(4, 10_900))
  const older: number[] = []
  for (const one of [unit(3, 10_900), unit(2, 10_100), unit(1, 10_100)]) noteUnit(older, one)
  slot.load(older)
  const taken = (now: number) => slot.take(now)?.physicalOffset
  assert.equal(slot.nextDue(), 10_100)
  assert.deepEqual([taken(10_099), taken(10_100)], [undefined, 1])
  assert.deepEqual([taken(10_100), taken(10_500)], [2, undefined])
  assert.equal(slot.nextDue(), 10_900)
  slot.add(unit(5, 10_300))
  slot.add(unit(6, 0))
  assert.equal(slot.nextDue(), 10_300)
  assert.deepEqual([10_300, 10_900, 10_900, 10_999, 11_000].map(taken), [5, 3, 4, undefined, 6])
  assert.equal(slot.done, false)
  slot.flying = 0
  assert.equal(slot.done, true)
})

test('what lies in the timer\u2019s topic without time or topic is passed over', async () => {
  const scene = await TimerScene.started()
  await scene.put(
    'bad',
    { TIMER_OUT_MS: 'x', REAL_TOPIC: 'T', REAL_QID: '0' },
    { topic: 'rmq_sys_wheel_timer' },
  )
  await scene.put('worse', { TIMER_OUT_MS: startMs }, { topic: 'rmq_sys_wheel_timer' })
  await scene.put(
    'worst',
    { TIMER_OUT_MS: startMs, REAL_TOPIC: 'RMQ_SYS_TRANS_HALF_TOPIC', REAL_QID: '0' },
    { topic: 'rmq_sys_wheel_timer' },
  )
  await scene.put('good', { TIMER_DELAY_MS: 500 })
  await scene.clock.advance(3000)
  assert.deepEqual(await scene.delivered(), ['good 500'])
  assert.equal(scene.store.maxOffset('RMQ_SYS_TRANS_HALF_TOPIC', 0), 0)
  assert.equal(scene.lines.filter((line) => line.startsWith('error')).length, 3)
  assert.equal(findProperty((await scene.records())[0]!.properties, 'REAL_QID'), '0')
  await scene.stop()
})
