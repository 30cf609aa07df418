import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom, utf8Text } from '@aerobee/base'
import { type CrashImage, crashAtEveryStep, FaultFileSystem, seeds, VirtualClock } from '@aerobee/testkit'
import type { MessageRecord } from '@aerobee/wire'
import type { BrokerConfig } from '../config-keys.js'
import { DelayScene, schedule } from './delay-scene.test.js'

/** A process that dies, or a machine that loses power, while messages wait and are delivered. */

const levels = 3
const delayMs = [1000, 2000, 4000] as const

const bodyOf = ({ body }: MessageRecord) => utf8Text(body)

/** Every message that still waits in the log is delivered in the end, once, and not early. */
async function verify(scene: DelayScene, acked: ReadonlySet<string> | undefined): Promise<void> {
  await scene.clock.advance(6000)
  const dueAt = new Map<string, number>()
  for (let level = 1; level <= levels; level++)
    for (const record of await scene.records(schedule, level - 1))
      dueAt.set(bodyOf(record), record.storeTimestamp + delayMs[level - 1]!)
  const delivered = await scene.records('T')
  const bodies = new Set(delivered.map(bodyOf))
  assert.equal(bodies.size, delivered.length, 'nothing comes twice')
  for (const body of dueAt.keys()) assert.ok(bodies.has(body), `${body} was not delivered`)
  // Of a message that a power cut took only the copy may be left.
  for (const record of delivered)
    assert.ok(record.storeTimestamp >= (dueAt.get(bodyOf(record)) ?? 0), `${bodyOf(record)} came early`)
  for (const body of acked ?? []) assert.ok(bodies.has(body), `${body} is lost`)
}

/** When the next process starts: behind the time of the run that stopped. */
const laterMs = new VirtualClock().wallMs() + 15_000

const config: Partial<BrokerConfig> = {
  messageDelayLevel: '1s 2s 4s',
  flushDelayOffsetInterval: 1000,
  flushIntervalCommitLog: 200,
}

async function script(disk: FaultFileSystem, acked: Set<string>, more: Partial<BrokerConfig>) {
  acked.clear()
  const clock = new VirtualClock()
  const send = async (scene: DelayScene, body: string, level: number) => {
    const { status } = await scene.send(body, level)
    if (status === 'PUT_OK') acked.add(body)
  }
  const first = await DelayScene.started({ disk, clock, config: { ...config, ...more } })
  for (let i = 0; i < 6; i++) await send(first, `a${i}`, 1 + (i % 2))
  await clock.advance(1500)
  await send(first, 'b', 3)
  await send(first, 'c', 1)
  await clock.advance(2500)
  await first.stop()
  const second = await DelayScene.started({ disk, clock, config: { ...config, ...more } })
  await send(second, 'd', 1)
  await clock.advance(1300)
  await second.stop()
}

for (const flushDiskType of ['ASYNC_FLUSH', 'SYNC_FLUSH'] as const)
  test(`none is lost and none comes twice, at whatever write it stops (${flushDiskType})`, async () => {
    const acked = new Set<string>()
    const more = { ...config, flushDiskType }
    const count = await crashAtEveryStep({
      script: (disk) => script(disk, acked, more),
      verify: async (image: CrashImage) => {
        const scene = await DelayScene.started({
          disk: image.disk,
          clock: new VirtualClock(laterMs),
          config: more,
        })
        const mustSurvive = image.kind !== 'power-cut' || flushDiskType === 'SYNC_FLUSH'
        await verify(scene, mustSurvive ? acked : undefined)
        await scene.stop()
      },
      cutsPerStep: 1,
    })
    assert.ok(count > 100, `${count} crashes`)
  })

for (const seed of seeds(20))
  test(`many lives under load, killed, cut and stopped: none is lost and none comes twice (seed ${seed})`, async () => {
    const random = seededRandom(seed)
    const acked = new Set<string>()
    let disk = new FaultFileSystem({ seed })
    let clock = new VirtualClock()
    for (let life = 0; life < 5; life++) {
      // What a killed process left on its clock runs no more.
      clock = new VirtualClock(clock.wallMs())
      const scene = await DelayScene.started({ disk, clock, config })
      for (let i = 0; i < 40; i++) {
        const body = `${life}-${i}`
        const { status } = await scene.send(body, 1 + random.below(2))
        if (status === 'PUT_OK') acked.add(body)
        if (random.below(4) === 0) await clock.advance(random.below(200))
      }
      const end = random.below(3)
      if (end === 0) await scene.stop()
      else scene.disk.kill()
      // A power cut may take what was acknowledged and not flushed yet.
      disk = end === 2 ? scene.disk.afterPowerCut({ seed: seed * 100 + life }) : scene.disk.afterKill()
      if (end === 2) acked.clear()
    }
    const last = await DelayScene.started({ disk, clock: new VirtualClock(clock.wallMs()), config })
    await verify(last, acked)
    await last.stop()
  })
