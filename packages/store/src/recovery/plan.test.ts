import assert from 'node:assert/strict'
import test from 'node:test'
import { missingSegment, planRecovery, type RecoveryFacts } from './plan.js'

const segments = [
  { base: 0, firstStoreTime: 1_000_000 },
  { base: 1000, firstStoreTime: 2_000_000 },
  { base: 2000, firstStoreTime: 3_000_000 },
  { base: 3000, firstStoreTime: undefined },
]

const facts = (own: Partial<RecoveryFacts>): RecoveryFacts => ({
  clean: true,
  segments,
  positions: undefined,
  checkpointTime: 0,
  indexedUpTo: undefined,
  queuesNeed: undefined,
  ...own,
})

const positions = { dispatched: 2500, indexed: true }

const cases: [string, Partial<RecoveryFacts>, ReturnType<typeof planRecovery>][] = [
  ['an empty store', { segments: [] }, { scanFrom: 0, knownEnd: 0, endsThere: false }],
  [
    'after our clean stop nothing is read',
    { positions },
    { scanFrom: 2500, knownEnd: 2500, endsThere: true },
  ],
  [
    'after our crash the rest',
    { positions, clean: false },
    { scanFrom: 2500, knownEnd: 2500, endsThere: false },
  ],
  [
    'an index that is behind',
    { positions, indexedUpTo: 1200 },
    { scanFrom: 1200, knownEnd: 2500, endsThere: true },
  ],
  [
    'an index that is ahead',
    { positions, indexedUpTo: 2600 },
    { scanFrom: 2500, knownEnd: 2500, endsThere: true },
  ],
  ['an index that is lost', { positions, indexedUpTo: -1 }, { scanFrom: 0, knownEnd: 2500, endsThere: true }],
  [
    'an index that never had an entry',
    { positions: { dispatched: 2500, indexed: false }, indexedUpTo: -1 },
    { scanFrom: 2500, knownEnd: 2500, endsThere: true },
  ],
  ['damaged queues', { positions, queuesNeed: 1300 }, { scanFrom: 1300, knownEnd: 2500, endsThere: true }],
  ['RocketMQ stopped: its last segment with records', {}, { scanFrom: 2000, knownEnd: 0, endsThere: false }],
  [
    'RocketMQ died: the segment before its checkpoint, with its margin',
    { clean: false, checkpointTime: 3_002_999 },
    { scanFrom: 1000, knownEnd: 0, endsThere: false },
  ],
  [
    'RocketMQ died right after a checkpoint',
    { clean: false, checkpointTime: 3_003_000 },
    { scanFrom: 2000, knownEnd: 0, endsThere: false },
  ],
  ['RocketMQ died without a checkpoint', { clean: false }, { scanFrom: 0, knownEnd: 0, endsThere: false }],
  [
    'what is needed may be deleted',
    { segments: segments.slice(1), positions, queuesNeed: 10 },
    { scanFrom: 1000, knownEnd: 2500, endsThere: true },
  ],
]

for (const [name, own, expected] of cases) {
  test(`the log is read from the right place: ${name}`, () => {
    assert.deepEqual(planRecovery(facts(own)), expected)
  })
}

test('segments that must be there and are not are named', () => {
  const known = { minPhysicalOffset: 1000, dispatched: 2500 }
  assert.equal(missingSegment(known, segments, 1000), undefined)
  assert.equal(missingSegment(known, segments.slice(1), 1000), undefined)
  assert.match(missingSegment(known, segments.slice(2), 1000)!, /first .* 00000000000000001000 is missing/)
  assert.match(missingSegment(known, segments.slice(0, 2), 1000)!, /last .* 00000000000000002000 is missing/)
  assert.match(missingSegment(known, [], 1000)!, /first .* 00000000000000001000 is missing/)
  assert.equal(missingSegment({ minPhysicalOffset: 0, dispatched: 0 }, [], 1000), undefined)
})
