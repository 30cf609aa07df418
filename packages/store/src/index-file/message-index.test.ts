import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Clock, type Logger, seededRandom, silentLogger } from '@aerobee/base'
import { crashAtEveryStep, FaultFileSystem } from '@aerobee/testkit'
import { type FixtureName, fixtureDisk, fixtureSizes, manifestOf, vectors } from '../fixture-store.test.js'
import { headerBytes, indexFileName, keyHash, topicHash } from './layout.js'
import { MessageIndex } from './message-index.js'

const fixtureLayout = { slotCount: fixtureSizes.maxHashSlotNum, entryCapacity: fixtureSizes.maxIndexNum }
const small = { slotCount: 7, entryCapacity: 20 }
const wallMs = 1_795_510_000_000
/** Fires no timer: the tests flush by hand. */
const clock: Clock = {
  wallMs: () => wallMs,
  monoMs: () => 0,
  after: () => ({ cancel() {} }),
  every: () => ({ cancel() {} }),
  endOfTurn: (run) => queueMicrotask(run),
}

function listening(): { logger: Logger; lines: string[] } {
  const lines: string[] = []
  const note = (message: string) => lines.push(message)
  return { logger: { debug: note, info: note, warn: note, error: note }, lines }
}

function openIndex(
  disk: FaultFileSystem,
  options: { clean?: boolean; sealedTimestamp?: number; layout?: typeof small; logger?: Logger } = {},
): MessageIndex {
  const { clean = true, sealedTimestamp = 0, layout = small, logger = silentLogger } = options
  const index = new MessageIndex({ fileSystem: disk, clock, logger, directory: '/store/index', layout })
  index.open({ clean, sealedTimestamp })
  return index
}

function emptyDisk(): FaultFileSystem {
  const disk = new FaultFileSystem()
  disk.place('/store/lock', new Uint8Array())
  return disk
}

const find = async (index: MessageIndex, topic: string, key: string, max = 1000) =>
  (await index.query(topic, key, max, 0, Number.MAX_SAFE_INTEGER)).physicalOffsets

interface Put {
  topic: string
  uniqKey: string
  keys: string | undefined
  offset: number
  time: number
}

/** Messages of two topics, some with several keys, some keys common. */
function randomPuts(count: number, seed: number): Put[] {
  const random = seededRandom(seed)
  let offset = random.below(100)
  let time = wallMs
  return Array.from({ length: count }, (_, i) => {
    offset += 100 + random.below(200)
    time += random.below(1500)
    const keys = ['', 'order', `k${random.below(5)} order`, `k${i}  k${random.below(5)} `][random.below(4)]
    return { topic: `T${random.below(2)}`, uniqKey: `U${i}`, keys: keys || undefined, offset, time }
  })
}

const putAll = (index: MessageIndex, puts: readonly Put[]) => {
  for (const { topic, uniqKey, keys, offset, time } of puts) index.put(topic, uniqKey, keys, offset, time)
}

/** What the index must answer: exactly this multiset, plus other keys of the same hash. */
async function assertAnswers(index: MessageIndex, puts: readonly Put[], label = ''): Promise<void> {
  const expected = new Map<string, number[]>()
  for (const { topic, uniqKey, keys, offset } of puts) {
    for (const key of [uniqKey, ...(keys ?? '').split(' ').filter((part) => part !== '')]) {
      const name = `${topic}#${key}`
      expected.set(name, [offset, ...(expected.get(name) ?? [])])
    }
  }
  for (const [name, offsets] of expected) {
    const [topic = '', key = ''] = name.split('#')
    assert.deepEqual(await find(index, topic, key), offsets, `${label} ${name}`)
  }
}

test('key hashes are those of Java', () => {
  const known = vectors<{ topic: string; key: string; keyHash: number; slot5000000: number }>(
    'index-key-hash',
  )
  assert.ok(known.length > 3)
  for (const { topic, key, keyHash: hash, slot5000000 } of known) {
    if (topic === null) continue
    assert.equal(keyHash(topicHash(topic), key), hash, `${topic}#${key}`)
    assert.equal(keyHash(topicHash(topic), `x ${key} y`, 2, 2 + key.length), hash)
    assert.equal(hash % 5_000_000, slot5000000)
  }
  assert.equal(keyHash(0, 'polygenelubricants'), 0, 'the hash without a positive twin')
})

