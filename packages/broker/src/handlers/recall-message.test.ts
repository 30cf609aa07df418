import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeRecallHandle, findProperty, type RecallHandle } from '@aerobee/wire'
import { ask, type BrokerParts, brokerParts } from '../fakes.test.js'
import { newTopicConfig } from '../topics.js'
import { recallMessageHandler } from './recall-message.js'

const timerTopic = 'rmq_sys_wheel_timer'

/** A handle as the send of a timer message that is due in a minute answers it. */
const handleOf = (parts: BrokerParts, more: Partial<RecallHandle> = {}) => {
  const timestamp = String(parts.clock.wallMs() + 60_000)
  return encodeRecallHandle({ topic: 'T', brokerName: 'broker-a', timestamp, messageId: 'U1', ...more })
}

async function recall(parts: BrokerParts, fields: { topic?: string; recallHandle?: string | undefined }) {
  const request = { producerGroup: 'P', topic: 'T', recallHandle: handleOf(parts), ...fields }
  const { reply } = await ask(recallMessageHandler(parts), request)
  return reply
}

test('370 stores a marker that is due with its message, and answers the unique key', async () => {
  const parts = brokerParts({ recallMessageEnable: true })
  const reply = await recall(parts, {})
  assert.deepEqual([reply.code, reply.remark, reply.fields?.msgId], [0, null, 'U1'])
  const [stored] = parts.store.queue(timerTopic, 0)
  const { properties } = stored!.message
  assert.equal(findProperty(properties, 'TIMER_DEL_UNIQKEY'), 'T+U1')
  assert.equal(findProperty(properties, 'REAL_TOPIC'), 'T')
})

test('370 says which part of a handle is wrong, in this order, and stores nothing', async () => {
  const parts = brokerParts({ recallMessageEnable: true })
  parts.topics.put([newTopicConfig('Other', 1, 6)])
  const at = (ms: number) => String(parts.clock.wallMs() + ms)
  const refusals: [Parameters<typeof recall>[1], number, string][] = [
    [{ topic: 'Nowhere' }, 17, 'recall failed, the topic[Nowhere] not exist'],
    [{ recallHandle: undefined }, 604, 'recall handle is invalid'],
    [{ recallHandle: '' }, 604, 'recall handle is invalid'],
    [{ recallHandle: 'no handle' }, 604, 'recall handle is invalid'],
    [
      { recallHandle: Buffer.from('v2 T broker-a 1 U1').toString('base64url') },
      604,
      'recall handle is invalid',
    ],
    [{ topic: 'Other' }, 604, 'recall failed, topic not match'],
    [
      { recallHandle: handleOf(parts, { brokerName: 'broker-z' }) },
      604,
      'recall failed, broker service not available',
    ],
    [{ recallHandle: handleOf(parts, { timestamp: at(0) }) }, 604, 'recall failed, timestamp invalid'],
    [
      { recallHandle: handleOf(parts, { timestamp: at(259_200_000) }) },
      604,
      'recall failed, timestamp invalid',
    ],
    [{ recallHandle: handleOf(parts, { timestamp: 'soon' }) }, 604, 'recall failed, timestamp invalid'],
  ]
  for (const [fields, code, remark] of refusals) {
    const reply = await recall(parts, fields)
    assert.deepEqual([reply.code, reply.remark, reply.fields], [code, remark, { region: 'DefaultRegion' }])
  }
  assert.equal(parts.store.queue(timerTopic, 0).length, 0)
})

test('370 is refused while it is switched off or the broker takes no sends', async () => {
  const forbidden = await recall(brokerParts(), {})
  assert.deepEqual([forbidden.code, forbidden.remark], [16, 'recall failed, operation is forbidden'])
  const later = brokerParts({ recallMessageEnable: true, startAcceptSendRequestTimeStamp: 9_999_999_999_999 })
  const early = await recall(later, {})
  assert.deepEqual([early.code, early.remark], [14, 'recall failed, broker service not available'])
  const closed = { recallMessageEnable: true, brokerPermission: 4 }
  assert.equal((await recall(brokerParts(closed), {})).code, 0)
  const refused = await recall(brokerParts({ ...closed, allowRecallWhenBrokerNotWriteable: false }), {})
  assert.equal(refused.code, 14)
})
