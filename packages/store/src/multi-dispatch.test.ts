import assert from 'node:assert/strict'
import test from 'node:test'
import { findProperty } from '@aerobee/wire'
import { batchOf, namingLmq, recordsOf, Scene } from './store-scene.test.js'

const options = { enableLmq: true, enableMultiDispatch: true, maxLmqConsumeQueueNum: 3 }

test('a message shows in the queues it names, at their own offsets, and says so', async () => {
  const scene = await Scene.started({ options })
  await scene.send(2, namingLmq('%LMQ%a'))
  await scene.send(2, { topic: 'U', queueId: 5, ...namingLmq('%LMQ%b', '%LMQ%a', '%LMQ%b') }, 2)
  assert.deepEqual(await scene.bodies('%LMQ%a'), ['body 0', 'body 1', 'body 2', 'body 3'])
  assert.deepEqual(await scene.bodies('%LMQ%b'), ['body 2', 'body 3'])
  const [record] = recordsOf(await scene.read('%LMQ%a', 0, 3))
  assert.deepEqual([record!.topic, record!.queueId, record!.queueOffset], ['U', 5, 1])
  assert.equal(findProperty(record!.properties, 'INNER_MULTI_QUEUE_OFFSET'), '1,3,1')
  assert.equal(findProperty(record!.properties, 'WAIT'), 'true')
})

test('its readers are told', async () => {
  const scene = await Scene.started({ options })
  const told: string[] = []
  scene.store.onArrival((topic, queueId, maxOffset) => told.push(`${topic}/${queueId}/${maxOffset}`))
  await scene.send(1, namingLmq('%LMQ%a'))
  assert.deepEqual(told, ['T/0/1', '%LMQ%a/0/1'])
})

test('names that are none of a light message queue are refused, and none becomes a path', async () => {
  const scene = await Scene.started({ options })
  const names = [
    'T',
    '%LMQ%',
    '%LMQ%../../x',
    '%LMQ%a/b',
    '%LMQ%a.b',
    '%LMQ%a\0',
    `%LMQ%${'a'.repeat(123)}`,
    '',
  ]
  for (const name of names) {
    const [sent] = await scene.send(1, namingLmq('%LMQ%ok', name))
    assert.equal(sent!.outcome.status, 'MESSAGE_ILLEGAL', JSON.stringify(name))
  }
  assert.equal(scene.store.maxOffset('%LMQ%ok', 0), 0)
  assert.equal(scene.store.status().maxPhysicalOffset, 0)
})

test('no more queues are made than allowed; those that are there go on, and a deleted one makes room', async () => {
  const scene = await Scene.started({ options })
  await scene.send(1, namingLmq('%LMQ%a', '%LMQ%b'))
  const [tooMany] = await scene.send(1, namingLmq('%LMQ%a', '%LMQ%c', '%LMQ%d'))
  assert.equal(tooMany!.outcome.status, 'LMQ_CONSUME_QUEUE_NUM_EXCEEDED')
  assert.equal(scene.store.maxOffset('%LMQ%a', 0), 1)
  await scene.send(1, namingLmq('%LMQ%c'))
  const next = await scene.restarted({ options })
  const status = async (...names: string[]) => (await next.send(1, namingLmq(...names)))[0]!.outcome.status
  assert.equal(await status('%LMQ%d'), 'LMQ_CONSUME_QUEUE_NUM_EXCEEDED')
  assert.equal(await status('%LMQ%a', '%LMQ%c'), 'PUT_OK')
  next.store.deleteTopic('%LMQ%b')
  assert.equal(await status('%LMQ%d'), 'PUT_OK')
})

test('a message that is sent to a light message queue stands among those dispatched to it', async () => {
  const scene = await Scene.started({ options })
  await scene.send(1, namingLmq('%LMQ%a'))
  await scene.send(1, { topic: '%LMQ%a', ...namingLmq('%LMQ%a') }, 1)
  await scene.send(1, namingLmq('%LMQ%a'), 2)
  const bodies = ['body 0', 'body 1', 'body 2']
  assert.deepEqual(await scene.bodies('%LMQ%a'), bodies)
  const next = await scene.killed({ options })
  assert.deepEqual(await next.bodies('%LMQ%a'), bodies)
})

