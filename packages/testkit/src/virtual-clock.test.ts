import assert from 'node:assert/strict'
import test from 'node:test'
import { sleep } from '@aerobee/base'
import { VirtualClock } from './virtual-clock.js'

test('time stands still until a test moves it', async () => {
  const clock = new VirtualClock(1000)
  await clock.settle()
  assert.deepEqual([clock.monoMs(), clock.wallMs()], [0, 1000])
  await clock.advance(250)
  assert.deepEqual([clock.monoMs(), clock.wallMs()], [250, 1250])
})

test('timers run in order of time, then of making, each at its own time', async () => {
  const clock = new VirtualClock()
  const ran: string[] = []
  const note = (name: string) => () => void ran.push(`${name}@${clock.monoMs()}`)
  clock.after(20, note('b'))
  clock.after(10, note('a'))
  clock.after(20, note('c'))
  clock.after(31, note('late'))
  await clock.advance(30)
  assert.deepEqual(ran, ['a@10', 'b@20', 'c@20'])
  assert.equal(clock.monoMs(), 30)
})

test('promises and end-of-turn tasks run between timers', async () => {
  const clock = new VirtualClock()
  const ran: string[] = []
  clock.after(10, () => {
    ran.push('timer')
    clock.endOfTurn(() => ran.push('end of turn'))
    Promise.resolve()
      .then(() => ran.push('promise'))
      .then(() => clock.after(0, () => ran.push('timer made there')))
  })
  clock.after(11, () => ran.push('next timer'))
  await clock.advance(20)
  assert.deepEqual(ran, ['timer', 'promise', 'end of turn', 'timer made there', 'next timer'])
})

test('a repeating timer repeats until it is cancelled, even by itself', async () => {
  const clock = new VirtualClock()
  const at: number[] = []
  const timer = clock.every(10, () => {
    at.push(clock.monoMs())
    if (at.length === 3) timer.cancel()
  })
  await clock.advance(100)
  assert.deepEqual(at, [10, 20, 30])
  assert.equal(clock.timers, 0)
})

test('a cancelled timer does not run and is not counted', async () => {
  const clock = new VirtualClock()
  const timer = clock.after(10, () => assert.fail('it ran'))
  assert.equal(clock.timers, 1)
  timer.cancel()
  timer.cancel()
  assert.equal(clock.timers, 0)
  await clock.advance(100)
})

test('a jump of the wall clock leaves timers and spans alone', async () => {
  const clock = new VirtualClock(0)
  let ran = false
  clock.after(100, () => {
    ran = true
  })
  clock.jumpWall(-3_600_000)
  await clock.advance(99)
  assert.equal(ran, false)
  await clock.advance(1)
  assert.equal(ran, true)
  assert.deepEqual([clock.wallMs(), clock.monoMs()], [-3_599_900, 100])
})

test('resolve advances just until the promise settles, and passes on its outcome', async () => {
  const clock = new VirtualClock()
  assert.equal(await clock.resolve(sleep(clock, 5000).then(() => 'slept')), 'slept')
  assert.equal(clock.monoMs(), 5000)
  await assert.rejects(
    clock.resolve(sleep(clock, 10).then(() => Promise.reject(new Error('broke')))),
    /broke/,
  )
})

test('runUntil gives up when nothing can make it so', async () => {
  const clock = new VirtualClock()
  await assert.rejects(
    clock.runUntil(() => false, 1000),
    /not done within 1000 ms of virtual time; 0 timers wait/,
  )
  clock.every(100, () => {})
  await assert.rejects(clock.resolve(new Promise(() => {}), 1000), /1 timers wait/)
})
