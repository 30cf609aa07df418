import assert from 'node:assert/strict'
import test from 'node:test'
import {
  type CommitEvent,
  type ConsumeEvent,
  checkHistory,
  type HistoryEvents,
  type SendEvent,
  type StoredEvent,
} from './history.js'

const send = (seq: number, more: Partial<SendEvent> = {}): SendEvent => ({
  producer: 'p',
  seq,
  topic: 'T',
  digest: `body ${seq}`,
  outcome: 'ok',
  ...more,
})
const consume = (seq: number, offset = seq, more: Partial<ConsumeEvent> = {}): ConsumeEvent => ({
  group: 'g',
  topic: 'T',
  queue: 'a:0',
  offset,
  producer: 'p',
  seq,
  digest: `body ${seq}`,
  ...more,
})
const stored = (offset: number, digest = `record ${offset}`, place = 'master'): StoredEvent => ({
  place,
  topic: 'T',
  queue: 'a:0',
  offset,
  digest,
})
const commit = (offset: number, more: Partial<CommitEvent> = {}): CommitEvent => ({
  group: 'g',
  topic: 'T',
  queue: 'a:0',
  offset,
  maxOffset: 100,
  ...more,
})
const findings = (events: Partial<HistoryEvents>) =>
  checkHistory({ sends: [], consumes: [], groups: ['g'], ...events }).map(
    ({ rule, text }) => `${rule} ${text}`,
  )

test('a history in which all went well has no findings', () => {
  assert.deepEqual(
    findings({
      sends: [send(0, { queue: 'a:0', offset: 0 }), send(1), send(2, { outcome: 'unknown' }), send(3)],
      consumes: [consume(0), consume(1), consume(1), consume(3, 2)],
      stored: [stored(0), stored(1), stored(0, 'record 0', 'slave')],
      commits: [commit(1), commit(1), commit(3), commit(0, { reset: true }), commit(2)],
    }),
    [],
  )
})

test('O1: an acknowledged message that a group did not get is lost', () => {
  assert.deepEqual(
    findings({
      sends: [send(0), send(1, { queue: 'a:0', offset: 7 }), send(2, { outcome: 'unknown' })],
      consumes: [consume(0)],
      groups: ['g', 'h'],
    }),
    [
      'O1 T p#1 was acknowledged at a:0@7 and g did not get it',
      'O1 T p#0 was acknowledged and h did not get it',
      'O1 T p#1 was acknowledged at a:0@7 and h did not get it',
    ],
  )
})

test('O2: what nobody sent, what was refused and what has another body is invented', () => {
  assert.deepEqual(
    findings({
      sends: [send(0, { outcome: 'fail' }), send(1)],
      consumes: [consume(0), consume(1, 1, { digest: 'other' }), consume(2)],
    }),
    [
      'O2 T p#0 at a:0@0 was consumed and its send was refused',
      'O2 T p#1 at a:0@1 was consumed with another body',
      'O2 T p#2 at a:0@2 was consumed and nobody sent it',
    ],
  )
})

test('O3: a hole, other bytes at an offset, and another message at an offset are found', () => {
  assert.deepEqual(findings({ stored: [stored(0), stored(3), stored(1)] }), [
    'O3 T a:0 of master: after offset 1 comes 3',
  ])
  assert.deepEqual(findings({ stored: [stored(0), stored(0, 'other', 'after the crash')] }), [
    'O3 T a:0@0 has other bytes in after the crash than in master',
  ])
  assert.deepEqual(
    findings({
      sends: [send(0, { queue: 'a:0', offset: 5 }), send(1, { outcome: 'unknown' })],
      consumes: [consume(1, 5), consume(0, 6)],
    }),
    ['O3 T a:0@5 is T p#0 and T p#1'],
  )
})

test('O4: an acknowledged message that lies before an earlier one of its producer is out of order', () => {
  assert.deepEqual(
    findings({ sends: [send(0), send(1), send(2)], consumes: [consume(0, 4), consume(1, 3), consume(2, 5)] }),
    ['O4 T a:0 from p: #1 lies at 3, before #0 at 4'],
  )
})

test('O4: redeliveries, second copies, other queues and unacknowledged messages are not out of order', () => {
  assert.deepEqual(
    findings({
      sends: [send(0), send(1), send(2, { outcome: 'unknown' }), send(3)],
      consumes: [
        consume(0, 0),
        consume(1, 1),
        consume(0, 0),
        consume(0, 9),
        consume(2, 20),
        consume(3, 2),
        consume(3, 0, { queue: 'a:1' }),
      ],
    }),
    [],
  )
})

test('O5: a committed offset beyond the end or behind the one before is found', () => {
  assert.deepEqual(findings({ commits: [commit(5), commit(4), commit(101), commit(3, { group: 'h' })] }), [
    'O5 g T a:0: committed 4 after 5 without a reset',
    'O5 g T a:0: committed 101 passes the end 100',
  ])
})

test('many findings of one kind are clipped and counted', () => {
  const all = findings({ sends: Array.from({ length: 50 }, (_, seq) => send(seq)) })
  assert.equal(all.length, 21)
  assert.equal(all.at(-1), 'O1 and 30 more')
})
