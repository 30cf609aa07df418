import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '@aerobee/testkit'
import { BrokerStats } from './stats.js'

test('what is put and got is counted, system topics apart', () => {
  const stats = new BrokerStats(new VirtualClock())
  stats.notePut(3, 300, true)
  stats.notePut(1, 50, false)
  stats.notePutFailed()
  stats.noteGet(32, true)
  stats.noteGet(5, false)
  stats.noteGet(0, true)
  assert.deepEqual(stats.totals, {
    putTimes: 4,
    putBytes: 350,
    putFailed: 1,
    getFound: 2,
    getMissed: 1,
    getTransferred: 37,
    putOfUsers: 3,
    getOfUsers: 32,
  })
})

test('rates are those of the last 10, 60 and 600 s, or of what there is', async () => {
  const clock = new VirtualClock()
  const stats = new BrokerStats(clock)
  const rates = () => stats.rates(({ putTimes }) => putTimes)
  assert.deepEqual(rates(), [])
  stats.sample()
  for (let second = 1; second <= 700; second++) {
    await clock.advance(1000)
    stats.notePut(second <= 690 ? 10 : 100, 1, true)
    stats.sample()
    if (second === 5) assert.deepEqual(rates(), [10, 10, 10])
  }
  assert.deepEqual(rates(), [100, 25, 11.5])
})
