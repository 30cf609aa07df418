import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { parseLenientJson } from './lenient-json.js'
import { vectors } from './testdata.test.js'

/** Plain objects and no negative zero, so that both sides compare. */
const again = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

function parsed(text: string): unknown {
  const result = parseLenientJson(text)
  assert.ok(result.ok, result.ok ? '' : `${result.reason}: ${text.slice(0, 80)}`)
  return again(result.value)
}

function refused(text: string, maxValues?: number): string {
  const result = parseLenientJson(text, maxValues)
  assert.equal(result.ok, false, text.slice(0, 80))
  return result.ok ? '' : result.reason
}

const plainQuery = (text: string) => text.replaceAll(/([{,])(\d+):/g, '$1"$2":')

test('every body that Java wrote is read', () => {
  for (const { encoded } of vectors<{ encoded: string }[]>('json-bodies')) {
    const value = parsed(encoded)
    const objectKeys = encoded.includes('{{')
    if (!objectKeys) assert.deepEqual(value, JSON.parse(plainQuery(encoded)))
  }
})

test('numbers as keys become their text, objects as keys their strict text', () => {
  assert.deepEqual(parsed('{0:"a",1:"b",-1:"c"}'), { 0: 'a', 1: 'b', '-1': 'c' })
  assert.deepEqual(parsed('{"t":{{"b":"x","q":0}:5,{"b":"x","q":1}:{"c":1}}}'), {
    t: { '{"b":"x","q":0}': 5, '{"b":"x","q":1}': { c: 1 } },
  })
  assert.deepEqual(parsed('{ {"q":0} : 1 , 2 : 3 }'), { '{"q":0}': 1, 2: 3 })
})

test('what fastjson tolerates in files written by hand is tolerated', () => {
  assert.deepEqual(parsed("{a:1,'b':'it\\'s \"x\"',\"c\":'\\u0041\\n'}"), { a: 1, b: 'it\'s "x"', c: 'A\n' })
  assert.deepEqual(parsed('{"a":1,,"b":[1,2,],}'), { a: 1, b: [1, 2] })
  assert.deepEqual(parsed('{0:"tab\tand \\\'"}'), { 0: "tab\tand '" })
  assert.deepEqual(parsed('{0:1.5E-5,1:-0.0,2:true,3:null}'), { 0: 1.5e-5, 1: 0, 2: true, 3: null })
  assert.deepEqual(parsed(' [ ] '), [])
})

test('of a key that comes twice the later value counts, in either form', () => {
  assert.deepEqual(parsed('{"a":1,"a":2}'), { a: 2 })
  assert.deepEqual(parsed('{0:1,"0":2,0:3}'), { 0: 3 })
})

test('the key __proto__ is a key like others', () => {
  for (const text of [
    '{"__proto__":{"polluted":1}}',
    '{0:1,"__proto__":{"polluted":1}}',
    '{__proto__:{polluted:1}}',
  ]) {
    const result = parseLenientJson(text)
    assert.ok(result.ok)
    assert.ok(Object.hasOwn(result.value as object, '__proto__'))
    assert.equal((result.value as { polluted?: unknown }).polluted, undefined)
    assert.equal(({} as { polluted?: unknown }).polluted, undefined)
  }
})

test('text that is none is refused with the place', () => {
  for (const text of [
    '',
    ' ',
    '{',
    '[',
    '}',
    '{"a"}',
    '{"a":}',
    '{"a":1',
    '{"a":1]',
    '[1',
    '[1}',
    '"a',
    "'a",
    '{0:1}x',
    '1 2',
    'NaN',
    '{0:NaN}',
    '{0:undefined}',
    '{0:0x1}',
    '{0:1e999}',
    '{0:"\\x"}',
    '{0:"\\u00g0"}',
    '{:1}',
    '{[1]:2}',
    '{0 1}',
    '{{{"a":1}:2}:3}',
    'nul',
    '{0:+1}',
    '\u0000',
  ])
    refused(text)
  assert.match(refused('{0:1,1:}'), /at character 7/)
})

test('deep nesting is refused before anything is built, at any size', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
  assert.deepEqual(parsed(nested(16)), JSON.parse(nested(16)))
  for (const text of [nested(17), '['.repeat(1_000_000), '{"a":'.repeat(1_000_000), '{'.repeat(1_000_000)])
    assert.match(refused(text), /deeper than 16/)
  assert.deepEqual(parsed(`["${'['.repeat(100)}"]`), ['['.repeat(100)])
})

test('more values than allowed are refused before anything is built', () => {
  assert.match(refused(`[${'1,'.repeat(500_000)}1]`), /at most 500000/)
  assert.match(refused('[1,2,3]', 2), /at most 2/)
  assert.deepEqual(parsed(`["${','.repeat(1_000_000)}"]`), [','.repeat(1_000_000)])
})

test('escapes that only hands write are bounded too', () => {
  assert.match(refused(`{'${'\\\\'.repeat(200_000)}':1}`), /fewer escapes/)
  assert.equal((parsed(`{0:"${'\\n'.repeat(200_000)}"}`) as Record<string, string>)[0]!.length, 200_000)
})

test('strict JSON is read as JSON.parse reads it, also behind a lenient beginning', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (text) => {
      const strict = again(JSON.parse(text))
      assert.deepEqual(parsed(text), strict)
      assert.deepEqual(parsed(`{0:${text}}`), { 0: strict })
    }),
  )
})

test('any text gives a value or a reason', () => {
  const soup = fc.string({
    unit: fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      "'",
      '\\',
      '0',
      '1',
      '-',
      'a',
      ' ',
      'null',
      '"k":',
    ),
    maxLength: 40,
  })
  fc.assert(
    fc.property(fc.oneof(soup, fc.string({ maxLength: 60 })), (text) => {
      const result = parseLenientJson(text)
      if (!result.ok) assert.match(result.reason, /\w/)
      let strict: unknown
      try {
        strict = JSON.parse(text)
      } catch {
        return
      }
      assert.deepEqual(parsed(text), again(strict))
    }),
    { numRuns: 3000 },
  )
})
