import assert from 'node:assert/strict'
import test from 'node:test'
import { javaHash } from '@aerobee/base'
import { FaultFileSystem } from '@aerobee/testkit'
import type { ReadRequest } from './contracts.js'
import { message, recordsOf, Scene } from './store-scene.test.js'

const log = /\/commitlog\/\d+$/
const request = (fields: Partial<ReadRequest> = {}): ReadRequest => ({
  topic: 'T',
  queueId: 0,
  offset: 0,
  maxCount: 32,
  maxBytes: 1 << 20,
  ...fields,
})

test('where there is nothing to read, status and next offset say where to go on', async () => {
  const scene = await Scene.started()
  const status = async (fields: Partial<ReadRequest>) => {
    const { topic, queueId, offset } = request(fields)
    const outcome = await scene.read(topic, queueId, offset)
    assert.equal(outcome.records, undefined)
    return [outcome.status, outcome.nextOffset, outcome.minOffset, outcome.maxOffset]
  }
  assert.deepEqual(await status({}), ['NO_MATCHED_LOGIC_QUEUE', 0, 0, 0])
  await scene.send(3)
  assert.deepEqual(await status({ topic: 'other' }), ['NO_MATCHED_LOGIC_QUEUE', 0, 0, 0])
  assert.deepEqual(await status({ queueId: 7 }), ['NO_MATCHED_LOGIC_QUEUE', 0, 0, 0])
  assert.deepEqual(await status({ offset: 3 }), ['OFFSET_OVERFLOW_ONE', 3, 0, 3])
  assert.deepEqual(await status({ offset: 4 }), ['OFFSET_OVERFLOW_BADLY', 3, 0, 3])
  assert.deepEqual(await status({ offset: -1 }), ['OFFSET_TOO_SMALL', 0, 0, 3])
  assert.deepEqual(scene.store.queues(), new Map([['T', [0]]]), 'asking makes no queue')
})

test('a read at the tail is answered at once, within its limits; the first message always passes', async () => {
  const scene = await Scene.started()
  await scene.send(10)
  const read = (fields: Partial<ReadRequest>) => {
    const outcome = scene.store.read(request(fields))
    assert.ok(!(outcome instanceof Promise))
    return outcome
  }
  const one = read({ maxCount: 1 })
  assert.deepEqual([one.status, one.count, one.nextOffset], ['FOUND', 1, 1])
  const size = one.records!.sizeBytes
  assert.equal(read({ maxCount: 4 }).count, 4)
  assert.equal(read({ maxBytes: size * 3 }).count, 3)
  assert.equal(read({ maxBytes: size * 3 - 1 }).count, 2)
  assert.equal(read({ maxBytes: 1 }).count, 1)
  assert.equal(read({ offset: 8 }).count, 2)
  const { maxPhysicalOffset } = scene.store.status()
  assert.equal(read({ offset: 9 }).behindBytes, size)
  assert.equal(read({}).behindBytes, size)
  assert.ok(maxPhysicalOffset > size)
})

test('only entries that match are read, and the next offset is behind the last one looked at', async () => {
  const scene = await Scene.started()
  for (let i = 0; i < 20; i++) {
    await scene.clock.resolve(scene.append(`m${i}`, { tagsCode: javaHash(i % 5 === 0 ? 'b' : 'a') }))
  }
  const matchTagsCode = (code: number) => code === javaHash('b')
  const found = await scene.clock.resolve(Promise.resolve(scene.store.read(request({ matchTagsCode }))))
  assert.deepEqual([found.status, found.count, found.nextOffset], ['FOUND', 4, 20])
  assert.deepEqual(
    recordsOf(found).map((record) => record.queueOffset),
    [0, 5, 10, 15],
  )
  const none = await scene.clock.resolve(
    Promise.resolve(scene.store.read(request({ matchTagsCode: () => false }))),
  )
  assert.deepEqual([none.status, none.nextOffset, none.records], ['NO_MATCHED_MESSAGE', 20, undefined])
})

test('one read looks at no more entries than maxFilterMessageSize says', async () => {
  const scene = await Scene.started({ options: { maxFilterMessageSize: 200 } })
  await scene.send(50)
  const none = scene.store.read(request({ maxCount: 1, matchTagsCode: () => false }))
  assert.ok(!(none instanceof Promise))
  assert.deepEqual([none.status, none.nextOffset], ['NO_MATCHED_MESSAGE', 10])
})

