import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@aerobee/base'
import { crashAtEveryStep, type FaultFileSystem } from '@aerobee/testkit'
import { headerBytes } from './layout.js'
import {
  assertAnswers,
  assertAnswersAtLeast,
  emptyDisk,
  find,
  listening,
  openIndex,
  putAll,
  randomPuts,
} from './scene.test.js'

test('killed or cut at every step, the index finds all that it calls indexed, and the rest after another put', async () => {
  const puts = randomPuts(26, 3)
  const images = await crashAtEveryStep({
    prepare: (disk) => disk.place('/store/lock', new Uint8Array()),
    script: async (disk) => {
      const index = openIndex(disk)
      for (let i = 0; i < puts.length; i++) {
        putAll(index, [puts[i]!])
        if (i % 4 === 3) await index.flush()
      }
      await index.stop()
      const again = openIndex(disk)
      again.truncateBeyond(puts[20]!.offset)
      putAll(again, puts.slice(20))
      await again.stop()
    },
    verify: async ({ disk, label }) => {
      const listened = listening()
      const index = openIndex(disk, { clean: false, logger: listened.logger })
      const end = index.indexedUpTo
      await assertAnswersAtLeast(
        index,
        puts.filter(({ offset }) => offset < end),
        label,
      )
      putAll(
        index,
        puts.filter(({ offset }) => offset >= end),
      )
      await assertAnswers(index, puts, label)
      await index.stop()
      await assertAnswers(openIndex(disk.afterPowerCut({ keep: 'none' })), puts, `${label}, stopped, cut`)
      assert.ok(!listened.lines.some((line) => line.includes('used up to')), listened.lines.join('\n'))
    },
  })
  assert.ok(images > 200, `${images} images`)
})

test('truncation drops entries and files beyond the end of the log, durably', async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const disk = emptyDisk()
    const puts = randomPuts(50, seed)
    const index = openIndex(disk)
    putAll(index, puts)
    await index.stop()
    const cut = seededRandom(seed).below(50)
    const again = openIndex(disk)
    again.truncateBeyond(puts[cut]!.offset)
    await assertAnswers(again, puts.slice(0, cut), `seed ${seed}`)
    const image = openIndex(disk.afterPowerCut({ keep: 'none' }), { clean: false })
    assert.deepEqual(await find(image, puts[cut]!.topic, puts[cut]!.uniqKey), [])
    assert.ok(image.indexedUpTo < puts[cut]!.offset)
    putAll(again, puts.slice(cut))
    await assertAnswers(again, puts, `seed ${seed}, put again`)
    await again.stop()
    await assertAnswers(openIndex(disk), puts, `seed ${seed}, stopped`)
  }
})

test('damaged files are dropped with a line each and the rest is used', async () => {
  const puts = randomPuts(60, 4)
  const damages: Record<string, (disk: FaultFileSystem, path: string) => void> = {
    'cut short': (disk, path) => disk.openSync(path).truncateSync(77),
    emptied: (disk, path) => disk.openSync(path).truncateSync(0),
    zeroed: (disk, path) => disk.place(path, new Uint8Array(disk.readFileSync(path)!.length)),
    scrambled: (disk, path) => {
      disk.place(path, seededRandom(5).bytes(disk.readFileSync(path)!.length))
    },
    'swapped for a copy of the first': (disk, path) => {
      disk.place(path, disk.readFileSync(`/store/index/${disk.listSync('/store/index')[0]}`)!)
    },
  }
  for (const [what, damage] of Object.entries(damages)) {
    for (const which of [1, -1]) {
      const disk = emptyDisk()
      const first = openIndex(disk)
      putAll(first, puts)
      await first.stop()
      const path = `/store/index/${disk.listSync('/store/index').at(which)}`
      damage(disk, path)
      const listened = listening()
      const index = openIndex(disk, { logger: listened.logger })
      const label = `${what}, ${which}`
      assert.ok(
        listened.lines.some((line) => line.includes(path)),
        `${label}: ${listened.lines}`,
      )
      if (which === -1) {
        putAll(
          index,
          puts.filter(({ offset }) => offset >= index.indexedUpTo),
        )
        await assertAnswers(index, puts, label)
      }
      await index.stop()
    }
  }
})

test('a flipped bit in an entry ends the use of that file there, and the log gives the rest again', async () => {
  const disk = emptyDisk()
  const puts = randomPuts(10, 4)
  const layout = { slotCount: 7, entryCapacity: 100 }
  const index = openIndex(disk, { layout })
  putAll(index, puts)
  await index.flush()
  await index.flush()
  const path = `/store/index/${disk.listSync('/store/index')[0]}`
  const bytes = disk.readFileSync(path)!
  const at = headerBytes + 7 * 4 + 6 * 20 + 19
  bytes[at] = bytes[at]! ^ 4
  disk.place(path, bytes)
  const listened = listening()
  const again = openIndex(disk, { clean: false, layout, logger: listened.logger })
  assert.match(listened.lines.join('\n'), /used up to entry 5/)
  putAll(
    again,
    puts.filter(({ offset }) => offset >= again.indexedUpTo),
  )
  await assertAnswers(again, puts)
})

