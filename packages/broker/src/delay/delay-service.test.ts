import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8Text } from '@aerobee/base'
import { messageTo } from '../fake-messages.test.js'
import { DelayScene, schedule } from './delay-scene.test.js'

test('a message is delivered when its time has come: not a millisecond early, hardly late', async () => {
  const scene = await DelayScene.started()
  for (let i = 0; i < 20; i++) {
    await scene.send(`m${i}`, 1 + (i % 2))
    await scene.clock.advance(37)
  }
  await scene.clock.advance(3000)
  const waited = new Map(
    [...(await scene.records(schedule, 0)), ...(await scene.records(schedule, 1))].map((record) => [
      utf8Text(record.body),
      record.storeTimestamp + (record.queueId + 1) * 1000,
    ]),
  )
  const delivered = await scene.records('T')
  assert.equal(delivered.length, 20)
  for (const { body, storeTimestamp } of delivered) {
    const late = storeTimestamp - waited.get(utf8Text(body))!
    assert.ok(late >= 0 && late <= 1, `${utf8Text(body)} ${late} ms late`)
  }
  await scene.stop()
  assert.equal(scene.clock.timers, 0)
})

test('what is delivered is what was sent, to the topic and queue it was sent to', async () => {
  const scene = await DelayScene.started()
  await scene.send('body', 1)
  await scene.clock.advance(1000)
  const [waited] = await scene.records(schedule)
  const [delivered] = await scene.records('T')
  for (const name of [
    'body',
    'flag',
    'sysFlag',
    'bornTimestamp',
    'bornHost',
    'storeHost',
    'properties',
  ] as const)
    assert.deepEqual(delivered![name], waited![name], name)
  assert.equal(delivered!.reconsumeTimes, 2)
  const byTag = scene.store.read({
    topic: 'T',
    queueId: 0,
    offset: 0,
    maxCount: 1,
    maxBytes: 1 << 20,
    matchTagsCode: (code) => code === 97,
  })
  assert.equal((await byTag).count, 1)
  await scene.stop()
})

test('messages of one level come in order, many at a time', async () => {
  const scene = await DelayScene.started()
  const sent = Array.from({ length: 900 }, (_, i) => `m${i}`)
  await Promise.all(sent.map((body) => scene.send(body, 1)))
  await scene.clock.advance(1000)
  assert.deepEqual(await scene.delivered(), sent)
  await scene.stop()
})

test('a restart delivers what is left, and nothing twice', async () => {
  const first = await DelayScene.started()
  await first.send('a', 1)
  await first.send('b', 2)
  await first.clock.advance(1500)
  const second = await first.restarted()
  assert.deepEqual([second.delay.offsets.next(1), second.delay.offsets.next(2)], [1, 0])
  await second.clock.advance(5000)
  assert.deepEqual(await second.delivered(), ['a', 'b'])
  await second.stop()
})

test('what became due while the broker was away is delivered at its start', async () => {
  const first = await DelayScene.started()
  await first.send('a', 1)
  await first.stop()
  await first.clock.advance(60_000)
  const second = await DelayScene.started({ disk: first.disk.afterKill(), clock: first.clock })
  await second.clock.advance(1)
  assert.deepEqual(await second.delivered(), ['a'])
  await second.stop()
})

test('a refused put is tried again until it succeeds', async () => {
  const scene = await DelayScene.started()
  await scene.send('a', 1)
  const repair = scene.disk.fail({ call: 'write', path: /commitlog/, errno: 'ENOSPC', times: 1e9 })
  await scene.clock.advance(3000)
  assert.deepEqual(await scene.delivered(), [])
  repair()
  await scene.clock.advance(300)
  assert.deepEqual(await scene.delivered(), ['a'])
  await scene.stop()
})

test('when the clock or a level is set back, a message waits no longer than one of now', async () => {
  const first = await DelayScene.started()
  await first.send('a', 3)
  const second = await first.restarted({ messageDelayLevel: '1s 1s 1s' })
  await second.clock.advance(1)
  assert.deepEqual(await second.delivered(), ['a'])
  await second.send('b', 3)
  second.clock.jumpWall(-3_600_000)
  await second.clock.advance(1000)
  assert.deepEqual(await second.delivered(), ['a', 'b'])
  await second.stop()
})

test('a clock that jumps ahead is noticed within a second', async () => {
  const scene = await DelayScene.started()
  await scene.send('a', 3)
  scene.clock.jumpWall(60_000)
  await scene.clock.advance(1000)
  assert.deepEqual(await scene.delivered(), ['a'])
  await scene.stop()
})

test('a message without a real topic is dropped with a word, and holds up nobody', async () => {
  const scene = await DelayScene.started()
  const [good, bad] = ['good', 'bad']
  await new Promise<void>((resolve) => {
    const message = messageTo(schedule, {
      body: Buffer.from(bad),
      properties: 'DELAY\u00011\u0002REAL_TOPIC\u0001RMQ_SYS_TRANS_HALF_TOPIC\u0002REAL_QID\u00010\u0002',
      tagsCode: 1000,
    })
    scene.store.append(message, () => resolve())
    void scene.clock.settle()
  })
  await scene.send(good, 1)
  await scene.clock.advance(1100)
  assert.deepEqual(await scene.delivered(), [good])
  assert.match(scene.lines.join('\n'), /the delayed message at 0 is dropped/)
  await scene.stop()
})

test('a message that its light message queues keep out goes to its own queue', async () => {
  const scene = await DelayScene.started({
    config: { enableLmq: true, enableMultiDispatch: true, maxLmqConsumeQueueNum: 1 },
  })
  const to = (name: string) => `INNER_MULTI_DISPATCH\u0001%LMQ%${name}\u0002`
  await scene.send('one', 1, to('one'))
  await scene.send('too many', 1, to('two'))
  await scene.send('next', 1)
  await scene.clock.advance(1500)
  assert.deepEqual((await scene.delivered()).sort(), ['next', 'one', 'too many'])
  assert.equal(scene.store.maxOffset('%LMQ%one', 0), 1)
  assert.equal(scene.store.maxOffset('%LMQ%two', 0), 0)
  await scene.stop()
})

test('however many wait, one timer does', async () => {
  const scene = await DelayScene.started()
  await scene.send('first', 3)
  await scene.clock.advance(10)
  const { timers } = scene.clock
  for (let i = 0; i < 50; i++) await scene.send(`m${i}`, 2 + (i % 2))
  await scene.clock.advance(10)
  assert.equal(scene.clock.timers, timers)
  await scene.stop()
})
