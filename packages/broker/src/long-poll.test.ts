import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '@aerobee/testkit'
import { FakeConnection } from './fakes.test.js'
import { type HeldPull, LongPoll } from './long-poll.js'

function scene() {
  const clock = new VirtualClock()
  const longPoll = new LongPoll(clock)
  const events: string[] = []
  const hold = (name: string, more: Partial<HeldPull> = {}) => {
    const pull: HeldPull = {
      connection: new FakeConnection(),
      topic: 'T',
      queueId: 0,
      offset: 5,
      expiresAtMonoMs: clock.monoMs() + 1000,
      wake: () => void events.push(`${name} wakes`),
      expire: () => void events.push(`${name} expires`),
      ...more,
    }
    longPoll.hold(pull)
    return pull
  }
  return { clock, longPoll, events, hold }
}

test('only pulls of the queue that grew beyond their offset wake', () => {
  const { longPoll, events, hold } = scene()
  hold('here')
  hold('further', { offset: 6 })
  hold('other queue', { queueId: 1 })
  hold('other topic', { topic: 'U' })
  longPoll.arrived('T', 0, 6)
  assert.deepEqual(events, ['here wakes'])
  assert.equal(longPoll.held, 3)
  longPoll.arrived('Nobody', 0, 6)
})

test('a pull that holds itself again while it wakes waits for the next arrival', () => {
  const { longPoll, events, hold } = scene()
  const pull = hold('again', {
    wake: () => {
      events.push('woke')
      pull.offset = 6
      longPoll.hold(pull)
    },
  })
  longPoll.arrived('T', 0, 6)
  assert.deepEqual([events, longPoll.held], [['woke'], 1])
  longPoll.arrived('T', 0, 7)
  assert.equal(events.length, 2)
})

test('each pull expires at its own time, with one timer for all', async () => {
  const { clock, longPoll, events, hold } = scene()
  hold('late', { expiresAtMonoMs: clock.monoMs() + 8000 })
  hold('early')
  assert.equal(clock.timers, 1)
  await clock.advance(1100)
  assert.deepEqual(events, ['early expires'])
  await clock.advance(6000)
  assert.equal(longPoll.held, 1)
  await clock.advance(1000)
  assert.deepEqual(events, ['early expires', 'late expires'])
  assert.deepEqual([longPoll.held, clock.timers], [0, 0])
})

test('after the stop nothing is held', () => {
  const { clock, longPoll, events, hold } = scene()
  hold('held')
  longPoll.stop()
  hold('new')
  assert.deepEqual(events, ['held expires', 'new expires'])
  assert.deepEqual([longPoll.held, clock.timers], [0, 0])
})
