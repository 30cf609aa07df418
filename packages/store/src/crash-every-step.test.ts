import assert from 'node:assert/strict'
import test from 'node:test'
import { type CrashImage, crashAtEveryStep, type FaultFileSystem, VirtualClock } from '@aerobee/testkit'
import type { StoreOptions } from './options.js'
import { batchOf, type MessageFields, namingLmq, Scene } from './store-scene.test.js'

/** A process that dies, or a machine that loses power, after each single change to the disk of a scripted run. */

const tiny: Partial<StoreOptions> = {
  mappedFileSizeCommitLog: 2048,
  mappedFileSizeConsumeQueue: 200,
  mapperFileSizeBatchConsumeQueue: 46 * 3,
  enableLmq: true,
  enableMultiDispatch: true,
  maxHashSlotNum: 10,
  maxIndexNum: 30,
}

/** What the run under way was told, and what it tried. */
interface Ledger {
  acked: Map<string, string>
  tried: Set<string>
}

const place = (topic: string, queueId: number, offset: number) => `${topic}/${queueId}/${offset}`

async function send(
  scene: Scene,
  ledger: Ledger,
  topic: string,
  queueId: number,
  bodies: string[],
  fields: MessageFields = {},
) {
  for (const body of bodies) ledger.tried.add(body)
  const sends = bodies.map(async (body) => {
    const outcome = await scene.append(body, { topic, queueId, ...fields })
    if (outcome.status === 'PUT_OK') ledger.acked.set(place(topic, queueId, outcome.queueOffset), body)
  })
  await scene.clock.resolve(Promise.all(sends))
}

const numbered = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name} ${i}`)

/** Rolls segments and queue files, makes things durable in between, stops and starts. */
async function script(disk: FaultFileSystem, ledger: Ledger, options: Partial<StoreOptions>) {
  ledger.acked.clear()
  ledger.tried.clear()
  const clock = new VirtualClock()
  const first = await Scene.started({ disk, clock, options })
  await send(first, ledger, 'A', 0, numbered('first', 5))
  await send(first, ledger, 'B', 1, numbered('second', 3))
  await send(first, ledger, 'Batch', 0, numbered('many', 4), batchOf(3))
  await send(first, ledger, 'L', 0, numbered('light', 3), namingLmq('%LMQ%x', '%LMQ%y'))
  await clock.advance(62_000)
  await send(first, ledger, 'A', 0, numbered('third', 8))
  await clock.advance(2_000)
  await send(first, ledger, 'C', 0, numbered('fourth', 2))
  await send(first, ledger, 'Batch', 0, numbered('few', 3), batchOf(2))
  await first.stop()
  const second = await Scene.started({ disk, clock, options })
  await send(second, ledger, 'A', 0, numbered('fifth', 4))
  await send(second, ledger, 'Batch', 0, ['single 0'])
  await send(second, ledger, 'L', 0, ['lighter 0'], namingLmq('%LMQ%x'))
  await clock.advance(2_000)
  await second.stop()
}

async function assertShown(scene: Scene) {
  const sent = await scene.bodies('L')
  assert.deepEqual(await scene.bodies('%LMQ%x'), sent, 'what a light message queue shows')
  assert.deepEqual(
    await scene.bodies('%LMQ%y'),
    sent.filter((body) => body.startsWith('light ')),
  )
}

async function verify(image: CrashImage, ledger: Ledger, options: Partial<StoreOptions>) {
  const scene = await Scene.started({ disk: image.disk, options })
  const found = await scene.contents()
  const mustSurvive = image.kind !== 'power-cut' || options.flushDiskType === 'SYNC_FLUSH'
  for (const [where, body] of ledger.acked) {
    const there = found.get(where)
    if (mustSurvive || there !== undefined) assert.equal(there, body, where)
  }
  const bodies = [...found.values()]
  for (const body of bodies) assert.ok(ledger.tried.has(body), `${body} was never sent`)
  assert.equal(new Set(bodies).size, bodies.length, 'nothing comes twice')
  for (const [i, body] of bodies.entries()) {
    if (i % 4 === image.step % 4) assert.deepEqual(await scene.byKey(topicOf(found, body), key(body)), [body])
  }

  await assertShown(scene)
  const again = await scene.killed({ options })
  assert.deepEqual(await again.contents(), found, 'a second recovery gives the same')
  await assertShown(again)
  for (const topic of ['A', 'D', 'Batch']) {
    const end = again.store.maxOffset(topic, 0)
    const [sent] = await again.send(1, { topic })
    assert.equal(sent!.outcome.status, 'PUT_OK')
    assert.equal(sent!.outcome.queueOffset, end)
  }
  const last = await again.restarted({ options })
  assert.equal((await last.contents()).size, found.size + 3)
}

const key = (body: string) => body.replace(' ', '-')
const topicOf = (found: Map<string, string>, body: string) =>
  [...found].find(([, other]) => other === body)![0].split('/')[0]!

for (const flushDiskType of ['ASYNC_FLUSH', 'SYNC_FLUSH'] as const) {
  test(`no acknowledged message is lost and none invented, whenever it stops (${flushDiskType})`, async () => {
    const options = { ...tiny, flushDiskType }
    const ledger: Ledger = { acked: new Map(), tried: new Set() }
    const count = await crashAtEveryStep({
      script: (disk) => script(disk, ledger, options),
      verify: (image) => verify(image, ledger, options),
      cutsPerStep: 1,
    })
    assert.ok(count > 300, `${count} crashes`)
  })
}
