import assert from 'node:assert/strict'
import { test } from 'node:test'
import { byteText, numberText, runtimeText } from './texts.js'

test('a span of time is shown in days, hours, minutes and seconds', () => {
  assert.equal(runtimeText(0), '[ 0 days, 0 hours, 0 minutes, 0 seconds ]')
  assert.equal(runtimeText(1_001_999), '[ 0 days, 0 hours, 16 minutes, 41 seconds ]')
  assert.equal(runtimeText(2 * 86_400_000 + 3_600_000), '[ 2 days, 1 hours, 0 minutes, 0 seconds ]')
  assert.equal(runtimeText(-5), '[ 0 days, 0 hours, 0 minutes, 0 seconds ]')
})

test('bytes are shown with a binary unit', () => {
  assert.equal(byteText(0), '0 B')
  assert.equal(byteText(1023), '1023 B')
  assert.equal(byteText(1536), '1.5 KiB')
  assert.equal(byteText(252 * 1024 ** 3), '252.0 GiB')
  assert.equal(byteText(1024 ** 6 * 3), '3.0 EiB')
})

test('numbers always have a decimal point, as Java doubles', () => {
  assert.equal(numberText(0), '0.0')
  assert.equal(numberText(12), '12.0')
  assert.equal(numberText(38.60704239), '38.607')
  assert.equal(numberText(0.00001), '0.0')
})
