import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits, seededRandom } from '@aerobee/base'
import fc from 'fast-check'
import type { BodyCodec } from './bodies/body-codec.js'
import * as bodies from './bodies/index.js'
import { defineCommand } from './command.js'
import { allCommands, commandByCode } from './commands/index.js'
import { type Frame, newFrame, serializeTypes } from './frame.js'
import { decodeFrame, encodeFrame } from './frame-codec.js'
import { capturedFrames } from './testdata.test.js'

/** CPU time, because the wall clock counts what other processes do. */
function cpuMs(call: () => void): number {
  const start = process.cpuUsage()
  call()
  const used = process.cpuUsage(start)
  return (used.user + used.system) / 1000
}

function framed(
  header: Uint8Array | string,
  serializeType: number,
  body: Uint8Array = Buffer.alloc(0),
): Buffer {
  const text = Buffer.from(header as string)
  const prefix = Buffer.alloc(8)
  prefix.writeInt32BE(4 + text.length + body.length, 0)
  prefix.writeInt32BE((serializeType << 24) | text.length, 4)
  return Buffer.concat([prefix, text, body])
}

const jsonBodies = Object.values(bodies).filter(
  (each): each is BodyCodec<never> => typeof each === 'object' && 'decode' in each,
)

/** Everything that looks at bytes of a peer, on one frame. Only a Result may come of it. */
function decodeAll(bytes: Uint8Array): void {
  const frame = decodeFrame(bytes)
  if (!frame.ok) {
    assert.ok(frame.reason.length < 400)
    return
  }
  for (const receiver of ['broker', 'nameServer', 'client', 'controller'] as const) {
    const command = commandByCode(receiver, frame.value.code)
    command?.decodeRequest(frame.value.extFields)
    command?.decodeResponse(frame.value.extFields)
  }
  if (frame.value.body.length === 0) return
  for (const codec of jsonBodies) codec.decode(frame.value.body)
  for (const compressed of [false, true])
    bodies.decodeRegisterBrokerBody(frame.value.body, { compressed, senderVersion: frame.value.version })
}

test('there are body codecs to try', () => assert.ok(jsonBodies.length > 20))

test('random bytes never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => decodeAll(bytes)),
    { numRuns: 2000 },
  )
})

test('random headers and bodies in a sound frame never throw', () => {
  const part = fc.uint8Array({ maxLength: 200 })
  const text = fc.oneof(fc.string(), fc.json()).map((json) => Buffer.from(json))
  fc.assert(
    fc.property(
      fc.oneof(part, text),
      fc.integer({ min: 0, max: 2 }),
      fc.oneof(part, text),
      (header, type, body) => decodeAll(framed(header, type, body)),
    ),
    { numRuns: 2000 },
  )
})

test('captured frames with bytes changed, cut or doubled never throw', () => {
  const seed = 20_250_711
  const random = seededRandom(seed)
  const below = (bound: number) => random.below(bound)
  for (const captured of capturedFrames()) {
    if (captured.bytes.length > 20_000) continue
    for (let round = 0; round < 6; round++) {
      let bytes = Buffer.from(captured.bytes)
      for (let changes = 1 + below(4); changes > 0; changes--) {
        const at = below(bytes.length)
        if (below(4) > 0) bytes[at] = below(3) === 0 ? '{}[]:,"\\0u'.charCodeAt(below(10)) : below(256)
        else if (below(2) === 0) bytes = bytes.subarray(0, Math.max(1, at))
        else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at >> 1)])
      }
      // Mostly with sound lengths, or hardly any would come past the first check.
      if (bytes.length >= 8 && below(8) > 0) bytes.writeInt32BE(bytes.length - 4, 0)
      try {
        decodeAll(bytes)
      } catch (thrown) {
        throw new Error(`${captured.id}, seed ${seed}, bytes ${bytes.toString('hex')}`, { cause: thrown })
      }
    }
  }
})

