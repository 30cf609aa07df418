import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@aerobee/base'
import { VirtualClock } from '@aerobee/testkit'
import { bodyText } from '../fakes.test.js'
import { inSlices } from './slices.js'
import { answerBytes, wholeAnswer } from './whole-answer.js'

test('work pauses only when its slice of time is used up', async () => {
  const clock = new VirtualClock()
  const pause = inSlices(clock)
  assert.equal(pause(), undefined)
  await clock.advance(5)
  const paused = pause()
  assert.ok(paused)
  await clock.resolve(paused)
  assert.equal(pause(), undefined)
})

test('an answer that no frame can hold says what to ask instead', () => {
  assert.deepEqual([answerBytes < limits.frameBytes, answerBytes > limits.frameBytes / 2], [true, true])
  assert.equal(bodyText(wholeAnswer(Buffer.from('{}'), 'ask less')), '{}')
  const { code, remark, body } = wholeAnswer(new Uint8Array(answerBytes + 1), 'ask less')
  assert.equal(code, 1)
  assert.match(remark ?? '', /^the answer has \d+ bytes, which no frame can hold: ask less$/)
  assert.equal(body, null)
})
