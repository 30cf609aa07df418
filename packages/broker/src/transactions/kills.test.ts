import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Random, seededRandom } from '@aerobee/base'
import { crashAtEveryStep, FaultFileSystem, forEachSeed, VirtualClock } from '@aerobee/testkit'
import { offsetMessageId } from '@aerobee/wire'
import type { BrokerConfig } from '../config-keys.js'
import { givenUpTopic, type Outcome, TransactionScene } from './transaction-scene.test.js'

/**
 * However it stops, each half gets exactly one outcome: what its producer says it is, in the end, or given up. What was
 * answered is that outcome already.
 */
const fast: Partial<BrokerConfig> = {
  transactionCheckInterval: 1000,
  transactionTimeOut: 500,
  transactionOpBatchInterval: 300,
  transactionCheckMax: 2,
  mappedFileSizeCommitLog: 16 * 1024,
}

type Fate = Outcome | 'silent'

interface Told {
  /** Whether the send of the half was answered. */
  acknowledged: boolean
  /** What was said first. */
  said: Outcome | undefined
  /** Whether that was answered: then it stays. */
  answered: boolean
  /** What the producer says whenever it is asked. */
  fate: Fate
}

type Ledger = Map<string, Told>

/** The producer of every life: it knows what it said, and answers a check by the fate of the half. */
function producerOf(scene: TransactionScene, ledger: Ledger) {
  return scene.producer({
    answer: ({ name }) => {
      const fate = ledger.get(name)?.fate ?? 'silent'
      return fate === 'silent' ? undefined : fate
    },
  })
}

async function begin(
  producer: ReturnType<typeof producerOf>,
  ledger: Ledger,
  name: string,
  fate: Fate,
  first?: { outcome: Outcome; twice?: boolean; answered?: boolean },
): Promise<void> {
  const told: Told = { acknowledged: false, said: first?.outcome, answered: false, fate }
  ledger.set(name, told)
  const half = await producer.prepare(name)
  told.acknowledged = true
  if (first === undefined) return
  if (first.answered) {
    const { code } = await producer.end(half, first.outcome)
    told.answered = code === 0
    return
  }
  await producer.endOneway(half, first.outcome)
  if (first.twice) await producer.endOneway(half, first.outcome)
}

/** Lets the broker ask until nothing waits any more, and looks at what came of each half. */
async function verify(scene: TransactionScene, ledger: Ledger, mustSurvive: boolean): Promise<void> {
  const producer = producerOf(scene, ledger)
  for (let round = 0; round < scene.config.transactionCheckMax + 3; round++) {
    await producer.beat()
    await scene.clock.advance(1000)
  }
  const delivered = await scene.bodies('T')
  const givenUp = await scene.bodies(givenUpTopic)
  const count = (list: string[], name: string) => list.filter((other) => other === name).length
  for (const name of [...delivered, ...givenUp]) assert.ok(ledger.has(name), `${name} was never sent`)
  for (const [name, told] of ledger) {
    const came = [count(delivered, name), count(givenUp, name)]
    const what = `${name} ${JSON.stringify(told)}: delivered ${came[0]} times, given up ${came[1]} times`
    assert.ok(came[0]! + came[1]! <= 1, what)
    if (!mustSurvive || !told.acknowledged) continue
    const allowed = outcomesOf(told).map((outcome) => String(expected[outcome]))
    assert.ok(allowed.includes(String(came)), what)
  }
}

/** Deliveries, and how often it was given up. */
const expected: Record<Fate, [number, number]> = {
  commit: [1, 0],
  rollback: [0, 0],
  unknown: [0, 1],
  silent: [0, 1],
}

function outcomesOf({ said, answered, fate }: Told): Fate[] {
  if (said === undefined || said === 'unknown') return [fate]
  return answered ? [said] : [said, fate]
}

async function script(disk: FaultFileSystem, ledger: Ledger, config: Partial<BrokerConfig>): Promise<void> {
  ledger.clear()
  const scene = await TransactionScene.started({ disk, config })
  const producer = producerOf(scene, ledger)
  await producer.beat()
  await begin(producer, ledger, 'committed', 'commit', { outcome: 'commit', twice: true })
  await begin(producer, ledger, 'rolled back', 'rollback', { outcome: 'rollback' })
  await begin(producer, ledger, 'asked', 'commit', { outcome: 'unknown' })
  await begin(producer, ledger, 'silent', 'silent')
  await begin(producer, ledger, 'answered', 'rollback', { outcome: 'commit', answered: true })
  await begin(producer, ledger, 'refused', 'commit', { outcome: 'rollback', answered: true })
  for (let round = 0; round < 4; round++) await scene.clock.advance(1000)
  await begin(producer, ledger, 'late', 'commit')
  await scene.stop()
}

