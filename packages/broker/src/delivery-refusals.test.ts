import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Command, commands, encodeRecallHandle, parseOffsetMessageId } from '@aerobee/wire'
import { type Ask, type Fields, refusesFields, started, state } from './refusal-scene.test.js'

/** Bad input to every request that has a part in delivery, or makes and deletes what it needs: code, text, no change. */

const startedWithAll = () =>
  started({ recallMessageEnable: true, enablePropertyFilter: true, rejectTransactionMessage: false })

const asked: readonly Command[] = [
  commands.consumerSendMsgBack,
  commands.endTransaction,
  commands.sendReplyMessage,
  commands.sendReplyMessageV2,
  commands.recallMessage,
  commands.updateAndCreateTopic,
  commands.deleteTopicInBroker,
  commands.deleteSubscriptionGroup,
].map((command) => command as unknown as Command)

const sent = {
  producerGroup: 'P',
  topic: 'FixOne',
  defaultTopic: 'TBW102',
  defaultTopicQueueNums: '4',
  queueId: '0',
  sysFlag: '0',
  bornTimestamp: '0',
  flag: '0',
  properties: '',
  reconsumeTimes: '0',
}

const good: Fields = {
  ...sent,
  group: 'G',
  groupName: 'Nobody',
  offset: '0',
  delayLevel: '0',
  tranStateTableOffset: '0',
  commitLogOffset: '0',
  commitOrRollback: '8',
  msgId: 'U',
  readQueueNums: '1',
  writeQueueNums: '1',
  perm: '6',
  topicFilterType: 'SINGLE_TAG',
  order: 'false',
}

test('a missing field is named, and so is one that is no number or beyond its range', async () => {
  const { place, ask } = await startedWithAll()
  assert.ok((await refusesFields(place, ask, asked, good)) > 100)
  await place.clock.resolve(place.broker.stop())
})

const faq = /See https:\/\/rocketmq\.apache\.org\/docs\/bestPractice\/06FAQ for further details\.$/
const back = { offset: '0', group: 'G', delayLevel: '0' }
const topicOf = (more: Fields): Fields => ({
  ...{ topic: 'New', defaultTopic: 'TBW102', readQueueNums: '1', writeQueueNums: '1', perm: '6' },
  ...{ topicFilterType: 'SINGLE_TAG', topicSysFlag: '0', order: 'false' },
  ...more,
})
const largest = '9007199254740991'

/** Request, fields, code and remark of the answer. */
type Row = readonly [code: number, fields: Fields, answer: number, remark: RegExp]

const rows: readonly Row[] = [
  [36, { ...back, group: 'Nope' }, 26, /^subscription group not exist, Nope /],
  [36, { ...back, group: 'a b' }, 26, faq],
  [36, { ...back, group: '' }, 26, faq],
  [36, { ...back, offset: '-1' }, 1, /^look message by offset failed, -1$/],
  [36, { ...back, offset: '1' }, 1, /^look message by offset failed, 1$/],
  [36, { ...back, offset: largest }, 1, /^look message by offset failed, 9007199254740991$/],
  [323, {}, 1, /^Exception was thrown when putting message back to RMQ_SYS_TRANS_HALF_TOPIC\./],
  [323, { msgId: 'zz' }, 1, /an offset message id has 32 or 56 hex digits$/],
  [323, { msgId: '7F00000100002A9FFFFFFFFFFFFFFFFF' }, 1, /is outside/],
  [323, { msgId: '7F00000100002A9F000000000000FFFF' }, 1, /There is no message with the id/],
  [323, { msgId: '7F00000100002A9F0000000000000000' }, 1, /It belongs to FixOne, and is no half/],
  [215, { topic: '' }, 29, /^The specified topic is blank\.$/],
  [215, { topic: '../FixOne' }, 29, /contains illegal characters/],
  [215, { topic: 'x'.repeat(256) }, 29, /longer than topic max length/],
  [215, { topic: 'SCHEDULE_TOPIC_XXXX' }, 29, /^The topic\[SCHEDULE_TOPIC_XXXX\] is conflict with system/],
  [17, topicOf({ topic: '' }), 29, /^The specified topic is blank\.$/],
  [17, topicOf({ topic: 'a/../b' }), 29, /contains illegal characters/],
  [17, topicOf({ topic: 'x'.repeat(128) }), 29, /longer than topic max length/],
  [17, topicOf({ topic: 'TBW102' }), 29, /is conflict with system topic/],
  [17, topicOf({ readQueueNums: '-1' }), 29, /^readQueueNums=-1 is not acceptable/],
  [17, topicOf({ writeQueueNums: '2147483647' }), 29, /^writeQueueNums=2147483647 is not acceptable/],
  [17, topicOf({ perm: '-1' }), 29, /^perm=-1 is not acceptable/],
  [17, topicOf({ perm: '8' }), 29, /^perm=8 is not acceptable/],
  [17, topicOf({ topicSysFlag: '4' }), 29, /^topicSysFlag=4 is not acceptable/],
  [17, topicOf({ attributes: 'x' }), 1, /^delete attribute format is wrong: x$/],
  [17, topicOf({ attributes: 'x=1' }), 1, /^add\/alter attribute format is wrong: x$/],
  [17, topicOf({ attributes: '+nope=1' }), 1, /^unsupported key: nope$/],
  [17, topicOf({ attributes: '-queue.type' }), 1, /^only add attribute is supported/],
  [37, { ...good, commitLogOffset: '-1' }, 1, /^Find prepared transaction message failed$/],
  [37, { ...good, commitLogOffset: '0' }, 1, /^Find prepared transaction message failed$/],
  [37, { ...good, commitLogOffset: largest }, 1, /^Find prepared transaction message failed$/],
  [37, { ...good, commitOrRollback: '4' }, 1, /^commitOrRollback field wrong$/],
  [37, { ...good, commitOrRollback: '-8' }, 1, /^commitOrRollback field wrong$/],
]

