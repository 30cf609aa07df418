import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8Text } from '@aerobee/base'
import fc from 'fast-check'
import { decodeFrame } from './frame-codec.js'
import { parsePropertiesText, propertiesText } from './properties-text.js'
import { capturedFrames } from './testdata.test.js'

function parsed(text: string): Record<string, string> {
  const result = parsePropertiesText(text)
  assert.ok(result.ok, result.ok ? '' : result.reason)
  return Object.fromEntries(result.value)
}

test('keys and values are split as java.util.Properties splits them', () => {
  assert.deepEqual(
    parsed('a=1\nb:2\n c = 3 \nd 4\ne\t:\t5\nf==6\ng\nh=\n  \n# no=1\n ! no=2\r\ni = x=y:z\rj\\ k\\=\\:=7'),
    { a: '1', b: '2', c: '3 ', d: '4', e: '5', f: '=6', g: '', h: '', i: 'x=y:z', 'j k=:': '7' },
  )
})

test('a line that ends in an odd number of backslashes goes on in the next', () => {
  assert.deepEqual(parsed('a=1,\\\n   2,\\\n\t3\nb=x\\\\\nc=y\\\\\\\n#z'), {
    a: '1,2,3',
    b: 'x\\',
    c: 'y\\#z',
  })
  assert.deepEqual(parsed('a=1\\'), { a: '1' })
})

test('escapes are read, other backslashes fall away', () => {
  assert.deepEqual(parsed('a=\\u00fc\\t\\n\\r\\f\\x\\\\'), { a: 'ü\t\n\r\fx\\' })
  const result = parsePropertiesText('a=\\u00g0')
  assert.ok(!result.ok)
  assert.match(result.reason, /four hexadecimal digits/)
})

test('of a key given twice the last value stands', () => {
  assert.deepEqual(parsed('a=1\na=2'), { a: '2' })
})

test('configurations of the real servers read and come out byte for byte', () => {
  let count = 0
  for (const captured of capturedFrames()) {
    if (captured.direction !== 'response' || (captured.requestCode !== 26 && captured.requestCode !== 319))
      continue
    const frame = decodeFrame(captured.bytes)
    assert.ok(frame.ok)
    const text = utf8Text(frame.value.body)
    const properties = parsePropertiesText(text)
    assert.ok(properties.ok)
    assert.ok(properties.value.size > 30)
    assert.equal(propertiesText(properties.value), text)
    count++
  }
  assert.equal(count, 3)
})

test('any properties come back from their text', () => {
  const part = fc.oneof(
    fc.string(),
    fc.constantFrom(' a ', 'a=b', '#c', '!d', ':', '\\', 'x\ny', '\t', '\\u', ' '),
  )
  fc.assert(
    fc.property(
      fc.dictionary(
        part.filter((key) => key !== ''),
        part,
      ),
      (properties) => {
        assert.deepEqual(parsed(propertiesText(Object.entries(properties))), { ...properties })
      },
    ),
    { numRuns: 1000 },
  )
})
