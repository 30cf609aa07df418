import assert from 'node:assert/strict'
import test from 'node:test'
import { AerobeeError, isAerobeeError } from '@aerobee/base'
import { VirtualClock } from '@aerobee/testkit'
import type { SendResult, SendStatus } from './producer.js'
import { type RetryPlan, sendWithRetry } from './send-with-retry.js'

const queue = (brokerName: string) => ({ topic: 'T', brokerName, queueId: 0 })
const stored = (brokerName: string, status: SendStatus = 'SEND_OK'): SendResult => ({
  status,
  messageId: 'm',
  offsetMessageId: 'o',
  queue: queue(brokerName),
  queueOffset: 1,
})
const failing = (retryable: boolean) =>
  new AerobeeError('BROKER_ERROR', 'broker b:1 answered 2 SYSTEM_BUSY', {
    retryable,
    responseCode: 2,
    address: 'b:1',
  })

/** Brokers a, b, c … answer in turn what is listed. */
function plan(answers: (SendResult | AerobeeError)[], more: Partial<RetryPlan> = {}) {
  const avoided: (string | undefined)[] = []
  const clock = new VirtualClock()
  const whole: RetryPlan = {
    tries: 3,
    deadlineMonoMs: 3000,
    clock,
    signal: undefined,
    retryWhenNotStoreOK: false,
    topic: 'T',
    send: async (avoidBroker) => {
      const answer = answers[avoided.length]!
      avoided.push(avoidBroker)
      const result = answer instanceof AerobeeError ? Promise.reject(answer) : Promise.resolve(answer)
      return { queue: queue('abc'[avoided.length - 1]!), result }
    },
    ...more,
  }
  return { whole, avoided, clock }
}

test('the first broker that stores the message ends it', async () => {
  const { whole, avoided } = plan([stored('a')])
  assert.equal((await sendWithRetry(whole)).queue.brokerName, 'a')
  assert.deepEqual(avoided, [undefined])
})

test('a retryable failure goes on at another broker', async () => {
  const { whole, avoided } = plan([failing(true), failing(true), stored('c')])
  assert.equal((await sendWithRetry(whole)).queue.brokerName, 'c')
  assert.deepEqual(avoided, [undefined, 'a', 'b'])
})

test('an error that will not go away is thrown at once', async () => {
  const { whole, avoided } = plan([failing(false), stored('b')])
  await assert.rejects(
    sendWithRetry(whole),
    (thrown) => isAerobeeError(thrown, 'BROKER_ERROR') && !thrown.retryable,
  )
  assert.equal(avoided.length, 1)
})

test('when all tries failed the error tells the brokers and carries the last failure', async () => {
  const { whole } = plan([failing(true), failing(true), failing(true)])
  await assert.rejects(sendWithRetry(whole), (thrown) => {
    assert.ok(isAerobeeError(thrown, 'BROKER_ERROR'))
    assert.match(thrown.message, /failed 3 times, at a, b, c; the last time: broker b:1 answered 2/)
    assert.equal(thrown.responseCode, 2)
    assert.ok(thrown.cause instanceof AerobeeError)
    return true
  })
})

test('a message that was stored but not flushed in time is a result, and tried again only when asked', async () => {
  const once = plan([stored('a', 'FLUSH_DISK_TIMEOUT')])
  assert.equal((await sendWithRetry(once.whole)).status, 'FLUSH_DISK_TIMEOUT')
  const again = plan([stored('a', 'FLUSH_DISK_TIMEOUT'), stored('b')], { retryWhenNotStoreOK: true })
  assert.equal((await sendWithRetry(again.whole)).queue.brokerName, 'b')
  const last = plan([stored('a', 'FLUSH_DISK_TIMEOUT'), failing(true), failing(true)], {
    retryWhenNotStoreOK: true,
  })
  assert.equal((await sendWithRetry(last.whole)).status, 'FLUSH_DISK_TIMEOUT')
})

test('the time is for all tries together', async () => {
  const { whole, clock, avoided } = plan([failing(true), stored('b')])
  const inner = whole.send
  whole.send = async (avoidBroker, restMs) => {
    assert.equal(restMs, 3000)
    await clock.advance(3000)
    return inner(avoidBroker, restMs)
  }
  await assert.rejects(sendWithRetry(whole), (thrown) => isAerobeeError(thrown, 'BROKER_ERROR'))
  assert.equal(avoided.length, 1)
})
