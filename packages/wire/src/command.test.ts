import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  boolean,
  clampedInt64,
  defineCommand,
  double,
  int32,
  int64,
  named,
  optional,
  parseInteger,
  string,
} from './command.js'
import type { ExtFields } from './frame.js'

const command = defineCommand({
  name: 'TEST',
  code: 1,
  about: 'A command of the tests.',
  callers: ['client'],
  receiver: 'broker',
  access: { resource: 'none', action: 'Any' },
  request: {
    text: string('text'),
    small: int32('int32'),
    large: named('L', int64('int64')),
    until: clampedInt64('bound'),
    yes: boolean('boolean'),
    ratio: double('double'),
    maybe: optional(int32('int32')),
  },
  response: { offset: int64('offset'), note: optional(string('note')) },
})

const sound: ExtFields = {
  text: '',
  small: '-5',
  L: '9007199254740991',
  until: '1',
  yes: 'true',
  ratio: '1.5',
}

function reasonOf(change: ExtFields, without?: string): string {
  const ext = { ...sound, ...change }
  if (without !== undefined) delete ext[without]
  const decoded = command.decodeRequest(ext)
  assert.ok(!decoded.ok)
  return decoded.reason
}

function decodedWith(change: ExtFields) {
  const decoded = command.decodeRequest({ ...sound, ...change })
  assert.ok(decoded.ok, decoded.ok ? '' : decoded.reason)
  return decoded.value
}

test('text becomes typed fields, with every key present', () => {
  assert.deepEqual(decodedWith({ unknown: 'x' }), {
    text: '',
    small: -5,
    large: 9007199254740991,
    until: 1,
    yes: true,
    ratio: 1.5,
    maybe: undefined,
  })
})

test('a missing required field is named as it is on the wire', () => {
  assert.equal(reasonOf({}, 'L'), 'the custom field <L> is null')
  assert.equal(reasonOf({}, 'text'), 'the custom field <text> is null')
  const none = command.decodeRequest(null)
  assert.ok(!none.ok)
})

test('values outside their type are refused with what would do', () => {
  for (const text of ['', '-', '1.0', '1e3', ' 1', '0x1', '2147483648', '-2147483649', '٣'])
    assert.match(reasonOf({ small: text }), /^the custom field <small> is not an integer in \[-2147483648/)
  for (const text of ['9007199254740992', '-9007199254740992', '99999999999999999999999'])
    assert.match(reasonOf({ L: text }), /<L> is not an integer in \[-9007199254740991/)
  for (const text of ['', 'NaN', 'Infinity', 'x'])
    assert.match(reasonOf({ ratio: text }), /<ratio> is not a number/)
  assert.match(reasonOf({ maybe: 'x' }), /<maybe>/)
  assert.ok(reasonOf({ small: 'x'.repeat(10_000) }).length < 200)
})

test('the ends of int32 are within', () => {
  assert.equal(decodedWith({ small: '2147483647' }).small, 2147483647)
  assert.equal(decodedWith({ small: '-2147483648' }).small, -2147483648)
  assert.equal(decodedWith({ small: '+7' }).small, 7)
})

test('a clamped bound takes the whole range of a Java long', () => {
  assert.equal(decodedWith({ until: '9223372036854775807' }).until, Number.MAX_SAFE_INTEGER)
  assert.equal(decodedWith({ until: '-9223372036854775808' }).until, -Number.MAX_SAFE_INTEGER)
  assert.match(reasonOf({ until: '9223372036854775808' }), /<until>/)
  assert.match(reasonOf({ until: 'x' }), /<until>/)
})

test('booleans are read as Java reads them: true in any case, all else false', () => {
  assert.equal(decodedWith({ yes: 'TRUE' }).yes, true)
  assert.equal(decodedWith({ yes: 'false' }).yes, false)
  assert.equal(decodedWith({ yes: '1' }).yes, false)
  assert.equal(decodedWith({ yes: '' }).yes, false)
})

test('fields become text, absent ones are left out', () => {
  const fields = { text: 'x', small: 0, large: -1, until: 2, yes: false, ratio: 0.5 }
  assert.deepEqual(command.encodeRequest(fields), {
    text: 'x',
    small: '0',
    L: '-1',
    until: '2',
    yes: 'false',
    ratio: '0.5',
  })
  assert.deepEqual(command.encodeResponse({ note: 'part of an error answer' }), {
    note: 'part of an error answer',
  })
})

test('integers parse as Long.parseLong does', () => {
  for (const text of ['0', '-0', '+0', '007', '1', '-1', '9007199254740991', '-9007199254740991'])
    assert.equal(parseInteger(text), Number(text) + 0, text)
  for (const text of ['', '+', '-', '--1', '1-', '1 ', '9007199254740992', '1'.repeat(21)])
    assert.equal(parseInteger(text), undefined, text)
})
