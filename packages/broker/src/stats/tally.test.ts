import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noFigures, type Span, spans, Tally } from './tally.js'

test('a span begins one period before the first sample, with nothing', () => {
  const tally = new Tally()
  assert.deepEqual(tally.figures('minute', 'count'), noFigures)
  tally.add(3, 300, 6)
  tally.add(1, 100, 0)
  assert.deepEqual(tally.figures('minute', 'count'), noFigures)
  tally.sample('minute', 50_000)
  assert.deepEqual(tally.figures('minute', 'count'), { sum: 4, tps: 0.4, avgpt: 2 })
  assert.deepEqual(tally.figures('minute', 'bytes'), { sum: 400, tps: 40, avgpt: 200 })
  assert.deepEqual(tally.figures('minute', 'millis'), { sum: 6, tps: 0.6, avgpt: 3 })
  assert.deepEqual(tally.figures('hour', 'count'), noFigures)
})

test('a span reaches over its last samples: 60 s, an hour, a day', () => {
  for (const [span, seconds] of [
    ['minute', 60],
    ['hour', 3600],
    ['day', 86_400],
  ] as const) {
    const tally = new Tally()
    const { samples, periodMs } = spans[span]
    for (let i = 0; i < samples * 3; i++) {
      tally.add(i < samples * 2 ? 1000 : 10, 0, 0)
      tally.sample(span, i * periodMs)
    }
    const sum = (samples - 1) * 10
    assert.deepEqual(tally.figures(span, 'count'), { sum, tps: sum / seconds, avgpt: 10 })
  }
})

test('a tally that nothing is added to for a day is idle, not before', () => {
  const tally = new Tally()
  tally.add(1, 1, 1)
  const sample = (span: Span, times: number) => {
    for (let i = 0; i < times; i++) tally.sample(span, i * spans[span].periodMs)
  }
  sample('minute', 100)
  sample('day', 24)
  assert.equal(tally.idle, false)
  sample('day', 1)
  assert.equal(tally.idle, true)
  tally.add(1, 1, 1)
  sample('day', 1)
  assert.equal(tally.idle, false)
})
