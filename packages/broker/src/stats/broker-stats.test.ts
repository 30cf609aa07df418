import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '@aerobee/testkit'
import { BrokerStats } from './broker-stats.js'

function scene(enableDetailStat = true) {
  const clock = new VirtualClock()
  const isSystem = (topic: string) => topic === 'S'
  const stats = new BrokerStats({ clock, settings: { enableDetailStat }, isSystem })
  const stored = (storedBytes: number, elapsedMs: number) => ({
    storedBytes,
    storeTimestamp: clock.wallMs() - elapsedMs,
  })
  /** Samples once a second, with `each` before every one. */
  const pass = async (seconds: number, each: () => void = () => {}) => {
    for (let second = 0; second < seconds; second++) {
      await clock.advance(1000)
      each()
      stats.sample()
    }
  }
  return { clock, stats, stored, pass }
}

test('what is put and got is counted, system topics apart', () => {
  const { stats, stored } = scene()
  stats.notePut('T', 0, 3, stored(300, 1))
  stats.notePut('S', 0, 1, stored(50, 0))
  stats.notePutFailed()
  stats.noteGet('T', 'G', 0, 32, 3200, 0)
  stats.noteGet('S', 'G', 0, 5, 500, 7)
  stats.noteGet('T', 'G', 0, 0, 0, 0)
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
  assert.equal(stats.putTimes.maxMs, 1)
  assert.equal(stats.getMillisMax, 7)
})

test('rates are those of the last 10, 60 and 600 s, or of what there is', async () => {
  const { clock, stats, stored } = scene()
  const rates = () => stats.rates(({ putTimes }) => putTimes)
  assert.deepEqual(rates(), [])
  stats.sample()
  for (let second = 1; second <= 700; second++) {
    await clock.advance(1000)
    stats.notePut('T', 0, second <= 690 ? 10 : 100, stored(1, 0))
    stats.sample()
    if (second === 5) assert.deepEqual(rates(), [10, 10, 10])
  }
  assert.deepEqual(rates(), [100, 25, 11.5])
})

test('topics and groups have rates of their own over the last minute', async () => {
  const { stats, stored, pass } = scene()
  assert.equal(stats.putTps('T'), 0)
  assert.equal(stats.getTps('T', 'G'), 0)
  stats.sample()
  await pass(120, () => {
    stats.notePut('T', 0, 3, stored(300, 0))
    stats.noteGet('T', 'G', 1, 2, 200, 0)
  })
  assert.equal(stats.putTps('T'), 3)
  assert.equal(stats.getTps('T', 'G'), 2)
  assert.equal(stats.getTps('T', 'H'), 0)
  assert.equal(stats.broker('BROKER_PUT_NUMS', 'minute').sum, 180)
  await pass(70)
  assert.equal(stats.putTps('T'), 0)
  assert.equal(stats.broker('BROKER_GET_NUMS_WITHOUT_SYSTEM_TOPIC', 'hour').sum, 0)
})

test('queues are counted one by one unless that is switched off', () => {
  for (const detailed of [true, false]) {
    const { stats, stored } = scene(detailed)
    stats.notePut('T', 3, 1, stored(100, 5))
    stats.noteGet('T', 'G', 3, 1, 100, 5)
    const topic = stats.traffic.find('T')!
    assert.equal(topic.queuePuts.get(3)?.millis, detailed ? 5 : undefined)
    assert.equal(topic.groups.get('G')?.queueGets.get(3)?.bytes, detailed ? 100 : undefined)
  }
})
