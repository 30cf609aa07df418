import assert from 'node:assert/strict'
import { utf8Text } from '@aerobee/base'
import { Load } from './history.test.js'
import { Probe } from './probe.test.js'
import { type Scene, story } from './scene.test.js'

/** The machine of the servers loses power: of what was not synced, any part is gone. */

async function cutUnderLoad(scene: Scene): Promise<void> {
  const { clock, history } = scene
  const load = await Load.start(scene, 'p1')
  const more = await Load.start(scene, 'p2')
  await clock.advance(300)
  await scene.consumer('c1')
  for (let cut = 1; cut <= 2; cut++) {
    await clock.advance(500 + scene.random.below(2500))
    scene.disk.killAfterStep(scene.disk.steps + 1 + scene.random.below(40), scene.random.below(2) === 0)
    await clock.runUntil(() => scene.disk.killed, 30_000)
    await clock.advance(scene.random.below(1000))
    await scene.restart({ powerCut: true })
    const before = history.acknowledged
    await clock.advance(3500)
    assert.ok(history.acknowledged > before, `sends go on after cut ${cut}\n${scene.tell()}`)
  }
  await load.stop()
  await more.stop()
}

story(
  'power cut with synchronous flush: no acknowledged message is lost, and no offset is used twice',
  { seeds: 2, brokerConfig: { flushDiskType: 'SYNC_FLUSH' } },
  async (scene) => {
    const probe = new Probe(scene)
    await cutUnderLoad(scene)
    await scene.settle()
    await scene.clock.advance(6000)
    assert.ok((await probe.noteStored('the end')) > 0)
    await probe.noteCommits('the end')
    scene.check()
    await probe.close()
  },
)

story(
  'power cut with asynchronous flush: only young messages are lost, and a group gets what takes their place',
  { seeds: 2 },
  async (scene) => {
    const { clock, history } = scene
    const probe = new Probe(scene)
    const ackedAtMs: number[] = []
    const producer = await scene.producer('p')
    await scene.consumer('c1', { persistConsumerOffsetInterval: 100 })
    const send = async () => {
      await clock.resolve(history.send(producer, 'p', ackedAtMs.length))
      ackedAtMs.push(clock.monoMs())
      await clock.advance(scene.random.below(80))
    }
    // Just behind the moment at which the broker saves offsets, every 5 s.
    while (clock.monoMs() < 15_250) await send()
    const cutAtMs = clock.monoMs()
    scene.killClient('c1')
    scene.kill()
    await scene.restart({ powerCut: true })
    const kept = new Set<number>()
    for (let queueId = 0; queueId < 4; queueId++)
      for (const { record } of await probe.records(queueId))
        kept.add(Number(utf8Text(record.body).split('#')[1]))
    const lost = ackedAtMs.flatMap((atMs, seq) => (kept.has(seq) ? [] : [cutAtMs - atMs]))
    assert.ok(lost.length > 0, 'the cut cost something')
    assert.ok(Math.max(...lost) < 11_000, `${Math.max(...lost)} ms old when it was lost`)
    await probe.noteCommits('after the cut')
    history.waive((seq) => !kept.has(seq))
    for (let i = 0; i < 20; i++) await send()
    await scene.consumer('c2')
    await scene.settle()
    await probe.close()
  },
)
