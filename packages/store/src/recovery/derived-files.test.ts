import assert from 'node:assert/strict'
import test from 'node:test'
import { FaultFileSystem, forEachSeed } from '@aerobee/testkit'
import { message, Scene } from '../store-scene.test.js'

/** Queue files, index, checkpoint and positions are built from the log again, whatever happened to them. */

const options = { mappedFileSizeCommitLog: 8192, mappedFileSizeConsumeQueue: 200, maxIndexNum: 40 }
const queueDirectory = '/store/consumequeue/A/0'

interface Prepared {
  disk: FaultFileSystem
  contents: Map<string, string[]>
}

/** Two topics of three queues each with 35 messages: four queue files per queue, several segments. */
async function prepared(how: 'stopped' | 'killed'): Promise<Prepared> {
  const scene = await Scene.started({ options })
  for (let i = 0; i < 35; i++) {
    for (const topic of ['A', 'B']) {
      for (let queueId = 0; queueId < 3; queueId++) {
        scene.store.append(messageOf(`${topic}${queueId} ${i}`, topic, queueId), () => {})
      }
    }
    await scene.clock.advance(how === 'stopped' ? 0 : 3000)
  }
  const contents = await contentsOf(scene)
  if (how === 'stopped') await scene.stop()
  return { disk: scene.disk, contents }
}

const messageOf = (body: string, topic: string, queueId: number) => message(body, { topic, queueId })

async function contentsOf(scene: Scene): Promise<Map<string, string[]>> {
  const contents = new Map<string, string[]>()
  for (const topic of ['A', 'B']) {
    for (let queueId = 0; queueId < 3; queueId++) {
      contents.set(`${topic}/${queueId}`, await scene.bodies(topic, queueId))
    }
  }
  return contents
}

const edit = (disk: FaultFileSystem, path: string, change: (bytes: Uint8Array) => Uint8Array) =>
  disk.place(path, change(disk.readFileSync(path)!))

const file = (index: number) => `${queueDirectory}/${String(index * 200).padStart(20, '0')}`

const damages: Record<string, (disk: FaultFileSystem) => void> = {
  'a queue directory is gone': (disk) => disk.removeTreeSync(queueDirectory),
  'a topic directory is gone': (disk) => disk.removeTreeSync('/store/consumequeue/A'),
  'all queues are gone': (disk) => disk.removeTreeSync('/store/consumequeue'),
  'the first queue file is gone': (disk) => disk.removeSync(file(0)),
  'a queue file in the middle is gone': (disk) => disk.removeSync(file(1)),
  'the last queue file is gone': (disk) => disk.removeSync(file(3)),
  'the last queue file is empty': (disk) => edit(disk, file(3), (bytes) => bytes.subarray(0, 0)),
  'a queue file has an odd size': (disk) => edit(disk, file(1), (bytes) => bytes.subarray(0, 77)),
  'a queue file is zeros': (disk) => edit(disk, file(2), (bytes) => new Uint8Array(bytes.length)),
  'the last queue file is zeros': (disk) => edit(disk, file(3), (bytes) => new Uint8Array(bytes.length)),
  'two queue files changed places': (disk) => {
    const [one, two] = [disk.readFileSync(file(0))!, disk.readFileSync(file(1))!]
    disk.place(file(0), two)
    disk.place(file(1), one)
  },
  'a queue has the files of another': (disk) => {
    for (const name of disk.listSync(queueDirectory)) {
      disk.place(`${queueDirectory}/${name}`, disk.readFileSync(`/store/consumequeue/B/2/${name}`)!)
    }
  },
  'a queue file has a strange name': (disk) =>
    disk.place(`${queueDirectory}/00000000000000000030`, new Uint8Array(200)),
  'the index is gone': (disk) => disk.removeTreeSync('/store/index'),
  'the index is zeros': (disk) => {
    for (const name of disk.listSync('/store/index')) {
      edit(disk, `/store/index/${name}`, (bytes) => new Uint8Array(bytes.length))
    }
  },
  'the checkpoint is gone': (disk) => disk.removeSync('/store/checkpoint'),
  'the checkpoint is garbage': (disk) => disk.place('/store/checkpoint', new Uint8Array(4096).fill(0xa5)),
  'the positions are gone': (disk) => disk.removeSync('/store/positions.json'),
  'the positions are garbage': (disk) => disk.place('/store/positions.json', new Uint8Array(100).fill(0x7b)),
}

