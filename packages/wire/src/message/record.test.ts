import assert from 'node:assert/strict'
import test from 'node:test'
import { crc32 } from 'node:zlib'
import { utf8 } from '@aerobee/base'
import fc from 'fast-check'
import { vectors } from '../testdata.test.js'
import { hostBytes, hostText } from './host.js'
import {
  encodeFileEnd,
  encodeRecord,
  patchRecord,
  type RecordFields,
  recordMagics,
  recordSizeBytes,
  recordSizeUpperBound,
  smallestRecordBytes,
  storedPropertiesBytes,
} from './record.js'
import { checkRecord } from './record-check.js'
import { checkSeal, decodeCrcProperty, encodeCrcProperty, sealRecord } from './record-crc.js'
import {
  decodeRecord,
  decodeRecords,
  type MessageRecord,
  readPhysicalOffset,
  readPropertiesAt,
  readQueueOffset,
  readStoreTimestamp,
} from './record-read.js'

const hostV4 = hostBytes('10.0.0.1', 50_000)!
const hostV6 = hostBytes('2001:db8::1', 50_000)!

function fieldsOf(more: Partial<RecordFields> = {}): RecordFields {
  return {
    queueId: 3,
    flag: -7,
    sysFlag: 0,
    bornTimestamp: 1_700_000_000_000,
    bornHost: hostV4,
    storeHost: hostV4,
    reconsumeTimes: 2,
    preparedTransactionOffset: 9,
    body: utf8('hello'),
    properties: 'TAGS\u0001TagA\u0002',
    ...more,
  }
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

/** One record alone in its buffer. */
function encoded(fields: RecordFields, topic = 'TopicA', appendCrc = false): Buffer {
  const topicBytes = utf8(topic)
  const target = Buffer.alloc(recordSizeUpperBound(fields, topicBytes.length))
  const size = encodeRecord(
    target,
    viewOf(target),
    0,
    fields,
    topicBytes,
    77,
    123_456,
    1_700_000_000_005,
    appendCrc,
  )
  if (appendCrc) sealRecord(target, 0, size)
  return target.subarray(0, size)
}

function decoded(bytes: Uint8Array): MessageRecord {
  const record = decodeRecord(bytes)
  assert.ok(record.ok, record.ok ? '' : record.reason)
  return record.value
}

test('properties are found in every kind of record, and nowhere when lengths do not add up', () => {
  const kinds: [Partial<RecordFields>, string][] = [
    [{}, 'T'],
    [{ sysFlag: 0x30, bornHost: hostV6, storeHost: hostV6 }, 'T'],
    [{ body: utf8('') }, 'T'.repeat(200)],
    [{ properties: '' }, 'T'],
  ]
  for (const [fields, topic] of kinds) {
    const bytes = encoded(fieldsOf(fields), topic)
    const view = viewOf(bytes)
    assert.equal(
      bytes.toString('utf8', readPropertiesAt(view, 0)),
      fields.properties ?? 'TAGS\u0001TagA\u0002',
    )
    const { length } = bytes
    for (const size of [0, 48, length - 1, length + 1, -1]) {
      view.setInt32(0, size)
      assert.equal(readPropertiesAt(view, 0), -1)
    }
  }
  const bytes = encoded(fieldsOf())
  const bodyLengthAt = bytes.indexOf('hello') - 4
  for (const bodyBytes of [-1, 4, 6, 0x7fff_ffff, -0x8000_0000]) {
    viewOf(bytes).setInt32(bodyLengthAt, bodyBytes)
    assert.equal(readPropertiesAt(viewOf(bytes), 0), -1)
  }
})

interface MessageVector {
  topic: string
  queueId: number
  flag: number
  queueOffset: number
  commitLogOffset: number
  sysFlag: number
  bornTimestamp: number
  bornHost: string
  storeTimestamp: number
  storeHost: string
  reconsumeTimes: number
  preparedTransactionOffset: number
  properties: Record<string, string>
  encodedHex: string | null
}

test('records that Java wrote decode to their values and encode to their bytes', () => {
  const known = vectors<{ messageExt: MessageVector[] }>('message-codec').messageExt
  for (const vector of known.filter((one) => one.encodedHex !== null)) {
    const bytes = Buffer.from(vector.encodedHex!, 'hex')
    const record = decoded(bytes)
    assert.equal(record.topic, vector.topic)
    assert.equal(record.queueId, vector.queueId)
    assert.equal(record.flag, vector.flag)
    assert.equal(record.queueOffset, vector.queueOffset)
    assert.equal(record.physicalOffset, vector.commitLogOffset)
    assert.equal(record.sysFlag, vector.sysFlag)
    assert.equal(record.bornTimestamp, vector.bornTimestamp)
    assert.equal(`/${hostText(record.bornHost)}`, vector.bornHost)
    assert.equal(record.storeTimestamp, vector.storeTimestamp)
    assert.equal(`/${hostText(record.storeHost)}`, vector.storeHost)
    assert.equal(record.reconsumeTimes, vector.reconsumeTimes)
    assert.equal(record.preparedTransactionOffset, vector.preparedTransactionOffset)
    assert.equal(bytes.toString('utf8', readPropertiesAt(viewOf(bytes), 0)), record.properties)
    const again = encoded(record, record.topic)
    again.writeInt32BE(0, 8) // Java's client-side encoder leaves the body CRC zero
    assert.equal(again.toString('hex'), vector.encodedHex)
  }
})

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const safe = fc.maxSafeNat()
const records = fc.record({
  v6Born: fc.boolean(),
  v6Store: fc.boolean(),
  flag: int32,
  queueId: int32,
  time: safe,
  body: fc.uint8Array({ maxLength: 300 }),
  properties: fc.string({ unit: 'grapheme', maxLength: 60 }),
  topic: fc.string({ minLength: 1, maxLength: 300 }).filter((t) => utf8(t).length <= 300),
  appendCrc: fc.boolean(),
})

test('a record reads back as it was written, for every host size, magic and length', () => {
  fc.assert(
    fc.property(records, (given) => {
      const fields = fieldsOf({
        flag: given.flag,
        queueId: given.queueId,
        bornTimestamp: given.time,
        sysFlag: (given.v6Born ? 0x10 : 0) | (given.v6Store ? 0x20 : 0),
        bornHost: given.v6Born ? hostV6 : hostV4,
        storeHost: given.v6Store ? hostV6 : hostV4,
        body: given.body,
        properties: given.properties,
      })
      const bytes = encoded(fields, given.topic, given.appendCrc)
      const stored = storedPropertiesBytes(given.properties, given.appendCrc)
      const topicBytes = utf8(given.topic).length
      assert.equal(bytes.length, recordSizeBytes(fields.sysFlag, topicBytes, given.body.length, stored))
      const record = decoded(bytes)
      assert.equal(record.topic, given.topic)
      assert.equal(record.version, topicBytes > 127 ? 2 : 1)
      assert.equal(record.flag, given.flag)
      assert.equal(record.queueId, given.queueId)
      assert.equal(record.bornTimestamp, given.time)
      assert.deepEqual([...record.bornHost], [...fields.bornHost])
      assert.deepEqual([...record.storeHost], [...fields.storeHost])
      assert.deepEqual([...record.body], [...given.body])
      if (!given.appendCrc) assert.equal(record.properties, given.properties)
      const checked = checkRecord(bytes, viewOf(bytes), 0, bytes.length, {
        appendedCrc: true,
        physicalOffset: 123_456,
      })
      assert.equal(checked.kind, 'record')
      assert.equal(checkSeal(bytes, 0, bytes.length), given.appendCrc ? true : undefined)
    }),
  )
})

test('offsets and store time are patched in place', () => {
  for (const sysFlag of [0, 0x10]) {
    const bytes = encoded(fieldsOf({ sysFlag, bornHost: sysFlag ? hostV6 : hostV4 }))
    const view = viewOf(bytes)
    patchRecord(view, 0, 5_000_000_000, 2 ** 52, 1_800_000_000_000)
    assert.equal(readQueueOffset(view, 0), 5_000_000_000)
    assert.equal(readPhysicalOffset(view, 0), 2 ** 52)
    assert.equal(readStoreTimestamp(view, 0), 1_800_000_000_000)
    assert.equal(decoded(bytes).bornTimestamp, 1_700_000_000_000)
  }
})

test('the largest properties fit, one byte more is a mistake of the caller', () => {
  assert.equal(decoded(encoded(fieldsOf({ properties: 'p'.repeat(32_767) }))).propertiesBytes.length, 32_767)
  assert.throws(() => encoded(fieldsOf({ properties: 'p'.repeat(32_768) })), /int16/)
  assert.throws(() => encoded(fieldsOf({ sysFlag: 0x10 })), /born host/)
})

test('every byte that is cut off, and every length that lies, gives a reason', () => {
  const bytes = encoded(fieldsOf())
  for (let length = 0; length < bytes.length; length++)
    assert.equal(decodeRecord(bytes.subarray(0, length)).ok, false)
  const topicAt = bytes.indexOf('TopicA')
  for (const at of [0, 4, 84, topicAt - 1, topicAt + 6])
    for (const delta of [-1, 1, 0x7f]) {
      const wrong = Buffer.from(bytes)
      const shift = at === 84 || at === 0 ? 3 : 0
      wrong[at + shift] = (wrong[at + shift]! + delta) & 0xff
      assert.equal(decodeRecord(wrong).ok, false, `byte ${at} by ${delta}`)
    }
})

test('a topic length with the sign bit, as no V1 record has it, is refused', () => {
  const bytes = encoded(fieldsOf({ body: new Uint8Array(200) }))
  bytes[bytes.indexOf('TopicA') - 1] = 0x86
  assert.match(JSON.stringify(decodeRecord(bytes)), /topic of -122 bytes/)
})

test('times beyond 2^53 from a producer do not make a record unreadable, offsets beyond do', () => {
  const bytes = encoded(fieldsOf())
  bytes.writeBigInt64BE(2n ** 60n, 40)
  assert.equal(decoded(bytes).bornTimestamp, Number.MAX_SAFE_INTEGER)
  bytes.writeBigInt64BE(-(2n ** 60n), 40)
  assert.equal(decoded(bytes).bornTimestamp, Number.MIN_SAFE_INTEGER)
  bytes.writeBigInt64BE(2n ** 60n, 28)
  assert.match(JSON.stringify(decodeRecord(bytes)), /physical offset/)
})

test('records lying one after the other are read in order, and a broken one is named', () => {
  const one = encoded(fieldsOf({ queueId: 1 }))
  const two = encoded(fieldsOf({ queueId: 2 }))
  const both = decodeRecords(Buffer.concat([one, two]))
  assert.deepEqual(both.ok && both.value.map((record) => record.queueId), [1, 2])
  const broken = decodeRecords(Buffer.concat([one, two.subarray(1)]))
  assert.match(broken.ok ? '' : broken.reason, new RegExp(`record 1 at byte ${one.length}:`))
  assert.deepEqual(decodeRecords(new Uint8Array(0)), { ok: true, value: [] })
})

test('a check tells a record, the end of a file, unwritten bytes and damage apart', () => {
  const bytes = encoded(fieldsOf())
  const check = (given: Uint8Array, options = {}) =>
    checkRecord(given, viewOf(given), 0, given.length, options)
  assert.deepEqual(check(new Uint8Array(100)), { kind: 'unwritten' })
  const end = new Uint8Array(40)
  encodeFileEnd(viewOf(end), 0, 40)
  assert.deepEqual(check(end), { kind: 'fileEnd', sizeBytes: 40 })
  assert.equal(viewOf(end).getInt32(4), recordMagics.blank)
  assert.equal(check(end.subarray(0, 7)).kind, 'bad')
  const flipped = Buffer.from(bytes)
  flipped[bytes.indexOf('hello')]! ^= 1
  assert.match(JSON.stringify(check(flipped)), /CRC/)
  assert.equal(check(flipped, { bodyCrc: false }).kind, 'record')
  assert.match(JSON.stringify(check(bytes, { physicalOffset: 1 })), /offset 123456 lies at 1/)
})

test('every flipped bit of a sealed record is seen', () => {
  const bytes = encoded(fieldsOf(), 'TopicA', true)
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const wrong = Buffer.from(bytes)
    wrong[bit >> 3]! ^= 1 << (bit & 7)
    const inSeal = bit >> 3 >= bytes.length - 20
    const checked = checkRecord(wrong, viewOf(wrong), 0, wrong.length, { appendedCrc: true })
    if (!inSeal) assert.notEqual(checked.kind, 'record', `bit ${bit}`)
  }
})