test('hostile headers up to the cap cost less than 50 ms', () => {
  const room = limits.frameHeaderBytes
  const fill = (start: string, unit: string, end: string) =>
    start + unit.repeat(Math.floor((room - start.length - end.length) / unit.length)) + end
  const extFields = Buffer.alloc(room - 21, 0)
  const binary = Buffer.alloc(21)
  binary.writeInt32BE(extFields.length, 17)
  const hostile: [string, Uint8Array | string, number][] = [
    ['nested lists', fill('{"code":1,"x":', '[', ''), 0],
    ['nested ext field', fill('{"code":1,"extFields":{"a":', '{"a":', ''), 0],
    ['many ext fields', fill('{"code":1,"extFields":{', '"k":"v",', '"z":"v"}}'), 0],
    [
      'many different ext fields',
      `{"extFields":{${Array.from({ length: 20_000 }, (_, i) => `"k${i}":"v"`).join()}}}`,
      0,
    ],
    ['escapes', fill('{"code":1,"remark":"', '\\u0001', '"}'), 0],
    ['escapes in fields', fill('{"code":1,"extFields":{"a":"', '\\\\', '"}}'), 0],
    ['a string without an end', fill('{"code":1,"remark":"', '\\"', ''), 0],
    ['digits', fill('{"code":', '9', '}'), 0],
    ['beyond ASCII', fill('{"code":1,"remark":"', 'ü', '"}'), 0],
    ['empty binary fields', Buffer.concat([binary, extFields]), 1],
  ]
  for (const [name, header, type] of hostile) {
    const bytes = framed(header, type)
    decodeAll(bytes)
    const best = Math.min(...[1, 2, 3].map(() => cpuMs(() => decodeAll(bytes))))
    assert.ok(best < 50, `${name}: ${best} ms`)
  }
})

test('whichever way a JSON header is read, scanned or parsed, the frame is the same', () => {
  const string = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', 'f', 'false', 'true', 'falsehood', 't', '"', '\\', 'a\u0001b\u0002', '0', '-1'),
  )
  const key = fc.oneof(
    fc.constantFrom(...'abcdefghijklmnopz'.split(''), 'queueId', 'nsd'),
    string.filter((name) => name !== '__proto__'),
  )
  const integer = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })
  const frame = fc.record({
    code: integer,
    language: fc.constantFrom('JAVA', 'GO', null),
    version: integer,
    opaque: integer,
    flag: integer,
    remark: fc.option(string),
    extFields: fc.option(fc.dictionary(key, string, { maxKeys: 20 })),
  })
  const plain = ({ body: _, ...rest }: Frame) => rest
  fc.assert(
    fc.property(frame, (fields) => {
      const compact = encodeFrame({
        ...newFrame(0, 0),
        ...fields,
        extFields: fields.extFields && { ...fields.extFields },
      })
      const header = Buffer.from(compact.subarray(8)).toString('utf8')
      const scanned = decodeFrame(compact)
      // A blank makes it no compact form.
      const parsed = decodeFrame(framed(`{ ${header.slice(1)}`, serializeTypes.JSON))
      assert.ok(scanned.ok && parsed.ok)
      assert.deepEqual(plain(scanned.value), plain(parsed.value))
      assert.deepEqual(Object.keys(scanned.value.extFields ?? {}), Object.keys(parsed.value.extFields ?? {}))
      assert.deepEqual({ ...scanned.value.extFields }, { ...fields.extFields })
    }),
    { numRuns: 2000 },
  )
})

test('hot requests decode to the same fields quickly and by their declaration', () => {
  const hot = allCommands.filter(
    ({ code, receiver }) => receiver === 'broker' && [310, 320, 11, 361].includes(code),
  )
  assert.equal(hot.length, 4)
  const value = fc.constantFrom(
    '0',
    '-1',
    '4',
    '2147483648',
    '9007199254740992',
    'x',
    '',
    'true',
    'TRUE',
    'false',
    'T',
  )
  for (const command of hot) {
    const byDeclaration = defineCommand(command)
    const names = Object.entries(command.request).map(([key, field]) => field.wireName ?? key)
    const entries = fc.tuple(
      ...names.map((name) => fc.tuple(fc.constant(name), fc.option(value, { freq: 8 }))),
    )
    fc.assert(
      fc.property(entries, (pairs) => {
        const ext = Object.fromEntries(pairs.flatMap(([name, text]) => (text === null ? [] : [[name, text]])))
        const quick = command.decodeRequest(ext)
        const declared = byDeclaration.decodeRequest(ext)
        assert.deepEqual(quick, declared)
        if (quick.ok && declared.ok) assert.deepEqual(Object.keys(quick.value), Object.keys(declared.value))
      }),
      { numRuns: 1500 },
    )
  }
})