async function refuses(
  { place, ask }: Awaited<ReturnType<typeof started>>,
  all: readonly (readonly [...Row, body?: string])[],
): Promise<void> {
  const before = await state(place, ask)
  for (const [code, fields, expected, remark, body] of all) {
    const answer = await ask(code, fields, Buffer.from(body ?? ''))
    const what = `${code} ${JSON.stringify(fields)} ${body ?? ''}`
    assert.equal(answer.code, expected, `${what}: ${answer.remark}`)
    assert.match(answer.remark ?? '', remark, what)
    assert.equal(answer.body.length, 0, what)
    assert.deepEqual(await state(place, ask), before, what)
  }
}

test('messages, topics and groups that are not there, and settings that cannot be, are refused', async () => {
  const scene = await startedWithAll()
  await refuses(scene, rows)
  await scene.place.clock.resolve(scene.place.broker.stop())
})

const shortNames: Readonly<Record<string, string>> = {
  ...{ producerGroup: 'a', topic: 'b', defaultTopic: 'c', defaultTopicQueueNums: 'd', queueId: 'e' },
  ...{ sysFlag: 'f', bornTimestamp: 'g', flag: 'h', properties: 'i', reconsumeTimes: 'j' },
}

test('replies to nobody, to no topic or queue, are refused', async () => {
  const scene = await startedWithAll()
  const replyTo = (client: string) => `REPLY_TO_CLIENT\u0001${client}\u0002`
  const cases: readonly (readonly [Fields, number, RegExp])[] = [
    [{ topic: '' }, 29, /^The specified topic is blank\.$/],
    [{ topic: 'a b' }, 29, /contains illegal characters/],
    [{ topic: 'Nope', defaultTopic: 'Nope' }, 17, /^topic\[Nope\] not exist, apply first please!/],
    [{ topic: 'SCHEDULE_TOPIC_XXXX' }, 16, /is forbidden\.$/],
    [{ queueId: '1' }, 29, /^request queueId\[1\] is illegal/],
    [{ queueId: '2147483647' }, 29, /^request queueId\[2147483647\] is illegal/],
  ]
  await refuses(
    scene,
    cases.flatMap(([more, code, remark]) => {
      const fields = { ...sent, properties: replyTo('nobody'), ...more }
      const short = Object.fromEntries(
        Object.entries(fields).map(([key, value]) => [shortNames[key]!, value]),
      )
      return [
        [324, fields, code, remark],
        [325, short, code, remark],
      ] as const
    }),
  )
  // Stored all the same, as upstream's: who asked may come back and read it.
  for (const [properties, remark] of [
    ['', /^reply message properties\[REPLY_TO_CLIENT\] is null$/],
    [replyTo('nobody'), /^push reply message fail, channel of <nobody> not found\.$/],
  ] as const) {
    const answer = await scene.ask(324, { ...sent, properties })
    assert.equal(answer.code, 1)
    assert.match(answer.remark ?? '', remark)
  }
  await scene.place.clock.resolve(scene.place.broker.stop())
})

/** Sends with properties; answers the fields of what was stored. */
async function stored(ask: Ask, properties: string, sysFlag = '0'): Promise<Record<string, string>> {
  const answer = await ask(10, { ...sent, properties, sysFlag }, Buffer.from('x'))
  assert.equal(answer.code, 0, answer.remark ?? '')
  return answer.extFields as Record<string, string>
}

