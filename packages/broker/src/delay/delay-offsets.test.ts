import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FaultFileSystem, VirtualClock } from '@aerobee/testkit'
import { MemoryFile } from '../fakes.test.js'
import { DelayOffsets } from './delay-offsets.js'
import { DelayScene, schedule } from './delay-scene.test.js'

const opened = (file: MemoryFile, deliveriesPerVersion = 2) =>
  new DelayOffsets({ clock: new VirtualClock(), file, deliveriesPerVersion })

test('offsets are kept as RocketMQ keeps them, with the place in the log beside', () => {
  const file = new MemoryFile()
  const offsets = opened(file)
  offsets.move(10, 5)
  offsets.move(2, 7)
  offsets.save(offsets.progress(1234))
  assert.deepEqual(file.document, {
    dataVersion: { counter: 0, stateVersion: 0, timestamp: 1_704_067_200_000 },
    logPosition: 1234,
    offsetTable: { 2: 7, 10: 5 },
  })
  const again = opened(file)
  assert.deepEqual([again.next(2), again.next(10), again.next(1), again.logPosition], [7, 5, 0, 1234])
})

test('a save is worth it when an offset moved, or the log became much longer', () => {
  const offsets = opened(new MemoryFile())
  assert.ok(offsets.isNews(offsets.progress(0)), 'the first')
  offsets.save(offsets.progress(0))
  assert.ok(!offsets.isNews(offsets.progress(1_000_000)))
  assert.ok(offsets.isNews(offsets.progress(16 * 1024 * 1024)))
  offsets.move(1, 1)
  assert.ok(offsets.isNews(offsets.progress(1)))
})

test('the data version counts deliveries, so many at a time', () => {
  const file = new MemoryFile()
  const offsets = opened(file, 3)
  const counter = () => {
    offsets.save(offsets.progress(0))
    return (file.document as { dataVersion: { counter: number } }).dataVersion.counter
  }
  offsets.noteDelivered(2)
  assert.equal(counter(), 0)
  offsets.noteDelivered(1)
  assert.equal(counter(), 1)
})

test('what is no offset in the file is left out', () => {
  for (const offsetTable of [{ 1: -1, 0: 3, x: 4, 2: 1.5, 3: 'y' }, [], null, 'text'])
    assert.equal(opened(new MemoryFile({ offsetTable, logPosition: -5 })).all.size, 0)
  assert.equal(opened(new MemoryFile({ logPosition: 'far' })).logPosition, undefined)
})

test('offsets that the queue does not have are moved into it at the start, with a word', async () => {
  const first = await DelayScene.started()
  for (let i = 0; i < 3; i++) await first.send(`m${i}`, 3)
  await first.stop()
  const disk: FaultFileSystem = first.disk.afterKill()
  disk.place('/store/config/delayOffset.json', Buffer.from('{"offsetTable":{1:9,3:2}}'))
  const second = await DelayScene.started({ disk, clock: first.clock })
  assert.deepEqual([second.delay.offsets.next(1), second.delay.offsets.next(3)], [0, 2])
  assert.match(second.lines.join('\n'), /delay level 1 was at offset 9, its queue has 0 to 0: goes on at 0/)
  await second.clock.advance(61_000)
  assert.deepEqual(await second.delivered(), ['m2'])
  await second.stop()
})

test('a full disk keeps nobody from starting, and the file is saved when it can be', async () => {
  const disk = new FaultFileSystem()
  const repair = disk.fail({ call: 'write', path: /delayOffset/, errno: 'ENOSPC', times: 3 })
  const scene = await DelayScene.started({ disk })
  assert.match(scene.lines.join('\n'), /delayOffset\.json could not be saved/)
  repair()
  await scene.clock.advance(20_000)
  assert.ok(disk.readFileSync('/store/config/delayOffset.json'))
  await scene.send('a', 1)
  await scene.clock.advance(1000)
  assert.deepEqual(await scene.delivered(), ['a'])
  assert.equal((await scene.records(schedule)).length, 1)
  await scene.stop()
})
