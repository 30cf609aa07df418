import assert from 'node:assert/strict'
import { test } from 'node:test'
import { javaHash, silentLogger } from '@aerobee/base'
import { FaultFileSystem } from '@aerobee/testkit'
import { fixtureDisk, manifestOf } from '../fixture-store.test.js'
import { openTimerFiles, slotTimeOf, type TimerFiles, type TimerUnit, TimerWheel } from './index.js'

const sizes = { storePathRootDir: '/store', mappedFileSizeTimerLog: 5200, timerPrecisionMs: 1000 }

const opened = (disk: FaultFileSystem): TimerFiles =>
  openTimerFiles({ fileSystem: disk, logger: silentLogger, options: sizes })

const unit = (fields: Partial<TimerUnit> = {}): TimerUnit => ({
  previous: -1,
  magic: 1,
  writeTimeMs: 1_000_000,
  delayMs: 5000,
  physicalOffset: 77,
  sizeBytes: 100,
  topicHash: -3,
  dueMs: 1_004_321,
  ...fields,
})

async function unitsOf({ log }: TimerFiles): Promise<TimerUnit[]> {
  const units: TimerUnit[] = []
  for (let at = log.start; ; at += log.unitBytes) {
    const found = await log.next(at)
    if (found === undefined) return units
    units.push(found.unit)
    at = found.position
  }
}

test('the timer log of RocketMQ is read, and written again byte for byte', async () => {
  const disk = fixtureDisk('crash')
  const files = opened(disk)
  const units = await unitsOf(files)
  const magics = units.map(({ magic, previous, dueMs }) => [magic, previous, dueMs])
  assert.deepEqual(magics, [
    [1, -1, 0],
    [1, -1, 0],
    [3, -1, 0],
    [3, 104, 0],
    [1, 0, 0],
  ])
  assert.equal(units[0]?.topicHash, javaHash('StTimer'))
  const { files: listed } = manifestOf('crash') as unknown as { files: { path: string }[] }
  assert.ok(listed.some(({ path }) => path === 'timerlog/00000000000000000000'))
  const copyDisk = new FaultFileSystem()
  const copy = opened(copyDisk)
  for (const one of units) copy.log.append(one)
  await copy.log.sync()
  const path = '/store/timerlog/00000000000000000000'
  assert.ok(Buffer.from(copyDisk.readFileSync(path)!).equals(disk.readFileSync(path)!))
})

test('the checkpoint of RocketMQ is read, and its first part stays as RocketMQ writes it', async () => {
  const disk = fixtureDisk('clean')
  const { checkpoint, own } = opened(disk).checkpoint.load()
  assert.equal(own, undefined)
  assert.deepEqual(
    [checkpoint.logEnd, checkpoint.queueOffset, checkpoint.masterQueueOffset, checkpoint.counter],
    [260, 5, 5, 0xac],
  )
  const before = Buffer.from(disk.readFileSync('/store/config/timercheck')!)
  const empty = new FaultFileSystem()
  await opened(empty).checkpoint.save(checkpoint, { deliveredFrom: 9, stopped: true })
  const after = Buffer.from(empty.readFileSync('/store/config/timercheck')!)
  assert.equal(after.length, 4096)
  assert.ok(after.subarray(0, 512).equals(before.subarray(0, 512)))
  assert.deepEqual(opened(empty).checkpoint.load(), { checkpoint, own: { deliveredFrom: 9, stopped: true } })
})

test('what a checkpoint says of ours counts until somebody else writes it, torn writes or not', async () => {
  const disk = new FaultFileSystem()
  const { checkpoint: file } = opened(disk)
  const at = (counter: number) => ({ ...file.load().checkpoint, counter, logEnd: counter * 52 })
  await file.save(at(1), { deliveredFrom: 10, stopped: false })
  await file.save(at(2), { deliveredFrom: 20, stopped: false })
  const path = '/store/config/timercheck'
  const whole = Buffer.from(disk.readFileSync(path)!)
  await file.save(at(3), { deliveredFrom: 30, stopped: false })
  const next = Buffer.from(disk.readFileSync(path)!)
  const load = (bytes: Buffer) => {
    const other = new FaultFileSystem()
    other.place(path, bytes)
    return opened(other).checkpoint.load()
  }
  // Our record of it is written, the first part only up to some byte.
  for (let bytes = 0; bytes <= 56; bytes++) {
    const torn = Buffer.concat([next.subarray(0, bytes), whole.subarray(bytes, 56), next.subarray(56)])
    const { checkpoint, own } = load(torn)
    assert.ok(own && [20, 30].includes(own.deliveredFrom), `${bytes} bytes`)
    assert.equal(checkpoint.logEnd, own.deliveredFrom === 20 ? 104 : 156)
  }
  const foreign = Buffer.from(next)
  foreign.writeBigInt64BE(1_795_510_272_000n, 0)
  foreign.writeBigInt64BE(99n, 48)
  assert.equal(load(foreign).own, undefined)
})