test('copies, half messages, batches and everything while it is off go to their own queue only', async () => {
  const scene = await Scene.started({ options })
  const topics = [
    '%RETRY%g',
    '%DLQ%g',
    'SCHEDULE_TOPIC_XXXX',
    'RMQ_SYS_TRANS_HALF_TOPIC',
    'rmq_sys_wheel_timer',
  ]
  for (const topic of topics) {
    const [sent] = await scene.send(1, { topic, ...namingLmq('%LMQ%a') })
    assert.equal(sent!.outcome.status, 'PUT_OK')
  }
  const { more } = namingLmq('%LMQ%a')
  await scene.send(1, { topic: 'Batch', sysFlag: 0xc0, more: `${batchOf(2).more}${more}` })
  await scene.send(1, { topic: 'Batch', more: more! })
  for (const part of ['enableLmq', 'enableMultiDispatch']) {
    const off = await Scene.started({ options: { ...options, [part]: false } })
    const [sent] = await off.send(1, namingLmq('../x'))
    assert.equal(sent!.outcome.status, 'PUT_OK')
    await off.send(1, namingLmq('%LMQ%a'))
    assert.equal(off.store.maxOffset('%LMQ%a', 0), 0)
  }
  assert.equal(scene.store.maxOffset('%LMQ%a', 0), 0)
  const next = await scene.killed({ options })
  assert.equal(next.store.maxOffset('%LMQ%a', 0), 0)
})

test('offsets that a record claims for names it does not have are passed over', async () => {
  const scene = await Scene.started({ options: { ...options, enableLmq: false } })
  const claims = [
    'INNER_MULTI_DISPATCH\u0001%LMQ%a\u0002INNER_MULTI_QUEUE_OFFSET\u00011,2\u0002',
    'INNER_MULTI_DISPATCH\u0001../a\u0002INNER_MULTI_QUEUE_OFFSET\u00010\u0002',
    'INNER_MULTI_DISPATCH\u0001%LMQ%a\u0002INNER_MULTI_QUEUE_OFFSET\u0001-1\u0002',
    'INNER_MULTI_QUEUE_OFFSET\u00010\u0002',
  ]
  for (const more of claims) await scene.send(1, { more })
  const next = await scene.killed({ options })
  assert.deepEqual([...next.store.queues().keys()], ['T'])
  assert.equal((await next.bodies()).length, claims.length)
})

test('an entry that names a record of another queue gives nothing', async () => {
  const scene = await Scene.started({ options })
  await scene.send(4, namingLmq('%LMQ%a'))
  await scene.stop()
  const disk = scene.disk.afterKill()
  const path = '/store/consumequeue/%LMQ%a/0/00000000000000000000'
  const bytes = Uint8Array.from(disk.readFileSync(path)!)
  bytes.copyWithin(20, 40, 60)
  disk.place(path, bytes)
  const next = await Scene.started({ disk, options })
  assert.deepEqual(await next.bodies('%LMQ%a'), ['body 0', 'body 2', 'body 3'])
  assert.equal(next.store.status().damagedRecords, 1)
})

test('what a light message queue shows outlives the topic that it was sent to', async () => {
  const scene = await Scene.started({ options })
  await scene.send(3, namingLmq('%LMQ%a'))
  scene.store.deleteTopic('T')
  await scene.send(1, { topic: 'U', ...namingLmq('%LMQ%a') }, 3)
  await scene.stop()
  const disk = scene.disk.afterKill()
  disk.removeTreeSync('/store/consumequeue/%LMQ%a')
  const next = await Scene.started({ disk, options })
  assert.deepEqual(await next.bodies('%LMQ%a'), ['body 0', 'body 1', 'body 2', 'body 3'])
  assert.equal(next.store.maxOffset('T', 0), 0)
})
