import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Logger, silentLogger, utf8 } from '@aerobee/base'
import { encodeBatch } from '@aerobee/wire'
import { decodeMessages, type RecordSource } from './decode-messages.js'
import { FakeQueues } from './fake-queues.test.js'
import type { ReceivedMessage } from './received-message.js'

const source = (more: Partial<RecordSource> = {}): RecordSource => ({
  queue: { topic: 'T', brokerName: 'broker-a', queueId: 0 },
  namespace: undefined,
  maxOffset: 100,
  logger: silentLogger,
  ...more,
})

const members = encodeBatch(
  ['one', 'two', 'three'].map((text, i) => ({
    flag: i,
    body: utf8(text),
    properties: `TAGS\u0001${text}\u0002`,
  })),
)

/** A message alone, then three in a record whose first one has offset 10. */
function answer(body: Uint8Array = members): Buffer {
  const queues = new FakeQueues()
  queues.create('T', 1)
  queues.put({ topic: 'T', queueId: 0, body: 'alone', properties: { TAGS: 'a' } }, 5)
  const properties = { UNIQ_KEY: 'B', INNER_NUM: '3', INNER_BASE: '10' }
  queues.put({ topic: 'T', queueId: 0, body, sysFlag: 0xc0, properties }, 6)
  return Buffer.concat(queues.queue('T', 0)!.map(({ record }) => record))
}

const decode = (bytes: Buffer, more: Partial<RecordSource> = {}) =>
  (decodeMessages(bytes, source(more)) as ReceivedMessage[]).map((message) => [
    message.queueOffset,
    message.text(),
    message.tags,
    message.flag,
  ])

test('a batch in one record comes as its messages, each with its own offset, flag and properties', () => {
  assert.deepEqual(decode(answer()), [
    [0, 'alone', 'a', 0],
    [10, 'one', 'one', 0],
    [11, 'two', 'two', 1],
    [12, 'three', 'three', 2],
  ])
})

test('of a batch only what was asked for comes, however the topic counts', () => {
  const texts = (more: Partial<RecordSource>) => decode(answer(), more).map(([, text]) => text)
  assert.deepEqual(texts({ fromOffset: 12 }), ['alone', 'three'])
  assert.deepEqual(texts({ fromOffset: 111, offsetDelta: 100 }), ['alone', 'two', 'three'])
})

test('a batch that cannot be taken apart stays as it is, with a line in the log', () => {
  const lines: string[] = []
  const logger: Logger = { ...silentLogger, error: (text) => void lines.push(text) }
  const bytes = answer(members.subarray(0, members.length - 1))
  assert.equal(decode(bytes, { logger }).length, 2)
  assert.match(lines.join(), /the batch at offset 1 of topic T cannot be taken apart/)
})