for (const flushDiskType of ['ASYNC_FLUSH', 'SYNC_FLUSH'] as const)
  test(`each half has one outcome, whichever write is the last (${flushDiskType})`, async () => {
    const config = { ...fast, flushDiskType }
    const ledger: Ledger = new Map()
    const steps = await crashAtEveryStep({
      prepare: async (disk) => {
        const scene = await TransactionScene.started({ disk, config })
        await scene.producer().prepare('before')
        await scene.stop()
      },
      script: (disk) => script(disk, ledger, config),
      verify: async ({ disk, kind, step }) => {
        // A kill at each write; what else may happen to it, at each fourth.
        if (kind !== 'kill' && step % 4 !== 0) return
        ledger.set('before', { acknowledged: true, said: undefined, answered: false, fate: 'silent' })
        const scene = await TransactionScene.started({ disk, config })
        await verify(scene, ledger, kind !== 'power-cut' || flushDiskType === 'SYNC_FLUSH')
      },
      cutsPerStep: 0,
    })
    assert.ok(steps > 100, `${steps} crashes`)
  })

/** What was given up is taken up again (323), and its producer knows by now that it is to be committed. */
async function takeUp(scene: TransactionScene, ledger: Ledger): Promise<number> {
  const producer = producerOf(scene, ledger)
  const [givenUp] = await scene.queue(givenUpTopic)
  const { code } = await producer.resume(offsetMessageId(host, givenUp!.physicalOffset))
  for (let round = 0; round < 5; round++) {
    await producer.beat()
    await scene.clock.advance(1000)
  }
  return code
}

const host = Uint8Array.of(10, 0, 0, 1, 0, 0, 0x2a, 0x9f)

test('what was given up and taken up again has one more outcome, whichever write is the last', async () => {
  const config = { ...fast, flushDiskType: 'SYNC_FLUSH' } as const
  const ledger: Ledger = new Map()
  const told = { acknowledged: true, said: undefined, answered: false }
  const codes = new Set<number>()
  const steps = await crashAtEveryStep({
    prepare: async (disk) => {
      const scene = await TransactionScene.started({ disk, config })
      await scene.producer().prepare('m')
      await verify(scene, new Map([['m', { ...told, fate: 'silent' }]]), true)
      await scene.stop()
    },
    script: async (disk) => {
      ledger.set('m', { ...told, fate: 'commit' })
      const scene = await TransactionScene.started({ disk, config })
      await takeUp(scene, ledger)
      await scene.stop()
    },
    verify: async ({ disk, kind, step }) => {
      if (kind !== 'kill' && step % 4 !== 0) return
      const scene = await TransactionScene.started({ disk, config })
      codes.add(await takeUp(scene, ledger))
      assert.deepEqual([await scene.bodies('T'), await scene.bodies(givenUpTopic)], [['m'], ['m']])
    },
    cutsPerStep: 0,
  })
  assert.ok(steps > 100, `${steps} crashes`)
  assert.deepEqual([...codes].sort(), [0, 1], 'it was taken up before the crash, or after it')
})

const fates: readonly Fate[] = ['commit', 'rollback', 'unknown', 'silent']

/** Several lives over one disk, each ended by a stop, a kill or a power cut at any write. */
async function randomLives(seed: number): Promise<void> {
  const random = seededRandom(seed)
  const flushDiskType = random.below(2) === 0 ? 'SYNC_FLUSH' : 'ASYNC_FLUSH'
  const config: Partial<BrokerConfig> = {
    ...fast,
    flushDiskType,
    // Each life may ask once in vain: killed before it has written down what the producer answers.
    transactionCheckMax: 6,
    transactionOpMsgMaxSize: [16, 4096][random.below(2)]!,
    transactionOpBatchInterval: [0, 300, 3000][random.below(3)]!,
  }
  const ledger: Ledger = new Map()
  let disk = new FaultFileSystem({ seed })
  let mustSurvive = true
  for (let life = 0; life < 4; life++) {
    const cut = random.below(3) === 0
    if (random.below(4) > 0) disk.killAfterStep(disk.steps + 5 + random.below(150), random.below(2) === 0)
    await Promise.race([disk.faults.whenKilled, oneLife(disk, random, ledger, config, life)])
    if (!disk.killed) disk.kill()
    disk = cut ? disk.afterPowerCut() : disk.afterKill()
    if (cut && flushDiskType === 'ASYNC_FLUSH') mustSurvive = false
  }
  await verify(await TransactionScene.started({ disk, config }), ledger, mustSurvive)
}

async function oneLife(
  disk: FaultFileSystem,
  random: Random,
  ledger: Ledger,
  config: Partial<BrokerConfig>,
  life: number,
): Promise<void> {
  const clock = new VirtualClock(1_704_067_200_000 + life * 20_000)
  try {
    const scene = await TransactionScene.started({ disk, config, clock })
    const producer = producerOf(scene, ledger)
    for (let i = 0; i < 8; i++) {
      await producer.beat()
      const name = `${life}.${i}`
      const outcome = (['commit', 'rollback', 'unknown'] as const)[random.below(3)]!
      const fate = fates[random.below(4)]!
      const first = { outcome, twice: random.below(3) === 0, answered: random.below(2) === 0 }
      await begin(producer, ledger, name, fate, random.below(3) === 0 ? undefined : first)
      await scene.clock.advance([0, 10, 400, 1100][random.below(4)]!)
    }
    if (random.below(2) === 0) await scene.stop()
  } catch (thrown) {
    if (!disk.killed) throw thrown
  }
}

test('through random lives each half has one outcome', () => forEachSeed(20, randomLives))
