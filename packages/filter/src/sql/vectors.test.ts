import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { conditionOf, type Verdict, verdicts } from './evaluate.js'
import { type Expression, expressionText } from './expression.js'
import { parseSql } from './parser.js'
import { PropertySlots } from './property-slots.js'
import { compileSql, propertiesOf } from './sql-filter.js'

type Properties = Readonly<Record<string, string>>

interface Vector {
  expression: string
  compiled: boolean
  message?: string
  toString: string
  results?: { result: 'TRUE' | 'FALSE' | 'NULL' | 'EXCEPTION'; matched: boolean }[]
}
const { vectors } = JSON.parse(
  readFileSync(new URL('../../testdata/sql92.json', import.meta.url), 'utf8'),
) as { vectors: { propertySets: Properties[]; table: Vector[] } }

/** Unlike the stored form this has empty values too, as the vectors do. */
function evaluate(expression: Expression, properties: Properties): Verdict {
  const names = [...propertiesOf(expression)]
  const slots = new PropertySlots(names)
  const values = names.map((name) => (Object.hasOwn(properties, name) ? properties[name] : undefined))
  slots.bytes = Buffer.from(values.join(''))
  let at = 0
  for (const [slot, value] of values.entries()) {
    if (value === undefined) continue
    slots.starts[slot] = at
    at += Buffer.byteLength(value)
    slots.ends[slot] = at
  }
  return conditionOf(expression, names)(slots)
}

const resultOf = {
  TRUE: verdicts.yes,
  FALSE: verdicts.no,
  NULL: verdicts.unknown,
  EXCEPTION: verdicts.failed,
}

test('expressions say of messages what Java 5.3.3 says', () => {
  assert.equal(vectors.table.length, 271)
  for (const { expression, compiled, results } of vectors.table) {
    if (!compiled) continue
    const tree = parseSql(expression)
    for (const [i, properties] of vectors.propertySets.entries()) {
      const wanted = resultOf[results![i]!.result]
      assert.equal(evaluate(tree, properties), wanted, `${expression} of property set ${i}`)
    }
  }
})

test('expressions are understood as Java 5.3.3 understands them', () => {
  for (const { expression, compiled, toString: text } of vectors.table)
    if (compiled) assert.equal(expressionText(parseSql(expression)), text, expression)
})

test('what is no expression is refused with the text of Java 5.3.3', () => {
  for (const { expression, compiled, message } of vectors.table) {
    const result = compileSql(expression)
    assert.equal(result.ok, compiled, expression)
    if (!result.ok) assert.equal(result.reason, message, expression)
  }
})

test('messages are taken or not by the stored text of their properties', () => {
  for (const { expression, compiled, results } of vectors.table) {
    if (!compiled) continue
    const filter = compileSql(expression)
    assert.ok(filter.ok)
    for (const [i, properties] of vectors.propertySets.entries()) {
      // An empty value cannot be stored: reading leaves it out.
      if (/\bf\b/.test(expression)) continue
      const text = Object.entries(properties)
        .map(([name, value]) => `${name}\u0001${value}\u0002`)
        .join('')
      const stored = Buffer.from(`xx${text}xx`)
      const matched = filter.value.matches(stored, 2, stored.length - 2)
      assert.equal(matched, results![i]!.matched, `${expression} of property set ${i}`)
    }
  }
})
