import assert from 'node:assert/strict'
import { test } from 'node:test'
import { localHour, localTimeText, parseHours } from './local-time.js'

test('hours are a list', () => {
  assert.deepEqual(parseHours('04'), [4])
  assert.deepEqual(parseHours(' 4;16 ; 23;'), [4, 16, 23])
  for (const wrong of ['', ';', '24', '-1', 'four', '4,5', '004'])
    assert.equal(parseHours(wrong), undefined, wrong)
})

test('the hour is that of the local time', () => {
  for (let hour = 0; hour < 24; hour++) {
    const wallMs = 1_795_510_272_340 + hour * 3_600_000
    assert.equal(localHour(wallMs), Number(localTimeText(wallMs).slice(11, 13)))
  }
})
