import assert from 'node:assert/strict'
import test from 'node:test'
import { isAerobeeError } from '@aerobee/base'
import fc from 'fast-check'
import { vectors } from '../testdata.test.js'
import {
  appendProperty,
  decodeProperties,
  encodeProperties,
  findProperty,
  isReservedProperty,
  propertiesFit,
  propertyNames,
  removeProperty,
  setProperty,
} from './properties.js'

interface Vector {
  map?: Record<string, string | null>
  encoded: string
  encodedHex: string
  decodedBack: Record<string, string>
  decodeOnly?: string | null
  decoded: Record<string, string>
}

const piece = fc.string({ minLength: 1, maxLength: 12, unit: 'binary' }).filter((s) => !/\p{Cc}/u.test(s))
const maps = fc.uniqueArray(fc.tuple(piece, piece), { selector: ([name]) => name, maxLength: 8 })
const soup = fc.string({ unit: fc.constantFrom('\u0001', '\u0002', 'a', 'b', 'é'), maxLength: 40 })

test('properties are written and read as Java does', () => {
  for (const vector of vectors<Vector[]>('properties')) {
    if (vector.map === undefined) {
      assert.deepEqual(Object.fromEntries(decodeProperties(vector.decodeOnly ?? '')), vector.decoded)
      continue
    }
    const entries = Object.entries(vector.map).filter((entry): entry is [string, string] => entry[1] !== null)
    const text = encodeProperties(entries)
    assert.equal(Buffer.from(text).toString('hex'), vector.encodedHex)
    assert.deepEqual(Object.fromEntries(decodeProperties(text)), vector.decodedBack)
  }
})

test('what was written reads back, with or without the last separator', () => {
  fc.assert(
    fc.property(maps, (entries) => {
      const text = encodeProperties(entries)
      assert.deepEqual([...decodeProperties(text)], entries)
      assert.deepEqual([...decodeProperties(text.slice(0, -1))], entries)
    }),
  )
})

test('any text reads, and one value is found without the map as with it', () => {
  fc.assert(
    fc.property(soup, fc.constantFrom('a', 'b', 'ab', 'é'), (text, name) => {
      assert.equal(findProperty(text, name), decodeProperties(text).get(name))
    }),
  )
})

test('removing and setting change one name and nothing else', () => {
  fc.assert(
    fc.property(soup, fc.constantFrom('a', 'b', 'ab'), (text, name) => {
      const before = decodeProperties(text)
      before.delete(name)
      assert.deepEqual(decodeProperties(removeProperty(text, name)), before)
      before.set(name, 'new')
      assert.deepEqual(decodeProperties(setProperty(text, name, 'new')), before)
    }),
  )
})

test('appending ends what stood open', () => {
  assert.equal(appendProperty('a\u00011', 'b', '2'), 'a\u00011\u0002b\u00012\u0002')
  assert.equal(appendProperty('a\u00011\u0002', 'b', '2'), 'a\u00011\u0002b\u00012\u0002')
  assert.equal(appendProperty('', 'b', '2'), 'b\u00012\u0002')
})

test('a name is not found inside of another name or of a value', () => {
  const text = 'MYTAGS\u0001x\u0002n\u0001TAGS\u0002TAGSX\u0001y\u0002'
  assert.equal(findProperty(text, 'TAGS'), undefined)
  assert.equal(findProperty(`${text}TAGS\u0001z`, 'TAGS'), 'z')
})

test('separators in names and values, and empty names, are refused', () => {
  for (const entry of [
    ['a\u0001', 'v'],
    ['a\u0002', 'v'],
    ['a', 'v\u0001'],
    ['a', '\u0002'],
    ['', 'v'],
  ] as const)
    assert.throws(
      () => encodeProperties([entry]),
      (thrown) => isAerobeeError(thrown, 'INVALID_ARGUMENT'),
    )
})

test('32,767 bytes fit, one more does not, and bytes are what counts', () => {
  const fits = 'v'.repeat(32_767 - 3)
  assert.equal(encodeProperties([['a', fits]]).length, 32_767)
  assert.throws(() => encodeProperties([['a', `${fits}v`]]), /32768 bytes/)
  assert.ok(propertiesFit('é'.repeat(16_383)))
  assert.ok(!propertiesFit('é'.repeat(16_384)))
})

test('every property constant of Java is in the table of names', () => {
  const constants = vectors<{ messageConst: Record<string, string> }>('constants-and-frames').messageConst
  const known = new Set<string>(Object.values(propertyNames))
  const absent = Object.entries(constants)
    .filter(([constant]) => !/TRANSIENT|KEY_SEPARATOR/.test(constant))
    .filter(([, value]) => !known.has(value))
  assert.deepEqual(absent, [])
  assert.ok(isReservedProperty('TAGS'))
  assert.ok(!isReservedProperty('tags'))
  assert.ok(isReservedProperty('INNER_MULTI_QUEUE_OFFSET'))
  for (const name of ['INNER_MULTI_DISPATCH', 'CHECK_IMMUNITY_TIME_IN_SECONDS'])
    assert.ok(!isReservedProperty(name))
})
