import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PutTimes } from './put-times.js'

const countsOf = (times: PutTimes) =>
  [...times.distributionText().matchAll(/\[([^\]]+)\]:(\d+) /g)].map(([, name, count]) => `${name} ${count}`)

test('times are spread over the bounds that Java shows', () => {
  const times = new PutTimes()
  const noted = [0, 1, 9, 10, 49, 99, 150, 499, 999, 1000, 1999, 2000, 3500, 4999, 5000, 9999, 10_000, 1e9]
  for (const ms of noted) times.note(ms)
  assert.equal(times.maxMs, 1e9)
  assert.ok(countsOf(times).every((count) => count.endsWith(' 0')))
  times.turnMinute()
  assert.deepEqual(countsOf(times), [
    '<=0ms 1',
    '0~10ms 2',
    '10~50ms 2',
    '50~100ms 1',
    '100~200ms 1',
    '200~500ms 1',
    '500ms~1s 1',
    '1~2s 2',
    '2~3s 1',
    '3~4s 1',
    '4~5s 1',
    '5~10s 2',
    '10s~ 2',
  ])
  times.turnMinute()
  assert.ok(countsOf(times).every((count) => count.endsWith(' 0')))
})

test('percentiles are those of the last full minute', () => {
  const times = new PutTimes()
  assert.equal(times.percentileMs(0.99), 0)
  for (let i = 0; i < 989; i++) times.note(0)
  for (let i = 0; i < 10; i++) times.note(7)
  times.note(2500)
  assert.equal(times.percentileMs(0.99), 0)
  times.turnMinute()
  assert.equal(times.percentileMs(0.98), 0)
  assert.equal(times.percentileMs(0.99), 7)
  assert.equal(times.percentileMs(0.999), 7)
  assert.equal(times.percentileMs(1), 2000)
})
