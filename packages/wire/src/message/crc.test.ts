import assert from 'node:assert/strict'
import test from 'node:test'
import { crc32 } from 'node:zlib'
import { seededRandom } from '@aerobee/base'
import { crc31 } from './crc.js'

test('both ways give the sum of zlib, at every length and place', () => {
  const seed = 7
  const bytes = seededRandom(seed).bytes(2000)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let length = 0; length <= 1000; length++) {
    const at = (length * 31) % 800
    assert.equal(
      crc31(bytes, view, at, length),
      crc32(bytes.subarray(at, at + length)) & 0x7fffffff,
      `seed ${seed}, length ${length}`,
    )
  }
})
