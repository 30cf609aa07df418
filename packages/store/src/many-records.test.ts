import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeRecord } from '@aerobee/wire'
import { Scene } from './store-scene.test.js'

test('many records are read by few reads, each undefined where none of that size lies', async () => {
  const first = await Scene.started()
  const sent = await first.send(600)
  const scene = await first.restarted()
  const places = sent.map(({ outcome }) => ({
    physicalOffset: outcome.physicalOffset,
    sizeBytes: outcome.storedBytes,
  }))
  const wrong = [
    { physicalOffset: places[3]!.physicalOffset + 1, sizeBytes: 200 },
    { physicalOffset: places[4]!.physicalOffset, sizeBytes: places[4]!.sizeBytes + 1 },
    { physicalOffset: 10_000_000, sizeBytes: 200 },
  ]
  const asked = [...places.toReversed(), ...wrong]
  const before = scene.disk.totals().reads
  const records = await scene.clock.resolve(scene.store.recordsAt(asked))
  assert.ok(scene.disk.totals().reads - before < 30, `${scene.disk.totals().reads - before} reads`)
  for (const [i, { physicalOffset }] of places.toReversed().entries()) {
    const record = decodeRecord(records[i]!)
    assert.ok(record.ok)
    assert.equal(record.value.physicalOffset, physicalOffset)
  }
  assert.deepEqual(records.slice(600), [undefined, undefined, undefined])
  await scene.stop()
})
