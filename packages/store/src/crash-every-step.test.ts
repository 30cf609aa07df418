import assert from 'node:assert/strict'
import test from 'node:test'
import { utf8Text } from '@aerobee/base'
import { type CrashImage, crashAtEveryStep, type FaultFileSystem, VirtualClock } from '@aerobee/testkit'
import type { StoreOptions } from './options.js'
import { Scene } from './store-scene.test.js'

/** A process that dies, or a machine that loses power, after each single change to the disk of a scripted run. */

const tiny: Partial<StoreOptions> = {
  mappedFileSizeCommitLog: 2048,
  mappedFileSizeConsumeQueue: 200,
  maxHashSlotNum: 10,
  maxIndexNum: 30,
}

/** What the run under way was told, and what it tried. */
interface Ledger {
  acked: Map<string, string>
  tried: Set<string>
}

const place = (topic: string, queueId: number, offset: number) => `${topic}/${queueId}/${offset}`

async function send(scene: Scene, ledger: Ledger, topic: string, queueId: number, bodies: string[]) {
  for (const body of bodies) ledger.tried.add(body)
  const sends = bodies.map(async (body) => {
    const outcome = await scene.append(body, { topic, queueId })
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
  await clock.advance(62_000)
  await send(first, ledger, 'A', 0, numbered('third', 8))
  await clock.advance(2_000)
  await send(first, ledger, 'C', 0, numbered('fourth', 2))
  await first.stop()
  const second = await Scene.started({ disk, clock, options })
  await send(second, ledger, 'A', 0, numbered('fifth', 4))
  await clock.advance(2_000)
  await second.stop()
}

async function contents(scene: Scene): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const [topic, queueIds] of scene.store.queues()) {
    for (const queueId of queueIds) {
      for (const record of await scene.readAll(topic, queueId)) {
        assert.equal(record.topic, topic)
        assert.equal(record.queueId, queueId)
        found.set(place(topic, queueId, record.queueOffset), utf8Text(record.body))
      }
    }
  }
  return found
}

async function verify(image: CrashImage, ledger: Ledger, options: Partial<StoreOptions>) {
  const scene = await Scene.started({ disk: image.disk, options })
  const found = await contents(scene)
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

  const again = await scene.killed({ options })
  assert.deepEqual(await contents(again), found, 'a second recovery gives the same')
  for (const topic of ['A', 'D']) {
    const end = again.store.maxOffset(topic, 0)
    const [sent] = await again.send(1, { topic })
    assert.equal(sent!.outcome.status, 'PUT_OK')
    assert.equal(sent!.outcome.queueOffset, end)
  }
  const last = await again.restarted({ options })
  assert.equal((await contents(last)).size, found.size + 2)
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
