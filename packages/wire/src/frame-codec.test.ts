import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@aerobee/base'
import { type Frame, newFrame, serializeTypes } from './frame.js'
import { decodeFrame, encodeFrame, frameLengthFault, frameSizeUpperBound, writeFrame } from './frame-codec.js'
import { languageBytes, languageName } from './languages.js'
import { responseCodeName, responseCodes } from './response-codes.js'
import { type CapturedFrame, capturedFrames, vectors } from './testdata.test.js'
import { versionName, versionNames, versions } from './versions.js'

interface Constants {
  mqVersions: Record<string, number>
  languageCodes: Record<string, number>
  responseCodes: Record<string, number>
  frames: { serialize: string; frameHex: string; decodedExtFields: Record<string, string | null> }[]
}
const constants = vectors<Constants>('constants-and-frames')

function decoded(bytes: Uint8Array): Frame {
  const result = decodeFrame(bytes)
  assert.ok(result.ok, result.ok ? '' : result.reason)
  return result.value
}

function reasonOf(bytes: Uint8Array): string {
  const result = decodeFrame(bytes)
  assert.ok(!result.ok, 'the frame should have been refused')
  return result.reason
}

/** A frame around a header given as text. */
function framed(header: string | Uint8Array, serializeType = 0, body = ''): Buffer {
  const headerBytes = Buffer.from(header as string)
  const bytes = Buffer.alloc(8 + headerBytes.length + body.length)
  bytes.writeInt32BE(bytes.length - 4, 0)
  bytes.writeInt32BE((serializeType << 24) | headerBytes.length, 4)
  bytes.set(headerBytes, 8)
  bytes.write(body, 8 + headerBytes.length)
  return bytes
}

test('the tables of versions, languages and response codes are those of 5.3.3', () => {
  const byOrdinal = Object.entries(constants.mqVersions).sort((a, b) => a[1] - b[1])
  assert.deepEqual(
    versionNames,
    byOrdinal.map(([name]) => name),
  )
  for (const [name, ordinal] of Object.entries(versions)) assert.equal(constants.mqVersions[name], ordinal)
  assert.equal(versionName(479), 'V5_3_3')
  assert.equal(versionName(100_000), 'HIGHER_VERSION')
  assert.deepEqual({ ...languageBytes }, constants.languageCodes)
  assert.equal(languageName(99), null)
  assert.deepEqual({ ...responseCodes }, constants.responseCodes)
  assert.equal(responseCodeName(17), 'TOPIC_NOT_EXIST')
  assert.equal(responseCodeName(4711), 'CODE_4711')
})

test('every captured frame decodes to the code, opaque and body length that were recorded with it', () => {
  for (const captured of capturedFrames()) {
    const frame = decoded(captured.bytes)
    // POP over the binary header was recorded as it stood on the wire: truncated.
    const code = captured.code === 3442 ? 200050 : captured.code
    assert.equal(frame.code, code, captured.id)
    assert.equal(frame.opaque, captured.opaque, captured.id)
    assert.equal(frame.body.length, captured.bodyLength, captured.id)
    assert.equal((frame.flag & 1) !== 0, captured.direction === 'response', captured.id)
    assert.equal((frame.flag & 2) !== 0, captured.direction === 'oneway', captured.id)
  }
})

/** Holds an empty text, which a binary header does not tell from null: the field is gone after decoding. */
const losesEmptyText = new Set(['send-0050'])

test('every captured frame is encoded again byte for byte', () => {
  for (const captured of capturedFrames()) {
    if (losesEmptyText.has(captured.id)) continue
    const bytes = encodeFrame(decoded(captured.bytes))
    assert.equal(Buffer.from(bytes).toString('latin1'), captured.bytes.toString('latin1'), captured.id)
  }
})

test('both known frames of either serialize type decode as Java decodes them', () => {
  for (const vector of constants.frames) {
    const bytes = Buffer.from(vector.frameHex, 'hex')
    const frame = decoded(bytes)
    const expected = Object.entries(vector.decodedExtFields).filter(([, value]) => value !== null)
    assert.deepEqual(frame.extFields, Object.fromEntries(expected))
    assert.equal(frame.remark, 're mark')
    assert.equal(Buffer.from(frame.body).toString(), 'body')
    if (vector.serialize === 'JSON') assert.deepEqual(Buffer.from(encodeFrame(frame)), bytes)
  }
})

test('POP codes that the int16 of a binary header truncates come back, on requests only', () => {
  for (const code of [200050, 200051, 200052, 200053, 200054, 200055, 200056, 200151]) {
    const request = { ...newFrame(code, 1), serializeType: serializeTypes.ROCKETMQ }
    assert.equal(decoded(encodeFrame(request)).code, code)
  }
  const response = { ...newFrame(3442, 1), flag: 1, serializeType: serializeTypes.ROCKETMQ }
  assert.equal(decoded(encodeFrame(response)).code, 3442)
})

