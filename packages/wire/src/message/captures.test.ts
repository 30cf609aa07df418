import assert from 'node:assert/strict'
import test from 'node:test'
import { utf8 } from '@aerobee/base'
import { decodeFrame } from '../frame-codec.js'
import { type CapturedFrame, capturedFrames } from '../testdata.test.js'
import { decodeBatch, encodeBatch } from './batch.js'
import { decompressBody } from './compression.js'
import { offsetMessageId } from './message-id.js'
import { decodeProperties, encodeProperties, findProperty, propertiesFit } from './properties.js'
import { encodeRecord } from './record.js'
import { checkRecord } from './record-check.js'
import { decodeRecords } from './record-read.js'
import { compressionType, systemFlags } from './system-flag.js'

function bodyOf(frame: CapturedFrame): Uint8Array {
  const decoded = decodeFrame(frame.bytes)
  assert.ok(decoded.ok, frame.id)
  return decoded.value.body
}

/** Pull, pop and query answers carry records as they lie in the log. */
const recordAnswers = capturedFrames().filter(
  (frame) =>
    frame.direction === 'response' &&
    frame.code === 0 &&
    frame.bodyLength > 0 &&
    [11, 361, 12, 33, 200050].includes(frame.requestCode ?? 0),
)

test('records that the real broker answered decode, pass the check and encode to the same bytes', () => {
  let count = 0
  for (const frame of recordAnswers) {
    const body = bodyOf(frame)
    const records = decodeRecords(body)
    assert.ok(records.ok, `${frame.id}: ${records.ok ? '' : records.reason}`)
    const view = new DataView(body.buffer, body.byteOffset, body.length)
    const target = Buffer.alloc(body.length + 100_000)
    const targetView = new DataView(target.buffer, target.byteOffset, target.length)
    let at = 0
    for (const record of records.value) {
      assert.equal(
        checkRecord(body, view, at, body.length, { physicalOffset: record.physicalOffset }).kind,
        'record',
        frame.id,
      )
      const { queueOffset, physicalOffset, storeTimestamp } = record
      const size = encodeRecord(
        target,
        targetView,
        at,
        record,
        utf8(record.topic),
        queueOffset,
        physicalOffset,
        storeTimestamp,
      )
      assert.equal(size, record.totalSize)
      at += size
      count++
    }
    assert.deepEqual(target.subarray(0, at), Buffer.from(body))
  }
  assert.ok(count > 50, `${count} records`)
})

test('compressed bodies that consumers were sent unfold', async () => {
  const seen = new Set<string>()
  for (const frame of recordAnswers) {
    const records = decodeRecords(bodyOf(frame))
    for (const record of records.ok ? records.value : []) {
      if ((record.sysFlag & systemFlags.compressed) === 0) continue
      const type = compressionType(record.sysFlag)!
      assert.ok((await decompressBody(type, record.body, 1_000_000)).length > record.body.length)
      seen.add(type)
    }
  }
  assert.ok(seen.size > 0)
})

/** Their properties are field `i` of the short header. */
const sends = capturedFrames().filter(
  (frame) => frame.direction !== 'response' && [310, 320].includes(frame.code),
)

test('properties of captured sends read and are written again alike', () => {
  for (const frame of sends) {
    const decoded = decodeFrame(frame.bytes)
    assert.ok(decoded.ok)
    const text = decoded.value.extFields?.i ?? ''
    const properties = decodeProperties(text)
    for (const [name, value] of properties) assert.equal(findProperty(text, name), value)
    // One capture is a send whose properties are too long on purpose.
    if (text.endsWith('\u0002') && propertiesFit(text))
      assert.equal(encodeProperties(properties), text, frame.id)
  }
  assert.ok(sends.length > 20)
})

test('captured batches decode and encode to the same bytes', () => {
  const batches = sends.filter((frame) => frame.code === 320)
  assert.ok(batches.length > 0)
  for (const frame of batches) {
    const body = bodyOf(frame)
    const items = decodeBatch(body)
    assert.ok(items.ok, frame.id)
    assert.deepEqual(Buffer.from(encodeBatch(items.value)), Buffer.from(body))
  }
})

test('the offset id of a captured record is the one that the real broker named', () => {
  const named = new Set(
    capturedFrames()
      .filter((frame) => frame.direction === 'response' && [310, 10].includes(frame.requestCode ?? 0))
      .flatMap((frame) => {
        const decoded = decodeFrame(frame.bytes)
        return decoded.ok ? (decoded.value.extFields?.msgId?.split(',') ?? []) : []
      }),
  )
  const made = recordAnswers.flatMap((frame) => {
    const records = decodeRecords(bodyOf(frame))
    return records.ok ? records.value.map((one) => offsetMessageId(one.storeHost, one.physicalOffset)) : []
  })
  assert.ok(made.filter((id) => named.has(id)).length > 10)
})
