import assert from 'node:assert/strict'
import test from 'node:test'
import { seededRandom } from '@aerobee/base'
import { BatchQueue } from './batch-queue.js'
import { SimpleQueue } from './simple-queue.js'
import { queueLayout } from './unit.js'

const simple = queueLayout(false, '/consumequeue', 2000)
const batch = queueLayout(true, '/batchconsumequeue', 4600)

test('entries in memory are those pushed last, through growth, writing and shrinking', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed)
    const queue = new SimpleQueue('T', 0, simple)
    const start = random.below(2) * 1_000_000
    queue.restartAt(start)
    const pushed: { physical: number; size: number; tagsCode: number }[] = []
    for (let step = 0; step < 3000; step++) {
      const choice = random.below(20)
      if (choice === 0) queue.writtenEnd = queue.maxOffset - random.below(queue.unwritten + 1)
      else if (choice === 1) queue.shrink()
      else {
        const entry = {
          physical: 2 ** 40 + step * 100,
          size: 100 + random.below(1000),
          tagsCode: (random.below(2 ** 31) - 2 ** 30) * (choice === 2 ? 1000 : 1),
        }
        pushed.push(entry)
        queue.push(entry.physical, entry.size, entry.tagsCode)
      }
      assert.equal(queue.maxOffset, start + pushed.length)
      assert.ok(queue.tailStart <= queue.writtenEnd, `seed ${seed}: what is not written stays in memory`)
      const offset = queue.maxOffset - 1 - random.below(queue.maxOffset - queue.tailStart || 1)
      if (offset < queue.tailStart || offset < start) continue
      const entry = {
        physical: queue.physicalAt(offset),
        size: queue.sizeAt(offset),
        tagsCode: queue.tagsCodeAt(offset),
      }
      assert.deepEqual(entry, pushed[offset - start], `seed ${seed}`)
    }
  }
})

test('a busy queue whose entries are written keeps little memory, an idle one next to none', () => {
  const queue = new SimpleQueue('T', 0, simple)
  for (let i = 0; i < 100_000; i++) {
    queue.push(i * 100, 100, 0)
    if (i % 500 === 0) queue.writtenEnd = queue.maxOffset
  }
  assert.ok(queue.maxOffset - queue.tailStart <= 2048)
  queue.writtenEnd = queue.maxOffset
  queue.shrink()
  assert.ok(queue.maxOffset - queue.tailStart <= 16)
})

test('an offset without a record does not count as the newest entry', () => {
  const queue = new SimpleQueue('T', 0, simple)
  queue.push(500, 100, 0)
  queue.skipTo(2)
  assert.equal(queue.maxOffset, 2)
  assert.equal(queue.maxPhysical, 500)
  assert.equal(queue.sizeAt(1), 0x7fff_ffff)
})

test('an offset of a batch queue belongs to the entry whose messages surround it', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed)
    const queue = new BatchQueue('T', 0, batch)
    queue.restartAt(random.below(1000))
    const owner = new Map<number, number>()
    for (let unit = 0; unit < 200; unit++) {
      if (random.below(20) === 0) queue.skipTo(queue.maxOffset + random.below(5))
      const offset = queue.maxOffset
      const count = 1 + random.below(40)
      queue.push(unit * 100, 100, 0, 1_700_000_000_000 + unit, offset, count)
      for (let i = 0; i < count; i++) owner.set(offset + i, unit)
      assert.equal(queue.maxOffset, offset + count)
    }
    for (const [offset, unit] of owner) assert.equal(queue.unitOf(offset), unit, `seed ${seed}: ${offset}`)
    for (let offset = queue.minOffset; offset < queue.maxOffset; offset++) {
      const { offset: base, count } = queue.entryAt(queue.unitOf(offset))
      assert.ok(offset < base + count, `seed ${seed}: what is lost is followed by what is not`)
    }
  }
})
