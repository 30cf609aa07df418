import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@aerobee/base'
import { OffsetSet } from './offset-set.js'

test('what lies below the base is in the set, and the base moves over what is', () => {
  const set = new OffsetSet(5)
  assert.deepEqual([set.has(4), set.has(5), set.add(4)], [true, false, false])
  assert.equal(set.advance(100), 5)
  for (const offset of [5, 6, 8]) assert.equal(set.add(offset), true)
  assert.equal(set.add(6), false)
  assert.equal(set.advance(100), 7)
  set.add(7)
  assert.equal(set.advance(8), 8)
  assert.equal(set.advance(100), 9)
})

test('it agrees with a set of numbers, over page borders and beyond 2^32', () => {
  for (const seed of [1, 2, 3]) agrees(seed)
})

function agrees(seed: number) {
  const random = seededRandom(seed)
  const start = 2 ** 33 - 40_000
  const set = new OffsetSet(start)
  const plain = new Set<number>()
  let base = start
  for (let step = 0; step < 20_000; step++) {
    const offset = base + random.below(step % 50 === 0 ? 80_000 : 40)
    assert.equal(set.add(offset), !plain.has(offset), `seed ${seed}`)
    plain.add(offset)
    const from = base + random.below(100)
    let missing = from
    while (plain.has(missing)) missing++
    const end = from + 64
    assert.equal(set.nextMissing(from, end), Math.min(missing, end), `seed ${seed}`)
    while (plain.has(base)) base++
    assert.equal(set.advance(Number.MAX_SAFE_INTEGER), base, `seed ${seed}`)
  }
}
