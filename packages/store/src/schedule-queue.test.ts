import assert from 'node:assert/strict'
import test from 'node:test'
import { systemTopicNames } from '@aerobee/wire'
import type { ReadOutcome } from './contracts.js'
import { recordsOf, Scene } from './store-scene.test.js'

const topic = systemTopicNames.schedule
const delayed = (level: number, tagsCode: number) => ({
  topic,
  queueId: level - 1,
  tagsCode,
  properties: `DELAY\u0001${level}\u0002`,
})

/** Codes of the entries of a queue, read without the records. */
function codes({ store }: Scene, queueId: number): number[] {
  const found: number[] = []
  const stopBefore = (code: number) => {
    found.push(code)
    return false
  }
  const outcome = store.read({ topic, queueId, offset: 0, maxCount: 99, maxBytes: 1 << 20, stopBefore })
  assert.ok(!(outcome instanceof Promise))
  return found
}

test('the code of a delayed message is the time when it is due, also when it is rebuilt from the log', async () => {
  const options = { messageDelayLevel: '3s 1m' }
  const scene = await Scene.started({ options })
  const due: number[] = []
  for (let i = 0; i < 3; i++) {
    const outcome = await scene.clock.resolve(scene.append(`m${i}`, delayed(2, 60_000)))
    due.push(outcome.storeTimestamp + 60_000)
    await scene.clock.advance(7)
  }
  assert.deepEqual(codes(scene, 1), due)
  const rebuilt = await scene.killed({ options })
  assert.deepEqual(codes(rebuilt, 1), due)
})

test('a read stops before the first entry that is not due', async () => {
  const scene = await Scene.started()
  for (let i = 0; i < 5; i++) {
    await scene.clock.resolve(scene.append(`m${i}`, delayed(1, 1000)))
    await scene.clock.advance(10)
  }
  const start = scene.clock.wallMs() - 50
  const read = (offset: number, now: number) =>
    scene.store.read({
      topic,
      queueId: 0,
      offset,
      maxCount: 32,
      maxBytes: 1 << 20,
      stopBefore: (code) => code > now,
    }) as ReadOutcome
  const none = read(0, start)
  assert.deepEqual([none.status, none.nextOffset, none.count], ['NO_MATCHED_MESSAGE', 0, 0])
  const some = read(0, start + 1020)
  assert.deepEqual([some.nextOffset, recordsOf(some).length], [3, 3])
  assert.equal(read(3, start + 2000).nextOffset, 5)
})

test('a scan shows every record from an offset to the end, over segments', async () => {
  const scene = await Scene.started({ options: { mappedFileSizeCommitLog: 4096 } })
  const sent = await scene.send(40)
  const offsets = sent.map(({ outcome }) => outcome.physicalOffset)
  const scanned = async (from: number) => {
    const found: number[] = []
    await scene.clock.resolve(
      scene.store.scan(from, (view, at) => void found.push(Number(view.getBigInt64(at + 28)))),
    )
    return found
  }
  assert.deepEqual(await scanned(0), offsets)
  assert.deepEqual(await scanned(offsets[25]!), offsets.slice(25))
  assert.deepEqual(await scanned(scene.store.status().maxPhysicalOffset), [])
  await scene.send(1)
  assert.equal((await scanned(0)).length, 41)
})
