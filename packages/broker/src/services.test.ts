import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brokerParts, storedIn } from './fakes.test.js'
import { startServices } from './services.js'
import type { Span } from './stats/tally.js'

test('offsets are saved every few seconds, rates sampled every second, locks swept', async () => {
  const parts = brokerParts()
  const services = startServices(parts)
  parts.store.queue('T', 0).push({} as never)
  parts.offsets.commit('G', 'T', 0, 1)
  parts.locks.lock('G', 'c', [{ topic: 'T', brokerName: 'b', queueId: 0 }])
  await parts.clock.advance(4999)
  assert.equal(parts.offsetFile.saves, 0)
  await parts.clock.advance(1)
  assert.equal(parts.offsetFile.saves, 1)
  assert.equal(parts.stats.rates(({ putTimes }) => putTimes).length, 3)
  services.cancel()
  assert.equal(parts.clock.timers, 0)
})

test('the figures of a day take no part of the first second for the whole', async () => {
  const parts = brokerParts()
  const services = startServices(parts)
  const put = (span: Span) => parts.stats.traffic.find('T')!.put.figures(span, 'count').sum
  await parts.clock.advance(500)
  parts.stats.notePut('T', 0, 12, storedIn(parts.clock, 10))
  await parts.clock.advance(600)
  parts.stats.notePut('T', 0, 8, storedIn(parts.clock, 10))
  await parts.clock.advance(8900)
  assert.deepEqual([put('minute'), put('hour'), put('day')], [20, 0, 0])
  await parts.clock.advance(590_000)
  assert.deepEqual([put('minute'), put('hour'), put('day')], [0, 20, 0])
  services.cancel()
})

test('the counters of the day begin again at midnight', async () => {
  const parts = brokerParts()
  const services = startServices(parts)
  parts.stats.notePut('T', 0, 3, storedIn(parts.clock, 10))
  await parts.clock.advance(86_400_000)
  parts.stats.notePut('T', 0, 2, storedIn(parts.clock, 10))
  await parts.clock.advance(86_400_000)
  assert.deepEqual(parts.stats.day, {
    yesterdayMorning: { put: 3, get: 0 },
    todayMorning: { put: 5, get: 0 },
  })
  services.cancel()
})
