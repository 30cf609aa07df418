import assert from 'node:assert/strict'
import test from 'node:test'
import { seededRandom } from '@aerobee/base'
import { VirtualClock } from '@aerobee/testkit'
import { DeadlineWheel, type Expiring } from './deadline-wheel.js'

class Entry implements Expiring {
  readonly deadlineMs: number
  wheelSlot = -1
  wheelNext: Expiring | undefined = undefined
  wheelPrevious: Expiring | undefined = undefined
  expiredAtMs: number | undefined
  readonly #clock: VirtualClock
  onExpire = () => {}

  constructor(clock: VirtualClock, inMs: number) {
    this.#clock = clock
    this.deadlineMs = clock.monoMs() + inMs
  }

  expire(): void {
    assert.equal(this.expiredAtMs, undefined)
    this.expiredAtMs = this.#clock.monoMs()
    this.onExpire()
  }
}

function setUp() {
  const clock = new VirtualClock()
  const wheel = new DeadlineWheel(clock)
  const add = (inMs: number) => {
    const entry = new Entry(clock, inMs)
    wheel.add(entry)
    return entry
  }
  return { clock, wheel, add }
}

test('an entry expires at its deadline, however far that is', async () => {
  const { clock, wheel, add } = setUp()
  const entries = [0, 1, 63, 64, 65, 3000, 16_383, 16_384, 16_385, 40_000, 100_000].map(add)
  await clock.advance(200_000)
  assert.deepEqual(
    entries.map((entry) => entry.expiredAtMs),
    entries.map((entry) => entry.deadlineMs),
  )
  assert.equal(wheel.size, 0)
  assert.equal(clock.timers, 0)
})

test('a removed entry never expires, and removing twice does nothing', async () => {
  const { clock, wheel, add } = setUp()
  const entries = [add(100), add(100), add(100)]
  wheel.remove(entries[1]!)
  wheel.remove(entries[1]!)
  assert.equal(wheel.size, 2)
  await clock.advance(1000)
  assert.deepEqual(
    entries.map((entry) => entry.expiredAtMs),
    [100, undefined, 100],
  )
})

test('any number of entries has one timer', async () => {
  const { clock, wheel, add } = setUp()
  const entries = Array.from({ length: 1000 }, (_, i) => add(3000 + i))
  assert.equal(clock.timers, 1)
  for (const entry of entries) wheel.remove(entry)
  await clock.advance(20_000)
  assert.equal(clock.timers, 0)
})

test('an entry may add and remove others while it expires', async () => {
  const { clock, wheel, add } = setUp()
  const first = add(50)
  const second = add(60)
  let third: Entry | undefined
  first.onExpire = () => {
    wheel.remove(second)
    third = add(1)
  }
  await clock.advance(1000)
  assert.equal(second.expiredAtMs, undefined)
  assert.equal(third?.expiredAtMs, 51)
})

test('additions and removals in any order expire what a list would expire', async () => {
  const seed = 20_260_701
  const random = seededRandom(seed)
  const { clock, wheel, add } = setUp()
  const kept: Entry[] = []
  const removed: Entry[] = []
  for (let step = 0; step < 3000; step++) {
    const entry = add(random.below([10, 500, 5000, 60_000][random.below(4)]!))
    if (random.below(3) === 0) {
      wheel.remove(entry)
      removed.push(entry)
    } else kept.push(entry)
    if (random.below(10) === 0) await clock.advance(random.below(700))
  }
  await clock.advance(100_000)
  const late = kept.filter((entry) => entry.expiredAtMs !== entry.deadlineMs)
  assert.deepEqual(late.length, 0, `seed ${seed}`)
  assert.ok(removed.every((entry) => entry.expiredAtMs === undefined))
})