for (const how of ['stopped', 'killed'] as const) {
  test(`a store that was ${how} opens with all its messages when …`, async (t) => {
    const { disk, contents } = await prepared(how)
    for (const [name, damage] of Object.entries(damages)) {
      await t.test(name, async () => {
        const image = disk.afterKill()
        damage(image)
        const scene = await Scene.started({ disk: image, options })
        assert.deepEqual(await contentsOf(scene), contents)
        assert.deepEqual(await scene.byKey('A', 'A0-3'), ['A0 3'])
        assert.deepEqual(await scene.byKey('B', 'B2-34'), ['B2 34'])
        const [sent] = await scene.send(1, { topic: 'A' })
        assert.equal(sent!.outcome.queueOffset, 35)
        const next = await scene.restarted({ options })
        assert.equal((await next.bodies('A', 0)).length, 36)
        assert.ok(!next.lines.some((line) => line.includes('built again')), next.lines.join('\n'))
      })
    }
  })
}

test('what was built again is not believed before it is durable', async () => {
  // Several sectors a file, of which a power cut takes some.
  const large = { ...options, mappedFileSizeConsumeQueue: 2000 }
  const scene = await Scene.started({ options: large })
  const expected = (await scene.send(150, { topic: 'A' })).map(({ body }) => body)
  await scene.stop()
  await forEachSeed(100, async (seed) => {
    const image = scene.disk.afterKill()
    image.removeSync(`${queueDirectory}/00000000000000002000`)
    const built = await Scene.started({ disk: image, options: large })
    await built.clock.advance(900)
    const cut = built.disk.afterPowerCut({ seed })
    const next = await Scene.started({ disk: cut, options: large })
    assert.deepEqual(await next.bodies('A', 0), expected)
  })
})

test('entries that were not durable are not believed after a power cut', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const scene = await Scene.started({ options: { ...options, flushDiskType: 'SYNC_FLUSH' } })
    await scene.send(20, { topic: 'A' })
    await scene.clock.advance(61_000)
    await scene.send(25, { topic: 'A' }, 20)
    await scene.clock.advance(3000)
    await scene.send(5, { topic: 'B' })
    await scene.clock.advance(2000)
    const disk = scene.disk.afterPowerCut({ seed })
    const next = await Scene.started({ disk, options })
    const expected = Array.from({ length: 45 }, (_, i) => `body ${i}`)
    assert.deepEqual(await next.bodies('A', 0), expected, `seed ${seed}`)
    assert.deepEqual(await next.bodies('B', 0), expected.slice(0, 5), `seed ${seed}`)
  }
})

test('a full disk for queue files refuses sends, serves from memory, and goes on when there is room', async () => {
  const disk = new FaultFileSystem()
  const scene = await Scene.started({ disk, options })
  await scene.send(5)
  const full = disk.fail({ path: '/consumequeue/', errno: 'ENOSPC', times: 1_000_000 })
  await scene.clock.advance(2000)
  assert.equal((await scene.send(1))[0]!.outcome.status, 'SERVICE_NOT_AVAILABLE')
  assert.match(scene.store.status().readOnlyReason!, /consume queues cannot be written/)
  assert.equal((await scene.bodies()).length, 5)
  full()
  await scene.clock.advance(2000)
  assert.equal((await scene.send(1, {}, 5))[0]!.outcome.status, 'PUT_OK')
  const next = await scene.restarted({ options })
  assert.equal((await next.bodies()).length, 6)
})

test('a failed datasync of a queue file leaves recovery where it was', async () => {
  const disk = new FaultFileSystem()
  const scene = await Scene.started({ disk, options: { ...options, flushDiskType: 'SYNC_FLUSH' } })
  await scene.clock.advance(2000)
  await scene.send(5)
  disk.fail({ call: 'datasync', path: '/consumequeue/', errno: 'EIO' })
  await scene.clock.advance(120_000)
  assert.equal((await scene.send(20, {}, 5)).at(-1)!.outcome.status, 'PUT_OK')
  await scene.stop()
  for (const image of [disk.afterKill(), disk.afterPowerCut({ keep: 'none' })]) {
    const next = await Scene.started({ disk: image, options })
    assert.equal((await next.bodies()).length, 25)
  }
})

for (const path of ['/positions.json', '/checkpoint', '/index/'] as const) {
  test(`an I/O error of ${path} costs no message`, async () => {
    const disk = new FaultFileSystem()
    const scene = await Scene.started({ disk, options })
    disk.fail({ path, errno: 'EIO', times: 5 })
    const sent = await scene.send(5)
    await scene.clock.advance(120_000)
    sent.push(...(await scene.send(5, {}, 5)))
    await scene.clock.advance(120_000)
    const kept = sent.filter((one) => one.outcome.status === 'PUT_OK').map((one) => one.body)
    assert.ok(kept.length >= 5)
    assert.deepEqual(await scene.bodies(), kept)
    const next = await scene.killed({ options })
    assert.deepEqual(await next.bodies(), kept)
  })
}
