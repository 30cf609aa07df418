import assert from 'node:assert/strict'
import test from 'node:test'
import { type Random, seededRandom } from '@aerobee/base'
import { FaultFileSystem, forEachSeed, VirtualClock } from '@aerobee/testkit'
import type { StoreOptions } from './options.js'
import { batchOf, message, namingLmq, Scene } from './store-scene.test.js'

interface Ledger {
  /** topic/queue/offset -> body, for what must be there. */
  kept: Map<string, string>
  tried: Set<string>
}

const queues: readonly [string, number][] = [
  ['A', 0],
  ['A', 1],
  ['B', 0],
  ['C', 7],
  ['Batch', 0],
  ['L', 0],
]

async function live(scene: Scene, random: Random, ledger: Ledger, life: number): Promise<void> {
  const rounds = 1 + random.below(8)
  for (let round = 0; round < rounds; round++) {
    const count = random.below(6)
    for (let i = 0; i < count; i++) {
      const [topic, queueId] = queues[random.below(queues.length)]!
      const body = `${life}.${round}.${i} ${'x'.repeat(random.below(random.below(8) === 0 ? 1500 : 100))}`
      ledger.tried.add(body)
      const waitStoreOk = random.below(5) > 0
      const kind = topic === 'L' ? namingLmq('%LMQ%x') : topic === 'Batch' ? batchOf(1 + random.below(9)) : {}
      scene.store.append(
        message(body, { topic, queueId, keys: `${life}.${round}.${i}`, waitStoreOk, ...kind }),
        (outcome) => {
          const durable = waitStoreOk || random.below(2) < 0
          if (outcome.status === 'PUT_OK' && durable) {
            ledger.kept.set(`${topic}/${queueId}/${outcome.queueOffset}`, body)
          }
        },
      )
    }
    await scene.clock.advance([0, 20, 1500, 70_000][random.below(4)]!)
  }
}

/**
 * A store through several lives, each with random sends and pauses and ended by a stop, a kill, a kill in the midst of
 * recovery or a power cut.
 */
async function runSeed(seed: number): Promise<void> {
  const random = seededRandom(seed)
  const options: Partial<StoreOptions> = {
    mappedFileSizeCommitLog: [2048, 4096, 16_384][random.below(3)]!,
    mappedFileSizeConsumeQueue: [100, 200, 2000][random.below(3)]!,
    mapperFileSizeBatchConsumeQueue: 46 * [2, 5, 100][random.below(3)]!,
    enableLmq: true,
    enableMultiDispatch: true,
    maxIndexNum: 30,
    maxHashSlotNum: 10,
    flushDiskType: random.below(2) === 0 ? 'SYNC_FLUSH' : 'ASYNC_FLUSH',
  }
  const ledger: Ledger = { kept: new Map(), tried: new Set() }
  let disk = new FaultFileSystem({ seed })
  for (let life = 0; life < 6; life++) {
    const clock = new VirtualClock(1_700_000_000_000 + life * 1_000_000)
    if (life > 0 && random.below(4) === 0) {
      disk.killAfterStep(disk.steps + 1 + random.below(10), random.below(2) === 0)
      await Scene.started({ disk, options, clock: new VirtualClock() }).catch(() => {})
      const cut = random.below(2) === 0
      disk = cut ? disk.afterPowerCut() : disk.afterKill()
      if (cut && options.flushDiskType === 'ASYNC_FLUSH') ledger.kept.clear()
    }
    const scene = await Scene.started({ disk, clock, options })
    const found = await scene.contents()
    assert.deepEqual(await scene.bodies('%LMQ%x'), await scene.bodies('L'), `life ${life}`)
    for (const [where, body] of ledger.kept) {
      assert.equal(found.get(where), body, `life ${life}: ${where}\n${scene.lines.join('\n')}`)
    }
    for (const body of found.values())
      assert.ok(ledger.tried.has(body), `life ${life}: ${body} was never sent`)
    for (const [where, body] of found) ledger.kept.set(where, body)
    await live(scene, random, ledger, life)
    const end = random.below(3)
    if (end === 0) await scene.stop()
    disk = end === 2 ? disk.afterPowerCut() : disk.afterKill()
    if (end === 2 && options.flushDiskType === 'ASYNC_FLUSH') ledger.kept.clear()
  }
}

test('through random lives no message is lost, changed or invented', () => forEachSeed(25, runSeed))
