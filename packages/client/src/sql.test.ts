import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileSql } from '@aerobee/filter'
import { sql } from './sql.js'

test('values become literals', () => {
  const built = sql`a = ${'eu'} AND b > ${1.5} AND c = ${true} AND d < ${-3} AND e IN ${['x', 'y']} AND f = ${7n}`
  assert.deepEqual(built, {
    type: 'SQL92',
    expression: "a = 'eu' AND b > 1.5 AND c = TRUE AND d < (-3) AND e IN ('x', 'y') AND f = 7",
  })
  assert.equal(compileSql(built.expression).ok, true)
})

test('a text cannot end its literal, nor a number begin a comment', () => {
  const hostile = "' OR TRUE OR a = '"
  const { expression } = sql`a = ${hostile} AND b = -${-5}`
  assert.equal(expression, "a = ''' OR TRUE OR a = ''' AND b = -(-5)")
  const filter = compileSql(expression)
  assert.ok(filter.ok)
  const matches = (text: string) => filter.value.matches(Buffer.from(text), 0, Buffer.byteLength(text))
  assert.equal(matches('a\u0001x\u0002b\u00015'), false)
  assert.equal(matches(`a\u0001${hostile}\u0002b\u00015`), true)
})

test('every number that is taken compiles', () => {
  for (const value of [0, -0, 5e-324, 1e21, 1.7976931348623157e308, 2 ** 53, -(2 ** 31), 2n ** 63n - 1n, 0.5])
    assert.equal(compileSql(sql`a = ${value}`.expression).ok, true, String(value))
})

test('what has no literal is refused', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 2 ** 63, 2n ** 63n, -(2n ** 63n), []])
    assert.throws(() => sql`a = ${value}`, { code: 'INVALID_ARGUMENT' }, String(value))
  for (const value of [undefined, null, {}, new Date(0)])
    assert.throws(() => sql`a = ${value as never}`, { code: 'INVALID_ARGUMENT' }, String(value))
})
