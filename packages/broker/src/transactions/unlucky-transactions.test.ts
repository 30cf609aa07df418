import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '@aerobee/testkit'
import { propertyText } from '@aerobee/wire'
import { halfTopic, opTopic, TransactionScene } from './transaction-scene.test.js'

/** Disks that are full or break, and halves that would hold up others. */

const offsets = (scene: TransactionScene, topic: string): number => {
  const file = scene.disk.readFileSync('/store/config/consumerOffset.json') ?? Buffer.from('')
  const found = new RegExp(`"${topic}@CID_RMQ_SYS_TRANS":\\{\\s*"?0"?:(\\d+)`).exec(
    Buffer.from(file).toString(),
  )
  return Number(found?.[1] ?? 0)
}

test('a commit that the store refuses leaves the half waiting, and the next one brings it', async () => {
  const scene = await TransactionScene.started()
  const producer = scene.producer()
  const half = await producer.prepare('m')
  const heal = scene.disk.fail({ call: 'write', path: /commitlog/, errno: 'ENOSPC', times: 1000 })
  const refused = await producer.end(half, 'commit')
  assert.deepEqual([refused.code, refused.remark], [14, 'Service not available now.'])
  heal()
  await scene.clock.advance(1000)
  assert.equal((await producer.end(half, 'commit')).code, 0)
  assert.deepEqual(await scene.bodies('T'), ['m'])
  await scene.stop()
})

test('an op message that the store refuses is written later', async () => {
  const scene = await TransactionScene.started()
  const producer = scene.producer()
  const half = await producer.prepare('m')
  const heal = scene.disk.fail({ call: 'write', path: /commitlog/, errno: 'ENOSPC', times: 1000 })
  assert.equal((await producer.end(half, 'rollback')).code, 14)
  heal()
  await scene.clock.advance(4000)
  assert.deepEqual(await scene.bodies(opTopic), ['0,'])
  await scene.stop()
})

test('a half that waits for long holds up none behind it, and is behind them in the end', async () => {
  const scene = await TransactionScene.started()
  const producer = scene.producer({ answer: ({ name }) => (name === 'later' ? 'commit' : undefined) })
  await producer.prepare('long', { properties: propertyText('CHECK_IMMUNITY_TIME_IN_SECONDS', '3600') })
  for (let i = 0; i < 40; i++) await producer.prepare('later')
  for (let round = 0; round < 2; round++) {
    await producer.beat()
    await scene.clock.advance(30_000)
  }
  assert.equal((await scene.bodies('T')).length, 40)
  assert.equal(new Set(producer.checks.map(({ name }) => name)).size, 1)
  await scene.stop()
})

test('a half whose properties are full is asked for as it is', async () => {
  const scene = await TransactionScene.started()
  const producer = scene.producer({ answer: () => 'commit' })
  const prepared = (length: number) =>
    producer.prepare('full', { properties: propertyText('a', 'x'.repeat(length)) }).then(
      () => true,
      () => false,
    )
  // The longest that fits leaves no room for what a copy has more.
  for (let length = 32_600; !(await prepared(length)); length -= 10) assert.ok(length > 32_000)
  await producer.prepare('other')
  await producer.beat()
  await scene.clock.advance(30_000)
  assert.deepEqual((await scene.bodies('T')).sort(), ['full', 'other'])
  assert.equal(producer.checks.find(({ name }) => name === 'full')?.queueOffset, 0)
  await scene.stop()
})

test('offsets of halves that are over are saved when the log is durable, and not before', async () => {
  const scene = await TransactionScene.started({ config: { flushConsumerOffsetInterval: 1000 } })
  const producer = scene.producer()
  const hold = scene.disk.hold('datasync', /commitlog/)
  await producer.end(await producer.prepare('m'), 'commit')
  await scene.clock.advance(10_000)
  assert.equal(offsets(scene, halfTopic), 0)
  hold.release()
  await scene.clock.advance(10_000)
  assert.deepEqual([offsets(scene, halfTopic), offsets(scene, opTopic)], [1, 1])
  await scene.stop()
})

test('a clock that is put back neither checks young halves for ever nor forgets old ones', async () => {
  const clock = new VirtualClock()
  const scene = await TransactionScene.started({ clock })
  const producer = scene.producer({ answer: () => 'commit' })
  await producer.prepare('m')
  clock.jumpWall(-3_600_000)
  await producer.beat()
  await clock.advance(30_000)
  assert.deepEqual(await scene.bodies('T'), ['m'])
  await scene.stop()
})

test('an outcome whose op message is lost, the first of its queue, is no reason for a second one', async () => {
  const config = { flushConsumerOffsetInterval: 3_600_000 }
  const scene = await TransactionScene.started({ config })
  const producer = scene.producer()
  await producer.end(await producer.prepare('committed'), 'commit')
  await scene.clock.advance(4000)
  await producer.end(await producer.prepare('other'), 'rollback')
  const [first, second] = await scene.queue(opTopic)
  assert.deepEqual([first?.body.length, second?.queueOffset], [2, 1])
  scene.disk.kill()
  const image = scene.disk.afterKill()
  const path = '/store/commitlog/00000000000000000000'
  const bytes = image.readFileSync(path)!
  bytes.fill(0x58, first!.physicalOffset + 4, first!.physicalOffset + 8)
  image.place(path, bytes)
  for (const name of ['consumequeue', 'positions.json', 'positions.json.bak'])
    if (image.infoSync(`/store/${name}`)) image.removeTreeSync(`/store/${name}`)
  const next = await TransactionScene.started({ disk: image, config })
  assert.equal(next.store.minOffset(opTopic, 0), 1)
  const asked = next.producer({ answer: () => 'commit' })
  await asked.beat()
  await next.clock.advance(60_000)
  assert.deepEqual([asked.checks, await next.bodies('T')], [[], ['committed']])
  await next.stop()
})
