import assert from 'node:assert/strict'
import test from 'node:test'
import { FaultFileSystem, VirtualClock } from '@aerobee/testkit'
import type { StoreOptions } from './options.js'
import { Scene } from './store-scene.test.js'

const options = {
  mappedFileSizeCommitLog: 4096,
  mappedFileSizeConsumeQueue: 200,
  fileReservedTime: 1,
  deleteWhen: '00;01;02;03;04;05;06;07;08;09;10;11;12;13;14;15;16;17;18;19;20;21;22;23',
  maxIndexNum: 50,
}

async function aged(count: number, own: Partial<StoreOptions> = options): Promise<Scene> {
  const clock = new VirtualClock()
  const disk = new FaultFileSystem({ wallMs: () => clock.wallMs() })
  const scene = await Scene.started({ disk, clock, options: own })
  await scene.send(count)
  age(scene)
  await scene.send(5, {}, count)
  await scene.clock.advance(80_000)
  return scene
}

/** Three hours pass for the files, without the thousands of ticks between. */
function age(scene: Scene): void {
  const directory = '/store/commitlog'
  for (const name of scene.disk.listSync(directory)) {
    scene.disk.setModified(`${directory}/${name}`, scene.clock.wallMs() - 3 * 3_600_000)
  }
}

test('old segments go, and with them queue files; offsets stay what they were', async () => {
  const scene = await aged(200)
  const { minPhysicalOffset } = scene.store.status()
  assert.ok(minPhysicalOffset > 0, 'segments were deleted')
  const min = scene.store.minOffset('T', 0)
  assert.ok(min > 0 && min < 205)
  const below = await scene.read('T', 0, min - 1)
  assert.deepEqual([below.status, below.nextOffset], ['OFFSET_TOO_SMALL', min])
  const found = await scene.bodies()
  assert.equal(found[0], `body ${min}`)
  assert.equal(found.length, 205 - min)
  const firstFile = Number(scene.disk.listSync('/store/consumequeue/T/0')[0]) / 20
  assert.ok(firstFile > 0 && firstFile <= min, 'files wholly below are gone')

  for (const next of [await scene.restarted({ options }), await (await aged(200)).killed({ options })]) {
    assert.equal(next.store.status().minPhysicalOffset, minPhysicalOffset)
    assert.equal(next.store.minOffset('T', 0), min)
    assert.deepEqual(await next.bodies(), found)
  }
})

test('the segment that takes appends stays, whatever its age', async () => {
  const scene = await aged(5)
  age(scene)
  await scene.clock.advance(80_000)
  assert.equal(scene.store.minOffset('T', 0), 0)
  assert.equal((await scene.bodies()).length, 10)
})

test('a queue without any message left keeps its end', async () => {
  const clock = new VirtualClock()
  const disk = new FaultFileSystem({ wallMs: () => clock.wallMs() })
  const scene = await Scene.started({ disk, clock, options })
  await scene.send(15, { topic: 'old' })
  await scene.send(100)
  age(scene)
  await scene.send(5, {}, 100)
  await clock.advance(80_000)
  const check = async (one: Scene, end: number) => {
    assert.equal(one.store.minOffset('old', 0), end)
    assert.equal(one.store.maxOffset('old', 0), end)
    assert.equal((await one.read('old', 0, 0)).status, 'OFFSET_TOO_SMALL')
    assert.equal((await one.read('old', 0, end)).status, 'OFFSET_OVERFLOW_ONE')
  }
  await check(scene, 15)
  await clock.advance(120_000)
  const killed = await scene.killed({ options, clock })
  await check(killed, 15)
  const stopped = await killed.restarted({ options })
  await check(stopped, 15)
  const [sent] = await stopped.send(1, { topic: 'old' }, 15)
  assert.equal(sent!.outcome.queueOffset, 15)
  const last = await stopped.killed({ options })
  assert.deepEqual(await last.bodies('old'), ['body 15'])
  assert.equal(last.store.minOffset('old', 0), 15)
})

