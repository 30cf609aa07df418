import assert from 'node:assert/strict'
import test from 'node:test'
import { emptyBytes } from '@aerobee/base'
import { FaultFileSystem } from '@aerobee/testkit'
import type { AppendOutcome } from './contracts.js'
import { message, Scene } from './store-scene.test.js'

const log = /\/commitlog\/\d+$/

test('queue offsets are dense per queue and physical offsets follow one another', async () => {
  const scene = await Scene.started()
  const outcomes: AppendOutcome[] = []
  for (let i = 0; i < 12; i++) {
    scene.store.append(message(`m${i}`, { queueId: i % 3 }), (outcome) => outcomes.push(outcome))
  }
  assert.equal(outcomes.length, 0, 'nothing is answered within the turn')
  await scene.clock.settle()
  assert.deepEqual(
    outcomes.map((outcome) => [outcome.status, outcome.queueOffset]),
    Array.from({ length: 12 }, (_, i) => ['PUT_OK', Math.floor(i / 3)]),
  )
  for (let i = 1; i < 12; i++) assert.ok(outcomes[i]!.physicalOffset > outcomes[i - 1]!.physicalOffset)
  assert.deepEqual(await scene.bodies('T', 1), ['m1', 'm4', 'm7', 'm10'])
})

test('everything of one turn is one write', async () => {
  const scene = await Scene.started()
  await scene.send(1)
  const before = scene.disk.totals(log).writes
  for (let i = 0; i < 50; i++) scene.store.append(message(`m${i}`), () => {})
  await scene.clock.settle()
  assert.equal(scene.disk.totals(log).writes, before + 1)
})

test('arrival is told once per queue for all messages of a turn, after they can be read', async () => {
  const scene = await Scene.started()
  const told: string[] = []
  scene.store.onArrival((topic, queueId, maxOffset) => {
    told.push(`${topic} ${queueId} ${maxOffset} ${scene.store.maxOffset(topic, queueId)}`)
  })
  for (let i = 0; i < 5; i++) scene.store.append(message(`m${i}`, { queueId: i % 2 }), () => {})
  await scene.clock.settle()
  assert.deepEqual(told, ['T 0 3 3', 'T 1 2 2'])
})

test('a batch lies in one segment, one record after the other', async () => {
  const scene = await Scene.started({ options: { mappedFileSizeCommitLog: 4096 } })
  const batch = (name: string) => Array.from({ length: 10 }, (_, i) => message(`${name}${i}`))
  for (const name of ['a', 'b', 'c', 'd']) {
    const outcome = await scene.clock.resolve(
      new Promise<AppendOutcome>((resolve) => scene.store.appendBatch(batch(name), resolve)),
    )
    assert.equal(outcome.status, 'PUT_OK')
    assert.equal(outcome.physicalOffsets?.length, 10)
    assert.equal(outcome.physicalOffsets?.[0], outcome.physicalOffset)
    const segments = new Set(outcome.physicalOffsets?.map((offset) => Math.floor(offset / 4096)))
    assert.equal(segments.size, 1)
  }
  assert.equal((await scene.bodies()).length, 40)
  const next = await scene.restarted({ options: { mappedFileSizeCommitLog: 4096 } })
  assert.equal((await next.bodies()).length, 40)
})

test('a batch that no segment can hold is refused as a whole', async () => {
  const scene = await Scene.started({ options: { mappedFileSizeCommitLog: 4096 } })
  const messages = Array.from({ length: 50 }, (_, i) => message(`m${i}`))
  const outcome = await scene.clock.resolve(
    new Promise<AppendOutcome>((resolve) => scene.store.appendBatch(messages, resolve)),
  )
  assert.equal(outcome.status, 'MESSAGE_ILLEGAL')
  assert.equal(scene.store.maxOffset('T', 0), 0)
  const [sent] = await scene.send(1)
  assert.equal(sent!.outcome.queueOffset, 0)
})

test('what is illegal is refused with its status, and leaves no trace', async () => {
  const scene = await Scene.started({ options: { maxMessageSize: 1000 } })
  const status = async (fields: Parameters<typeof message>[1]) =>
    (await scene.clock.resolve(scene.append('x', fields))).status
  assert.equal(await status({ body: new Uint8Array(1001) }), 'MESSAGE_ILLEGAL')
  assert.equal(await status({ properties: 'p'.repeat(40_000) }), 'PROPERTIES_SIZE_EXCEEDED')
  assert.equal(await status({ topic: '../x' }), 'MESSAGE_ILLEGAL')
  assert.equal(await status({ topic: '' }), 'MESSAGE_ILLEGAL')
  assert.equal(scene.store.status().maxPhysicalOffset, 0)
  assert.equal(await status({ body: new Uint8Array(1000) }), 'PUT_OK')
  assert.equal(await status({ body: emptyBytes, properties: '' }), 'PUT_OK')
})

