import assert from 'node:assert/strict'
import { Load } from './history.test.js'
import { Probe } from './probe.test.js'
import { type Scene, story } from './scene.test.js'

/** Name server and broker die under load and start again on the same disk; the clients live on. */

/** The disk's next changes are the last: anywhere, or in the middle of a write. */
async function dieSoon(scene: Scene): Promise<void> {
  const torn = scene.random.below(2) === 0
  scene.disk.killAfterStep(scene.disk.steps + 1 + scene.random.below(40), torn)
  await scene.clock.runUntil(() => scene.disk.killed, 30_000)
  await scene.clock.advance(scene.random.below(3000))
}

async function severalLives(scene: Scene): Promise<void> {
  const { clock, history } = scene
  const probe = new Probe(scene)
  const load = await Load.start(scene, 'p1')
  const more = await Load.start(scene, 'p2')
  await clock.advance(300)
  await scene.consumer('c1')
  await scene.consumer('c2')
  for (let life = 1; life <= 2; life++) {
    await clock.advance(1000 + scene.random.below(2000))
    await probe.noteStored(`life ${life}`)
    await probe.noteCommits(`life ${life}`)
    const before = history.acknowledged
    await dieSoon(scene)
    await scene.restart()
    await clock.advance(3500)
    assert.ok(history.acknowledged > before, `sends go on after death ${life}\n${scene.tell()}`)
  }
  await load.stop()
  await more.stop()
  await scene.settle()
  await clock.advance(6000)
  await probe.noteStored('the end')
  await probe.noteCommits('the end')
  scene.check()
  await probe.close()
}

const seeds = 2

story('killed at any write, asynchronous flush: no acknowledged message is lost', { seeds }, severalLives)

story(
  'killed at any write, synchronous flush: no acknowledged message is lost',
  { seeds, brokerConfig: { flushDiskType: 'SYNC_FLUSH' } },
  severalLives,
)
