import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Random, seededRandom, utf8Text } from '@aerobee/base'
import { FaultFileSystem, forEachSeed } from '@aerobee/testkit'
import { startMs, TimerScene } from './scene.test.js'

/**
 * A timer through several lives, each with random timers and pauses and ended by a stop, a kill, a kill in the midst of
 * a write or a power cut.
 */

interface Ledger {
  /** body -> earliest time of delivery, of those that were acknowledged for good. */
  kept: Map<string, number>
  tried: Map<string, number>
  takenBack: Set<string>
}

async function live(scene: TimerScene, random: Random, ledger: Ledger, life: number, durable: boolean) {
  const send = (...message: Parameters<TimerScene['send']>) =>
    scene.send(...message).catch((thrown) => {
      if (!scene.disk.killed) throw thrown
    })
  const rounds = 2 + random.below(6)
  for (let round = 0; round < rounds; round++) {
    const count = random.below(12)
    for (let i = 0; i < count; i++) {
      const body = `${life}.${round}.${i}`
      const delayMs = 1 + random.below([300, 2500, 9000, 60_000][random.below(4)]!)
      const dueMs = scene.nowMs + delayMs
      const [name, value] = random.below(2) === 0 ? ['TIMER_DELAY_MS', delayMs] : ['TIMER_DELIVER_MS', dueMs]
      ledger.tried.set(body, dueMs)
      void send(body, { [name as string]: value! }).then((status) => {
        if (status === 'PUT_OK' && (durable || random.below(8) === 0)) ledger.kept.set(body, dueMs)
      })
      const slotMs = Math.floor(dueMs / 1000) * 1000 + 1
      if (random.below(10) === 0 && slotMs > scene.nowMs + 100 && dueMs % 1000 !== 0) {
        const marker = { UNIQ_KEY: body, TIMER_DEL_UNIQKEY: `T+${body}`, TIMER_DELIVER_MS: slotMs }
        void send('0', marker).then((status) => {
          if (status === 'PUT_OK') ledger.takenBack.add(body)
        })
      }
    }
    await scene.clock.advance([0, 40, 700, 1300, 4000][random.below(5)]!)
  }
}

async function check(scene: TimerScene, ledger: Ledger, label: string): Promise<void> {
  const seen = new Set<string>()
  for (const { body, storeTimestamp } of await scene.records()) {
    const name = utf8Text(body)
    assert.ok(!seen.has(name), `${label}: ${name} was delivered twice\n${scene.lines.join('\n')}`)
    seen.add(name)
    const dueMs = ledger.tried.get(name)
    assert.ok(dueMs !== undefined, `${label}: ${name} was never sent`)
    assert.ok(storeTimestamp >= dueMs, `${label}: ${name} came ${dueMs - storeTimestamp} ms early`)
  }
}

async function runSeed(seed: number): Promise<void> {
  const random = seededRandom(seed)
  const flushDiskType = random.below(2) === 0 ? 'SYNC_FLUSH' : 'ASYNC_FLUSH'
  const config = {
    mappedFileSizeTimerLog: [5200, 400, 1000][random.below(3)]!,
    timerRollWindowSlot: [172_800, 7, 20][random.below(3)]!,
    flushDiskType,
  } as const
  const ledger: Ledger = { kept: new Map(), tried: new Map(), takenBack: new Set() }
  let disk = new FaultFileSystem({ seed })
  let nowMs = startMs
  for (let life = 0; life < 5; life++) {
    const scene = await TimerScene.started({ disk, nowMs, config })
    const end = random.below(4)
    if (end === 3) disk.killAfterStep(disk.steps + random.below(120), true)
    await Promise.race([
      disk.faults.whenKilled,
      live(scene, random, ledger, life, flushDiskType === 'SYNC_FLUSH' || end < 2).catch((thrown) => {
        if (!disk.killed) throw thrown
      }),
    ])
    nowMs = scene.nowMs + random.below(5000)
    if (end === 0) await scene.stop()
    else disk.kill()
    const cut = end === 2 || (end === 3 && flushDiskType === 'SYNC_FLUSH')
    disk = cut ? disk.afterPowerCut() : disk.afterKill()
    // What an asynchronous flush lost is nobody's.
    if (cut && flushDiskType === 'ASYNC_FLUSH') for (const [body] of ledger.tried) ledger.kept.delete(body)
  }
  const last = await TimerScene.started({ disk, nowMs, config })
  await last.clock.advance(70_000)
  await check(last, ledger, 'at the end')
  const delivered = new Set(await last.bodies())
  for (const [body] of ledger.kept) {
    if (ledger.takenBack.has(body)) continue
    assert.ok(delivered.has(body), `${body} was lost\n${last.lines.join('\n')}`)
  }
  if (flushDiskType === 'SYNC_FLUSH')
    for (const body of ledger.takenBack)
      assert.ok(!delivered.has(body), `${body} was taken back, and delivered`)
  await last.stop()
}

test('through random lives no timer is lost, early, or delivered twice', () => forEachSeed(20, runSeed))
