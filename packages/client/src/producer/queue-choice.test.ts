import assert from 'node:assert/strict'
import test from 'node:test'
import type { MessageQueue } from '../route.js'
import { QueueChoice, queueOfKey } from './queue-choice.js'

const queues: MessageQueue[] = ['a', 'a', 'b', 'b'].map((brokerName, i) => ({
  topic: 'T',
  brokerName,
  queueId: i % 2,
}))

test('queues are chosen in turn', () => {
  const choice = new QueueChoice(0)
  const chosen = Array.from({ length: 8 }, () => choice.choose(queues, undefined))
  for (const queue of queues) assert.equal(chosen.filter((one) => one === queue).length, 2)
})

test('after a failure the queue is of another broker, where there is one', () => {
  const choice = new QueueChoice(3)
  for (let i = 0; i < 10; i++) assert.equal(choice.choose(queues, 'a').brokerName, 'b')
  assert.equal(choice.choose(queues.slice(0, 2), 'a').brokerName, 'a')
})

test("a sharding key keeps its queue, by Java's hash", () => {
  assert.equal(queueOfKey(queues, 'order-1'), queueOfKey(queues, 'order-1'))
  // |javaHash('polygenelubricants')| is the smallest int32, which has no absolute value in Java.
  assert.ok(queues.includes(queueOfKey(queues, 'polygenelubricants')))
})
