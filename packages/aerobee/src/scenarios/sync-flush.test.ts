import assert from 'node:assert/strict'
import { Load } from './history.test.js'
import { Probe } from './probe.test.js'
import { type Scene, story } from './scene.test.js'

/** Synchronous flush on a disk that takes its time: nothing is acknowledged or seen before it is durable. */

const brokerConfig = { flushDiskType: 'SYNC_FLUSH' }
const log = /commitlog\//

/** A group that has got everything so far and waits for more. */
async function waiting(scene: Scene) {
  const producer = await scene.producer('p')
  for (let i = 0; i < 4; i++) await scene.clock.resolve(scene.history.send(producer, 'p', i))
  await scene.consumer('c')
  await scene.settle()
  await scene.clock.advance(1000)
  return producer
}

story('a message is acknowledged and delivered only after its datasync', { brokerConfig }, async (scene) => {
  const { clock, history, disk } = scene
  const producer = await waiting(scene)
  const hold = disk.hold('datasync', log)
  const sending = history.send(producer, 'p', 4)
  await clock.advance(2000)
  assert.equal(hold.waiting, 1)
  assert.equal(history.acknowledged, 4)
  assert.equal(history.received(), 4)
  hold.release()
  await clock.resolve(sending)
  assert.equal(history.acknowledged, 5)
  await clock.advance(100)
  assert.equal(history.received(), 5)
})

story('sends that wait for the disk share one datasync', { brokerConfig }, async (scene) => {
  const { clock, history, disk } = scene
  const producer = await waiting(scene)
  const hold = disk.hold('datasync', log)
  const first = history.send(producer, 'p', 4)
  await clock.advance(100)
  const others = Array.from({ length: 30 }, (_, i) => history.send(producer, 'p', 5 + i))
  await clock.advance(100)
  const before = disk.totals(log).datasyncs
  hold.release()
  await clock.resolve(Promise.all([first, ...others]))
  assert.equal(history.acknowledged, 35)
  assert.equal(disk.totals(log).datasyncs - before, 2)
})

story(
  'after a power cut during a datasync nobody has seen what is gone',
  { brokerConfig, seeds: 2 },
  async (scene) => {
    const { clock, history, disk } = scene
    const probe = new Probe(scene)
    const load = await Load.start(scene, 'p1', 10)
    await clock.advance(200)
    await scene.consumer('c')
    await clock.advance(1000)
    disk.hold('datasync', log)
    await clock.advance(scene.random.below(2000))
    const seen = history.consumes.map(({ queue, offset }) => `${queue}@${offset}`)
    scene.kill()
    await scene.restart({ powerCut: true })
    await probe.noteStored('after the cut')
    const there = new Set(history.stored.map(({ queue, offset }) => `${queue}@${offset}`))
    assert.deepEqual(
      seen.filter((place) => !there.has(place)),
      [],
      scene.tell(),
    )
    await load.stop()
    await scene.settle()
    await probe.close()
  },
)

story(
  'a send that waits too long is told so, and its message may still come',
  { brokerConfig },
  async (scene) => {
    const { clock, history, disk } = scene
    const producer = await waiting(scene)
    const hold = disk.hold('datasync', log)
    const sending = history.send(producer, 'p', 4, { send: { timeoutMs: 20_000 } })
    await clock.advance(6000)
    const result = await clock.resolve(sending)
    assert.ok(!(result instanceof Error))
    assert.equal(result.status, 'FLUSH_DISK_TIMEOUT')
    assert.equal(history.received(), 4)
    hold.release()
    await clock.advance(100)
    assert.equal(history.received(), 5)
    scene.check()
  },
)