test('numbers and booleans in place of text are taken as their text, null as absent', () => {
  const frame = decoded(framed('{"code":11,"extFields":{"a":1,"b":true,"c":null,"d":"x","e":-1.5}}'))
  assert.deepEqual(frame.extFields, { a: '1', b: 'true', d: 'x', e: '-1.5' })
})

test('a header may leave out everything', () => {
  const { body, ...frame } = decoded(framed('{}'))
  assert.equal(body.length, 0)
  assert.deepEqual(frame, {
    code: 0,
    language: null,
    version: 0,
    opaque: 0,
    flag: 0,
    remark: null,
    extFields: null,
    serializeType: 0,
  })
})

test('headers with spaces, unknown keys, another order or nulls mean the same as compact ones', () => {
  const plain = decoded(
    framed('{"code":310,"extFields":{"a":"x"},"flag":2,"language":"GO","opaque":7,"version":317}'),
  )
  for (const header of [
    '{ "code" : 310, "language":"GO", "version":317, "opaque":7, "flag":2, "remark":null, "extFields": {"a":"x"} }',
    '{"opaque":7,"code":310,"language":9,"flag":2,"version":317,"ext\\u0046ields":{"a":"x"}}',
    '{"code":310,"extFields":{"a":"x"},"flag":2,"language":"GO","opaque":"7","version":317,"trace":{"deep":[1]}}',
  ])
    assert.deepEqual(decoded(framed(header)), plain, header)
})

test('an unknown language is null', () => {
  assert.equal(decoded(framed('{"code":1,"language":"COBOL"}')).language, null)
  assert.equal(decoded(framed('{"code":1,"language":77}')).language, null)
})

test('text with escapes, controls and characters beyond ASCII survives both serialize types', () => {
  const extFields = {
    'k"\\': 'KEYS\u0001a b\u0002ü\u0001漢字😀\u0002',
    quotes: '"\\/\b\f\n\r\t\u007f',
    plain: 'x',
  }
  for (const serializeType of [serializeTypes.JSON, serializeTypes.ROCKETMQ]) {
    const frame: Frame = { ...newFrame(310, -5, extFields), remark: 'line\nü', flag: 3, serializeType }
    const back = decoded(encodeFrame(frame))
    assert.deepEqual(back.extFields, extFields)
    assert.equal(back.remark, 'line\nü')
    assert.equal(back.opaque, -5)
  }
})

test('an ext field called __proto__ is a field or dropped, never a prototype', () => {
  const frame = decoded(framed('{"code":1,"extFields":{"__proto__":"x","a":"y"}}'))
  assert.equal(Object.getPrototypeOf(frame.extFields), Object.prototype)
  const binary = decoded(encodeFrame({ ...frame, serializeType: serializeTypes.ROCKETMQ }))
  assert.deepEqual(binary.extFields, { a: 'y' })
})

test('frames go one behind another into a larger buffer', () => {
  const frames = [newFrame(10, 1, { a: 'b' }, Buffer.from('one')), newFrame(11, 2), newFrame(12, 3, {})]
  const target = Buffer.alloc(4 + frames.reduce((sum, frame) => sum + frameSizeUpperBound(frame), 0))
  const ends = [4]
  for (const frame of frames) ends.push(writeFrame(target, ends.at(-1)!, frame))
  frames.forEach((frame, i) => {
    const back = decodeFrame(target, ends[i]!, ends[i + 1]!)
    assert.ok(back.ok)
    assert.deepEqual({ ...back.value, body: '' }, { ...frame, body: '' })
    assert.deepEqual(Buffer.from(back.value.body), Buffer.from(frame.body))
  })
})

test('the body is a view into the frame, not a copy', () => {
  const bytes = framed('{"code":1}', 0, 'abc')
  const { body } = decoded(bytes)
  bytes[bytes.length - 1] = 0x21
  assert.equal(Buffer.from(body).toString(), 'ab!')
})

test('the size said in advance is never too small', () => {
  for (const serializeType of [serializeTypes.JSON, serializeTypes.ROCKETMQ])
    for (const text of [
      '',
      'a',
      '\u0001'.repeat(50),
      '"\\'.repeat(20),
      '漢'.repeat(30),
      '😀'.repeat(30),
      '\ud800'.repeat(9),
    ]) {
      const frame: Frame = {
        ...newFrame(-2147483648, -2147483648, { [text]: text, b: text }, Buffer.alloc(9)),
        language: 'PYTHON',
        version: -32768,
        flag: -2147483648,
        remark: text,
        serializeType,
      }
      assert.ok(encodeFrame(frame).length <= frameSizeUpperBound(frame))
    }
})

