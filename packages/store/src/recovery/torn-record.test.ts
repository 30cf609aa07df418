import assert from 'node:assert/strict'
import test from 'node:test'
import { utf8 } from '@aerobee/base'
import { encodeRecord, readRecordShape } from '@aerobee/wire'
import { tornText } from './torn-record.js'

const host = Uint8Array.of(127, 0, 0, 1, 0, 0, 0, 1)

function record(properties: string, body = 'body'): { bytes: Buffer; size: number } {
  const bytes = Buffer.alloc(4096)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const fields = {
    queueId: 0,
    flag: 0,
    sysFlag: 0,
    bornTimestamp: 1,
    bornHost: host,
    storeHost: host,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: utf8(body),
    properties,
  }
  return { bytes, size: encodeRecord(bytes, view, 0, fields, utf8('Topic'), 0, 0, 1) }
}

/** As if it lay `offset` bytes into its file. */
function judge({ bytes, size }: { bytes: Buffer; size: number }, offset = 0): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const shape = readRecordShape(view, 0, size)
  assert.ok(shape.ok)
  return tornText(bytes, 0, shape.value, offset)
}

test('a whole record is not torn, with whatever text its properties hold', () => {
  assert.equal(judge(record('TAGS\u0001a\u0002')), undefined)
  assert.equal(judge(record('')), undefined)
  assert.equal(judge(record('k\u0001\u00e9\ud83d\ude80\u0002')), undefined)
  assert.equal(
    judge(record(`k\u0001a\u0000b${'\u0000'.repeat(20)}c\u0002`)),
    undefined,
    'zeros within a sector',
  )
})

test('a cut anywhere in the text shows as zeros at its end', () => {
  const whole = record(`k\u0001${'v'.repeat(50)}\u0002`)
  const textStart = 48 + 8 + 8 + 8 + 4 + 8 + 4 + 4 + 1
  for (let cut = textStart; cut < whole.size; cut++) {
    const torn = { bytes: Buffer.from(whole.bytes), size: whole.size }
    // Lengths stand before the text they measure; a cut there is found by their check.
    if (cut >= textStart + 5 && cut < textStart + 7) continue
    if (cut < textStart + 5) torn.bytes.fill(0, cut, textStart + 5)
    else torn.bytes.fill(0, cut, whole.size)
    assert.match(judge(torn)!, /not written in full/, `cut at ${cut}`)
  }
})

test('a lost sector in the midst of the properties is seen, wherever the record lies', () => {
  const whole = record(`k\u0001${'v'.repeat(2000)}\u0002`)
  for (const offset of [0, 100, 511]) {
    const torn = { bytes: Buffer.from(whole.bytes), size: whole.size }
    torn.bytes.fill(0, 1024 - offset, 1536 - offset)
    assert.match(judge(torn, offset)!, /properties/)
  }
})

test('bytes of something else are seldom text', () => {
  const whole = record(`k\u0001${'v'.repeat(50)}\u0002`)
  whole.bytes.fill(0xc3, whole.size - 20, whole.size)
  assert.match(judge(whole)!, /properties/)
})
