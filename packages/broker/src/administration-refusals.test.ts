import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Command, commands, isResponse } from '@aerobee/wire'
import { type Fields, refusesFields, started, state } from './refusal-scene.test.js'

/** Bad input to every request that looks into delivery or steers it: code, text, and nothing changed. */

const asked: readonly Command[] = [
  commands.getTopicStatsInfo,
  commands.getConsumerConnectionList,
  commands.getProducerConnectionList,
  commands.getConsumeStats,
  commands.invokeBrokerToResetOffset,
  commands.invokeBrokerToGetConsumerStatus,
  commands.queryTopicConsumeByWho,
  commands.queryConsumeTimeSpan,
  commands.getConsumerRunningInfo,
  commands.consumeMessageDirectly,
  commands.cloneGroupOffset,
  commands.viewBrokerStatsData,
  commands.getBrokerConsumeStats,
  commands.queryConsumeQueue,
  commands.queryTopicsByConsumer,
  commands.querySubscriptionByConsumer,
  commands.getSubscriptionGroupConfig,
  commands.updateAndGetGroupForbidden,
].map((command) => command as unknown as Command)

const good: Fields = {
  topic: 'FixOne',
  group: 'G',
  consumerGroup: 'G',
  producerGroup: 'P',
  srcGroup: 'G',
  destGroup: 'H',
  queueId: '0',
  offset: '0',
  index: '0',
  count: '1',
  timestamp: '0',
  isForce: 'true',
  isOrder: 'false',
  clientId: 'nobody',
  statsName: 'TOPIC_PUT_NUMS',
  statsKey: 'FixOne',
  topicSysFlag: '0',
  groupSysFlag: '0',
}

test('a missing field is named, and so is one that is no number or beyond its range', async () => {
  const { place, ask } = await started()
  assert.ok((await refusesFields(place, ask, asked, good)) > 80)
  await place.clock.resolve(place.broker.stop())
})

const reset = { topic: 'FixOne', group: 'G', timestamp: '0', isForce: 'true' }
const illegal = /contains illegal characters/

/** Request, fields, code and remark of the answer. */
const rows: readonly (readonly [code: number, fields: Fields, answer: number, remark: RegExp])[] = [
  [202, { topic: 'Nope' }, 17, /^topic\[Nope\] not exist$/],
  [203, { consumerGroup: 'Nope' }, 206, /^the consumer group\[Nope\] not online$/],
  [204, { producerGroup: 'Nope' }, 1, /^the producer group\[Nope\] not exist$/],
  [222, { ...reset, topic: 'Nope' }, 17, /^Topic Nope does not exist$/],
  [222, { ...reset, group: 'Nope' }, 26, /^Group Nope does not exist$/],
  [222, { ...reset, group: '../G' }, 26, /does not exist$/],
  [222, { ...reset, queueId: '1' }, 29, /^queueId\[1\] is illegal, topic:\[FixOne\] /],
  [222, { ...reset, queueId: '2147483647', offset: '0' }, 29, /^queueId\[2147483647\] is illegal/],
  [222, { ...reset, queueId: '0', offset: '3' }, 1, /^Target offset 3 not in consume queue range \[0-1\]$/],
  [222, { ...reset, queueId: '0', offset: '-2' }, 1, /^Target offset -2 not in consume queue range \[0-1\]$/],
  [
    222,
    { ...reset, queueId: '0', offset: '9007199254740991' },
    1,
    /^Target offset 9007199254740991 not in consume queue range \[0-1\]$/,
  ],
  [223, { topic: 'FixOne', group: 'Nope' }, 1, /^No Any Consumer online in the consumer group: \[Nope\]$/],
  [303, { topic: 'Nope', group: 'G' }, 17, /^topic\[Nope\] not exist$/],
  [307, { consumerGroup: 'G', clientId: 'Nope' }, 1, /^The Consumer <G> <Nope> not online$/],
  [307, { consumerGroup: 'Nope', clientId: 'ip@other' }, 1, /^The Consumer <Nope> <ip@other> not online$/],
  [309, { consumerGroup: 'Nope' }, 1, /^The Consumer <Nope> <null> not online$/],
  [314, { srcGroup: 'G', destGroup: '' }, 29, /^the specified group is blank$/],
  [314, { srcGroup: 'G', destGroup: 'a@b' }, 29, illegal],
  [314, { srcGroup: 'G', destGroup: 'x'.repeat(256) }, 29, /longer than group max length/],
  [315, { statsName: 'NOPE', statsKey: 'FixOne' }, 1, /^The stats <NOPE> <FixOne> not exist$/],
  [315, { statsName: '__proto__', statsKey: 'x' }, 1, /^The stats <__proto__> <x> not exist$/],
  [
    315,
    { statsName: 'TOPIC_PUT_NUMS', statsKey: 'Nope' },
    1,
    /^The stats <TOPIC_PUT_NUMS> <Nope> not exist$/,
  ],
  [315, { statsName: 'GROUP_GET_NUMS', statsKey: 'FixOne' }, 1, /not exist$/],
  [315, { statsName: 'QUEUE_PUT_NUMS', statsKey: 'FixOne@0@G' }, 1, /not exist$/],
  [315, { statsName: 'GROUP_GET_FALL_SIZE', statsKey: 'x@FixOne@G' }, 1, /not exist$/],
  [315, { statsName: 'BROKER_PUT_NUMS', statsKey: 'OtherCluster' }, 1, /not exist$/],
  [321, {}, 1, /^0@null is not exist!$/],
  [321, { topic: 'Nope', queueId: '0', index: '0', count: '1' }, 1, /^0@Nope is not exist!$/],
  [321, { topic: 'FixOne', queueId: '7', index: '0', count: '1' }, 1, /^7@FixOne is not exist!$/],
  [321, { topic: 'FixOne', queueId: '-1', index: '0', count: '1' }, 1, /^-1@FixOne is not exist!$/],
  [321, { topic: 'FixOne', queueId: '0', index: '1', count: '1' }, 0, /^Index 1 of 0@FixOne is not exist!$/],
  [
    321,
    { topic: 'FixOne', queueId: '0', index: '-1', count: '1' },
    0,
    /^Index -1 of 0@FixOne is not exist!$/,
  ],
  [352, { group: 'Nope' }, 26, /^No group in this broker$/],
  [353, { group: '', topic: 'FixOne', readable: 'false' }, 29, /^the specified group is blank$/],
  [353, { group: 'a@b', topic: 'FixOne', readable: 'false' }, 29, illegal],
  [353, { group: 'G', topic: 'a/../b', readable: 'false' }, 29, illegal],
  [353, { group: 'G', topic: '', readable: 'false' }, 29, /^The specified topic is blank\.$/],
  [308, { compareGroup: 'G', topic: 'FixOne' }, 3, /^ request type 308 not supported: no tool asks for it/],
]

