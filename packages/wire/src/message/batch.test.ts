import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { vectors } from '../testdata.test.js'
import { decodeBatch, encodeBatch } from './batch.js'
import { decodeProperties, encodeProperties } from './properties.js'

interface Known {
  messages: { flag: number; bodyHex: string; properties: Record<string, string> }[]
  encodeMessagesHex: string
}

const items = fc.array(
  fc.record(
    {
      flag: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      body: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      properties: fc.string({ unit: 'grapheme', maxLength: 20 }),
    },
    { noNullPrototype: true },
  ),
  { maxLength: 5 },
)

test('a batch is written and read as Java does', () => {
  const known = vectors<Known>('message-codec')
  const given = known.messages.map(({ flag, bodyHex, properties }) => ({
    flag,
    body: Buffer.from(bodyHex, 'hex'),
    properties: encodeProperties(Object.entries(properties)),
  }))
  assert.equal(Buffer.from(encodeBatch(given)).toString('hex'), known.encodeMessagesHex)
  const decoded = decodeBatch(Buffer.from(known.encodeMessagesHex, 'hex'))
  assert.deepEqual(decoded, { ok: true, value: given })
  assert.equal(decoded.ok && decodeProperties(decoded.value[2]!.properties).get('i'), '2')
})

test('a batch reads back as it was written, with bodies that are views', () => {
  fc.assert(
    fc.property(items, (given) => {
      const bytes = encodeBatch(given)
      const decoded = decodeBatch(bytes)
      assert.deepEqual(decoded, { ok: true, value: given })
      for (const { body } of decoded.ok ? decoded.value : []) assert.equal(body.buffer, bytes.buffer)
    }),
  )
})

test('every inner length that lies gives a reason', () => {
  const one = { flag: 0, body: Buffer.from('abc'), properties: 'a\u00011\u0002' }
  const bytes = Buffer.from(encodeBatch([one, one]))
  const size = bytes.length / 2
  for (const at of [0, 16, size, size + 16])
    for (const lie of [-1, 0, 1, 21, 1000, 0x7fff_ffff]) {
      const wrong = Buffer.from(bytes)
      wrong.writeInt32BE(lie, at)
      assert.equal(decodeBatch(wrong).ok, false, `${lie} at ${at}`)
    }
  for (const lie of [-1, 0, 3, 0x7fff]) {
    const wrong = Buffer.from(bytes)
    wrong.writeInt16BE(lie, 23)
    assert.equal(decodeBatch(wrong).ok, false, `properties of ${lie}`)
  }
  for (let length = 1; length < bytes.length; length++)
    assert.equal(decodeBatch(bytes.subarray(0, length)).ok, length === size)
})

test('random bytes never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.integer({ min: 20, max: 110 }), (bytes, size) => {
      decodeBatch(bytes)
      if (bytes.length < 4) return
      Buffer.from(bytes.buffer).writeInt32BE(size)
      decodeBatch(bytes)
    }),
  )
})
