import assert from 'node:assert/strict'
import test from 'node:test'
import { AerobeeError, isAerobeeError } from '@aerobee/base'
import { VirtualClock } from '@aerobee/testkit'
import type { SendResult, SendStatus } from './options.js'
import { type RetriedSend, type RetryPolicy, sendWithRetry } from './send-with-retry.js'

const queue = (brokerName: string) => ({ topic: 'T', brokerName, queueId: 0 })
const stored = (brokerName: string, status: SendStatus = 'SEND_OK'): SendResult => ({
  status,
  messageId: 'm',
  offsetMessageId: 'o',
  queue: queue(brokerName),
  queueOffset: 1,
  regionId: 'DefaultRegion',
  traceOn: true,
})
const failing = (retryable: boolean) =>
  new AerobeeError('BROKER_ERROR', 'broker b:1 answered 2 SYSTEM_BUSY', {
    retryable,
    responseCode: retryable ? 2 : 13,
    address: 'b:1',
  })

/** Brokers a, b, c … answer in turn what is listed. */
function plan(answers: (SendResult | AerobeeError)[], more: Partial<RetryPolicy & RetriedSend> = {}) {
  const avoided: (string | undefined)[] = []
  const tried: string[] = []
  const timeouts: number[] = []
  const clock = new VirtualClock()
  let ended = 0
  const whole: RetryPolicy & RetriedSend = {
    tries: 3,
    deadlineMonoMs: 3000,
    perTryMs: -1,
    clock,
    signal: undefined,
    retryWhenNotStoreOK: false,
    retryResponseCodes: new Set([2]),
    topic: 'T',
    choose: (avoidBroker) => {
      avoided.push(avoidBroker)
      return queue('abc'[avoided.length - 1]!)
    },
    send: async (_queue, timeoutMs) => {
      timeouts.push(timeoutMs)
      const answer = answers[timeouts.length - 1]!
      if (answer instanceof AerobeeError) throw answer
      return answer
    },
    tried: ({ brokerName }, _elapsedMs, failure) => tried.push(`${brokerName} ${failure}`),
    ended: () => {
      ended++
    },
    ...more,
  }
  const send = async () => {
    try {
      return await sendWithRetry(whole, whole)
    } finally {
      assert.equal(ended, 1)
    }
  }
  return { whole, send, avoided, tried, timeouts, clock }
}

test('the first broker that stores the message ends it', async () => {
  const { send, avoided } = plan([stored('a')])
  assert.equal((await send()).queue.brokerName, 'a')
  assert.deepEqual(avoided, [undefined])
})

test('a retryable failure goes on at another broker', async () => {
  const { send, avoided } = plan([failing(true), failing(true), stored('c')])
  assert.equal((await send()).queue.brokerName, 'c')
  assert.deepEqual(avoided, [undefined, 'a', 'b'])
})

test('an error that will not go away is thrown at once', async () => {
  const { send, avoided } = plan([failing(false), stored('b')])
  await assert.rejects(send(), (thrown) => isAerobeeError(thrown, 'BROKER_ERROR') && !thrown.retryable)
  assert.equal(avoided.length, 1)
})

test('when all tries failed the error tells the brokers and carries the last failure', async () => {
  const { send } = plan([failing(true), failing(true), failing(true)])
  await assert.rejects(send(), (thrown) => {
    assert.ok(isAerobeeError(thrown, 'BROKER_ERROR'))
    assert.match(
      thrown.message,
      /Send \[3\] times, still failed, Topic: T, BrokersSent: \[a, b, c\]; the last time: broker b:1 answered 2/,
    )
    assert.equal(thrown.responseCode, 2)
    assert.ok(thrown.cause instanceof AerobeeError)
    return true
  })
})

test('a message that was stored but not flushed in time is a result, and tried again only when asked', async () => {
  const once = plan([stored('a', 'FLUSH_DISK_TIMEOUT')])
  assert.equal((await once.send()).status, 'FLUSH_DISK_TIMEOUT')
  const again = plan([stored('a', 'FLUSH_DISK_TIMEOUT'), stored('b')], { retryWhenNotStoreOK: true })
  assert.equal((await again.send()).queue.brokerName, 'b')
  const last = plan([stored('a', 'FLUSH_DISK_TIMEOUT'), failing(true), failing(true)], {
    retryWhenNotStoreOK: true,
  })
  assert.equal((await last.send()).status, 'FLUSH_DISK_TIMEOUT')
})

test('the time is for all tries together', async () => {
  const { whole, send, clock, timeouts } = plan([failing(true), stored('b')])
  const inner = whole.send
  whole.send = async (to, timeoutMs) => {
    await clock.advance(3000)
    return inner(to, timeoutMs)
  }
  await assert.rejects(send(), (thrown) => isAerobeeError(thrown, 'BROKER_ERROR'))
  assert.deepEqual(timeouts, [3000])
})

test('a try may have less time than all, while others may follow', async () => {
  const { send, timeouts } = plan([failing(true), failing(true), stored('c')], { perTryMs: 1000 })
  await send()
  assert.deepEqual(timeouts, [1000, 1000, 3000])
})

test('how a try went is told: broker errors and lost connections isolate, errors of the client do not', async () => {
  const lost = new AerobeeError('CONNECTION_CLOSED', 'closed', { retryable: true })
  const noRoute = new AerobeeError('NO_ROUTE', 'none', { retryable: true })
  const { whole, send, tried } = plan([failing(true), lost, noRoute, stored('a')], { tries: 4 })
  whole.choose = () => queue('a')
  await send()
  assert.deepEqual(tried, ['a broker', 'a remoting', 'a none', 'a none'])
})

test('a connection that takes no more is waited for, which is no try', async () => {
  const full = new AerobeeError('LIMIT_EXCEEDED', 'full', { retryable: true })
  const { whole, send, clock, avoided } = plan([full, full, full, full, stored('e')])
  whole.choose = (avoidBroker) => {
    avoided.push(avoidBroker)
    return queue('a')
  }
  const sending = send()
  await clock.advance(79)
  assert.equal(avoided.length, 4)
  await clock.advance(1)
  assert.equal((await sending).status, 'SEND_OK')
  assert.deepEqual(avoided, [undefined, undefined, undefined, undefined, undefined])
})
