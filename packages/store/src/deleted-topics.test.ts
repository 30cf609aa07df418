import assert from 'node:assert/strict'
import test from 'node:test'
import { type Random, seededRandom } from '@aerobee/base'
import { FaultFileSystem, forEachSeed, VirtualClock } from '@aerobee/testkit'
import type { StoreOptions } from './options.js'
import { batchOf, message, Scene } from './store-scene.test.js'

/** Topics that are deleted and made again between two crashes. */

/** What must be there of a topic since it was made: `queue/offset` -> body. */
interface Topic {
  life: number
  kept: Map<string, string>
  /** In which life of the topic a message was sent, or was there after a crash. */
  lives: Map<string, number>
  /** Of earlier lives, while the deletion that ended them was not answered: they may be back after a crash. */
  former: Set<string>
}

type Ledger = Map<string, Topic>

const names = ['A', 'B', 'Batch'] as const

/** A life of the store with sends and deletions; a disk that dies ends it wherever it is. */
async function live(scene: Scene, random: Random, ledger: Ledger): Promise<void> {
  const rounds = 2 + random.below(10)
  for (let round = 0; round < rounds && !scene.disk.killed; round++) {
    const name = names[random.below(names.length)]!
    if (random.below(3) === 0) startDeleting(scene, ledger.get(name)!, name)
    const count = random.below(12)
    for (let i = 0; i < count; i++) send(scene, random, ledger.get(name)!, name, `${round}.${i}`)
    if (random.below(8) === 0) age(scene)
    await scene.clock.advance([0, 0, 20, 700, 70_000][random.below(5)]!)
  }
}

/** Every segment but the last is so old that retention takes it in its next cycle. */
function age({ disk, clock }: Scene): void {
  for (const name of disk.listSync('/store/commitlog'))
    disk.setModified(`/store/commitlog/${name}`, clock.wallMs() - 3 * 3_600_000)
}

function startDeleting(scene: Scene, topic: Topic, name: string): void {
  const ended = [...topic.former, ...topic.kept.values()]
  topic.former = new Set(ended)
  topic.kept = new Map()
  topic.life += 1
  const answered = () => {
    if (scene.disk.killed) return
    for (const body of ended) topic.former.delete(body)
  }
  scene.store.deleteTopic(name).then(answered, () => {})
}

let sent = 0
/** By body: where its record begins. */
const places = new Map<string, number>()

function send(scene: Scene, random: Random, topic: Topic, name: string, what: string): void {
  const queueId = random.below(2)
  const body = `${name} ${topic.life} ${what} ${sent++} ${'x'.repeat(random.below(60))}`
  const { life } = topic
  topic.lives.set(body, life)
  const fields = { topic: name, queueId, ...(name === 'Batch' && batchOf(1 + random.below(5))) }
  scene.store.append(message(body, fields), ({ status, queueOffset, physicalOffset }) => {
    if (status !== 'PUT_OK') return
    places.set(body, physicalOffset)
    if (topic.life === life) topic.kept.set(`${queueId}/${queueOffset}`, body)
    else topic.former.add(body)
  })
}

/** Each queue shows one life of its topic: the present one wherever something is known of it. */
function check(found: ReadonlyMap<string, string>, ledger: Ledger, logStart: number, what: string): void {
  for (const [name, { kept, life, lives, former }] of ledger) {
    const here = [...found].filter(([where]) => where.startsWith(`${name}/`))
    for (const [where, body] of kept)
      if ((places.get(body) ?? 0) >= logStart)
        assert.equal(found.get(`${name}/${where}`), body, `${what}: ${name}/${where}`)
    for (const queueId of [0, 1]) {
      const shown = here
        .filter(([where]) => where.startsWith(`${name}/${queueId}/`))
        .map(([, body]) => lives.get(body))
      assert.ok(
        new Set(shown).size <= 1,
        `${what}: ${name}/${queueId} shows the lives ${[...new Set(shown)]}`,
      )
    }
    for (const [where, body] of here)
      assert.ok(
        lives.get(body) === life || former.has(body),
        `${what}: ${where} has ${body.trim()} in life ${life}`,
      )
  }
}

async function runSeed(seed: number): Promise<void> {
  const random = seededRandom(seed)
  const flushDiskType = random.below(3) === 0 ? 'ASYNC_FLUSH' : 'SYNC_FLUSH'
  const options: Partial<StoreOptions> = {
    mappedFileSizeCommitLog: [2048, 4096, 16_384][random.below(3)]!,
    mappedFileSizeConsumeQueue: [100, 2000][random.below(2)]!,
    mapperFileSizeBatchConsumeQueue: 46 * [2, 5, 100][random.below(3)]!,
    maxIndexNum: 30,
    maxHashSlotNum: 10,
    fileReservedTime: 1,
    deleteWhen: Array.from({ length: 24 }, (_, hour) => hour).join(';'),
    flushDiskType,
  }
  const ledger: Ledger = new Map(
    names.map((name) => [name, { life: 0, kept: new Map(), lives: new Map(), former: new Set() }]),
  )
  let disk = new FaultFileSystem({ seed })
  for (let life = 0; life < 6; life++) {
    const clock = new VirtualClock(1_700_000_000_000 + life * 1_000_000)
    for (let crashes = random.below(3); crashes > 0; crashes--) {
      disk.killAfterStep(disk.steps + 1 + random.below(30), random.below(2) === 0)
      await Scene.started({ disk, options, clock: new VirtualClock() }).catch(unlessKilled(disk))
      disk.kill()
      disk = died(disk, random.below(2) === 0, flushDiskType, ledger)
    }
    const scene = await Scene.started({ disk, clock, options })
    const found = await scene.contents()
    const { minPhysicalOffset } = scene.store.status()
    check(found, ledger, minPhysicalOffset, `life ${life} of the store\n${scene.lines.join('\n')}\n`)
    for (const [name, topic] of ledger) takeOver(topic, name, found)
    if (random.below(2) === 0) disk.killAfterStep(disk.steps + 1 + random.below(60), random.below(2) === 0)
    await live(scene, random, ledger).catch(unlessKilled(disk))
    const end = disk.killed ? 1 + random.below(2) : random.below(3)
    if (end === 0) await scene.stop().catch(unlessKilled(disk))
    disk.kill()
    disk = died(disk, end === 2, flushDiskType, ledger)
  }
}

