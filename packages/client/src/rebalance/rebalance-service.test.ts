import assert from 'node:assert/strict'
import test from 'node:test'
import { listLogger, VirtualClock } from '@aerobee/testkit'
import { RebalanceService } from './rebalance-service.js'

function serviceOf(run: (at: number) => Promise<boolean>) {
  const clock = new VirtualClock()
  const runs: number[] = []
  const log: string[] = []
  const service = new RebalanceService(clock, listLogger(log), () => {
    runs.push(clock.monoMs())
    return run(runs.length)
  })
  return { clock, runs, log, service }
}

test('it runs at the start and every twenty seconds, a second later where balance was not reached', async () => {
  const { clock, runs, service } = serviceOf(async (at) => at !== 2)
  await service.start()
  await clock.advance(45_000)
  assert.deepEqual(runs, [0, 20_000, 21_000, 41_000])
  await service.stop()
  assert.equal(clock.timers, 0)
})

test('wake-ups are heard at once, but two runs lie a second apart, and none comes before the start', async () => {
  const { clock, runs, service } = serviceOf(async () => true)
  service.wake()
  await clock.advance(0)
  await service.start()
  await clock.advance(300)
  service.wake()
  service.wake()
  await clock.advance(5000)
  service.wake()
  await clock.advance(10)
  assert.deepEqual(runs, [0, 1000, 5300])
  await service.stop()
})

test('a wake-up during a run makes another one, also in its very last moment', async () => {
  let finish = (_balanced: boolean) => {}
  const { clock, runs, service } = serviceOf((at) =>
    at === 1
      ? new Promise((resolve) => {
          finish = resolve
        })
      : Promise.resolve(true),
  )
  const started = service.start()
  finish(true)
  service.wake()
  await started
  service.wake()
  await clock.advance(1500)
  assert.deepEqual(runs, [0, 1000])
  await service.stop()
})

test('a failure is logged and counts as no balance', async () => {
  const { clock, runs, log, service } = serviceOf((at) =>
    at === 1 ? Promise.reject(new Error('broken')) : Promise.resolve(true),
  )
  await service.start()
  await clock.advance(1000)
  assert.deepEqual(runs, [0, 1000])
  assert.deepEqual(log, ['error sharing out queues failed: broken'])
  await service.stop()
})

test('stop waits for the run under way, and nothing runs afterwards', async () => {
  let finish = (_balanced: boolean) => {}
  const { clock, runs, service } = serviceOf(
    () =>
      new Promise((resolve) => {
        finish = resolve
      }),
  )
  void service.start()
  let stopped = false
  const stopping = service.stop().then(() => {
    stopped = true
  })
  await clock.settle()
  assert.equal(stopped, false)
  finish(false)
  await stopping
  service.wake()
  await clock.advance(60_000)
  assert.deepEqual(runs, [0])
  assert.equal(clock.timers, 0)
})
