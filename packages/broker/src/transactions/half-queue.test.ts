import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HalfQueue } from './half-queue.js'

const none: ReadonlySet<number> = new Set()

test('only one of several that bring an outcome begins, and after it nobody does', () => {
  const queue = new HalfQueue(0, 0)
  assert.equal(queue.begin(3), 'begun')
  assert.equal(queue.begin(3), 'ending')
  queue.abandon(3)
  assert.equal(queue.begin(3), 'begun')
  assert.deepEqual(queue.finish(3), [3])
  assert.equal(queue.begin(3), 'over')
  assert.equal(queue.begin(2), 'begun')
})

test('a transaction keeps its name when its half is copied, and ends with all its copies', () => {
  const queue = new HalfQueue(0, 0)
  assert.equal(queue.copied(0, 5), true)
  assert.equal(queue.copied(0, 7), true)
  assert.deepEqual([queue.currentOf(0), queue.next(0, 8), queue.next(5, 8)], [7, 1, 6])
  assert.equal(queue.begin(0), 'begun')
  assert.deepEqual(queue.finish(0), [0, 7])
  assert.equal(queue.currentOf(0), undefined)
})

test('a copy that comes to lie behind its outcome is over too', () => {
  const queue = new HalfQueue(0, 0)
  queue.begin(0)
  queue.finish(0)
  assert.equal(queue.copied(0, 4), false)
  assert.equal(queue.next(4, 5), 5)
})

test('an outcome that is under way while the half is copied ends the copy', () => {
  const queue = new HalfQueue(0, 0)
  queue.begin(0)
  assert.equal(queue.copied(0, 4), true)
  assert.deepEqual(queue.finish(0), [0, 4])
})

test('copies found at the start belong to their origin, wherever that lies', () => {
  const queue = new HalfQueue(0, 10)
  for (const listed of [12, 14]) queue.passed.add(listed)
  queue.found(11, 20, none)
  queue.found(11, 21, none)
  queue.found(12, 22, none)
  queue.found(3, 23, none)
  queue.found(4, 24, new Set([4]))
  assert.deepEqual(
    [11, 12, 3, 4].map((origin) => queue.currentOf(origin)),
    [21, undefined, 23, undefined],
  )
  assert.deepEqual(
    [11, 20, 21, 22, 23, 24].filter((offset) => !queue.passed.has(offset)),
    [21, 23],
  )
})

test('what the log no longer holds is over', () => {
  const queue = new HalfQueue(0, 0)
  queue.copied(1, 5)
  queue.lost(6)
  assert.deepEqual([queue.currentOf(1), queue.next(0, 9)], [undefined, 6])
})
