import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits, seededRandom } from '@aerobee/base'
import { decodeProperties } from '@aerobee/wire'
import { PropertySlots } from './property-slots.js'
import { compileSql } from './sql-filter.js'

const stored = (properties: Readonly<Record<string, string>>) =>
  Buffer.from(
    Object.entries(properties)
      .map(([name, value]) => `${name}\u0001${value}\u0002`)
      .join(''),
  )

function matches(expression: string, text: Buffer): boolean {
  const filter = compileSql(expression)
  assert.ok(filter.ok, filter.ok ? '' : filter.reason)
  return filter.value.matches(text, 0, text.length)
}

function reasonOf(expression: string): string {
  const filter = compileSql(expression)
  assert.ok(!filter.ok, expression)
  return filter.reason
}

test('names that begin alike or contain one another are told apart', () => {
  const text = stored({ amount: '5', am: '6', amounts: '7', x: 'amount\u00011' })
  assert.equal(matches('amount = 5 AND am = 6 AND amounts = 7', text), true)
  assert.equal(matches('a IS NULL AND amoun IS NULL', text), true)
})

test('of a name that comes twice the later value counts, and an empty one counts for nothing', () => {
  const text = Buffer.from('a\u00011\u0002a\u00012\u0002b\u00013\u0002b\u0001\u0002c\u0001\u0002')
  assert.equal(matches('a = 2 AND b = 3 AND c IS NULL', text), true)
})

test('the last separator may be missing', () => {
  assert.equal(matches("a = 'x'", Buffer.from('b\u00011\u0002a\u0001x')), true)
  assert.equal(matches("a = 'x'", Buffer.from('b\u00011\u0002a')), false)
})

test('only the bytes between the bounds are looked at', () => {
  const filter = compileSql("a = 'xy' OR b IS NOT NULL")
  assert.ok(filter.ok)
  const bytes = Buffer.from('b\u00011\u0002a\u0001xy\u0002b\u00011\u0002')
  assert.equal(filter.value.matches(bytes, 4, 9), true)
  assert.equal(filter.value.matches(bytes, 4, 7), false)
})

test('a filter keeps nothing of the message before', () => {
  const filter = compileSql('a = 1')
  assert.ok(filter.ok)
  assert.equal(filter.value.matches(stored({ a: '1' }), 0, 4), true)
  assert.equal(filter.value.matches(stored({ b: '1' }), 0, 4), false)
})

test('whole numbers are exact over the range of a Java long', () => {
  assert.equal(matches('a = 9007199254740993', stored({ a: '9007199254740993' })), true)
  assert.equal(matches('a = 9007199254740993', stored({ a: '9007199254740992' })), false)
  assert.equal(matches('a < 9223372036854775807', stored({ a: '-9223372036854775808' })), true)
  assert.equal(matches('a <= 9223372036854775807', stored({ a: '9223372036854775808' })), false)
})

test('an expression that is too long, too deep or too large is refused with the bound', () => {
  assert.match(reasonOf(`a = '${'x'.repeat(limits.sqlChars)}'`), /at most 65536/)
  for (const deep of [
    `${'('.repeat(5000)}a`,
    `${'NOT '.repeat(5000)}a`,
    `${'-'.repeat(5000)}1 = 1`,
    `a${' = TRUE'.repeat(5000)}`,
    `- (${'a > 0 AND - ('.repeat(500)}`,
  ])
    assert.match(reasonOf(deep), /nested more than 64 deep/, deep.slice(0, 20))
  assert.match(reasonOf(`a = 1${' OR a = 1'.repeat(5000)}`), /more than 2048 parts/)
})

test('BETWEEN around BETWEEN does not grow without bound', () => {
  let expression = '1'
  for (let i = 0; i < 30; i++) expression = `-(${expression} BETWEEN 1 AND 2)`
  assert.match(reasonOf(`${expression} = 1`), /more than 2048 parts/)
})

test('a long reason is cut', () => {
  assert.equal(reasonOf(`(a = '${'x'.repeat(60_000)}') > 1`).length, 2000)
})

test('a chain of AND is as deep as one', () => {
  assert.equal(matches(`a = 1${' AND a = 1'.repeat(400)}`, stored({ a: '1' })), true)
})

test('properties are found as they are when all of them are decoded', () => {
  const seed = 8
  const random = seededRandom(seed)
  const names = ['a', 'ab', 'abc', 'b', 'ba']
  const signs = ['\u0001', '\u0002', 'a', 'b', 'c', 'é']
  for (let round = 0; round < 3000; round++) {
    const text = Array.from({ length: random.below(24) }, () => signs[random.below(signs.length)]).join('')
    const slots = new PropertySlots(names)
    const bytes = Buffer.from(text)
    slots.read(bytes, 0, bytes.length)
    const all = decodeProperties(text)
    const found = names.map((_, slot) => (slots.has(slot) ? slots.text(slot) : undefined))
    const wanted = names.map((name) => all.get(name))
    assert.deepEqual(found, wanted, `seed ${seed}, ${JSON.stringify(text)}`)
  }
})

const pieces = [
  ...['AND', 'OR', 'not', 'BETWEEN', 'IN', 'IS', 'NULL', 'TRUE', 'FALSE', 'CONTAINS', 'STARTSWITH'],
  ...['(', ')', ',', '=', '<>', '<', '>', '<=', '>=', '+', '-', 'a', 'b', '1', '1.5', '9223372036854775808'],
  ...["'x'", "'", '/*', '*/', '--', '\n', '\t', '.', ';', 'é', '\ud83d', '\0', '"', '5e', '\u0001'],
]

test('whatever the text is, it compiles or is refused, and then judges whatever the bytes are', () => {
  const seed = 20_261_124
  const random = seededRandom(seed)
  let compiled = 0
  for (let round = 0; round < 5000; round++) {
    const count = 1 + random.below(12)
    const expression = Array.from({ length: count }, () => pieces[random.below(pieces.length)]).join(' ')
    const filter = compileSql(expression)
    if (!filter.ok) {
      assert.match(filter.reason, /^(java\.lang|org\.apache)\./, `seed ${seed}, ${expression}`)
      continue
    }
    compiled += 1
    const bytes = random.bytes(random.below(64)).map((byte) => (byte < 64 ? byte & 3 : byte))
    const verdict = filter.value.matches(bytes, 0, bytes.length)
    assert.equal(typeof verdict, 'boolean', `seed ${seed}, ${expression}`)
  }
  assert.ok(compiled > 200, `${compiled} compiled`)
})