test('an outcome that does not name its half by every field is refused, and the half waits', async () => {
  const scene = await startedWithAll()
  const properties = 'TRAN_MSG\u0001true\u0002PGROUP\u0001P\u0002UNIQ_KEY\u0001U\u0002'
  const half = await stored(scene.ask, properties, '4')
  const id = parseOffsetMessageId(half.msgId!)
  assert.ok(id.ok)
  const end = {
    ...{ producerGroup: 'P', tranStateTableOffset: half.queueOffset!, msgId: 'U' },
    ...{ commitLogOffset: String(id.value.physicalOffset), commitOrRollback: '8' },
  }
  await refuses(scene, [
    [37, { ...end, producerGroup: 'Q' }, 1, /^The producer group wrong$/],
    [37, { ...end, producerGroup: '' }, 1, /^The producer group wrong$/],
    [37, { ...end, tranStateTableOffset: '1' }, 1, /^The transaction state table offset wrong$/],
    [37, { ...end, tranStateTableOffset: '-1' }, 1, /^The transaction state table offset wrong$/],
    [37, { ...end, commitLogOffset: String(id.value.physicalOffset + 1) }, 1, /^Find prepared transaction/],
    [323, { msgId: half.msgId! }, 1, /The half is being checked\.$/],
    [36, { ...back, offset: end.commitLogOffset }, 1, /^look message by offset failed/],
  ])
  assert.equal((await scene.ask(37, end)).code, 0)
  await scene.place.clock.resolve(scene.place.broker.stop())
})

test('a handle that is expired, of another broker or of another topic takes nothing back', async () => {
  const scene = await startedWithAll()
  const now = scene.place.clock.wallMs()
  const handle = (more: object = {}) =>
    encodeRecallHandle({
      ...{ topic: 'FixOne', brokerName: 'broker-a', timestamp: String(now + 60_000), messageId: 'U' },
      ...more,
    })
  const { producerGroup, topic } = sent
  const recall = (recallHandle: string | undefined, more: Fields = {}): Fields => ({
    ...{ producerGroup, topic },
    ...(recallHandle !== undefined && { recallHandle }),
    ...more,
  })
  const invalid = /^recall handle is invalid$/
  await refuses(scene, [
    [370, recall(handle(), { topic: 'Nope' }), 17, /^recall failed, the topic\[Nope\] not exist$/],
    [370, recall(undefined), 604, invalid],
    [370, recall('%%%'), 604, invalid],
    [370, recall('x'.repeat(10_000)), 604, invalid],
    [370, recall(handle({ topic: 'FixNormal' })), 604, /^recall failed, topic not match$/],
    [370, recall(handle({ brokerName: 'broker-z' })), 604, /^recall failed, broker service not available$/],
    [370, recall(handle({ timestamp: String(now) })), 604, /^recall failed, timestamp invalid$/],
    [370, recall(handle({ timestamp: '-9223372036854775808' })), 604, /timestamp invalid$/],
    [370, recall(handle({ timestamp: '9223372036854775807' })), 604, /timestamp invalid$/],
    [370, recall(handle({ timestamp: 'x' })), 604, /timestamp invalid$/],
  ])
  await scene.place.clock.resolve(scene.place.broker.stop())
})

test('bodies that are not what the code says are refused', async () => {
  const scene = await startedWithAll()
  const lock = (more: object) => JSON.stringify({ consumerGroup: 'G', clientId: 'c', mqSet: [], ...more })
  const queue = { topic: 'FixOne', brokerName: 'broker-a', queueId: 0 }
  const subscription = (more: object) =>
    JSON.stringify({ clientId: 'c', group: 'G', subscriptionData: { topic: 'FixOne', ...more } })
  const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`
  const never = ['', 'x', '[]', 'null', '5', '"text"', '{"mqSet":{}}', '{"__proto__":{}}', deep]
  const none = /./
  await refuses(scene, [
    ...[41, 42, 46, 200, 225, 18].flatMap((code) => never.map((body) => [code, {}, 1, none, body] as const)),
    [41, {}, 29, none, lock({ consumerGroup: 'a b' })],
    [41, {}, 29, none, lock({ clientId: '' })],
    [41, {}, 1, none, lock({ mqSet: [{ ...queue, queueId: 'x' }] })],
    [41, {}, 1, none, lock({ mqSet: [{ ...queue, topic: [] }] })],
    [46, {}, 23, none, subscription({ expressionType: 'SQL92', subString: 'a >' })],
    [46, {}, 23, none, subscription({ expressionType: 'SQL92', subString: '' })],
    [
      46,
      {},
      23,
      /^there is no filter of type CLASS$/,
      subscription({ expressionType: 'CLASS', subString: 'a' }),
    ],
    [46, {}, 1, none, subscription({ expressionType: [], subString: 'a' })],
  ])
  await scene.place.clock.resolve(scene.place.broker.stop())
})
