import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endedProperties, propertyText } from '@aerobee/wire'
import { cleaned, scanProperties } from './sent-properties.js'

const text = (...pairs: [string, string][]) =>
  pairs.map(([name, value]) => propertyText(name, value)).join('')

test('what the broker needs is found, wherever it stands', () => {
  const found = scanProperties(
    text(
      ['TAGS', 'TagA'],
      ['x', '1'],
      ['KEYS', 'k1 k2'],
      ['UNIQ_KEY', 'U'],
      ['WAIT', 'false'],
      ['DELAY', '3'],
    ),
  )
  assert.deepEqual(found, {
    tags: 'TagA',
    keys: 'k1 k2',
    uniqKey: 'U',
    waitStoreOk: false,
    delayLevel: '3',
    timer: false,
    timerOut: false,
    transaction: false,
    innerBatch: false,
    rewrite: false,
  })
})

test('the last value of a name counts, and the last end may be missing', () => {
  assert.equal(scanProperties('TAGS\u0001a\u0002TAGS\u0001b').tags, 'b')
})

test('names that only look alike are none of ours', () => {
  const found = scanProperties(
    text(['TAGZ', 'x'], ['XAGS', 'x'], ['TAGSX', 'x'], ['DELAX', '1'], ['UNIQ_KEZ', 'x']),
  )
  assert.deepEqual(
    [found.tags, found.delayLevel, found.uniqKey, found.rewrite],
    [undefined, undefined, undefined, false],
  )
})

test('each way of asking for a timer, a transaction or an inner batch is seen', () => {
  for (const name of ['TIMER_DELIVER_MS', 'TIMER_DELAY_MS', 'TIMER_DELAY_SEC'])
    assert.equal(scanProperties(text([name, '1'])).timer, true)
  assert.equal(scanProperties(text(['TIMER_OUT_MS', '1'])).timerOut, true)
  assert.equal(scanProperties(text(['TRAN_MSG', 'TRUE'])).transaction, true)
  assert.equal(scanProperties(text(['TRAN_MSG', 'no'])).transaction, false)
  assert.equal(scanProperties(text(['INNER_NUM', '2'])).innerBatch, true)
})

test('pieces without name or value, and names that the broker sets, ask for rewriting', () => {
  for (const piece of [
    'a\u0001\u0002',
    '\u0001b\u0002',
    'a\u0002',
    '\u0002',
    text(['POP_CK', '1']),
    text(['CLUSTER', 'c']),
  ])
    assert.equal(scanProperties(piece).rewrite, true, JSON.stringify(piece))
  assert.equal(
    cleaned('a\u0001\u0002\u0001b\u0002x\u0001y\u0002c\u0002TRACE_ON\u0001no\u0002z\u00011\u00012'),
    'x\u0001y\u0002z\u00011\u00012\u0002',
  )
  assert.equal(cleaned(text(['DELAY', '1'], ['a', 'b']), ['DELAY']), text(['a', 'b']))
})

test('text is ended once', () => {
  assert.deepEqual(
    [endedProperties(''), endedProperties('a\u0001b'), endedProperties('a\u0001b\u0002')],
    ['', 'a\u0001b\u0002', 'a\u0001b\u0002'],
  )
})