test('a crash between the steps of a deletion loses nothing that was kept', async () => {
  const own = { ...options, flushDiskType: 'SYNC_FLUSH' } as const
  const steps = (await aged(120, own)).disk.steps
  let deleted = 0
  for (let back = 0; back < 60; back++) {
    const clock = new VirtualClock()
    const disk = new FaultFileSystem({ wallMs: () => clock.wallMs() })
    const scene = await Scene.started({ disk, clock, options: own })
    await scene.send(120)
    age(scene)
    disk.killAfterStep(steps - 15 - back)
    try {
      await Promise.race([disk.faults.whenKilled, clock.advance(80_000)])
    } catch {
      assert.ok(disk.killed)
    }
    const next = await Scene.started({ disk: disk.afterPowerCut({ seed: back + 1 }), options })
    const min = next.store.minOffset('T', 0)
    if (min > 0) deleted += 1
    const found = await next.bodies()
    assert.equal(found.at(-1), 'body 119', `${back} steps before the end`)
    assert.equal(found[0], `body ${min}`)
    assert.equal(found.length, 120 - min)
  }
  assert.ok(deleted > 5, `${deleted} crashes came after a deletion`)
})

test('a full partition refuses messages, and takes them again when there is room', async () => {
  const disk = new FaultFileSystem({ capacityBytes: 1000 * 4096 })
  const scene = await Scene.started({ disk, options: { ...options, cleanFileForciblyEnable: false } })
  await scene.send(2)
  disk.place('/other', new Uint8Array(930 * 4096))
  await scene.clock.advance(20_000)
  assert.equal((await scene.send(1))[0]!.outcome.status, 'SERVICE_NOT_AVAILABLE')
  assert.match(scene.store.status().readOnlyReason!, /the disk is \d+% full/)
  assert.ok(scene.store.status().space.commitLogRatio > 0.85)
  disk.removeSync('/other')
  await scene.clock.advance(20_000)
  assert.equal((await scene.send(1))[0]!.outcome.status, 'PUT_OK')
})

test('files of queues without any message go when asked for, and the queues go on at their offsets', async () => {
  const start = async () => {
    const clock = new VirtualClock()
    const disk = new FaultFileSystem({ wallMs: () => clock.wallMs() })
    const scene = await Scene.started({ disk, clock, options })
    await scene.send(15, { topic: 'old' })
    await scene.send(15, { topic: 'kept' })
    await scene.send(100)
    age(scene)
    await scene.send(5, {}, 100)
    await clock.advance(80_000)
    return scene
  }
  const drop = (scene: Scene) =>
    scene.clock.resolve(scene.store.dropExpiredQueueFiles((topic) => topic === 'kept'))
  const filesOf = (scene: Scene, topic: string) => scene.disk.listSync(`/store/consumequeue/${topic}/0`)
  const young = await Scene.started({ options })
  await young.send(15, { topic: 'old' })
  assert.equal(await drop(young), 0)

  const scene = await start()
  assert.equal(filesOf(scene, 'old').length, 1)
  assert.equal(await drop(scene), 1)
  assert.deepEqual([filesOf(scene, 'old').length, filesOf(scene, 'kept').length], [0, 1])
  assert.equal(await drop(scene), 0)
  const killed = await start()
  await drop(killed)
  for (const next of [
    scene,
    await (await start()).killed({ options }),
    await killed.killed({ options }),
    await (await start()).restarted({ options }),
  ]) {
    await drop(next)
    const [sent] = await next.send(1, { topic: 'old' }, 15)
    assert.equal(sent!.outcome.queueOffset, 15)
    assert.deepEqual(await next.bodies('old'), ['body 15'])
    assert.equal(await drop(next), 0)
    const last = await next.killed({ options })
    assert.deepEqual(await last.bodies('old'), ['body 15'])
    assert.equal((await last.read('kept', 0, 15)).status, 'OFFSET_OVERFLOW_ONE')
  }
})
