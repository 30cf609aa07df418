import assert from 'node:assert/strict'
import { sleep } from '@aerobee/base'
import { Load } from './history.test.js'
import { type Scene, story } from './scene.test.js'

/** Consumers come and go while messages arrive; each message reaches the group. */

const groupQueues = (scene: Scene) => new Set(scene.history.consumes.map(({ queue }) => queue)).size

/** Listeners that take up to 30 ms. */
const slowly = (scene: Scene) => () => sleep(scene.clock, scene.random.below(30))

story('two consumers join and leave under load, and nothing is lost', { seeds: 2 }, async (scene) => {
  const { clock, history } = scene
  const load = await Load.start(scene, 'p1')
  const more = await Load.start(scene, 'p2')
  await clock.advance(500)
  const first = await scene.consumer('c1', {}, slowly(scene))
  await clock.advance(3000)
  const second = await scene.consumer('c2', {}, slowly(scene))
  await clock.advance(3000)
  await clock.resolve(first.close())
  await clock.advance(1000 + scene.random.below(2000))
  await scene.consumer('c3', {}, slowly(scene))
  await clock.advance(3000)
  await clock.resolve(second.close())
  await clock.advance(2000)
  await load.stop()
  await more.stop()
  await scene.settle()
  assert.ok(history.acknowledged > 300, `${history.acknowledged} acknowledged`)
  assert.equal(groupQueues(scene), 4)
})

story('a consumer that joins takes its share within seconds', {}, async (scene) => {
  const { clock, history } = scene
  const load = await Load.start(scene, 'p')
  await clock.advance(500)
  const byConsumer = { c1: new Set<string>(), c2: new Set<string>() }
  await scene.consumer('c1', {}, ({ queue }) => void byConsumer.c1.add(`${queue.queueId}`))
  await clock.advance(2000)
  assert.equal(byConsumer.c1.size, 4)
  await scene.consumer('c2', {}, ({ queue }) => void byConsumer.c2.add(`${queue.queueId}`))
  await clock.advance(3000)
  byConsumer.c1.clear()
  byConsumer.c2.clear()
  await clock.advance(3000)
  assert.equal(byConsumer.c1.size, 2)
  assert.equal(byConsumer.c2.size, 2)
  assert.deepEqual([...byConsumer.c1, ...byConsumer.c2].sort(), ['0', '1', '2', '3'])
  await load.stop()
  await scene.settle()
  // Apart from the moment of the change, nobody got a message twice.
  assert.ok(history.consumes.length < history.received() + 100, `${history.consumes.length} deliveries`)
})

story('what a consumer had when its machine died goes to another', { seeds: 2 }, async (scene) => {
  const { clock } = scene
  const load = await Load.start(scene, 'p')
  await clock.advance(500)
  await scene.consumer('dying', {}, () => new Promise(() => {}))
  await scene.consumer('living')
  await clock.advance(3000)
  assert.ok(scene.history.missing(['readers']) > 20, 'the dying one sits on messages')
  scene.killClient('dying')
  await clock.advance(2000)
  await load.stop()
  await scene.settle()
})
