import assert from 'node:assert/strict'
import test from 'node:test'
import { seededRandom } from '@aerobee/base'
import type { ReceivedMessage } from '../received-message.js'
import { ProcessQueue } from './process-queue.js'

const message = (queueOffset: number, maxOffset = -1) =>
  ({ queueOffset, maxOffset, bodyLength: 10 }) as ReceivedMessage
const queue = { topic: 'T', brokerName: 'a', queueId: 0 }
const newQueue = () => new ProcessQueue(queue, { queue, offset: -1, saved: -1, frozen: false }, 0)

test('the offset to commit is the lowest unfinished message, whatever order they finish in', () => {
  const queue = newQueue()
  const messages = [5, 6, 7].map((offset) => message(offset))
  queue.put(messages)
  assert.equal(queue.remove([messages[2]!]), 5)
  assert.equal(queue.remove([messages[0]!]), 6)
  assert.equal(queue.remove([messages[1]!]), 8)
  assert.equal(queue.remove([messages[1]!]), undefined)
})

test('count, bytes and span follow what is cached', () => {
  const queue = newQueue()
  const messages = [10, 15, 20].map((offset) => message(offset))
  queue.put(messages)
  queue.put([messages[0]!])
  assert.deepEqual([queue.count, queue.bytes, queue.span], [3, 30, 10])
  queue.remove([messages[0]!])
  assert.deepEqual([queue.count, queue.bytes, queue.span], [2, 20, 5])
  queue.clear()
  assert.deepEqual([queue.count, queue.bytes, queue.span], [0, 0, 0])
})

test('the committed offset never moves back and ends behind the last message (random orders)', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed)
    const queue = newQueue()
    const waiting = Array.from({ length: 1 + random.below(40) }, (_, i) => message(100 + i))
    queue.put(waiting)
    const end = 100 + waiting.length
    let committed = 100
    while (waiting.length > 0) {
      const [done] = waiting.splice(random.below(waiting.length), 1)
      const offset = queue.remove([done!])!
      const lowest = Math.min(end, ...waiting.map((one) => one.queueOffset))
      assert.equal(offset, lowest, `seed ${seed}`)
      assert.ok(offset >= committed, `seed ${seed}`)
      committed = offset
    }
    assert.equal(committed, end, `seed ${seed}`)
  }
})
