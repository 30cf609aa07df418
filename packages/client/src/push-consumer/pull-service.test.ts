import assert from 'node:assert/strict'
import test from 'node:test'
import { listLogger, VirtualClock } from '@aerobee/testkit'
import type { MessageRequest } from './message-request.js'
import { PullService } from './pull-service.js'

const requestOf = (mode: 'PULL' | 'POP', queueId: number) =>
  ({
    mode,
    group: 'g',
    queue: { topic: 'T', brokerName: 'b', queueId },
    stop: new AbortController(),
  }) as MessageRequest

test('requests are taken in the order they come, delayed ones at their time, by mode', async () => {
  const clock = new VirtualClock()
  const taken: string[] = []
  const note = ({ mode, queue }: MessageRequest) =>
    void taken.push(`${mode} ${queue.queueId} ${clock.monoMs()}`)
  const service = new PullService(clock, listLogger([]), { pull: note, pop: note })
  service.submitLater(requestOf('PULL', 1), 50)
  service.submit(requestOf('POP', 2))
  service.submit(requestOf('PULL', 3))
  await clock.advance(100)
  assert.deepEqual(taken, ['POP 2 0', 'PULL 3 0', 'PULL 1 50'])
})

test('a request submitted while another one is taken waits its turn', () => {
  const taken: string[] = []
  const service: PullService = new PullService(new VirtualClock(), listLogger([]), {
    pull: ({ queue: { queueId } }) => {
      taken.push(`begin ${queueId}`)
      if (queueId === 1) service.submit(requestOf('PULL', 2))
      taken.push(`end ${queueId}`)
    },
  })
  service.submit(requestOf('PULL', 1))
  assert.deepEqual(taken, ['begin 1', 'end 1', 'begin 2', 'end 2'])
})

test('what a procedure throws is logged and the next request is taken; pops without a procedure are dropped', () => {
  const log: string[] = []
  const taken: number[] = []
  const service = new PullService(new VirtualClock(), listLogger(log), {
    pull: ({ queue: { queueId } }) => {
      taken.push(queueId)
      if (queueId === 1) throw new Error('broken')
    },
  })
  service.submit(requestOf('PULL', 1))
  service.submit(requestOf('POP', 2))
  service.submit(requestOf('PULL', 3))
  assert.deepEqual(taken, [1, 3])
  assert.deepEqual(log, [
    'error the pull request of queue 1 of topic T at b failed: broken',
    'warn the pop request of queue 2 of topic T at b is dropped: this consumer does not pop',
  ])
})

test('after stop nothing is taken and no timer is left', async () => {
  const clock = new VirtualClock()
  const taken: unknown[] = []
  const service = new PullService(clock, listLogger([]), { pull: (request) => taken.push(request) })
  service.submitLater(requestOf('PULL', 1), 50)
  service.stop()
  service.submit(requestOf('PULL', 2))
  service.submitLater(requestOf('PULL', 3), 10)
  assert.equal(clock.timers, 0)
  await clock.advance(100)
  assert.deepEqual(taken, [])
})