test('old messages are read from disk off the event loop, blocks at a time', async () => {
  const options = { mappedFileSizeCommitLog: 1 << 22, mappedFileSizeConsumeQueue: 6_000_000 }
  const scene = await Scene.started({ options })
  const body = new Uint8Array(2000)
  for (let i = 0; i < 1000; i++) scene.store.append(message(`m${i}`, { body }), () => {})
  const next = await scene.restarted({ options })
  const before = next.disk.totals(log).reads
  const cold = next.store.read(request())
  assert.ok(cold instanceof Promise)
  const outcome = await next.clock.resolve(cold)
  assert.equal(outcome.count, 32)
  assert.equal(next.disk.totals(log).reads - before, 1)
  let offset = outcome.nextOffset
  while (offset < 1000) {
    const more = await next.read('T', 0, offset)
    for (const record of recordsOf(more)) {
      assert.equal(record.queueOffset, offset)
      offset += 1
    }
  }
  assert.ok(next.disk.totals(log).reads - before <= 3, 'each block is read once')
  assert.ok(!(next.store.read(request({ offset: 400 })) instanceof Promise), 'now they are in memory')
})

test('a record that spans several blocks is stored, read and recovered whole', async () => {
  const options = { mappedFileSizeCommitLog: 1 << 23, maxMessageSize: 1 << 22 }
  const scene = await Scene.started({ options })
  const big = Uint8Array.from({ length: 3_500_000 }, (_, i) => i % 251)
  await scene.send(1)
  const sent = await scene.clock.resolve(scene.append('big', { body: big }))
  assert.equal(sent.status, 'PUT_OK')
  await scene.send(1, {}, 1)
  for (const restart of [false, true]) {
    const next = restart ? await scene.killed({ options }) : scene
    const outcome = await next.read('T', 0, 0)
    assert.equal(outcome.count, 1, 'the big one passes alone')
    const records = recordsOf(await next.read('T', 0, 1, 1))
    assert.deepEqual(Buffer.from(records[0]!.body), Buffer.from(big))
    const record = await next.clock.resolve(next.store.recordAt(sent.physicalOffset))
    assert.ok(record!.length > big.length)
  }
})

test('memory of the log stays within its bound, and what was handed out stays right', async () => {
  const options = { mappedFileSizeCommitLog: 1 << 22, maxMessageSize: 4096 }
  const scene = await Scene.started({ options, memory: { logCacheBytes: 1 << 20 } })
  const first = await scene.clock.resolve(scene.append('first', { body: new Uint8Array(2000).fill(7) }))
  assert.equal(first.status, 'PUT_OK')
  const held = scene.store.read(request({ maxCount: 1 }))
  assert.ok(!(held instanceof Promise))
  for (let turn = 0; turn < 100; turn++) {
    for (let i = 0; i < 100; i++) scene.store.append(message('x', { body: new Uint8Array(2000) }), () => {})
    await scene.clock.settle()
  }
  assert.ok(scene.store.read(request()) instanceof Promise, 'the first block was dropped')
  const [record] = recordsOf(held)
  assert.ok(record!.body.every((byte) => byte === 7))
})

test('an I/O error of a cold read fails that read and no other', async () => {
  const options = { mappedFileSizeCommitLog: 4096 }
  const scene = await Scene.started({ options })
  await scene.send(100)
  const next = await scene.restarted({ options })
  const mended = next.disk.fail({ call: 'read', path: 'commitlog/00000000000000000000', times: 1000 })
  await assert.rejects(next.read('T', 0, 0), { code: 'IO_FAILED' })
  assert.equal((await next.read('T', 0, 99)).status, 'FOUND')
  assert.equal((await next.send(1, {}, 100))[0]!.outcome.status, 'PUT_OK')
  mended()
  assert.equal((await next.bodies()).length, 101)
})

