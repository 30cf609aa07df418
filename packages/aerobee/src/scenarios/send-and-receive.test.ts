import assert from 'node:assert/strict'
import type { ReceivedMessage } from '@aerobee/client'
import { Load } from './history.test.js'
import { story, topic } from './scene.test.js'

story('what a producer sends, a consumer gets', {}, async (scene) => {
  const producer = await scene.producer('p')
  const sent = await scene.clock.resolve(
    producer.send({ topic, body: 'hello', tags: 'greeting', keys: ['a', 'b'], properties: { lang: 'en' } }),
  )
  assert.equal(sent.status, 'SEND_OK')
  const got: ReceivedMessage[] = []
  await scene.consumer('c', {}, (message) => void got.push(message))
  await scene.clock.runUntil(() => got.length > 0)
  const [message] = got
  assert.equal(message!.text(), 'hello')
  assert.equal(message!.tags, 'greeting')
  assert.deepEqual(message!.keys, ['a', 'b'])
  assert.equal(message!.properties.get('lang'), 'en')
  assert.equal(message!.messageId, sent.messageId)
  assert.equal(message!.offsetMessageId, sent.offsetMessageId)
  assert.equal(message!.queueOffset, sent.queueOffset)
})

story('a waiting consumer gets a message without polling again', {}, async (scene) => {
  const producer = await scene.producer('p')
  await scene.clock.resolve(scene.history.send(producer, 'p', 0))
  await scene.consumer('c')
  await scene.settle()
  await scene.clock.advance(7000)
  await scene.clock.resolve(scene.history.send(producer, 'p', 1))
  const sentAt = scene.clock.monoMs()
  await scene.clock.runUntil(() => scene.history.received() === 2)
  assert.ok(scene.clock.monoMs() - sentAt <= 10, `${scene.clock.monoMs() - sentAt} ms`)
})

story('every group gets every message, and of a tag only what it asked for', {}, async (scene) => {
  const producer = await scene.producer('p')
  for (let i = 0; i < 40; i++)
    await scene.clock.resolve(scene.history.send(producer, 'p', i, { tags: i % 4 === 0 ? 'rare' : 'common' }))
  await scene.consumer('c1')
  await scene.consumer('c2', { consumerGroup: 'others' })
  await scene.consumer('c3', { consumerGroup: 'collectors', tags: 'rare' })
  await scene.settle(['readers', 'others'])
  await scene.clock.runUntil(() => scene.history.received('collectors') === 10)
  await scene.clock.advance(20_000)
  assert.equal(scene.history.received('collectors'), 10)
})

story('a listener that fails gets the message again', {}, async (scene) => {
  const producer = await scene.producer('p')
  await scene.clock.resolve(scene.history.send(producer, 'p', 0))
  let tries = 0
  await scene.consumer('c', {}, () => {
    if (++tries < 3) throw new Error('not today')
  })
  await scene.clock.runUntil(() => tries === 3, 120_000)
  scene.check()
})

story('a clean restart under load loses nothing', {}, async (scene) => {
  const load = await Load.start(scene, 'p')
  await scene.clock.advance(2000)
  await scene.consumer('c')
  await scene.clock.advance(2000)
  await scene.stopServers()
  await scene.clock.advance(500)
  await scene.startServers()
  await scene.clock.advance(6000)
  await load.stop()
  await scene.settle()
  assert.ok(scene.history.acknowledged > 100, `${scene.history.acknowledged} acknowledged`)
})
