import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits, MiB, silentLogger } from '@aerobee/base'
import type { MessageStore } from '@aerobee/store'
import { VirtualClock } from '@aerobee/testkit'
import { encodeRecord, propertyText, recordSizeUpperBound } from '@aerobee/wire'
import { messageTo } from '../fake-messages.test.js'
import { noteUnit, OpenSlot } from './open-slot.js'
import { ReadAhead } from './read-ahead.js'

const slotMs = 1_795_510_272_000
const config = { timerPrecisionMs: 1000 }

function record(): Uint8Array {
  const message = messageTo('T', {
    properties: propertyText('REAL_TOPIC', 'T') + propertyText('REAL_QID', '0'),
  })
  const bytes = Buffer.alloc(recordSizeUpperBound(message, 1))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return bytes.subarray(0, encodeRecord(bytes, view, 0, message, Buffer.from('T'), 0, 0, 1))
}

const unit = (number: number, dueMs: number, sizeBytes: number) => ({
  previous: -1,
  magic: 1,
  writeTimeMs: slotMs - 5000,
  delayMs: 5000,
  physicalOffset: number,
  sizeBytes,
  topicHash: 0,
  dueMs,
})

/** Units of a slot, the first at its first millisecond, the others `stepMs` apart. */
function scene(units: number, sizeBytes: number, stepMs = 0) {
  const clock = new VirtualClock(slotMs - 30)
  const slot = new OpenSlot(slotMs, config.timerPrecisionMs, 0)
  const numbers: number[] = []
  for (let i = units - 1; i >= 0; i--) noteUnit(numbers, unit(i, slotMs + 1 + i * stepMs, sizeBytes))
  slot.load(numbers)
  const read: number[] = []
  const store = {
    recordNow(physicalOffset: number) {
      read.push(physicalOffset)
      return record()
    },
  } as unknown as MessageStore
  const ahead = new ReadAhead({ config, clock, logger: silentLogger, store }, () => [slot])
  return { clock, slot, read, ahead }
}

const take = (slot: OpenSlot, count: number) =>
  Array.from({ length: count }, () => slot.take(slotMs + 1000)).map((timer) => [
    timer?.physicalOffset,
    timer?.ready !== undefined,
  ])

test('no more is read ahead than the bound says, and the next ones when there is room again', async () => {
  const { clock, slot, read, ahead } = scene(10, 4 * MiB)
  ahead.wake()
  await clock.advance(10)
  assert.equal(slot.readyBytes, limits.timersAheadBytes)
  assert.deepEqual(read, [0, 1, 2, 3])
  assert.deepEqual(take(slot, 2), [
    [0, true],
    [1, true],
  ])
  ahead.wake()
  await clock.advance(10)
  assert.deepEqual(read, [0, 1, 2, 3, 4, 5])
  assert.equal(slot.readyBytes, limits.timersAheadBytes)
})

test('each is read once, and what was taken before it was read is passed over', async () => {
  const { clock, slot, read, ahead } = scene(300, 200)
  assert.deepEqual(take(slot, 2), [
    [0, false],
    [1, false],
  ])
  ahead.wake()
  ahead.wake()
  await clock.advance(10)
  assert.deepEqual(
    read,
    Array.from({ length: 298 }, (_, i) => i + 2),
  )
  assert.equal(take(slot, 298).filter(([, ready]) => ready).length, 298)
  assert.equal(slot.readyBytes, 0)
})

test('one that comes before those read ahead leaves first, and is read when it is due', async () => {
  const { clock, slot, ahead } = scene(3, 200, 1)
  assert.equal(slot.nextDue(), slotMs + 1)
  ahead.wake()
  await clock.advance(10)
  assert.deepEqual(take(slot, 1), [[0, true]])
  slot.add(unit(77, slotMs + 1, 200))
  slot.add(unit(78, slotMs, 200))
  assert.deepEqual(take(slot, 4), [
    [78, false],
    [77, false],
    [1, true],
    [2, true],
  ])
})

test('a message is read shortly before it is due, and the sooner the more are due with it', async () => {
  const { clock, read, ahead } = scene(10, 200, 100)
  ahead.wake()
  await clock.advance(10)
  assert.deepEqual(read, [0])
  await clock.advance(ahead.nextMs - clock.wallMs() - 1)
  ahead.wake()
  await clock.advance(0)
  assert.deepEqual(read, [0])
  await clock.advance(1)
  ahead.wake()
  await clock.advance(10)
  assert.deepEqual(read, [0, 1])
  assert.ok(clock.wallMs() > slotMs + 50 && clock.wallMs() < slotMs + 90, `${clock.wallMs() - slotMs}`)
})

test('of many that are due at once the first are read long before, and not all at one time', async () => {
  const { clock, slot, read, ahead } = scene(1, 200)
  for (let i = 1; i <= 10_000; i++) slot.add(unit(i, slotMs + 501, 200))
  await clock.advance(slotMs + 300 - clock.wallMs())
  ahead.wake()
  await clock.advance(10)
  assert.ok(read.length > 100 && read.length < 5000, `${read.length}`)
  while (clock.wallMs() < slotMs + 475) {
    await clock.advance(5)
    ahead.wake()
  }
  await clock.advance(10)
  assert.equal(read.length, 10_001)
  assert.equal(new Set(read).size, 10_001)
})
