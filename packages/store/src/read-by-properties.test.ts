import assert from 'node:assert/strict'
import test from 'node:test'
import { javaHash } from '@aerobee/base'
import type { PropertyMatch, ReadRequest } from './contracts.js'
import { recordsOf, Scene } from './store-scene.test.js'

const request = (fields: Partial<ReadRequest> = {}): ReadRequest => ({
  topic: 'T',
  queueId: 0,
  offset: 0,
  maxCount: 32,
  maxBytes: 1 << 20,
  ...fields,
})

const holding = (wanted: string, cost = 1): PropertyMatch & { looks: number } => ({
  cost,
  looks: 0,
  matches(bytes, from, to) {
    this.looks += 1
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).subarray(from, to).includes(wanted)
  },
})

async function filled(count: number, body = (i: number) => `m${i}`): Promise<Scene> {
  const scene = await Scene.started()
  for (let i = 0; i < count; i++) {
    const properties = `TAGS\u0001${i % 2 ? 'odd' : 'even'}\u0002third\u0001${i % 3 === 0}\u0002`
    const tagsCode = javaHash(i % 2 ? 'odd' : 'even')
    await scene.clock.resolve(scene.append(body(i), { properties, tagsCode }))
  }
  return scene
}

test('only messages whose properties match are read, after the tag of their entry did', async () => {
  const scene = await filled(20)
  const match = holding('third\u0001true')
  const matchTagsCode = (code: number) => code === javaHash('odd')
  const found = scene.store.read(request({ matchProperties: match, matchTagsCode }))
  assert.ok(!(found instanceof Promise))
  assert.deepEqual([found.status, found.count, found.nextOffset], ['FOUND', 3, 20])
  assert.deepEqual(
    recordsOf(found).map(({ queueOffset }) => queueOffset),
    [3, 9, 15],
  )
  assert.equal(match.looks, 10)
  const none = scene.store.read(request({ matchProperties: holding('fourth') }))
  assert.ok(!(none instanceof Promise))
  assert.deepEqual([none.status, none.nextOffset, none.records], ['NO_MATCHED_MESSAGE', 20, undefined])
})

test('properties are found in what comes from disk, and in records that lie in two blocks', async () => {
  const scene = await filled(90, (i) => `m${i}`.padEnd(5000))
  const next = await scene.restarted()
  let offset = 0
  const offsets: number[] = []
  while (offset < 90) {
    const read = next.store.read(request({ offset, matchProperties: holding('third\u0001true') }))
    const outcome = await next.clock.resolve(Promise.resolve(read))
    if (outcome.records) offsets.push(...recordsOf(outcome).map(({ queueOffset }) => queueOffset))
    offset = outcome.nextOffset
  }
  assert.deepEqual(
    offsets,
    Array.from({ length: 30 }, (_, i) => i * 3),
  )
})

test('a costly look is spread over turns, and others get theirs between', async () => {
  const scene = await filled(30)
  const [first, second] = [holding('nothing', 15_000), holding('nothing', 15_000)]
  const reads = [first, second].map((matchProperties) => scene.store.read(request({ matchProperties })))
  assert.ok(reads[0] instanceof Promise && reads[1] instanceof Promise)
  assert.deepEqual([first.looks, second.looks], [2, 0])
  const outcomes = await scene.clock.resolve(Promise.all(reads))
  assert.deepEqual(
    outcomes.map(({ status, nextOffset }) => [status, nextOffset]),
    [
      ['NO_MATCHED_MESSAGE', 30],
      ['NO_MATCHED_MESSAGE', 30],
    ],
  )
  assert.deepEqual([first.looks, second.looks], [30, 30])
  const cheap = scene.store.read(request({ matchProperties: holding('third') }))
  assert.ok(!(cheap instanceof Promise))
})
