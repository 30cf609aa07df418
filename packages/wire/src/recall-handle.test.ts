import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { decodeRecallHandle, encodeRecallHandle } from './recall-handle.js'

interface Vector {
  handle?: string
  topic?: string
  brokerName?: string
  timestamp?: string
  messageId?: string
  decodeOnly?: string | null
  result?: { error?: string; message?: string }
}
const { vectors } = JSON.parse(
  readFileSync(new URL('../testdata/recall-handle.json', import.meta.url), 'utf8'),
) as { vectors: Vector[] }

test('handles are read and written as Java does it', () => {
  for (const { handle, topic, brokerName, timestamp, messageId, decodeOnly, result } of vectors) {
    const decoded = decodeRecallHandle(handle ?? decodeOnly ?? '')
    if (handle !== undefined) {
      assert.ok(decoded.ok)
      assert.deepEqual(decoded.value, { topic, brokerName, timestamp, messageId })
      assert.equal(encodeRecallHandle(decoded.value), handle)
    } else if (result?.error)
      assert.deepEqual(decoded, { ok: false, reason: result.message }, `${decodeOnly}`)
    else assert.ok(decoded.ok, `${decodeOnly}`)
  }
})