test('topics, groups, queues, clients and offsets that are not there are refused, and nothing changes', async () => {
  const { place, ask } = await started()
  const before = await state(place, ask)
  for (const [code, fields, expected, remark] of rows) {
    const answer = await ask(code, fields)
    const what = `${code} ${JSON.stringify(fields)}`
    assert.equal(answer.code, expected, `${what}: ${answer.remark}`)
    assert.match(answer.remark ?? '', remark, what)
    assert.equal(answer.body.length, 0, what)
    assert.deepEqual(await state(place, ask), before, what)
  }
  await place.clock.resolve(place.broker.stop())
})

test('a message id that is none, or of no message, is not passed on', async () => {
  const { place, ask, client } = await started()
  const nobody = '7F00000100002A9F7FFFFFFFFFFFFFFF'
  for (const [msgId, remark] of [
    [undefined, /^msgId\[\]: an offset message id has 32 or 56 hex digits$/],
    ['zz', /^msgId\[zz\]: an offset message id has/],
    ['7F00000100002A9FFFFFFFFFFFFFFFFF', /is outside/],
    [nobody, /is outside/],
    ['7F00000100002A9F000000000000FFFF', /^can not find message by the offset, 65535$/],
    ['7F00000100002A9F0000000000000001', /^can not find message by the offset, 1$/],
  ] as const) {
    const fields = { consumerGroup: 'G', clientId: 'ip@other', ...(msgId === undefined ? {} : { msgId }) }
    const answer = await ask(309, fields)
    assert.equal(answer.code, 1)
    assert.match(answer.remark ?? '', remark)
  }
  assert.ok(client.frames.every((frame) => isResponse(frame) || frame.code !== 309))
  await place.clock.resolve(place.broker.stop())
})

test('bodies of lists that are none change nothing', async () => {
  const { place, ask } = await started()
  const before = await state(place, ask)
  const topic = { readQueueNums: 1, writeQueueNums: 1, perm: 6, topicFilterType: 'SINGLE_TAG' }
  for (const [code, body] of [
    [18, ''],
    [18, '[]'],
    [18, '{"topicConfigList":[{"topicName":"a b"}]}'],
    [
      18,
      JSON.stringify({
        topicConfigList: [
          { ...topic, topicName: 'New' },
          { ...topic, topicName: '' },
        ],
      }),
    ],
    [18, JSON.stringify({ topicConfigList: [{ ...topic, topicName: 'New', perm: 9 }] })],
    [225, ''],
    [225, '{"groupConfigList":[{}]}'],
    [225, '{"groupConfigList":[{"groupName":"New"},{"groupName":"a@b"}]}'],
    [225, '{"groupConfigList":[{"groupName":"New","retryQueueNums":-1}]}'],
  ] as const) {
    const answer = await ask(code, {}, Buffer.from(body))
    assert.ok([1, 29].includes(answer.code), `${code} ${body}: ${answer.code}`)
    assert.notEqual(answer.remark ?? '', '')
    assert.deepEqual(await state(place, ask), before, `${code} ${body}`)
  }
  await place.clock.resolve(place.broker.stop())
})
