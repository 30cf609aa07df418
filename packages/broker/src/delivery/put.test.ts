import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NewMessage } from '@aerobee/store'
import { transactionTypes } from '@aerobee/wire'
import { messageTo } from '../fake-messages.test.js'
import { brokerParts } from '../fakes.test.js'
import { scanProperties } from '../sent-properties.js'
import { atOnce, putMessage, redirect, type TimerHook } from './put.js'

const host = Uint8Array.of(127, 0, 0, 1, 0, 0, 42, 159)
const text = (properties: Record<string, string>) =>
  Object.entries(properties)
    .map(([name, value]) => `${name}\u0001${value}\u0002`)
    .join('')

const message = (properties: string, more: Partial<NewMessage> = {}) =>
  messageTo('T', {
    queueId: 3,
    bornTimestamp: 1,
    bornHost: host,
    storeHost: host,
    properties,
    tagsCode: 5,
    ...more,
  })

/** Puts it with the wish its own properties express. */
function put(properties: string, more: Partial<NewMessage> = {}, timer?: TimerHook) {
  const parts = { ...brokerParts(), ...(timer && { timer }) }
  const refused = putMessage(parts, message(properties, more), scanProperties(properties), () => {})
  const stored = [...parts.store.kept].flatMap(([queue, kept]) =>
    kept.map(({ message }) => ({ queue, properties: message.properties, tagsCode: message.tagsCode })),
  )
  return { refused, stored }
}

const real = 'REAL_TOPIC\u0001T\u0002REAL_QID\u00013\u0002'

test('a message without wishes is stored as it is', () => {
  assert.deepEqual(put(text({ TAGS: 'a' })).stored, [
    { queue: 'T/3', properties: text({ TAGS: 'a' }), tagsCode: 5 },
  ])
})

test('a delay level sends it to the queue of the level, with where it belongs and how long it waits', () => {
  assert.deepEqual(put(text({ a: 'b', DELAY: '2' })).stored, [
    { queue: 'SCHEDULE_TOPIC_XXXX/1', properties: text({ a: 'b', DELAY: '2' }) + real, tagsCode: 5000 },
  ])
})

test('a level above the highest is the highest, and is stored as that', () => {
  assert.deepEqual(put(text({ DELAY: '99', a: 'b' })).stored, [
    {
      queue: 'SCHEDULE_TOPIC_XXXX/17',
      properties: text({ a: 'b', DELAY: '18' }) + real,
      tagsCode: 7_200_000,
    },
  ])
})

test('a level beats timer properties, which go', () => {
  const wished = text({
    DELAY: '1',
    TIMER_DELIVER_MS: '9',
    a: 'b',
    TIMER_DELAY_SEC: '1',
    TIMER_DELAY_MS: '2',
  })
  assert.equal(put(wished).stored[0]!.properties, text({ DELAY: '1', a: 'b' }) + real)
})

test('a message that waits for the second time belongs where it last was', () => {
  const again = put(text({ DELAY: '1', REAL_TOPIC: 'old', REAL_QID: '9', a: 'b' }))
  assert.equal(again.stored[0]!.properties, text({ DELAY: '1', a: 'b' }) + real)
})

test('levels of 0 and below do not delay, and one that is no number is illegal', () => {
  for (const level of ['0', '-1']) assert.equal(put(text({ DELAY: level })).stored[0]!.queue, 'T/3')
  for (const level of ['soon', '1.5']) {
    const { refused, stored } = put(text({ DELAY: level }))
    assert.deepEqual([refused?.code, stored], [13, []], level)
  }
})

test('half of a transaction is not delayed, a committed one is', () => {
  const half = put(text({ DELAY: '1' }), { sysFlag: transactionTypes.prepared })
  assert.equal(half.stored[0]!.queue, 'T/3')
  const committed = put(text({ DELAY: '1' }), { sysFlag: transactionTypes.commit })
  assert.equal(committed.stored[0]!.queue, 'SCHEDULE_TOPIC_XXXX/0')
})

test('a timer message is the timer hook’s, unless the timer gave it back', () => {
  const refusal = { code: 1, remark: 'no' }
  assert.deepEqual(put(text({ TIMER_DELAY_MS: '1' }), {}, { apply: () => refusal }), {
    refused: refusal,
    stored: [],
  })
  const apply = (message: NewMessage) => {
    redirect(message, 'timer', 0)
    return undefined
  }
  assert.equal(put(text({ TIMER_DELAY_SEC: '1' }), {}, { apply }).stored[0]!.queue, 'timer/0')
  assert.equal(put(text({ TIMER_DELAY_MS: '1', TIMER_OUT_MS: '5' })).stored[0]!.queue, 'T/3')
})

test('what is to be stored at once is, whatever it wished', () => {
  const parts = brokerParts()
  putMessage(parts, message(text({ DELAY: '5' })), atOnce, () => {})
  assert.equal(parts.store.maxOffset('T', 3), 1)
})