test('times are found by halving: LOWER is the first at or after, UPPER the last at or before', async () => {
  const scene = await Scene.started()
  const times: number[] = []
  for (const pause of [0, 10, 0, 10, 20]) {
    await scene.clock.advance(pause)
    times.push((await scene.clock.resolve(scene.append('x'))).storeTimestamp)
  }
  const [first, second, , fourth, last] = times as [number, number, number, number, number]
  const find = (wallMs: number, boundary: 'LOWER' | 'UPPER') =>
    scene.clock.resolve(scene.store.offsetByTime('T', 0, wallMs, boundary))
  assert.deepEqual([await find(first - 1, 'LOWER'), await find(first - 1, 'UPPER')], [0, 0])
  assert.deepEqual([await find(first, 'LOWER'), await find(first, 'UPPER')], [0, 0])
  assert.deepEqual([await find(second, 'LOWER'), await find(second, 'UPPER')], [1, 2])
  assert.deepEqual([await find(second + 1, 'LOWER'), await find(second + 1, 'UPPER')], [3, 2])
  assert.deepEqual([await find(fourth, 'LOWER'), await find(last, 'UPPER')], [3, 4])
  assert.deepEqual([await find(last + 1, 'LOWER'), await find(last + 1, 'UPPER')], [5, 4])
  const next = await scene.restarted()
  assert.equal(await next.clock.resolve(next.store.offsetByTime('T', 0, second + 1, 'LOWER')), 3)
  assert.equal(await next.clock.resolve(next.store.storeTimeAt('T', 0, 3)), fourth)
  assert.equal(await next.clock.resolve(next.store.storeTimeAt('T', 0, 5)), -1)
  assert.equal(await next.clock.resolve(next.store.storeTimeAt('U', 0, 0)), -1)
  assert.equal(await next.clock.resolve(next.store.offsetByTime('U', 0, 0, 'LOWER')), 0)
})

test('a record counts as in memory by its distance to the end of the log', async () => {
  const memory = { physicalBytes: 10_000 }
  const scene = await Scene.started({ memory })
  await scene.send(100)
  const check = (one: Scene) => {
    assert.equal(one.store.inMemory('T', 0, 99), true)
    assert.equal(one.store.inMemory('T', 0, 80), true)
    assert.equal(one.store.inMemory('T', 0, 50), false)
    assert.equal(one.store.inMemory('T', 0, 0), false)
  }
  check(scene)
  check(await scene.restarted({ memory }))
})

test('what is no record is answered as none', async () => {
  const scene = await Scene.started()
  const [sent] = await scene.send(3)
  const at = (offset: number) => scene.clock.resolve(scene.store.recordAt(offset))
  assert.ok(await at(sent!.outcome.physicalOffset))
  for (const offset of [-1, 1, 50, 10_000, 2 ** 52]) assert.equal(await at(offset), undefined)
})

test('a deleted topic is gone, also after a crash, and begins at 0 when it is made again', async () => {
  const disk = new FaultFileSystem()
  const scene = await Scene.started({ disk })
  await scene.send(20, { topic: 'gone' })
  await scene.send(5, { topic: 'kept' })
  scene.store.deleteTopic('gone')
  assert.equal(scene.store.maxOffset('gone', 0), 0)
  await scene.clock.advance(2000)
  assert.deepEqual(scene.store.queues(), new Map([['kept', [0]]]))
  const second = await scene.killed()
  assert.deepEqual(second.store.queues(), new Map([['kept', [0]]]))
  await second.send(3, { topic: 'gone' }, 100)
  assert.deepEqual(await second.bodies('gone'), ['body 100', 'body 101', 'body 102'])
  second.disk.kill()
  const image = second.disk.afterKill()
  image.removeTreeSync('/store/consumequeue')
  const third = await Scene.started({ disk: image })
  assert.deepEqual(await third.bodies('gone'), ['body 100', 'body 101', 'body 102'])
  assert.equal((await third.bodies('kept')).length, 5)
})

test('a topic that was deleted and made again shows its later life, even when nobody noted the deletion', async () => {
  const scene = await Scene.started()
  await scene.send(20, { topic: 'again' })
  scene.store.deleteTopic('again')
  await scene.send(3, { topic: 'again' }, 100)
  await scene.stop()
  const image = scene.disk.afterKill()
  image.removeTreeSync('/store/consumequeue')
  image.removeSync('/store/positions.json')
  if (image.infoSync('/store/positions.json.bak')) image.removeSync('/store/positions.json.bak')
  const next = await Scene.started({ disk: image })
  assert.deepEqual(await next.bodies('again'), ['body 100', 'body 101', 'body 102'])
})

test('an entry that names other bytes than its record gives no message', async () => {
  const scene = await Scene.started()
  await scene.send(5)
  await scene.stop()
  const path = '/store/consumequeue/T/0/00000000000000000000'
  const disk = scene.disk.afterKill()
  const bytes = disk.readFileSync(path)!
  // The third entry gets the place of the second.
  bytes.copyWithin(40, 20, 40)
  disk.place(path, bytes)
  const next = await Scene.started({ disk })
  assert.deepEqual(await next.bodies(), ['body 0', 'body 1', 'body 3', 'body 4'])
  assert.equal(next.store.status().damagedRecords, 1)
})
