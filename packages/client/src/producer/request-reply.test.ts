import assert from 'node:assert/strict'
import test from 'node:test'
import { isAerobeeError } from '@aerobee/base'
import { failure } from '@aerobee/net'
import { commands, responseCodes } from '@aerobee/wire'
import { FakeCluster } from '../fake-cluster.test.js'
import { PushConsumer } from '../push-consumer/push-consumer.js'
import type { ReceivedMessage } from '../received-message.js'
import { Producer } from './producer.js'

async function started(reply: boolean) {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T', 1)
  cluster.createTopic('C_REPLY_TOPIC', 1)
  const asking = cluster.use(new Producer({ ...cluster.options(), producerGroup: 'asking' }))
  const answering = cluster.use(new Producer({ ...cluster.options(), producerGroup: 'answering' }))
  const consumer = cluster.use(
    new PushConsumer({ ...cluster.options(), consumerGroup: 'g', from: 'earliest' }),
  )
  consumer.subscribe('T')
  await cluster.clock.resolve(asking.start())
  await cluster.clock.resolve(answering.start())
  const seen: ReceivedMessage[] = []
  await cluster.clock.resolve(
    consumer.run(async (message) => {
      seen.push(message)
      // The cluster's name is what the broker adds to every message.
      const withCluster = Object.create(message, {
        property: { value: (name: string) => (name === 'CLUSTER' ? 'C' : message.property(name)) },
      }) as ReceivedMessage
      if (reply) await answering.reply(withCluster, `re: ${message.text()}`)
    }),
  )
  await cluster.pass(1500)
  return { cluster, asking, answering, seen }
}

test('a request is answered by whoever consumes it', async () => {
  const { cluster, asking, seen } = await started(true)
  const reply = await cluster.clock.resolve(
    asking.request({ topic: 'T', body: 'question' }, { timeoutMs: 5000 }),
  )
  assert.equal(reply.text(), 're: question')
  assert.equal(reply.property('CORRELATION_ID'), seen[0]!.property('CORRELATION_ID'))
  assert.deepEqual(
    [seen[0]!.property('REPLY_TO_CLIENT'), seen[0]!.property('TTL')],
    ['10.0.0.101@c1', '5000'],
  )
  assert.ok(reply.property('ARRIVE_TIME'))
  assert.equal(cluster.broker.seen(commands.sendReplyMessageV2).length, 1)
  await cluster.close()
})

test('without a reply the request ends in its time, and a late reply is only warned of', async () => {
  const { cluster, asking, answering, seen } = await started(false)
  await cluster.clock.resolve(
    assert.rejects(asking.request({ topic: 'T', body: 'q' }, { timeoutMs: 1000 }), (thrown) => {
      assert.ok(isAerobeeError(thrown, 'TIMEOUT'))
      assert.match(thrown.message, /send request message to <T> OK, but wait reply message timeout, 1000 ms/)
      return true
    }),
  )
  const late = Object.create(seen[0]!, {
    property: { value: (name: string) => (name === 'CLUSTER' ? 'C' : seen[0]!.property(name)) },
  }) as ReceivedMessage
  await cluster.clock.resolve(answering.reply(late, 'too late'))
  await cluster.pass(10)
  assert.equal(cluster.lines(/nobody waits for the reply with correlation id/).length, 1)
  await cluster.close()
})

test('a request that cannot be sent fails at once, and one of a closing producer too', async () => {
  const { cluster, asking } = await started(false)
  cluster.broker.overrides.set(commands.sendMessageV2.code, () =>
    failure(responseCodes.MESSAGE_ILLEGAL, 'no'),
  )
  await cluster.clock.resolve(assert.rejects(asking.request({ topic: 'T', body: 'q' }), /answered 13/))
  cluster.broker.overrides.clear()
  const waiting = assert.rejects(asking.request({ topic: 'T', body: 'q' }), (thrown) =>
    isAerobeeError(thrown, 'CLOSED'),
  )
  await cluster.pass(100)
  await cluster.clock.resolve(asking.close())
  await waiting
  await cluster.close()
})

test('a message that asked for nothing cannot be replied to', async () => {
  const { cluster, answering } = await started(false)
  cluster.broker.put({ topic: 'T', queueId: 0, body: 'x' })
  const plain = { property: () => undefined } as unknown as ReceivedMessage
  await assert.rejects(
    answering.reply(plain, 'x'),
    /create reply message fail, requestMessage error, property\[CLUSTER\] is null/,
  )
  await cluster.close()
})
