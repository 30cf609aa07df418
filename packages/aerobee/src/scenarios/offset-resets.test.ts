import assert from 'node:assert/strict'
import { Load } from './history.test.js'
import { Probe } from './probe.test.js'
import { type Scene, story } from './scene.test.js'

/** Offsets of a group are reset by an administrator, under load and through deaths of the broker. */

const queueIds = [0, 1, 2, 3]

story('a reset that was answered holds, however the broker dies after it', { seeds: 20 }, async (scene) => {
  const { clock, history, random } = scene
  const producer = await scene.producer('p')
  for (let i = 0; i < 40; i++) await clock.resolve(history.send(producer, 'p', i))
  const probe = new Probe(scene)
  for (const queueId of queueIds) await probe.commit(queueId, await probe.maxOffset(queueId))
  const told = new Map<number, number>()
  if (random.below(2) === 0) scene.disk.killAfterStep(scene.disk.steps + 1 + random.below(30), true)
  for (const queueId of queueIds) {
    const offset = random.below(8)
    if (await probe.reset(queueId, offset)) told.set(queueId, offset)
    else break
  }
  if (!scene.disk.killed) scene.kill()
  await scene.restart({ powerCut: random.below(2) === 0 })
  await clock.advance(2000)
  for (const [queueId, offset] of told) {
    // After a power cut the log may end earlier, and a group is never beyond its end.
    const end = await probe.maxOffset(queueId)
    assert.equal(await probe.committed(queueId), Math.min(offset, end), scene.tell())
  }
  await probe.close()
})

async function resets(scene: Scene, end: (life: number) => Promise<void>): Promise<void> {
  const { clock, history, random } = scene
  const load = await Load.start(scene, 'p')
  const probe = new Probe(scene)
  await clock.advance(500)
  await scene.consumer('c1')
  await scene.consumer('c2')
  for (let life = 1; life <= 2; life++) {
    for (let i = 0; i < 3; i++) {
      await clock.advance(500 + random.below(1500))
      const queueId = random.below(queueIds.length)
      const [from, deliveries] = [random.below(5), history.consumes.length]
      if (!(await probe.reset(queueId, from))) continue
      const again = () => history.consumes.slice(deliveries).some((seen) => isAt(seen, queueId, from))
      await clock.runUntil(again, 30_000)
      assert.ok(again(), `queue ${queueId} is read again from ${from}\n${scene.tell()}`)
    }
    await end(life)
  }
  await load.stop()
  await scene.settle()
  await probe.close()
}

const isAt = (seen: { queue: string; offset: number }, queueId: number, offset: number) =>
  seen.queue.endsWith(`:${queueId}`) && seen.offset === offset

story('consumers under load go to where their group was reset, and lose nothing', { seeds: 16 }, (scene) =>
  resets(scene, async () => {}),
)

story(
  'the same while the broker is killed and loses power, with synchronous flush',
  { seeds: 20, brokerConfig: { flushDiskType: 'SYNC_FLUSH' } },
  (scene) =>
    resets(scene, async (life) => {
      if (life === 2) return
      scene.disk.killAfterStep(scene.disk.steps + 1 + scene.random.below(40), scene.random.below(2) === 0)
      await scene.clock.runUntil(() => scene.disk.killed, 30_000)
      await scene.restart({ powerCut: scene.random.below(2) === 0 })
      await scene.clock.advance(3500)
    }),
)
