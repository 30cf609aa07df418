import assert from 'node:assert/strict'
import test from 'node:test'
import { batchOf, Scene } from '../store-scene.test.js'

const options = { mappedFileSizeConsumeQueue: 200 }

test('entries of a queue are shown from memory and from files alike', async () => {
  const scene = await Scene.started({ options })
  const sent = await scene.send(40)
  const show = (one: Scene, from: number, count: number, topic = 'T') =>
    one.clock.resolve(one.store.queueEntries(topic, 0, from, count))
  const expected = sent.slice(10).map(({ outcome }) => [outcome.queueOffset, outcome.physicalOffset])
  const places = async (one: Scene) =>
    (await show(one, 10, 30))!.map(({ offset, physicalOffset }) => [offset, physicalOffset])
  assert.deepEqual(await places(scene), expected)
  const restarted = await scene.restarted({ options })
  await restarted.send(3, {}, 40)
  assert.deepEqual(await places(restarted), expected)
  const entries = (await show(restarted, 30, 100))!
  assert.equal(entries.length, 13)
  assert.ok(entries.every(({ sizeBytes, tagsCode }) => sizeBytes > 100 && tagsCode === 97))
  assert.deepEqual(await show(restarted, 43, 5), [])
  assert.deepEqual(await show(restarted, -1, 5), [])
  assert.equal(await show(restarted, 0, 5, 'Nope'), undefined)
})

test('of a queue with several messages in a record the entry that holds an offset comes first', async () => {
  const scene = await Scene.started({ options })
  await scene.send(20, { topic: 'Batch', ...batchOf(4) })
  const restarted = await scene.restarted({ options })
  const entries = await restarted.clock.resolve(restarted.store.queueEntries('Batch', 0, 42, 3))
  assert.deepEqual(
    entries?.map(({ offset }) => offset),
    [40, 44, 48],
  )
})

test('a query by key reads no more bytes than wanted, whatever it finds', async () => {
  const scene = await Scene.started()
  for (let i = 0; i < 5; i++) await scene.send(1, { keys: 'same', body: new Uint8Array(10_000) })
  const query = (maxBytes?: number) =>
    scene.clock.resolve(scene.store.queryByKey('T', 'same', 64, 0, Number.MAX_SAFE_INTEGER, maxBytes))
  assert.equal((await query()).records.length, 5)
  assert.equal((await query(35_000)).records.length, 3)
  assert.equal((await query(100)).records.length, 0)
})