test('on a full disk messages are refused until there is room, and nothing is lost', async () => {
  const disk = emptyDisk()
  const listened = listening()
  const layout = { slotCount: 7, entryCapacity: 200 }
  const index = openIndex(disk, { layout, logger: listened.logger })
  const puts = randomPuts(300, 6)
  putAll(index, puts.slice(0, 20))
  await index.flush()
  disk.setCapacity(0)
  putAll(index, puts.slice(20, 250))
  await index.flush()
  assert.match(index.refusal ?? '', /ENOSPC/)
  await index.flush()
  assert.equal(listened.lines.filter((line) => line.includes('No messages are taken')).length, 1)
  await assertAnswersAtLeast(index, puts.slice(0, 20), 'written')
  disk.setCapacity(2 ** 30)
  await index.flush()
  assert.equal(index.refusal, undefined)
  putAll(index, puts.slice(250))
  await index.stop()
  await assertAnswers(openIndex(disk, { layout }), puts)
})

test('when no next file can be made, entries wait in memory', async () => {
  const disk = emptyDisk()
  const index = openIndex(disk)
  const puts = randomPuts(60, 7)
  putAll(index, puts.slice(0, 5))
  const heal = disk.fail({ call: 'create', errno: 'ENOSPC', times: Number.POSITIVE_INFINITY })
  putAll(index, puts.slice(5))
  assert.match(index.refusal ?? '', /ENOSPC/)
  heal()
  await index.flush()
  await index.flush()
  assert.equal(index.refusal, undefined)
  await assertAnswers(index, puts)
})

test('after a failed datasync nothing is synced again, and the next start indexes from before it', async () => {
  const disk = emptyDisk()
  const listened = listening()
  const layout = { slotCount: 7, entryCapacity: 200 }
  const index = openIndex(disk, { layout, logger: listened.logger })
  const puts = randomPuts(30, 8)
  putAll(index, puts.slice(0, 10))
  await index.flush()
  await index.flush()
  const durable = index.indexedUpTo
  assert.equal(durable, puts[9]!.offset)
  disk.fail({ call: 'datasync' })
  putAll(index, puts.slice(10))
  await index.flush()
  const syncs = disk.totals().datasyncs
  await index.flush()
  await assertAnswers(index, puts, 'still found while running')
  await index.stop()
  assert.equal(disk.totals().datasyncs, syncs)
  assert.equal(listened.lines.length, 1)
  const again = openIndex(disk.afterPowerCut({ keep: 'none' }), { layout, clean: false })
  assert.equal(again.indexedUpTo, durable)
  putAll(
    again,
    puts.filter(({ offset }) => offset >= durable),
  )
  await assertAnswers(again, puts)
})

test('the records of a dropped file are found again once its gap is filled from the log', async () => {
  for (const which of [0, 1, 2]) {
    const disk = emptyDisk()
    const puts = randomPuts(60, 10)
    const first = openIndex(disk)
    putAll(first, puts)
    await first.stop()
    disk.removeSync(`/store/index/${disk.listSync('/store/index')[which]}`)
    const index = openIndex(disk)
    for (const gap of index.gaps()) {
      const filler = index.fillGap(gap)
      for (const { topic, uniqKey, keys, offset, time } of puts)
        filler.put(topic, uniqKey, keys, offset, time)
      await filler.finish()
    }
    await assertAnswers(index, puts, `file ${which}`)
    await index.stop()
    const again = openIndex(disk.afterPowerCut({ keep: 'none' }), { clean: false })
    await assertAnswers(again, puts, `file ${which}, opened again`)
    const names = disk.listSync('/store/index')
    assert.deepEqual(names, [...names].sort())
    assert.ok(
      again
        .gaps()
        .every(({ afterPhysical, beforePhysical }) =>
          puts.every(({ offset }) => offset <= afterPhysical || offset >= beforePhysical),
        ),
    )
  }
})

test('a gap whose filling fails is left as it was', async () => {
  const disk = emptyDisk()
  const puts = randomPuts(60, 11)
  const first = openIndex(disk)
  putAll(first, puts)
  await first.stop()
  disk.removeSync(`/store/index/${disk.listSync('/store/index')[1]}`)
  const before = disk.listSync('/store/index')
  const index = openIndex(disk)
  const lost = index
    .gaps()
    .find(({ afterPhysical: a, beforePhysical: b }) => puts.some(({ offset }) => offset > a && offset < b))
  const filler = index.fillGap(lost!)
  for (const { topic, uniqKey, keys, offset, time } of puts) filler.put(topic, uniqKey, keys, offset, time)
  disk.fail({ call: 'datasync' })
  await assert.rejects(filler.finish(), { code: 'IO_FAILED' })
  filler.abandon()
  assert.deepEqual(disk.listSync('/store/index'), before)
})