test('prepared and rolled back messages are in the log and in no queue', async () => {
  const scene = await Scene.started()
  const prepared = await scene.clock.resolve(scene.append('half', { sysFlag: 0x4 }))
  const rolledBack = await scene.clock.resolve(scene.append('gone', { sysFlag: 0xc }))
  const committed = await scene.clock.resolve(scene.append('done', { sysFlag: 0x8 }))
  assert.equal(prepared.queueOffset, 0)
  assert.equal(committed.queueOffset, 0)
  assert.deepEqual(await scene.bodies(), ['done'])
  assert.ok(await scene.clock.resolve(scene.store.recordAt(rolledBack.physicalOffset)))
  const next = await scene.killed()
  assert.deepEqual(await next.bodies(), ['done'])
  assert.deepEqual(await next.byKey('T', 'half'), ['half'])
  assert.deepEqual(await next.byKey('T', 'gone'), [])
})

test('a full disk refuses sends, shows nothing of them, and takes sends again when there is room', async () => {
  const disk = new FaultFileSystem()
  const scene = await Scene.started({ disk })
  await scene.send(3)
  const full = disk.fail({ call: 'write', path: log, errno: 'ENOSPC', times: 1000, torn: true })
  const [refused] = await scene.send(1)
  assert.equal(refused!.outcome.status, 'SERVICE_NOT_AVAILABLE')
  assert.equal(refused!.outcome.physicalOffset, -1)
  assert.equal(scene.store.maxOffset('T', 0), 3)
  await scene.clock.advance(1000)
  assert.equal((await scene.send(1))[0]!.outcome.status, 'SERVICE_NOT_AVAILABLE')
  assert.deepEqual(await scene.bodies(), ['body 0', 'body 1', 'body 2'])
  full()
  await scene.clock.advance(1000)
  const [taken] = await scene.send(1, {}, 9)
  assert.equal(taken!.outcome.status, 'PUT_OK')
  assert.equal(taken!.outcome.queueOffset, 3)
  const next = await scene.killed()
  assert.deepEqual(await next.bodies(), ['body 0', 'body 1', 'body 2', 'body 9'])
})

test('records of a failed write never come back, though they reached the disk in part', async () => {
  const disk = new FaultFileSystem()
  const scene = await Scene.started({ disk })
  await scene.send(1)
  disk.fail({ call: 'write', path: log, errno: 'ENOSPC', torn: true })
  for (let i = 0; i < 20; i++) scene.store.append(message(`failed ${i}`), () => {})
  await scene.clock.settle()
  await scene.clock.advance(1000)
  await scene.send(1, {}, 1)
  const next = await scene.killed()
  assert.deepEqual(await next.bodies(), ['body 0', 'body 1'])
  assert.ok(!next.lines.some((line) => line.includes('damaged')), next.lines.join('\n'))
})

test('an I/O error of the log makes the store read-only until the next start', async () => {
  const disk = new FaultFileSystem()
  const scene = await Scene.started({ disk })
  await scene.send(2)
  disk.fail({ call: 'write', path: log, errno: 'EIO' })
  assert.equal((await scene.send(1))[0]!.outcome.status, 'SERVICE_NOT_AVAILABLE')
  await scene.clock.advance(10_000)
  assert.equal((await scene.send(1))[0]!.outcome.status, 'SERVICE_NOT_AVAILABLE')
  assert.match(scene.store.status().readOnlyReason!, /write to the commit log failed/)
  assert.deepEqual(await scene.bodies(), ['body 0', 'body 1'])
  const next = await scene.restarted()
  assert.deepEqual(await next.bodies(), ['body 0', 'body 1'])
  assert.equal((await next.send(1))[0]!.outcome.status, 'PUT_OK')
})

test('when no segment can be made the send fails, and later ones go on', async () => {
  const disk = new FaultFileSystem()
  const options = { mappedFileSizeCommitLog: 2048 }
  const scene = await Scene.started({ disk, options })
  const broken = disk.fail({ call: 'create', path: log, errno: 'ENOSPC', times: 1000 })
  const refused = await scene.send(1)
  assert.equal(refused[0]!.outcome.status, 'CREATE_MAPPED_FILE_FAILED')
  broken()
  const sent = await scene.send(30)
  assert.ok(sent.every((one) => one.outcome.status === 'PUT_OK'))
  assert.equal((await scene.bodies()).length, 30)
})

test('the next segment is made before it is needed', async () => {
  const scene = await Scene.started({ options: { mappedFileSizeCommitLog: 4096 } })
  await scene.send(1)
  await scene.clock.advance(1000)
  assert.equal(scene.disk.listSync('/store/commitlog').length, 2)
  assert.equal(scene.disk.infoSync('/store/commitlog/00000000000000004096')?.sizeBytes, 4096)
})

test('a store that is not running answers sends with SERVICE_NOT_AVAILABLE', async () => {
  const scene = new Scene()
  assert.equal((await scene.clock.resolve(scene.append('x'))).status, 'SERVICE_NOT_AVAILABLE')
  await scene.start()
  await scene.send(1)
  await scene.stop()
  assert.equal((await scene.clock.resolve(scene.append('x'))).status, 'SERVICE_NOT_AVAILABLE')
})
