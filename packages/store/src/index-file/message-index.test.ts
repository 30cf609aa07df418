import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  assertAnswers,
  assertAnswersAtLeast,
  emptyDisk,
  find,
  openIndex,
  putAll,
  randomPuts,
  wallMs,
} from './scene.test.js'

test('what was put is found before and after the flush, after a stop and over rolled files', async () => {
  for (let seed = 1; seed <= 8; seed++) {
    const disk = emptyDisk()
    const puts = randomPuts(60, seed)
    const index = openIndex(disk)
    putAll(index, puts.slice(0, 30))
    await assertAnswers(index, puts.slice(0, 30), `seed ${seed}, in memory:`)
    await index.flush()
    putAll(index, puts.slice(30))
    await assertAnswers(index, puts, `seed ${seed}, mixed:`)
    await index.stop()
    assert.ok(disk.listSync('/store/index').length >= 4)
    const again = openIndex(disk)
    await assertAnswers(again, puts, `seed ${seed}, opened again:`)
    assert.equal(again.indexedUpTo, puts.at(-1)?.offset)
    putAll(again, puts)
    await assertAnswers(again, puts, `seed ${seed}, put twice:`)
  }
})

test('after a stop the next run adds to the last file', async () => {
  const disk = emptyDisk()
  const puts = randomPuts(6, 1)
  for (const put of puts) {
    const index = openIndex(disk)
    putAll(index, [put])
    await index.stop()
  }
  assert.equal(disk.listSync('/store/index').length, 1)
  await assertAnswers(openIndex(disk), puts)
})

test('answers come newest first, within the times and at most as many as asked', async () => {
  const index = openIndex(emptyDisk())
  for (let i = 0; i < 100; i++) index.put('T', undefined, 'k', i * 100, wallMs + i * 1000)
  const asked = await index.query('T', 'k', 10, wallMs + 20_000, wallMs + 50_000)
  assert.deepEqual(
    asked.physicalOffsets,
    Array.from({ length: 10 }, (_, i) => 5000 - i * 100),
  )
  assert.equal(asked.lastUpdateTimestamp, wallMs + 99_000)
  assert.equal(asked.lastUpdatePhysicalOffset, 9900)
  const all = await index.query('T', 'k', 1000, wallMs + 20_000, wallMs + 50_000)
  assert.equal(all.physicalOffsets.length, 31)
  assert.deepEqual((await index.query('T', 'other', 10, 0, wallMs * 2)).physicalOffsets, [])
})

test('a long chain of one key is read in windows, not entry by entry', async () => {
  const disk = emptyDisk()
  const layout = { slotCount: 7, entryCapacity: 20_000 }
  const index = openIndex(disk, { layout })
  for (let i = 0; i < 15_000; i++) index.put('T', `u${i}`, 'k', i, wallMs + i)
  await index.stop()
  const again = openIndex(disk, { layout })
  const before = disk.totals().reads
  const found = await find(again, 'T', 'k', 10_000)
  assert.equal(found.length, 10_000)
  assert.ok(disk.totals().reads - before < 60, `${disk.totals().reads - before} reads`)
})

test('a record without keys moves what counts as indexed', async () => {
  const disk = emptyDisk()
  const index = openIndex(disk)
  index.put('T', 'u', undefined, 100, wallMs)
  index.put('T', undefined, undefined, 5000, wallMs)
  await index.stop()
  assert.equal(openIndex(disk).indexedUpTo, 5000)
})

test('retention removes whole files below the start of the log, but never the last', async () => {
  const disk = emptyDisk()
  const puts = randomPuts(60, 2)
  const index = openIndex(disk)
  putAll(index, puts)
  await index.flush()
  await index.flush()
  const files = disk.listSync('/store/index').length
  const removed = index.deleteBelow(puts[30]!.offset)
  assert.ok(removed > 0 && removed < files - 1)
  assert.equal(disk.listSync('/store/index').length, files - removed)
  await assertAnswersAtLeast(index, puts.slice(30), 'kept')
  assert.equal(index.deleteBelow(Number.MAX_SAFE_INTEGER), files - removed - 1)
  assert.equal(disk.listSync('/store/index').length, 1)
  await index.stop()
})

test('a file removed under a query holds nothing any more', async () => {
  const disk = emptyDisk()
  const puts = randomPuts(60, 2)
  const index = openIndex(disk)
  putAll(index, puts)
  await index.stop()
  const again = openIndex(disk)
  const hold = disk.hold('read', '/store/index')
  const asked = find(again, puts[0]!.topic, puts[0]!.uniqKey)
  await hold.reached()
  again.deleteBelow(Number.MAX_SAFE_INTEGER)
  hold.release()
  assert.deepEqual(await asked, [])
})
