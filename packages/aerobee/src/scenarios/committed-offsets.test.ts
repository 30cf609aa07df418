import assert from 'node:assert/strict'
import { Load } from './history.test.js'
import { Probe } from './probe.test.js'
import { story } from './scene.test.js'

/** How far a group is never says more than the queue holds, and survives what the broker survives. */

story('an offset beyond the end of its queue is cut to it', {}, async (scene) => {
  const { clock, history } = scene
  const producer = await scene.producer('p')
  const queue = (await clock.resolve(producer.queues('Orders')))[0]!
  for (let i = 0; i < 5; i++) await clock.resolve(history.send(producer, 'p', i, { send: { queue } }))
  const probe = new Probe(scene)
  assert.equal(await probe.createGroup(), 0)
  assert.equal(await probe.commit(queue.queueId, 1_000_000), 0)
  assert.equal(await probe.committed(queue.queueId), 5)
  await probe.commit(queue.queueId, -7)
  assert.equal(await probe.committed(queue.queueId), 5)
  await probe.commit(queue.queueId, 3)
  assert.equal(await probe.committed(queue.queueId), 3)
  await probe.close()
})

story(
  'under load no committed offset passes the end of its queue or moves back',
  { seeds: 2 },
  async (scene) => {
    const { clock, history } = scene
    const probe = new Probe(scene)
    const load = await Load.start(scene, 'p')
    await clock.advance(300)
    await scene.consumer('c1', { persistConsumerOffsetInterval: 50 })
    for (let i = 0; i < 20; i++) {
      await clock.advance(100 + scene.random.below(200))
      if (i === 8) await scene.consumer('c2', { persistConsumerOffsetInterval: 50 })
      await probe.noteCommits('one life')
    }
    await load.stop()
    await scene.settle()
    await clock.advance(200)
    await probe.noteCommits('one life')
    scene.check()
    assert.ok(history.commits.length > 60)
    await probe.close()
  },
)

story('a group goes on where it was after a clean restart', {}, async (scene) => {
  const { clock, history } = scene
  const producer = await scene.producer('p')
  for (let i = 0; i < 40; i++) await clock.resolve(history.send(producer, 'p', i))
  const consumer = await scene.consumer('c')
  await scene.settle()
  await clock.resolve(consumer.close())
  await scene.stopServers()
  await scene.startServers()
  const deliveries = history.consumes.length
  await scene.consumer('c again')
  await clock.resolve(history.send(producer, 'p', 40))
  await scene.settle()
  await clock.advance(30_000)
  assert.equal(history.consumes.length, deliveries + 1)
})
