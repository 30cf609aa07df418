import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  decodeProperties,
  decodeRecords,
  encodeFrame,
  type Frame,
  type MessageRecord,
  newFrame,
  offsetMessageId,
} from '@aerobee/wire'
import { gist, loadCapture, RawClient, scene } from '../captures.test.js'
import type { BrokerConfig } from '../config-keys.js'

/** A broker over a real store, and one client. */
async function started(more: Partial<BrokerConfig> = {}) {
  const running = await scene({ autoCreateTopicEnable: true, ...more }, Date.UTC(2026, 0, 1))
  const { broker, transport, clock, store } = running
  const client = new RawClient(
    await clock.resolve(transport.connect({ ...broker.endpoint, host: '127.0.0.1' }, { timeoutMs: 1000 })),
  )
  let opaque = 0
  const ask = async (frame: Frame): Promise<Frame> => {
    client.stream.write(encodeFrame({ ...frame, opaque: ++opaque }))
    await clock.settle()
    const answer = client.frames.find((known) => known.opaque === opaque)
    assert.ok(answer)
    return answer
  }
  const send = (properties: string, topic = 'Orders') =>
    ask(newFrame(310, 0, { ...sent, b: topic, i: properties }, Buffer.from('body')))
  const sendBack = (fields: Record<string, string>) =>
    ask(newFrame(36, 0, { group: 'G', offset: '0', delayLevel: '0', originTopic: 'Orders', ...fields }))
  const records = async (topic: string, queueId = 0): Promise<MessageRecord[]> => {
    const outcome = await store.read({ topic, queueId, offset: 0, maxCount: 32, maxBytes: 1 << 20 })
    if (!outcome.records) return []
    const bytes = Buffer.alloc(outcome.records.sizeBytes)
    outcome.records.copyTo(bytes, 0)
    const decoded = decodeRecords(bytes)
    assert.ok(decoded.ok)
    return decoded.value
  }
  return { ...running, ask, send, sendBack, records }
}

const sent = { a: 'PG', c: 'TBW102', d: '1', e: '0', f: '0', g: '1767000000000', h: '7' }
const schedule = 'SCHEDULE_TOPIC_XXXX'
const propertiesOf = (record: MessageRecord | undefined) =>
  Object.fromEntries(decodeProperties(record?.properties ?? ''))

test('messages sent back are answered for as Java 5.3.3 answers', async () => {
  const { ask, send } = await started()
  const first = Number((await send('KEYS\u0001kr0\u0002')).extFields?.queueOffset)
  assert.equal(first, 0)
  const answered: string[] = []
  for (const { request, response, note } of loadCapture('send-back').requests) {
    if (request.code !== 36) continue
    const offset = note.includes('bad offset') ? request.extFields!.offset! : '0'
    const answer = await ask({ ...request, extFields: { ...request.extFields, offset } })
    assert.deepEqual(gist(answer), gist(response), note)
    answered.push(note)
  }
  assert.equal(answered.length, 8)
})

test('a message sent back waits for its retry, and says where it comes from', async () => {
  const { send, sendBack, records, store } = await started()
  await send('KEYS\u0001k\u0002TAGS\u0001a\u0002UNIQ_KEY\u0001U\u0002WAIT\u0001true\u0002')
  const [original] = await records('Orders')
  assert.equal((await sendBack({})).code, 0)
  const [copy] = await records(schedule, 2)
  assert.deepEqual(propertiesOf(copy), {
    ...propertiesOf(original),
    RETRY_TOPIC: 'Orders',
    ORIGIN_MESSAGE_ID: offsetMessageId(original!.storeHost, 0),
    DELAY: '3',
    WAIT: 'false',
    REAL_TOPIC: '%RETRY%G',
    REAL_QID: '0',
  })
  assert.equal(copy!.reconsumeTimes, 1)
  for (const name of ['body', 'flag', 'bornTimestamp', 'bornHost', 'sysFlag'] as const)
    assert.deepEqual(copy![name], original![name], name)
  assert.equal(store.maxOffset('%RETRY%G', 0), 0)
})

test('the first origin stays, and each time the wait is a level longer', async () => {
  const { send, sendBack, records, clock } = await started()
  await send('RETRY_TOPIC\u0001First\u0002ORIGIN_MESSAGE_ID\u0001ID\u0002')
  await sendBack({})
  await clock.advance(10_000)
  const [once] = await records('%RETRY%G')
  await sendBack({ offset: String(once!.physicalOffset) })
  const [twice] = await records(schedule, 3)
  assert.equal(twice!.reconsumeTimes, 2)
  const { RETRY_TOPIC, ORIGIN_MESSAGE_ID, DELAY, REAL_TOPIC } = propertiesOf(twice)
  assert.deepEqual([RETRY_TOPIC, ORIGIN_MESSAGE_ID, DELAY, REAL_TOPIC], ['First', 'ID', '4', '%RETRY%G'])
})

test('a level asked for is taken, one above the highest is the highest', async () => {
  const { send, sendBack, store } = await started({ messageDelayLevel: '1s 2s' })
  await send('')
  await sendBack({ delayLevel: '1' })
  await sendBack({ delayLevel: '9' })
  await sendBack({ delayLevel: '0' })
  assert.deepEqual([store.maxOffset(schedule, 0), store.maxOffset(schedule, 1)], [1, 2])
})

test('after the last retry, or below level 0, it is a dead letter', async () => {
  const { send, sendBack, records, store } = await started()
  await send('DELAY\u0001-1\u0002')
  await sendBack({ maxReconsumeTimes: '0' })
  await sendBack({ delayLevel: '-1' })
  const letters = await records('%DLQ%G')
  assert.equal(letters.length, 2)
  for (const letter of letters) {
    const { DELAY, RETRY_TOPIC, REAL_TOPIC } = propertiesOf(letter)
    assert.deepEqual([DELAY, RETRY_TOPIC, REAL_TOPIC, letter.reconsumeTimes], ['0', 'Orders', undefined, 1])
  }
  assert.equal(store.maxOffset(schedule, 2), 0)
})

test('what cannot be sent back is refused with upstream’s codes and texts, and nothing is stored', async () => {
  const { sendBack, send, records, store, config } = await started()
  await send('')
  const refusal = async (fields: Record<string, string>) => {
    const { code, remark } = await sendBack(fields)
    return [code, remark]
  }
  for (const offset of ['99999', '-1', '7', '9007199254740991'])
    assert.deepEqual(await refusal({ offset }), [1, `look message by offset failed, ${offset}`])
  await send('DELAY\u00011\u0002')
  const waits = String((await records(schedule))[0]!.physicalOffset)
  assert.deepEqual(await refusal({ offset: waits }), [1, `look message by offset failed, ${waits}`])
  for (const delayLevel of ['x', '', '99999999999']) assert.equal((await sendBack({ delayLevel })).code, 1)
  const faq = '\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.'
  assert.deepEqual(await refusal({ group: 'no group!' }), [
    26,
    `subscription group not exist, no group! ${faq}`,
  ])
  config.brokerPermission = 4
  assert.deepEqual(await refusal({}), [16, 'the broker[127.0.0.1] sending message is forbidden'])
  assert.deepEqual(
    [...store.queues()],
    [
      ['Orders', [0]],
      [schedule, [0]],
    ],
  )
})