test('a checkpoint whose sync failed leaves the one before it, and the next one is durable', async () => {
  const disk = new FaultFileSystem()
  const { checkpoint: file } = opened(disk)
  const at = (counter: number) => ({ ...file.load().checkpoint, counter })
  await file.save(at(1), { deliveredFrom: 10, stopped: false })
  for (const passed of [0, 1]) {
    disk.fail({ call: 'datasync', path: /timercheck/, nth: passed + 1 })
    await assert.rejects(file.save(at(2), { deliveredFrom: 20, stopped: false }), { code: 'IO_FAILED' })
    const own = opened(disk.afterPowerCut({ keep: 'none' })).checkpoint.load().own
    assert.deepEqual(own, { deliveredFrom: 10 + 20 * passed, stopped: false })
    await file.save(at(3 + passed), { deliveredFrom: 30, stopped: false })
    const next = opened(disk.afterPowerCut({ keep: 'none' })).checkpoint.load()
    assert.deepEqual([next.checkpoint.counter, next.own?.deliveredFrom], [3 + passed, 30])
  }
})

test('a wheel has the size of RocketMQ, keeps each time apart, and only what is used is on the disk', async () => {
  const disk = new FaultFileSystem()
  const place = { fileSystem: disk, path: '/timerwheel', precisionMs: 1000, pages: 3 }
  const wheel = new TimerWheel(place)
  assert.equal(wheel.open(), false)
  const times = Array.from({ length: 40 }, (_, i) => 1_795_510_272_000 + i * 777_000)
  for (const [i, time] of times.entries()) wheel.put(time, { first: i, last: i * 52, count: i })
  assert.equal(wheel.find(times[3]! + 604_800_000 * 2), undefined)
  assert.equal(wheel.find(times[3]! + 1000), undefined)
  await wheel.flush()
  const again = new TimerWheel(place)
  assert.equal(again.open(), true)
  for (const [i, time] of times.entries())
    assert.deepEqual(again.find(time), { first: i, last: i * 52, count: i })
  const info = disk.infoSync('/timerwheel')!
  assert.equal(info.sizeBytes, 38_707_200)
  assert.ok(info.allocatedBytes! <= 40 * 4096)
  const slot = Buffer.alloc(32)
  disk.openSync('/timerwheel').readSync(slot, (1_795_510_272 % 1_209_600) * 32)
  assert.equal(slot.readBigInt64BE(0), 1_795_510_272n)
})

test('units go on in the next file where sixteen bytes would not be left, which are blank', async () => {
  const disk = new FaultFileSystem()
  const files = opened(disk)
  const positions = Array.from({ length: 210 }, (_, i) => files.log.append(unit({ physicalOffset: i })))
  await files.log.sync()
  assert.equal(positions[98], 98 * 52)
  assert.equal(positions[99], 5200)
  const first = Buffer.from(disk.readFileSync('/store/timerlog/00000000000000000000')!)
  assert.equal(first.length, 5200)
  assert.equal(first.readInt32BE(5148), 52)
  assert.equal(first.readUInt32BE(5160), 0xcbd43194)
  assert.deepEqual(
    (await unitsOf(files)).map(({ physicalOffset }) => physicalOffset),
    positions.map((_, i) => i),
  )
  assert.deepEqual(
    [0, 52, 5200, 5252].map((end) => files.log.lastBefore(end)),
    [undefined, 0, 5096, 5200],
  )
  await files.log.removeBefore(99)
  assert.equal(files.log.start, 5200)
  assert.equal(await files.log.read(0), undefined)
  assert.equal(slotTimeOf((await files.log.read(5252))!), 1_005_000)
})