/** The disk that the next process finds. */
function died(
  disk: FaultFileSystem,
  powerCut: boolean,
  flushDiskType: StoreOptions['flushDiskType'],
  ledger: Ledger,
): FaultFileSystem {
  if (!powerCut) return disk.afterKill()
  // What was flushed is not known.
  for (const topic of flushDiskType === 'ASYNC_FLUSH' ? ledger.values() : []) {
    for (const body of topic.kept.values()) topic.former.add(body)
    topic.kept.clear()
  }
  return disk.afterPowerCut()
}

const unlessKilled = (disk: FaultFileSystem) => (thrown: unknown) => {
  if (!disk.killed) throw thrown
}

/** What was found is what the topic holds from now on. */
function takeOver(topic: Topic, name: string, found: ReadonlyMap<string, string>): void {
  topic.kept.clear()
  for (const [where, body] of found) {
    if (!where.startsWith(`${name}/`)) continue
    topic.kept.set(where.slice(name.length + 1), body)
    topic.lives.set(body, topic.life)
  }
}

test('what is deleted and made again is there as it was acknowledged, through random lives', () =>
  forEachSeed(20, runSeed))

test('what comes to lie where a power cut took the end of the log is not taken for what was deleted', async () => {
  const options: Partial<StoreOptions> = { flushDiskType: 'SYNC_FLUSH' }
  const first = await Scene.started({ options })
  await first.send(3)
  first.disk.hold('datasync', /commitlog/)
  for (let i = 0; i < 5; i++) first.store.append(message(`never durable ${i}`), () => {})
  await first.clock.settle()
  const deleting = first.store.deleteTopic('T')
  await first.clock.resolve(deleting)
  const second = await Scene.started({ disk: first.disk.afterPowerCut({ keep: 'none' }), options })
  assert.deepEqual(second.store.queues(), new Map())
  await second.send(3, {}, 100)
  const third = await Scene.started({ disk: second.disk.afterPowerCut({ keep: 'none' }), options })
  assert.deepEqual(await third.bodies(), ['body 100', 'body 101', 'body 102'])
})

test('a deletion while positions are being saved is durable when it is answered', async () => {
  const scene = await Scene.started()
  await scene.send(3, { topic: 'gone' })
  await scene.send(3, { topic: 'other' })
  const hold = scene.disk.hold('datasync', /consumequeue/)
  const other = scene.store.deleteTopic('other')
  await scene.clock.settle()
  let answered = false
  const gone = scene.store.deleteTopic('gone').then(() => {
    answered = true
  })
  await scene.clock.settle()
  assert.equal(answered, false)
  hold.release()
  await scene.clock.resolve(Promise.all([other, gone]))
  const next = await scene.killed()
  assert.deepEqual(next.store.queues(), new Map())
})

test('a deletion that the disk refuses to note is tried again', async () => {
  const scene = await Scene.started()
  await scene.send(3)
  await scene.clock.advance(2000)
  const heal = scene.disk.fail({ call: 'write', path: /positions/, errno: 'ENOSPC', times: 1000 })
  await scene.clock.resolve(scene.store.deleteTopic('T'))
  heal()
  await scene.clock.advance(5000)
  const next = await scene.killed()
  assert.deepEqual(next.store.queues(), new Map())
})

test('a queue that is begun again is whole in its former or its present life, wherever recovery is cut off', async () => {
  // Several sectors a file, of which a power cut takes some.
  const options: Partial<StoreOptions> = { flushDiskType: 'SYNC_FLUSH', mappedFileSizeConsumeQueue: 2000 }
  const scene = await Scene.started({ options })
  const former = (await scene.send(250)).map(({ body }) => body)
  await scene.clock.advance(70_000)
  const present = ['present 0', 'present 1', 'present 2']
  scene.disk.hold('datasync', /commitlog/)
  scene.disk.hold('write', /positions/)
  const deleting = scene.store.deleteTopic('T')
  for (const body of present) scene.store.append(message(body), () => {})
  await scene.clock.settle()
  scene.disk.kill()
  const shown = new Set<number>()
  await forEachSeed(100, async (seed) => {
    const image = seed % 2 === 0 ? scene.disk.afterKill() : scene.disk.afterPowerCut({ seed })
    image.killAfterStep(image.steps + 1 + (seed % 40), false)
    await Scene.started({ disk: image, options }).catch(unlessKilled(image))
    image.kill()
    const next = await Scene.started({ disk: image.afterPowerCut({ seed }), options })
    const bodies = await next.bodies()
    const count = bodies.length
    assert.deepEqual(bodies, count <= present.length ? present.slice(0, count) : former)
    shown.add(count)
  })
  assert.ok(shown.size >= 3, `messages that were there: ${[...shown]}`)
  await deleting
})
