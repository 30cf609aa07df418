import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '@aerobee/testkit'

import { QueueLocks } from './queue-locks.js'

const queue = (queueId: number) => ({ topic: 'T', brokerName: 'b', queueId })

test('a queue belongs to one client of a group until it is unlocked or 60 s silent', async () => {
  const clock = new VirtualClock()
  const locks = new QueueLocks(clock)
  assert.deepEqual(locks.lock('G', 'one', [queue(0), queue(1)]), [queue(0), queue(1)])
  assert.deepEqual(locks.lock('G', 'two', [queue(0), queue(2)]), [queue(2)])
  assert.deepEqual(locks.lock('Other', 'two', [queue(0)]), [queue(0)])
  await clock.advance(60_000)
  assert.deepEqual(locks.lock('G', 'two', [queue(0)]), [])
  await clock.advance(1)
  assert.deepEqual(locks.lock('G', 'two', [queue(0)]), [queue(0)])
})

test('a renewed lock lives on', async () => {
  const clock = new VirtualClock()
  const locks = new QueueLocks(clock)
  locks.lock('G', 'one', [queue(0)])
  await clock.advance(40_000)
  locks.lock('G', 'one', [queue(0)])
  await clock.advance(40_000)
  assert.deepEqual(locks.lock('G', 'two', [queue(0)]), [])
})

test('only the holder unlocks', async () => {
  const locks = new QueueLocks(new VirtualClock())
  locks.lock('G', 'one', [queue(0)])
  locks.unlock('G', 'two', [queue(0)])
  assert.deepEqual(locks.lock('G', 'two', [queue(0)]), [])
  locks.unlock('G', 'one', [queue(0)])
  assert.equal(locks.anyHeld('G'), false)
  assert.deepEqual(locks.lock('G', 'two', [queue(0)]), [queue(0)])
  locks.unlock('Nobody', 'one', [queue(0)])
})

test('a group holds nothing once all its locks have expired', async () => {
  const clock = new VirtualClock()
  const locks = new QueueLocks(clock)
  locks.lock('G', 'one', [queue(0)])
  assert.equal(locks.anyHeld('G'), true)
  await clock.advance(60_001)
  assert.equal(locks.anyHeld('G'), false)
  locks.sweep()
  assert.equal(locks.anyHeld('G'), false)
})
