import assert from 'node:assert/strict'
import { utf8Text } from '@aerobee/base'
import { deadLetters } from '../dead-letters.js'
import { Load } from './history.test.js'
import { type Scene, story } from './scene.test.js'

/** Messages that wait or fail before they are consumed, while name server and broker die and start again. */

const brokerConfig = { messageDelayLevel: '1s 2s 1s 1s 1s 1s', flushDelayOffsetInterval: '1000' }

async function livesWithWaits(scene: Scene, powerCut: boolean): Promise<void> {
  const { clock, history, random } = scene
  const plain = await Load.start(scene, 'p1')
  const delayed = await Load.start(scene, 'p2', 60, 2)
  await clock.advance(300)
  const tries = new Map<string, number>()
  const listener = (message: { text(): string; reconsumeTimes: number }) => {
    const [producer = '', seq = ''] = message.text().split('#')
    const key = `${producer}#${seq}`
    tries.set(key, Math.max(tries.get(key) ?? 0, message.reconsumeTimes))
    if (Number(seq) % 3 === 0 && message.reconsumeTimes < 2) throw new Error('not yet')
  }
  await scene.consumer('c1', {}, listener)
  await scene.consumer('c2', {}, listener)
  for (let life = 1; life <= 2; life++) {
    await clock.advance(2000 + random.below(3000))
    scene.disk.killAfterStep(scene.disk.steps + 1 + random.below(40), random.below(2) === 0)
    await clock.runUntil(() => scene.disk.killed, 30_000)
    await clock.advance(random.below(3000))
    await scene.restart({ powerCut })
    const before = history.acknowledged
    await clock.advance(3500)
    assert.ok(history.acknowledged > before, `sends go on after death ${life}\n${scene.tell()}`)
  }
  await plain.stop()
  await delayed.stop()
  await scene.settle()
  assert.ok([...tries.values()].filter((count) => count >= 2).length > 5, 'some came a third time')
}

const seeds = 20

story('killed at any write: what waits or failed is consumed in the end', { seeds, brokerConfig }, (scene) =>
  livesWithWaits(scene, false),
)

story(
  'power cut with synchronous flush: what waits or failed is consumed in the end',
  { seeds, brokerConfig: { ...brokerConfig, flushDiskType: 'SYNC_FLUSH' } },
  (scene) => livesWithWaits(scene, true),
)

async function livesWithDeadLetters(scene: Scene, powerCut: boolean): Promise<void> {
  const { clock, history, random } = scene
  const load = await Load.start(scene, 'p')
  await clock.advance(300)
  const isBad = (text: string) => Number(text.split('#')[1]) % 4 === 0
  for (const name of ['c1', 'c2'])
    await scene.consumer(name, { maxReconsumeTimes: 1 }, (message) => {
      if (isBad(message.text())) throw new Error('never')
    })
  await clock.advance(1000 + random.below(3000))
  scene.disk.killAfterStep(scene.disk.steps + 1 + random.below(80), random.below(2) === 0)
  await clock.runUntil(() => scene.disk.killed, 30_000)
  await clock.advance(random.below(3000))
  await scene.restart({ powerCut })
  await clock.advance(3500)
  await load.stop()
  const bad = history.sends.filter(({ digest, outcome }) => outcome === 'ok' && isBad(digest))
  history.waive((seq) => seq % 4 === 0)
  await scene.settle()
  await clock.advance(60_000)
  const dead = new Set<string>()
  const reading = (async () => {
    for await (const { body } of deadLetters({ ...scene.clientOptions('tool'), group: 'readers' }))
      dead.add(utf8Text(body))
  })()
  await clock.resolve(reading)
  assert.ok(bad.length > 5)
  for (const { digest } of bad) assert.ok(dead.has(digest), `${digest} is no dead letter\n${scene.tell()}`)
  for (const body of dead) assert.ok(isBad(body), `${body} was consumed`)
}

story(
  'killed at any write: what cannot be consumed is among the dead letters',
  { seeds, brokerConfig },
  (scene) => livesWithDeadLetters(scene, false),
)

story(
  'power cut with synchronous flush: what cannot be consumed is among the dead letters',
  { seeds, brokerConfig: { ...brokerConfig, flushDiskType: 'SYNC_FLUSH' } },
  (scene) => livesWithDeadLetters(scene, true),
)
