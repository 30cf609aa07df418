import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { forEachSeed } from '@aerobee/testkit'
import { Soak, type SoakPlan } from './soak-scene.test.js'

/** Most members at one time, for a whole day (npm run soak). */
const day = Number(process.env.SOAK ?? 0)
const size = day
  ? { members: day, minutes: 24 * 60, mostPauseMs: 240_000 }
  : { members: 16, minutes: 15, mostPauseMs: 20_000 }

const kinds: { what: string; plan: Pick<SoakPlan, 'orderly' | 'brokersRestart'> }[] = [
  {
    what: 'nothing is lost while members, brokers and name servers come, go, die and are cut off',
    plan: { orderly: false, brokersRestart: true },
  },
  {
    what: 'orderly members keep the order of every queue through all of that',
    plan: { orderly: true, brokersRestart: true },
  },
  {
    what: 'no queue is with two orderly members at once while the brokers keep their locks',
    plan: { orderly: true, brokersRestart: false },
  },
]

interface Lived {
  consumed: number
  happened: Record<string, number>
}

/** In a thread of its own: there the test runner does not look at every promise. Rejects with what was found. */
function live(plan: SoakPlan): Promise<Lived> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: plan })
    worker.once('message', resolve).once('error', reject)
    worker.once('exit', () => reject(new Error('the soak ended without a result')))
  })
}

if (isMainThread)
  describe('a group of consumers', { concurrency: day ? 2 : 1 }, () => {
    for (const { what, plan } of kinds)
      test(what, (t) =>
        forEachSeed(1, async (seed) => {
          const { consumed, happened } = await live({ seed, ...size, ...plan })
          assert.ok(consumed > size.minutes * 20, `${consumed} messages were consumed`)
          t.diagnostic(`seed ${seed}: ${consumed} consumed, ${JSON.stringify(happened)}`)
        }),
      )
  })
else {
  const { consumed, happened } = await Soak.run(workerData as SoakPlan)
  parentPort?.postMessage({ consumed, happened } satisfies Lived)
}