for (const name of ['clean', 'crash'] as FixtureName[]) {
  test(`every message of RocketMQ's ${name} directory is found by its keys, over rolled files`, async () => {
    const listened = listening()
    const disk = fixtureDisk(name)
    const clean = name === 'clean'
    const index = openIndex(disk, { clean, layout: fixtureLayout, logger: listened.logger })
    assert.deepEqual(listened.lines, [])
    let looked = 0
    const manifest = manifestOf(name)
    const topics = { ...manifest.topics, ...manifest.systemTopics }
    for (const [topic, queues] of Object.entries(topics)) {
      for (const { messages } of Object.values(queues)) {
        for (const message of messages) {
          const { UNIQ_KEY, KEYS } = message.properties
          for (const key of [UNIQ_KEY, ...(KEYS ?? '').split(' ')].filter((part) => part)) {
            if (message.physicalOffset > index.indexedUpTo) continue
            const found = await find(index, topic, key!)
            assert.ok(found.includes(message.physicalOffset), `${topic}#${key}: ${found}`)
            const { storeTimestamp } = message
            const atTime = await index.query(topic, key!, 64, storeTimestamp, storeTimestamp)
            assert.ok(atTime.physicalOffsets.includes(message.physicalOffset), `at ${storeTimestamp}`)
            looked += 1
          }
        }
      }
    }
    assert.ok(looked > 400, `${looked} keys`)
  })
}

test("a scan of RocketMQ's finished files gives its slots and counts byte for byte", async () => {
  const disk = fixtureDisk('clean')
  const before = disk.listSync('/store/index').map((name) => disk.readFileSync(`/store/index/${name}`)!)
  const index = openIndex(disk, { clean: false, layout: fixtureLayout })
  await index.flush()
  await index.stop()
  const after = disk.listSync('/store/index').map((name) => disk.readFileSync(`/store/index/${name}`)!)
  assert.deepEqual(after, before)
})

test('putting the same records as RocketMQ makes the same bytes', async () => {
  const original = fixtureDisk('clean')
  const names = original.listSync('/store/index')
  const manifest = manifestOf('clean')
  const messages = Object.entries({ ...manifest.topics, ...manifest.systemTopics })
    .flatMap(([topic, queues]) => Object.values(queues).flatMap((q) => q.messages.map((m) => ({ topic, m }))))
    .sort((a, b) => a.m.physicalOffset - b.m.physicalOffset)
  const disk = emptyDisk()
  const index = openIndex(disk, { layout: fixtureLayout })
  for (const { topic, m } of messages) {
    index.put(topic, m.properties.UNIQ_KEY, m.properties.KEYS, m.physicalOffset, m.storeTimestamp)
  }
  await index.stop()
  const ours = disk.listSync('/store/index')
  assert.equal(ours.length, names.length)
  const compared = ours.map((name, i) => {
    const theirs = original.readFileSync(`/store/index/${names[i]}`)!
    return Buffer.compare(disk.readFileSync(`/store/index/${name}`)!, theirs)
  })
  assert.deepEqual(compared, [0, 0, 0])
})

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

test('file names are local wall time and rise even when the clock goes back', () => {
  const name = indexFileName(wallMs, undefined)
  const time = new Date(wallMs)
  assert.match(name, /^\d{17}$/)
  assert.equal(name.slice(0, 4), String(time.getFullYear()))
  assert.equal(Number(name.slice(8, 10)), time.getHours())
  assert.equal(name.slice(14), String(wallMs % 1000).padStart(3, '0'))
  assert.equal(indexFileName(wallMs - 3_600_000, '20261231235959999'), '20261231235960000')
})

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

async function assertAnswersAtLeast(index: MessageIndex, puts: readonly Put[], label: string): Promise<void> {
  for (const { topic, uniqKey, offset } of puts) {
    assert.deepEqual(await find(index, topic, uniqKey), [offset], label)
  }
}

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

test('the checkpoint time names the last complete file, as RocketMQ needs it', async () => {
  const disk = emptyDisk()
  const index = openIndex(disk)
  const puts = randomPuts(60, 9)
  putAll(index, puts)
  await index.flush()
  await index.flush()
  const sealed = index.sealedTimestamp
  assert.ok(sealed > puts[0]!.time && sealed < puts.at(-1)!.time)
  await index.stop()
  assert.equal(index.sealedTimestamp, puts.at(-1)!.time)
})
