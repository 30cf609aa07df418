import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FixtureName, fixtureDisk, fixtureSizes, manifestOf, vectors } from '../fixture-store.test.js'
import { indexFileName, keyHash, topicHash } from './layout.js'
import { emptyDisk, find, listening, openIndex, putAll, randomPuts, wallMs } from './scene.test.js'

const fixtureLayout = { slotCount: fixtureSizes.maxHashSlotNum, entryCapacity: fixtureSizes.maxIndexNum }

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

test('file names are local wall time and rise even when the clock goes back', () => {
  const name = indexFileName(wallMs, undefined)
  const time = new Date(wallMs)
  assert.match(name, /^\d{17}$/)
  assert.equal(name.slice(0, 4), String(time.getFullYear()))
  assert.equal(Number(name.slice(8, 10)), time.getHours())
  assert.equal(name.slice(14), String(wallMs % 1000).padStart(3, '0'))
  assert.equal(indexFileName(wallMs - 3_600_000, '20261231235959999'), '20261231235960000')
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
