import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newOpMessage, opText, readOpMessage } from './op-message.js'

const host = Uint8Array.of(127, 0, 0, 1, 0, 0, 0x2a, 0x9f)
const read = (body: string, properties = 'TAGS\u0001d\u0002') =>
  readOpMessage({ body: Buffer.from(body), properties })

test('an op message gives back what it lists, and up to where it lists all', () => {
  const text = [0, 7, 123_456_789_012].map(opText).join('')
  assert.equal(text, '0,7,123456789012,')
  const place = { bornTimestamp: 1, host, sysFlag: 0 }
  const message = newOpMessage(3, text, 4096, place)
  assert.deepEqual([message.topic, message.queueId], ['RMQ_SYS_TRANS_OP_HALF_TOPIC', 3])
  assert.deepEqual(readOpMessage(message), {
    halves: [0, 7, 123_456_789_012],
    listedBelow: 4096,
  })
  assert.equal(newOpMessage(0, text, undefined, place).properties, 'TAGS\u0001d\u0002')
})

test('as RocketMQ writes them: one offset without a comma, many with one at the end', () => {
  assert.deepEqual(read('5').halves, [5])
  assert.deepEqual(read('0,1,3,').halves, [0, 1, 3])
})

test('pieces that are no offsets, and messages with another tag, say nothing', () => {
  assert.deepEqual(read('1,,x,-2, 3,99999999999999999999,4').halves, [1, 4])
  assert.deepEqual(read('', 'TAGS\u0001d\u0002').halves, [])
  assert.deepEqual(read('1,2,', 'TAGS\u0001other\u0002').halves, [])
  assert.deepEqual(read('1,', 'TAGS\u0001d\u0002COMMITS_LISTED_BELOW\u0001x\u0002').listedBelow, undefined)
})
