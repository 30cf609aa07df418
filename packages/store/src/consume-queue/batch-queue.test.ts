import assert from 'node:assert/strict'
import test from 'node:test'
import { seededRandom, utf8Text } from '@aerobee/base'
import { FaultFileSystem, VirtualClock } from '@aerobee/testkit'
import { findProperty } from '@aerobee/wire'
import { batchOf, recordsOf, Scene } from '../store-scene.test.js'

/** Queues of type BatchCQ in a running store: topics whose names begin with Batch. */

const options = {
  mappedFileSizeCommitLog: 8192,
  mapperFileSizeBatchConsumeQueue: 46 * 10,
  fileReservedTime: 1,
  deleteWhen: '00;01;02;03;04;05;06;07;08;09;10;11;12;13;14;15;16;17;18;19;20;21;22;23',
}
const topic = 'Batch'
const directory = '/store/batchconsumequeue/Batch/0'

interface Sent {
  base: number
  count: number
  body: string
}

async function fill(scene: Scene, records: number, seed = 1): Promise<Sent[]> {
  const random = seededRandom(seed)
  const sent: Sent[] = []
  for (let i = 0; i < records; i++) {
    const count = random.below(4) === 0 ? 1 : 1 + random.below(20)
    const fields = count === 1 ? { topic } : { topic, ...batchOf(count) }
    const outcome = await scene.clock.resolve(scene.append(`record ${i}`, fields))
    assert.equal(outcome.status, 'PUT_OK')
    sent.push({ base: outcome.queueOffset, count, body: `record ${i}` })
  }
  return sent
}

/** Every offset gives the record that holds it, and goes on behind it. */
async function assertReads(scene: Scene, sent: readonly Sent[], seed = 7) {
  const random = seededRandom(seed)
  const last = sent.at(-1)!
  assert.equal(scene.store.maxOffset(topic, 0), last.base + last.count)
  for (const { base, count, body } of sent.toSorted(() => random.below(3) - 1)) {
    const offset = base + random.below(count)
    const outcome = await scene.read(topic, 0, offset, 1)
    assert.equal(outcome.status, 'FOUND', `offset ${offset}`)
    assert.deepEqual([outcome.count, outcome.nextOffset], [count, base + count])
    assert.deepEqual(
      recordsOf(outcome).map((record) => [record.queueOffset, utf8Text(record.body)]),
      [[base, body]],
    )
  }
  assert.deepEqual(
    await scene.bodies(topic),
    sent.map(({ body }) => body),
  )
}

test('a record with several messages takes as many offsets, and knows its first one', async () => {
  const scene = await Scene.started()
  const sent = await fill(scene, 30)
  let next = 0
  for (const { base, count } of sent) {
    assert.equal(base, next)
    next += count
  }
  const records = await scene.readAll(topic, 0)
  for (const [i, { base, count }] of sent.entries()) {
    assert.equal(records[i]!.queueOffset, base)
    if (count > 1) assert.equal(findProperty(records[i]!.properties, 'INNER_BASE'), String(base))
  }
  assert.equal((await scene.read(topic, 0, next)).status, 'OFFSET_OVERFLOW_ONE')
  assert.equal((await scene.read(topic, 0, next + 1)).status, 'OFFSET_OVERFLOW_BADLY')
})

test('an answer holds as many messages as asked for, counted one by one, but always one record', async () => {
  const scene = await Scene.started()
  for (const count of [5, 5, 5, 50]) await scene.send(1, { topic, ...batchOf(count) })
  const read = async (offset: number, maxCount: number) => {
    const { count, nextOffset } = await scene.read(topic, 0, offset, maxCount)
    return [count, nextOffset]
  }
  assert.deepEqual(await read(0, 4), [5, 5])
  assert.deepEqual(await read(0, 10), [10, 10])
  assert.deepEqual(await read(3, 14), [10, 10])
  assert.deepEqual(await read(0, 64), [15, 15])
  assert.deepEqual(await read(15, 1), [50, 65])
  assert.deepEqual(await read(64, 32), [50, 65])
})

test('entries lie in files as RocketMQ writes them', async () => {
  const scene = await Scene.started({ options })
  await scene.send(2, { topic, ...batchOf(3) })
  const { outcome } = (await scene.send(1, { topic, ...batchOf(7) }))[0]!
  await scene.stop()
  assert.deepEqual(scene.disk.listSync(directory), ['00000000000000000000'])
  const bytes = Buffer.from(scene.disk.readFileSync(`${directory}/00000000000000000000`)!)
  assert.equal(bytes.length, 460)
  const at = 2 * 46
  const entry = {
    physical: bytes.readBigInt64BE(at),
    tagsCode: bytes.readBigInt64BE(at + 12),
    storeTime: bytes.readBigInt64BE(at + 20),
    base: bytes.readBigInt64BE(at + 28),
    count: bytes.readInt16BE(at + 36),
    compacted: bytes.readInt32BE(at + 38),
    reserved: bytes.readInt32BE(at + 42),
  }
  assert.deepEqual(entry, {
    physical: BigInt(outcome.physicalOffset),
    tagsCode: 97n,
    storeTime: BigInt(outcome.storeTimestamp),
    base: 6n,
    count: 7,
    compacted: -1,
    reserved: 0,
  })
  assert.equal(bytes.readInt32BE(at + 8), outcome.storedBytes)
  assert.ok(bytes.subarray(3 * 46).every((byte) => byte === 0))
})

