import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { utf8Text } from '@aerobee/base'
import { archivedDisk, type FaultFileSystem } from '@aerobee/testkit'
import { findProperty } from '@aerobee/wire'
import { TimerScene } from './scene.test.js'

interface Manifest {
  systemTopics: { rmq_sys_wheel_timer: { 0: { messages: ManifestMessage[] } } }
  /** Times are seconds. */
  timerWheel: {
    nonZeroSlots: { slot: number; time: number; firstPos: number; lastPos: number; num: number }[]
  }
}

interface ManifestMessage {
  properties: Record<string, string>
  bodyHex: string
}

const stores = ['clean', 'crash', 'torn'] as const
type StoreName = (typeof stores)[number]

const read = (file: string) => readFileSync(new URL(`../../../store/testdata/${file}`, import.meta.url))
const manifestOf = (name: StoreName): Manifest =>
  JSON.parse(gunzipSync(read(`${name}.manifest.json.gz`)).toString('utf8'))

/** The wheel is left out of the archives; the manifest says what was in it. */
function withWheel(disk: FaultFileSystem, name: StoreName): FaultFileSystem {
  const file = disk.openSync('/store/timerwheel', { create: true, sizeBytes: 38_707_200 })
  const { nonZeroSlots } = manifestOf(name).timerWheel
  for (const { slot, time, firstPos, lastPos, num } of nonZeroSlots) {
    const bytes = Buffer.alloc(32)
    bytes.writeBigInt64BE(BigInt(time), 0)
    bytes.writeBigInt64BE(BigInt(firstPos), 8)
    bytes.writeBigInt64BE(BigInt(lastPos), 16)
    bytes.writeInt32BE(num, 24)
    file.writeSync(bytes, slot * 32)
  }
  file.closeSync()
  return disk
}

for (const name of stores) {
  for (const wheel of ['with its wheel', 'without a wheel'] as const) {
    test(`a store that RocketMQ left ${name} gives its pending timers, once and in time, ${wheel}`, async () => {
      const disk =
        wheel === 'with its wheel'
          ? withWheel(archivedDisk(read(`${name}.tar.gz`)), name)
          : archivedDisk(read(`${name}.tar.gz`))
      const pending = manifestOf(name).systemTopics.rmq_sys_wheel_timer[0].messages.filter(
        ({ properties }) => properties.TAGS === 'T1h',
      )
      const slotsMs = pending.map(({ properties }) => Number(properties.TIMER_OUT_MS))
      const scene = await TimerScene.started({ disk, nowMs: Math.min(...slotsMs) - 3000 })
      await scene.clock.advance(2900)
      const before = (await scene.records('StTimer')).length
      assert.equal(before, 2, 'the two that RocketMQ delivered')
      await scene.clock.advance(5000)
      const delivered = (await scene.records('StTimer')).slice(before)
      assert.deepEqual(
        delivered.map(({ body }) => utf8Text(body)),
        pending.map(({ bodyHex }) => Buffer.from(bodyHex, 'hex').toString()),
      )
      for (const { properties, storeTimestamp } of delivered) {
        const slotMs = Number(findProperty(properties, 'TIMER_OUT_MS'))
        assert.ok(storeTimestamp > slotMs && storeTimestamp <= slotMs + 1000)
      }
      assert.equal(scene.service.metrics.countOf('StTimer'), 0)
      await scene.stop()
    })
  }
}
