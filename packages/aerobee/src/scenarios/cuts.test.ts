import assert from 'node:assert/strict'
import { Load } from './history.test.js'
import { type Scene, serverHost, story } from './scene.test.js'

/** One direction of the network between a client and the servers is gone for a while. */

const directions = ['to the servers', 'from the servers'] as const

function cut(scene: Scene, client: string, direction: (typeof directions)[number]): () => void {
  const host = scene.hostOf(client)
  const [from, to] = direction === 'to the servers' ? [host, serverHost] : [serverHost, host]
  scene.network.cut(from, to)
  return () => scene.network.heal(from, to)
}

for (const direction of directions) {
  story(`a producer that is cut off ${direction} goes on when the line is back`, {}, async (scene) => {
    const { clock, history } = scene
    const load = await Load.start(scene, 'p')
    const healthy = await Load.start(scene, 'healthy')
    await clock.advance(300)
    await scene.consumer('c')
    await clock.advance(1000)
    const heal = cut(scene, 'p', direction)
    const before = history.acknowledged
    await clock.advance(8000 + scene.random.below(4000))
    assert.ok(history.acknowledged > before + 100, 'the others do not notice')
    heal()
    const sentBefore = load.sent
    await clock.advance(10_000)
    assert.ok(load.sent > sentBefore + 20, `${load.sent - sentBefore} sends after the line came back`)
    await load.stop()
    await healthy.stop()
    await scene.settle()
  })

  story(`a consumer that is cut off ${direction} loses nothing`, {}, async (scene) => {
    const { clock, history } = scene
    const load = await Load.start(scene, 'p')
    await clock.advance(300)
    await scene.consumer('c1')
    await scene.consumer('c2')
    await clock.advance(3000)
    const heal = cut(scene, 'c1', direction)
    await clock.advance(10_000 + scene.random.below(5000))
    const before = history.received()
    await clock.advance(1000)
    assert.ok(history.received() > before, 'the other one goes on with its queues')
    heal()
    await clock.advance(2000)
    await load.stop()
    await scene.settle()
  })
}

story('a consumer that is cut off for long gives its queues to the others', {}, async (scene) => {
  const { clock, history } = scene
  const load = await Load.start(scene, 'p', 200)
  await clock.advance(500)
  await scene.consumer('c1')
  await scene.consumer('c2')
  await clock.advance(3000)
  const heal = cut(scene, 'c1', 'to the servers')
  // The broker drops a silent client after 120 s, and looks every 10 s.
  await clock.advance(140_000)
  await load.stop()
  await clock.advance(25_000)
  assert.equal(history.missing(['readers']), 0, scene.tell())
  heal()
  await scene.settle()
})
