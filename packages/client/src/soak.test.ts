import assert from 'node:assert/strict'
import test from 'node:test'
import { forEachSeed } from '@aerobee/testkit'
import { Soak, type SoakPlan } from './soak-scene.test.js'

/** `SOAK=day` runs a day with 200 members, which takes half an hour. */
const size =
  process.env.SOAK === 'day'
    ? { members: 200, minutes: 24 * 60, mostPauseMs: 240_000 }
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

for (const { what, plan } of kinds)
  test(what, () =>
    forEachSeed(1, async (seed) => {
      const soak = await Soak.run({ seed, ...size, ...plan })
      assert.ok(soak.consumed > size.minutes * 20, `${soak.consumed} messages were consumed`)
    }),
  )
