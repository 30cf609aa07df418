import assert from 'node:assert/strict'
import test from 'node:test'
import { javaHash } from '@aerobee/base'
import { vectors } from '../testdata.test.js'
import { defaultDelayLevels, deliverTimestamp, parseDelayLevels } from './delay-level.js'
import { indexKeyHash, tagsCode } from './hashes.js'

test('hashes of text and tags agree with Java', () => {
  for (const { s, hash, tagsCode: code } of vectors<{ s: string | null; hash: number; tagsCode: number }[]>(
    'hashcode',
  )) {
    if (s !== null) assert.equal(javaHash(s), hash)
    assert.equal(tagsCode(s ?? undefined), code)
  }
})

interface KeyVector {
  topic: string | null
  key: string
  indexKey: string
  keyHash: number
  slot500: number
  slot5000000: number
}

test('hashes of index keys agree with Java, and no hash is negative', () => {
  for (const vector of vectors<KeyVector[]>('index-key-hash').filter((one) => one.topic !== null)) {
    const hash = indexKeyHash(vector.topic!, vector.key)
    assert.equal(hash, vector.keyHash)
    assert.equal(hash % 500, vector.slot500)
    assert.equal(hash % 5_000_000, vector.slot5000000)
  }
  // Java's hash of this key is -2^31, whose abs() stays negative there.
  const smallest = keyWithHash('T', -(2 ** 31))
  assert.equal(indexKeyHash('T', smallest), 0)
})

/** A key that makes `topic#key` hash to `wanted`: two leading units are searched, seven digits of base 31 follow. */
function keyWithHash(topic: string, wanted: number): string {
  for (let lead = 0x21; lead < 0x3000; lead++) {
    let rest = (wanted - Math.imul(javaHash(`${topic}#${String.fromCharCode(lead)}`), (31 ** 7) | 0)) >>> 0
    const digits: number[] = []
    for (let i = 0; i < 7; i++) {
      digits.unshift(rest % 31)
      rest = Math.floor(rest / 31)
    }
    const key = String.fromCharCode(lead, ...digits)
    if (javaHash(`${topic}#${key}`) === wanted) return key
  }
  throw new Error('no key found')
}

test('delay levels and the due times of their messages agree with Java', () => {
  const levels = parseDelayLevels(defaultDelayLevels)
  assert.ok(levels.ok)
  const known =
    vectors<{ level: number; delayMillis: number; storeTimestamp: number; tagsCode: number }[]>(
      'delay-tagscode',
    )
  for (const { level, delayMillis, storeTimestamp, tagsCode: code } of known) {
    assert.equal(levels.value[level - 1], delayMillis)
    assert.equal(deliverTimestamp(levels.value, level, storeTimestamp), code)
  }
  assert.equal(deliverTimestamp(levels.value, 99, 0), 7_200_000)
})

test('delay levels that are no list of durations are refused', () => {
  for (const text of ['', '1', 's', '1x', '-1s', '1.5s', '1s,2s', '1s '.repeat(1001), '36526d'])
    assert.equal(parseDelayLevels(text).ok, false, text.slice(0, 20))
  assert.deepEqual(parseDelayLevels(' 1s  2d '), { ok: true, value: [1000, 172_800_000] })
})