test('random bytes never throw, in any reader', () => {
  const headed = fc
    .tuple(
      fc.constantFrom(recordMagics.v1, recordMagics.v2, recordMagics.blank, 0),
      fc.integer({ min: -1, max: 300 }),
      fc.uint8Array({ minLength: smallestRecordBytes, maxLength: 250 }),
      int32,
    )
    .map(([magic, size, bytes, bodyBytes]) => {
      const view = viewOf(bytes)
      view.setInt32(0, size)
      view.setInt32(4, magic)
      view.setInt32(84, bodyBytes % 200)
      return bytes
    })
  fc.assert(
    fc.property(fc.oneof(headed, fc.uint8Array({ maxLength: 200 })), (bytes) => {
      decodeRecord(bytes)
      decodeRecords(bytes)
      checkRecord(bytes, viewOf(bytes), 0, bytes.length, { appendedCrc: true })
    }),
    { numRuns: 2000 },
  )
})

test('CRCs agree with Java', () => {
  const known = vectors<{
    crc32: { hex: string | null; repeat: string | null; crc32: number }[]
    appendedCrcProperty: { crc: number; propertyHex: string }[]
  }>('crc32')
  for (const { hex, crc32: expected } of known.crc32) {
    const bytes = hex === null ? Buffer.from('abc'.repeat(1000)) : Buffer.from(hex, 'hex')
    assert.equal(crc32(bytes) & 0x7fffffff, expected)
  }
  for (const { crc, propertyHex } of known.appendedCrcProperty) {
    const target = Buffer.alloc(20)
    encodeCrcProperty(target, 0, crc)
    assert.equal(target.toString('hex'), propertyHex)
    assert.equal(decodeCrcProperty(target, 0), crc)
  }
})
