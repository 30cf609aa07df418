import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diskLevel, usedPercent, usedPercentAfter } from '../space.js'
import { planRetention, type RetentionFacts, type RetentionSettings, retentionSettings } from './plan.js'

const hour = 3_600_000
const GiB = 2 ** 30
const now = 1_795_510_000_000

/** RocketMQ's defaults. */
const settings: RetentionSettings = retentionSettings({
  deleteWhen: '04',
  fileReservedTime: 72,
  deleteFileBatchMax: 10,
  diskMaxUsedSpaceRatio: 75,
  diskSpaceCleanForciblyRatio: 85,
  diskSpaceWarningLevelRatio: 90,
  cleanFileForciblyEnable: true,
})

/** Segments of 1 GiB, last written so many hours ago; the last one takes appends. */
function segments(...hoursAgo: number[]) {
  return hoursAgo.map((ago, i) => ({ startOffset: i * GiB, sizeBytes: GiB, modifiedMs: now - ago * hour }))
}

/** A partition of 100 GiB. */
const disk = (percent: number, total = 100) => ({
  totalBytes: total * GiB,
  usableBytes: ((100 - percent) / 100) * total * GiB,
})

function facts(percent: number, changes: Partial<RetentionFacts> = {}): RetentionFacts {
  return {
    wallMs: now,
    localHour: 12,
    clockJumped: false,
    asked: false,
    segments: segments(100, 90, 80, 70, 1, 0),
    commitLogSpace: disk(percent),
    consumeQueueSpace: disk(percent),
    refusing: false,
    ...changes,
  }
}

interface Example {
  name: string
  facts: RetentionFacts
  settings?: Partial<RetentionSettings>
  deletes: number
  early?: number
  reason?: string | undefined
  refuse?: boolean
}

const examples: Example[] = [
  { name: 'half full at noon', facts: facts(50), deletes: 0 },
  { name: 'half full in the hour', facts: facts(50, { localHour: 4 }), deletes: 3, reason: 'hour' },
  {
    name: 'one of several hours',
    facts: facts(50, { localHour: 16 }),
    settings: { deleteHours: [4, 16] },
    deletes: 3,
    reason: 'hour',
  },
  { name: 'asked for', facts: facts(50, { asked: true }), deletes: 3, reason: 'asked' },
  { name: 'exactly at the level', facts: facts(75), deletes: 0 },
  { name: 'above the first level at any hour', facts: facts(76), deletes: 3, reason: 'space' },
  { name: 'exactly at the forced level', facts: facts(85), deletes: 3, reason: 'space' },
  {
    name: 'expired files suffice at the forced level',
    facts: facts(86),
    deletes: 3,
    reason: 'space',
  },
  {
    name: 'no more early files than needed',
    facts: facts(88, { segments: segments(50, 40, 30, 20, 10, 0) }),
    deletes: 3,
    early: 3,
    reason: 'space',
  },
  {
    name: 'expired first, then early ones',
    facts: facts(89, { segments: segments(80, 40, 30, 20, 10, 5, 0) }),
    deletes: 4,
    early: 3,
    reason: 'space',
  },
  {
    name: 'forced deletion switched off',
    facts: facts(89, { segments: segments(80, 40, 30, 0) }),
    settings: { cleanForcibly: false },
    deletes: 1,
    reason: 'space',
  },
  {
    name: 'too full: refuse',
    facts: facts(91),
    deletes: 5,
    early: 2,
    reason: 'space',
    refuse: true,
  },
  { name: 'exactly at the refusal level', facts: facts(90), deletes: 5, early: 2, reason: 'space' },
  {
    name: 'between the levels a refusal stands',
    facts: facts(86, { refusing: true }),
    deletes: 3,
    reason: 'space',
    refuse: true,
  },
  {
    name: 'below the forced level it ends',
    facts: facts(85, { refusing: true }),
    deletes: 3,
    reason: 'space',
  },
  {
    name: 'the last segment stays, however old and full',
    facts: facts(99, { segments: segments(1000) }),
    deletes: 0,
    reason: 'space',
    refuse: true,
  },
  { name: 'no segments', facts: facts(99, { segments: [] }), deletes: 0, reason: 'space', refuse: true },
  {
    name: 'a batch at most',
    facts: facts(95, { segments: segments(...Array.from({ length: 30 }, (_, i) => 200 - i)) }),
    settings: { batchMax: 7 },
    deletes: 7,
    reason: 'space',
    refuse: true,
  },
  {
    name: 'the first young one ends it, though older ones come after',
    facts: facts(50, { localHour: 4, segments: segments(100, 10, 100, 0) }),
    deletes: 1,
    reason: 'hour',
  },
  {
    name: 'files from the future are young',
    facts: facts(50, { localHour: 4, segments: segments(-9000, 100, 0) }),
    deletes: 0,
    reason: 'hour',
  },
  {
    name: 'after a jump of the clock age deletes nothing',
    facts: facts(80, { localHour: 4, clockJumped: true }),
    deletes: 0,
    reason: 'space',
  },
  {
    name: 'but a full disk does',
    facts: facts(87, { clockJumped: true }),
    deletes: 2,
    early: 2,
    reason: 'space',
  },
  {
    name: "the queues' partition is full: a whole batch, since a log file says little about it",
    facts: facts(40, { consumeQueueSpace: disk(92, 10), segments: segments(9, 8, 7, 6, 0) }),
    settings: { batchMax: 3 },
    deletes: 3,
    early: 3,
    reason: 'space',
    refuse: true,
  },
]

for (const example of examples) {
  test(`retention: ${example.name}`, () => {
    const plan = planRetention(example.facts, { ...settings, ...example.settings })
    assert.equal(plan.deletions.length, example.deletes, 'deletions')
    assert.deepEqual(plan.deletions, example.facts.segments.slice(0, example.deletes), 'the oldest ones')
    assert.equal(plan.early, example.early ?? 0, 'early')
    assert.equal(plan.reason, example.reason, 'reason')
    assert.equal(plan.refuse, example.refuse ?? false, 'refuse')
  })
}

test('used percent is rounded up and counts what only the administrator may use as nobody’s', () => {
  assert.equal(usedPercent({ totalBytes: 1000, usableBytes: 1000 }), 0)
  assert.equal(usedPercent({ totalBytes: 1000, usableBytes: 999 }), 1)
  assert.equal(usedPercent({ totalBytes: 1000, usableBytes: 250 }), 75)
  assert.equal(usedPercent({ totalBytes: 1000, usableBytes: 249 }), 76)
  assert.equal(usedPercent({ totalBytes: 1000, usableBytes: 400, freeBytes: 500 }), 56)
  assert.equal(usedPercent({ totalBytes: 0, usableBytes: 0 }), 100)
  assert.equal(usedPercentAfter({ totalBytes: 1000, usableBytes: 100, freeBytes: 100 }, 150), 75)
  const levels = { cleanPercent: 75, forcePercent: 85, refusePercent: 90 }
  assert.deepEqual(
    [75, 76, 85, 86, 90, 91].map((percent) => diskLevel(percent, levels)),
    ['normal', 'clean', 'clean', 'force', 'force', 'refuse'],
  )
})
