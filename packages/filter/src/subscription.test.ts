import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { buildSubscription, type Subscription } from './subscription.js'

interface Vector {
  method: 'build' | 'buildSubscriptionData'
  topic: string
  expression: string | null
  type?: string | null
  result: Omit<Subscription, 'subVersion'> & { error?: string; message?: string }
}
const vectors = JSON.parse(
  readFileSync(new URL('../testdata/subscription.json', import.meta.url), 'utf8'),
) as { vectors: Vector[] }

const sorted = (set: readonly (string | number)[]) => [...set].map(String).sort()

test('subscriptions are built as Java 5.3.3 builds them', () => {
  assert.equal(vectors.vectors.length, 28)
  for (const vector of vectors.vectors) {
    const name = `${vector.method} ${vector.expression} ${vector.type}`
    const built = buildSubscription(vector.topic, vector.expression, vector.type, 7)
    if (vector.result.error) {
      assert.deepEqual(built, { ok: false, reason: vector.result.message }, name)
      continue
    }
    assert.ok(built.ok, name)
    const { tagsSet, codeSet, subVersion, ...rest } = built.value
    const { tagsSet: tags, codeSet: codes, ...expected } = vector.result
    assert.deepEqual(rest, expected, name)
    assert.deepEqual([sorted(tagsSet), sorted(codeSet)], [sorted(tags), sorted(codes)], name)
    assert.equal(subVersion, 7)
  }
})

test('blanks around a tag are what Java calls blanks', () => {
  const built = buildSubscription('T', '\u0001 a\t||\u00a0b')
  assert.deepEqual(built.ok && built.value.tagsSet, ['a', '\u00a0b'])
})