test('impossible lengths are refused before anything is read', () => {
  assert.match(frameLengthFault(-1)!, /cannot hold a header/)
  assert.match(frameLengthFault(0)!, /cannot hold a header/)
  assert.match(frameLengthFault(3)!, /cannot hold a header/)
  assert.equal(frameLengthFault(4), undefined)
  assert.equal(frameLengthFault(limits.frameBytes), undefined)
  assert.match(frameLengthFault(limits.frameBytes + 1)!, /exceeds the limit/)
  assert.match(reasonOf(Buffer.alloc(7)), /shorter than its prefix/)
  const short = framed('{"code":1}')
  short.writeInt32BE(short.length, 0)
  assert.match(reasonOf(short), /says length/)
  const overrun = framed('{"code":1}')
  overrun.writeInt32BE(11, 4)
  assert.match(reasonOf(overrun), /overruns the frame/)
})

test('a header above its cap is refused', () => {
  const header = `{"code":1,"remark":"${'x'.repeat(limits.frameHeaderBytes)}"}`
  assert.match(reasonOf(framed(header)), /exceeds the limit/)
})

test('unknown serialize types are refused', () => {
  for (const type of [2, 77, 127, 255]) assert.match(reasonOf(framed('{"code":1}', type)), /serialize type/)
})

test('JSON headers that are none are refused with a reason', () => {
  assert.match(reasonOf(framed('')), /not valid JSON/)
  assert.match(reasonOf(framed('{"code":1')), /not valid JSON/)
  assert.match(reasonOf(framed('{"code":1}}')), /not valid JSON/)
  assert.match(reasonOf(framed('{"code":1,"remark":"\\x"}')), /not valid JSON/)
  assert.match(reasonOf(framed('{"code":1,"remark":"\\')), /not valid JSON/)
  assert.match(reasonOf(framed('[1]')), /not an object/)
  assert.match(reasonOf(framed('null')), /not an object/)
  assert.match(reasonOf(framed('{"code":1.5}')), /not an int32/)
  assert.match(reasonOf(framed('{"code":4294967296}')), /not an int32/)
  assert.match(reasonOf(framed('{"code":1,"opaque":99999999999}')), /not an int32/)
  assert.match(reasonOf(framed('{"code":1,"remark":{}}')), /remark/)
  assert.match(reasonOf(framed('{"code":1,"extFields":[]}')), /not an object/)
  assert.match(reasonOf(framed('{"code":1,"extFields":{"a":{"b":1}}}')), /neither text nor a number/)
  assert.match(
    reasonOf(framed(`{"code":1,"extFields":{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`)),
    /neither/,
  )
})

test('more ext fields than the cap are refused in either serialize type', () => {
  const extFields = Object.fromEntries(Array.from({ length: limits.extFields + 1 }, (_, i) => [`k${i}`, 'v']))
  for (const serializeType of [serializeTypes.JSON, serializeTypes.ROCKETMQ])
    assert.match(
      reasonOf(encodeFrame({ ...newFrame(1, 1, extFields), serializeType })),
      /more than 256 ext fields/,
    )
  delete extFields.k0
  for (const serializeType of [serializeTypes.JSON, serializeTypes.ROCKETMQ])
    assert.deepEqual(
      decoded(encodeFrame({ ...newFrame(1, 1, extFields), serializeType })).extFields,
      extFields,
    )
})

test('binary headers whose lengths lie are refused with a reason', () => {
  const sound = Buffer.from(encodeFrame({ ...newFrame(1, 1, { key: 'value' }), serializeType: 1 })).subarray(
    8,
  )
  const broken = (at: number, bytes: number[]) => {
    const copy = Buffer.from(sound)
    copy.set(bytes, at)
    return reasonOf(framed(copy, 1))
  }
  assert.match(reasonOf(framed(sound.subarray(0, 20), 1)), /shorter than its fixed part/)
  assert.match(broken(13, [0x7f, 0xff, 0xff, 0xff]), /remark/)
  assert.match(broken(13, [0xff, 0xff, 0xff, 0xff]), /remark/)
  assert.match(broken(17, [0, 0, 1, 0]), /ext fields/)
  assert.match(broken(17, [0x80, 0, 0, 0]), /ext fields/)
  assert.match(broken(17, [0, 0, 0, 1]), /key/)
  assert.match(broken(21, [0x7f, 0xff]), /key/)
  assert.match(broken(21, [0x80, 0x00]), /key/)
  assert.match(broken(26, [0, 0, 0, 99]), /value/)
  assert.match(broken(26, [0x80, 0, 0, 0]), /value/)
})

test('the capture holds frames of each kind', () => {
  const count = (matches: (frame: CapturedFrame) => boolean) => capturedFrames().filter(matches).length
  assert.ok(count((frame) => frame.serialize === 'ROCKETMQ') > 10)
  assert.ok(count((frame) => frame.direction === 'oneway') > 20)
  assert.ok(count((frame) => frame.peer === 'client') > 20)
})
