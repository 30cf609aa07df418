import assert from 'node:assert/strict'
import test from 'node:test'
import { seededRandom } from '@aerobee/base'
import { ConsumeQueue } from './consume-queue.js'

test('entries in memory are those pushed last, through growth, writing and shrinking', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed)
    const queue = new ConsumeQueue('T', 0)
    const start = random.below(2) * 1_000_000
    queue.minOffset = start
    queue.continueAt(start)
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
  const queue = new ConsumeQueue('T', 0)
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
  const queue = new ConsumeQueue('T', 0)
  queue.push(500, 100, 0)
  queue.pushBlank()
  assert.equal(queue.maxOffset, 2)
  assert.equal(queue.maxPhysical, 500)
  assert.equal(queue.sizeAt(1), 0x7fff_ffff)
})
