import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock, Logger } from '@aerobee/base'
import { FaultFileSystem } from '@aerobee/testkit'
import type { RetainedSegment, RetentionSettings } from './plan.js'
import { RetentionService } from './service.js'

const hour = 3_600_000
const page = 4096
const settings: RetentionSettings = {
  cleanPercent: 75,
  forcePercent: 85,
  refusePercent: 90,
  deleteHours: [],
  reservedMs: 72 * hour,
  batchMax: 10,
  cleanForcibly: true,
}

/** Ten segments of ten pages on a disk whose size the test sets; time passes when the test says. */
function scene(changes: Partial<RetentionSettings> = {}) {
  let wallMs = new Date(2026, 10, 24, 12).getTime()
  let monoMs = 0
  const pauses: number[] = []
  let tick: (() => void) | undefined
  const clock: Clock = {
    wallMs: () => wallMs,
    monoMs: () => monoMs,
    after(delayMs, run) {
      pauses.push(delayMs)
      queueMicrotask(run)
      return { cancel() {} }
    },
    every(_periodMs, run) {
      tick = run
      return { cancel: () => (tick = undefined) }
    },
    endOfTurn: (run) => queueMicrotask(run),
  }
  const disk = new FaultFileSystem({ wallMs: () => wallMs })
  let segments: RetainedSegment[] = Array.from({ length: 10 }, (_, i) => ({
    startOffset: i * page * 10,
    sizeBytes: page * 10,
    modifiedMs: wallMs - (100 - i * 10) * hour,
  }))
  for (const { startOffset, sizeBytes } of segments) {
    disk.place(`/store/commitlog/${startOffset}`, new Uint8Array(sizeBytes))
  }
  const refusals: (string | undefined)[] = []
  const lines: string[] = []
  const note = (message: string) => lines.push(message)
  const logger: Logger = { debug: note, info: note, warn: note, error: note }
  const service = new RetentionService({
    fileSystem: disk,
    clock,
    logger,
    commitLogPath: '/store/commitlog',
    consumeQueuePath: '/store/consumequeue',
    settings: () => ({ ...settings, ...changes }),
    target: {
      segments: () => segments,
      deleteSegment(segment) {
        assert.equal(segment, segments[0], 'always the oldest')
        disk.removeSync(`/store/commitlog/${segment.startOffset}`)
        segments = segments.slice(1)
      },
      refuse: (reason) => refusals.push(reason),
    },
  })
  return {
    service,
    disk,
    refusals,
    lines,
    pauses,
    left: () => segments.length,
    pass(ms: number, jumpMs = 0) {
      wallMs += ms + jumpMs
      monoMs += ms
    },
    ticking: () => tick !== undefined,
    async cycle() {
      tick?.()
      await service.run()
    },
  }
}

test('in the first minute the disk is watched but nothing deleted', async () => {
  const s = scene({ deleteHours: [12] })
  s.service.start()
  await s.service.run()
  s.pass(50_000)
  await s.cycle()
  assert.equal(s.left(), 10)
  s.pass(10_000)
  await s.cycle()
  assert.equal(s.left(), 7)
  assert.deepEqual(s.pauses, [100, 100], 'a pause between two deletions')
  assert.match(s.lines.join('\n'), /Deleting 3 segments of the log: it is the hour of deleteWhen/)
})

test('a full disk refuses messages before the first one, deletes and takes them again', async () => {
  const s = scene()
  s.disk.setCapacity(110 * page)
  s.service.start()
  await s.service.run()
  assert.equal(s.service.space.commitLogRatio, 0.91)
  assert.deepEqual(s.refusals, ['the disk is 91% full'])
  assert.equal(s.left(), 10)
  s.pass(60_000)
  await s.cycle()
  assert.equal(s.left(), 7, 'the three expired ones were enough')
  assert.deepEqual(s.refusals, ['the disk is 91% full', undefined])
  await s.cycle()
  assert.equal(s.refusals.length, 2)
})

test('files go before their time only as far as needed, with a warning', async () => {
  const s = scene({ reservedMs: 1000 * hour })
  s.disk.setCapacity(115 * page)
  s.service.start()
  await s.service.run()
  s.pass(60_000)
  await s.cycle()
  assert.equal(s.left(), 9)
  assert.match(s.lines.join('\n'), /1 of them go before fileReservedTime, since the disk is 87% full/)
})

test('deletion on request stands for some cycles', async () => {
  const s = scene({ batchMax: 1 })
  s.service.start()
  await s.service.run()
  s.pass(60_000)
  await s.cycle()
  assert.equal(s.left(), 10)
  s.service.deleteSoon()
  for (let i = 0; i < 5; i++) await s.cycle()
  assert.equal(s.left(), 7)
})

test('after a jump of the clock by years no age is believed for an hour', async () => {
  const s = scene({ deleteHours: Array.from({ length: 24 }, (_, i) => i) })
  s.service.start()
  await s.service.run()
  s.pass(60_000)
  await s.cycle()
  assert.equal(s.left(), 7)
  s.pass(10_000, 10 * 365 * 24 * hour)
  await s.cycle()
  for (let i = 0; i < 300; i++) {
    s.pass(10_000)
    await s.cycle()
  }
  assert.equal(s.left(), 7)
  assert.equal(s.lines.filter((line) => line.includes('The clock jumped')).length, 1)
  for (let i = 0; i < 100; i++) {
    s.pass(10_000)
    await s.cycle()
  }
  assert.equal(s.left(), 1)
})

test('a deletion that fails ends the cycle, and the next one tries again', async () => {
  const s = scene({ deleteHours: [12] })
  s.service.start()
  await s.service.run()
  s.pass(60_000)
  s.disk.fail({ call: 'remove', nth: 2 })
  await s.cycle()
  assert.equal(s.left(), 9)
  assert.match(s.lines.join('\n'), /Retention could not do its work: .*EIO/)
  await s.cycle()
  assert.equal(s.left(), 7)
})

test('a stop waits for the deletion under way and starts no other', async () => {
  const s = scene({ deleteHours: [12] })
  s.service.start()
  await s.service.run()
  s.pass(60_000)
  void s.service.run()
  await s.service.stop()
  assert.equal(s.ticking(), false)
  assert.ok(s.left() >= 9)
})

test('one cycle runs at a time', async () => {
  const s = scene({ deleteHours: [12] })
  s.service.start()
  await s.service.run()
  s.pass(60_000)
  await Promise.all([s.service.run(), s.service.run(), s.service.run()])
  assert.equal(s.left(), 7)
  assert.equal(s.pauses.length, 2)
})
