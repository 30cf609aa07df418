import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tooLate, verdictOf } from './verdict.js'

const settings = { transactionCheckMax: 3, transactionTimeOut: 6000, fileReservedTime: 1 }
const nowMs = 10_000_000

const verdict = (
  half: { age: number; stored?: number; checkTimes?: number; immunitySeconds?: number },
  roundBeganMs = nowMs - 5,
) =>
  verdictOf(
    { checkTimes: half.checkTimes ?? 0, immunitySeconds: half.immunitySeconds },
    { bornTimestamp: nowMs - half.age, storeTimestamp: nowMs - (half.stored ?? half.age) },
    { nowMs, roundBeganMs },
    settings,
  )

test('a half is checked from transactionTimeOut on, by the clock of its producer', () => {
  assert.deepEqual([verdict({ age: 6000 }), verdict({ age: 5999 })], ['check', 'stop'])
  assert.equal(verdict({ age: -1, stored: 100 }), 'check')
  // The producer's clock is ahead of ours by less than that: those behind it may be old enough.
  assert.equal(verdict({ age: 1000, stored: 20_000 }), 'wait')
})

test('a round ends at what was stored since it began', () => {
  assert.equal(verdict({ age: 60_000, stored: 5 }), 'stop')
  assert.equal(verdict({ age: 60_000, stored: 6 }), 'check')
  // A wall clock that was put back: nothing is from the future.
  assert.equal(verdict({ age: 60_000, stored: -5000 }), 'check')
})

test('checked often enough, or older than the log keeps, a half is given up', () => {
  assert.deepEqual(
    [verdict({ age: 7000, checkTimes: 2 }), verdict({ age: 7000, checkTimes: 3 })],
    ['check', 'giveUp'],
  )
  assert.equal(verdict({ age: 3_600_001 }), 'giveUp')
})

test('a half may ask to be left alone for longer; what is no number means the default', () => {
  assert.deepEqual(
    [verdict({ age: 29_999, immunitySeconds: 30 }), verdict({ age: 30_000, immunitySeconds: 30 })],
    ['wait', 'check'],
  )
  assert.deepEqual(
    [verdict({ age: 5999, immunitySeconds: -1 }), verdict({ age: 6000, immunitySeconds: -1 })],
    ['wait', 'check'],
  )
})

test('a producer that was not asked comes too late after that time, and never without it', () => {
  assert.equal(tooLate({ immunitySeconds: undefined }, 1e9, 6000), false)
  assert.deepEqual(
    [tooLate({ immunitySeconds: 30 }, 30_000, 6000), tooLate({ immunitySeconds: 30 }, 30_001, 6000)],
    [false, true],
  )
  assert.equal(tooLate({ immunitySeconds: 1 }, 6000, 6000), false)
})