test('every offset is found from the files too, after a stop and after a kill', async () => {
  const scene = await Scene.started({ options })
  const sent = await fill(scene, 150)
  await assertReads(scene, sent)
  const second = await scene.restarted({ options })
  await assertReads(second, sent)
  const third = await second.killed({ options })
  await assertReads(third, sent)
  const more = await fill(third, 5)
  assert.equal(more[0]!.base, sent.at(-1)!.base + sent.at(-1)!.count)
})

test('offsets are found by time, a record counts with its first message', async () => {
  const clock = new VirtualClock()
  const scene = await Scene.started({ clock, options })
  const times: number[] = []
  for (let i = 0; i < 20; i++) {
    await clock.advance(1000)
    times.push(clock.wallMs())
    await scene.send(1, { topic, ...batchOf(10) })
  }
  const next = await scene.restarted({ options })
  const find = (ms: number, boundary: 'LOWER' | 'UPPER') =>
    next.clock.resolve(next.store.offsetByTime(topic, 0, ms, boundary))
  assert.equal(await find(times[7]!, 'LOWER'), 70)
  assert.equal(await find(times[7]! + 1, 'LOWER'), 80)
  assert.equal(await find(times[7]!, 'UPPER'), 70)
  assert.equal(await find(times[19]! + 1, 'LOWER'), 200)
  assert.equal(await next.clock.resolve(next.store.storeTimeAt(topic, 0, 75)), times[7])
  assert.equal(next.store.inMemory(topic, 0, 5), true)
})

test('a batch is refused where its queue has an entry for each message, or when it does not say how many it holds', async () => {
  const scene = await Scene.started()
  const refused = [
    { topic: 'T', ...batchOf(3) },
    { topic, ...batchOf(0) },
    { topic, ...batchOf(40_000) },
    { topic, ...batchOf(3), more: '' },
  ]
  for (const fields of refused) {
    const [sent] = await scene.send(1, fields)
    assert.equal(sent!.outcome.status, 'MESSAGE_ILLEGAL')
  }
  assert.equal(scene.store.maxOffset(topic, 0), 0)
  assert.equal(scene.store.status().maxPhysicalOffset, 0)
})

test('with the segments go the entries below; the first offset is that of a record', async () => {
  const clock = new VirtualClock()
  const disk = new FaultFileSystem({ wallMs: () => clock.wallMs() })
  const scene = await Scene.started({ disk, clock, options })
  const sent = await fill(scene, 150)
  for (const name of disk.listSync('/store/commitlog')) {
    disk.setModified(`/store/commitlog/${name}`, clock.wallMs() - 3 * 3_600_000)
  }
  await clock.advance(80_000)
  const min = scene.store.minOffset(topic, 0)
  const kept = sent.filter(({ base }) => base >= min)
  assert.ok(kept.length > 0 && kept.length < 150)
  assert.equal(kept[0]!.base, min)
  await assertReads(scene, kept)
  assert.ok(Number(disk.listSync(directory)[0]) > 0, 'files wholly below are gone')
  const killed = await scene.killed({ options, clock })
  assert.equal(killed.store.minOffset(topic, 0), min)
  await assertReads(killed, kept)
})

const lost: Record<string, (disk: FaultFileSystem) => void> = {
  'all queues of the type are gone': (disk) => disk.removeTreeSync('/store/batchconsumequeue'),
  'the first file is gone': (disk) => disk.removeSync(`${directory}/00000000000000000000`),
  'a file is zeros': (disk) => disk.place(`${directory}/00000000000000000460`, new Uint8Array(460)),
  'a file has an odd size': (disk) => disk.place(`${directory}/00000000000000000460`, new Uint8Array(77)),
  'the positions are gone': (disk) => disk.removeSync('/store/positions.json'),
  'the positions and all queues are gone': (disk) => {
    disk.removeSync('/store/positions.json')
    disk.removeTreeSync('/store/batchconsumequeue')
  },
}

for (const [what, damage] of Object.entries(lost)) {
  test(`entries come from the log again when ${what}`, async () => {
    const scene = await Scene.started({ options })
    const sent = await fill(scene, 60)
    await scene.stop()
    const disk = scene.disk.afterKill()
    damage(disk)
    const next = await Scene.started({ disk, options })
    await assertReads(next, sent)
    await assertReads(await next.killed({ options }), sent)
  })
}

test('a topic that nobody knows any more keeps the queues that lie there', async () => {
  const scene = await Scene.started({ options })
  const sent = await fill(scene, 30)
  const next = await scene.restarted({ options, isBatch: () => undefined })
  await assertReads(next, sent)
  await next.stop()
  const disk = next.disk.afterKill()
  disk.removeSync('/store/positions.json')
  disk.removeTreeSync('/store/batchconsumequeue')
  await assertReads(await Scene.started({ disk, options, isBatch: () => undefined }), sent)
})

test('a deleted topic leaves nothing, and begins again at 0', async () => {
  const scene = await Scene.started({ options })
  await fill(scene, 30)
  scene.store.deleteTopic(topic)
  assert.deepEqual(scene.disk.listSync('/store/batchconsumequeue'), [])
  const sent = await fill(scene, 10)
  assert.equal(sent[0]!.base, 0)
  await assertReads(await scene.killed({ options }), sent)
})
