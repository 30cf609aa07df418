import assert from 'node:assert/strict'
import test from 'node:test'
import { FaultFileSystem } from '@aerobee/testkit'
import type { AppendOutcome } from './contracts.js'
import { message, Scene } from './store-scene.test.js'

const log = /\/commitlog\/\d+$/
const options = { flushDiskType: 'SYNC_FLUSH' } as const

test('nothing is acknowledged or visible before it is durable', async () => {
  const disk = new FaultFileSystem()
  const scene = await Scene.started({ disk, options })
  const arrivals: number[] = []
  scene.store.onArrival((_topic, _queueId, maxOffset) => arrivals.push(maxOffset))
  const hold = disk.hold('datasync', log)
  const outcomes: AppendOutcome[] = []
  scene.store.append(message('x'), (outcome) => outcomes.push(outcome))
  await scene.clock.settle()
  await hold.reached()
  assert.equal(outcomes.length, 0)
  assert.equal(scene.store.maxOffset('T', 0), 0)
  assert.equal((await scene.read('T', 0, 0)).status, 'NO_MESSAGE_IN_QUEUE')
  hold.release()
  await scene.clock.settle()
  assert.equal(outcomes[0]?.status, 'PUT_OK')
  assert.equal(scene.store.maxOffset('T', 0), 1)
  assert.deepEqual(arrivals, [1])
  const cut = await Scene.started({ disk: disk.afterPowerCut({ keep: 'none' }), options })
  assert.deepEqual(await cut.bodies(), ['x'])
})

test('all sends that wait meanwhile share the next datasync', async () => {
  const disk = new FaultFileSystem()
  const scene = await Scene.started({ disk, options })
  await scene.send(1)
  const before = disk.totals(log).datasyncs
  const hold = disk.hold('datasync', log)
  let answered = 0
  for (let turn = 0; turn < 5; turn++) {
    for (let i = 0; i < 10; i++) scene.store.append(message('x'), () => answered++)
    await scene.clock.settle()
  }
  hold.release()
  await scene.clock.settle()
  assert.equal(answered, 50)
  assert.equal(disk.totals(log).datasyncs, before + 2)
})

test('a message that does not wait is acknowledged after the write and visible after the flush', async () => {
  const disk = new FaultFileSystem()
  const scene = await Scene.started({ disk, options })
  const hold = disk.hold('datasync', log)
  const outcome = await scene.clock.resolve(scene.append('x', { waitStoreOk: false }))
  assert.equal(outcome.status, 'PUT_OK')
  assert.equal(scene.store.maxOffset('T', 0), 0)
  hold.release()
  await scene.clock.settle()
  assert.equal(scene.store.maxOffset('T', 0), 1)
})

test('a flush that takes too long answers FLUSH_DISK_TIMEOUT once, with the place of the message', async () => {
  const disk = new FaultFileSystem()
  const scene = await Scene.started({ disk, options: { ...options, syncFlushTimeout: 5000 } })
  const hold = disk.hold('datasync', log)
  const outcomes: AppendOutcome[] = []
  scene.store.append(message('x'), (outcome) => outcomes.push({ ...outcome }))
  await scene.clock.advance(2000)
  scene.store.append(message('y'), (outcome) => outcomes.push({ ...outcome }))
  await scene.clock.advance(3500)
  assert.deepEqual(
    outcomes.map(({ status, queueOffset }) => [status, queueOffset]),
    [['FLUSH_DISK_TIMEOUT', 0]],
  )
  await scene.clock.advance(2000)
  assert.equal(outcomes.length, 2)
  hold.release()
  await scene.clock.advance(10_000)
  assert.equal(outcomes.length, 2)
  assert.deepEqual(await scene.bodies(), ['x', 'y'])
})

test('a failed datasync is final: waiting sends time out, nothing becomes visible, nothing is synced again', async () => {
  const disk = new FaultFileSystem()
  const scene = await Scene.started({ disk, options })
  await scene.send(2)
  disk.fail({ call: 'datasync', path: log, errno: 'EIO' })
  const before = disk.totals(log).datasyncs
  const [failed] = await scene.send(1, {}, 2)
  assert.equal(failed!.outcome.status, 'FLUSH_DISK_TIMEOUT')
  assert.equal((await scene.send(1, {}, 3))[0]!.outcome.status, 'SERVICE_NOT_AVAILABLE')
  await scene.clock.advance(120_000)
  assert.deepEqual(await scene.bodies(), ['body 0', 'body 1'])
  assert.match(scene.store.status().readOnlyReason!, /datasync of the commit log failed/)
  await scene.stop()
  assert.equal(disk.totals(log).datasyncs, before + 1)
  assert.ok(disk.infoSync('/store/abort'), 'the next start recovers')
  const next = await Scene.started({ disk: disk.afterPowerCut({ keep: 'none' }), options })
  assert.deepEqual(await next.bodies(), ['body 0', 'body 1'])
})

test('with asynchronous flush a failed datasync makes the store read-only too', async () => {
  const disk = new FaultFileSystem()
  const scene = await Scene.started({ disk })
  disk.fail({ call: 'datasync', path: log, errno: 'EIO' })
  await scene.send(30)
  await scene.clock.advance(20_000)
  assert.equal((await scene.send(1))[0]!.outcome.status, 'SERVICE_NOT_AVAILABLE')
  assert.equal((await scene.bodies()).length, 30, 'what was visible stays so')
})

test('asynchronous flush makes everything durable within its thorough interval', async () => {
  const scene = await Scene.started()
  await scene.send(3)
  assert.equal(scene.store.status().flushedOffset, 0)
  await scene.clock.advance(11_000)
  assert.equal(scene.store.status().flushedOffset, scene.store.status().maxPhysicalOffset)
  const next = await Scene.started({ disk: scene.disk.afterPowerCut({ keep: 'none' }) })
  assert.equal((await next.bodies()).length, 3)
})

test('what a killed process left unsynced is made durable before a restarted store shows it', async () => {
  const disk = new FaultFileSystem()
  const scene = await Scene.started({ disk })
  await scene.send(5)
  const next = await scene.killed({ options })
  assert.equal((await next.bodies()).length, 5)
  const last = await Scene.started({ disk: next.disk.afterPowerCut({ keep: 'none' }), options })
  assert.equal((await last.bodies()).length, 5)
})
