import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from './fakes.test.js'
import { QueueLocks } from './queue-locks.js'

const queue = (queueId: number) => ({ topic: 'T', brokerName: 'b', queueId })

test('a queue belongs to one client of a group until it is unlocked or 60 s silent', () => {
  const clock = new ManualClock()
  const locks = new QueueLocks(clock)
  assert.deepEqual(locks.lock('G', 'one', [queue(0), queue(1)]), [queue(0), queue(1)])
  assert.deepEqual(locks.lock('G', 'two', [queue(0), queue(2)]), [queue(2)])
  assert.deepEqual(locks.lock('Other', 'two', [queue(0)]), [queue(0)])
  clock.pass(60_000)
  assert.deepEqual(locks.lock('G', 'two', [queue(0)]), [])
  clock.pass(1)
  assert.deepEqual(locks.lock('G', 'two', [queue(0)]), [queue(0)])
})

test('a renewed lock lives on', () => {
  const clock = new ManualClock()
  const locks = new QueueLocks(clock)
  locks.lock('G', 'one', [queue(0)])
  clock.pass(40_000)
  locks.lock('G', 'one', [queue(0)])
  clock.pass(40_000)
  assert.deepEqual(locks.lock('G', 'two', [queue(0)]), [])
})

test('only the holder unlocks', () => {
  const locks = new QueueLocks(new ManualClock())
  locks.lock('G', 'one', [queue(0)])
  locks.unlock('G', 'two', [queue(0)])
  assert.deepEqual(locks.lock('G', 'two', [queue(0)]), [])
  locks.unlock('G', 'one', [queue(0)])
  assert.equal(locks.anyHeld('G'), false)
  assert.deepEqual(locks.lock('G', 'two', [queue(0)]), [queue(0)])
  locks.unlock('Nobody', 'one', [queue(0)])
})

test('a group holds nothing once all its locks have expired', () => {
  const clock = new ManualClock()
  const locks = new QueueLocks(clock)
  locks.lock('G', 'one', [queue(0)])
  assert.equal(locks.anyHeld('G'), true)
  clock.pass(60_001)
  assert.equal(locks.anyHeld('G'), false)
  locks.sweep()
  assert.equal(locks.anyHeld('G'), false)
})
