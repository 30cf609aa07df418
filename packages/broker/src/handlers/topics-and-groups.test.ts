import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Reply } from '@aerobee/net'
import { bodies, type commands, type RequestOf } from '@aerobee/wire'
import { ask, bodyText, brokerParts, storedIn } from '../fakes.test.js'
import { newGroupConfig } from '../groups.js'
import { newTopicConfig, type TopicConfig } from '../topics.js'
import { deleteGroupHandler } from './delete-group.js'
import { deleteTopicHandler } from './delete-topic.js'
import { getAllGroupConfigHandler, getGroupConfigHandler } from './get-group-config.js'
import { getAllTopicConfigHandler, getTopicConfigHandler } from './get-topic-config.js'
import { updateGroupHandler, updateGroupListHandler } from './update-group.js'
import { updateTopicHandler, updateTopicListHandler } from './update-topic.js'

function scene(more: Parameters<typeof brokerParts>[0] = {}) {
  const parts = brokerParts(more)
  const announced: string[][] = []
  const registration = {
    announced: async () => void announced.push([...parts.topics.all.keys()]),
    announceAll: () => {},
  }
  return { ...parts, registration, announcements: announced }
}

type Update = RequestOf<typeof commands.updateAndCreateTopic>
const update = (more: Partial<Update> = {}): Update => ({
  topic: 'New',
  defaultTopic: 'TBW102',
  readQueueNums: 2,
  writeQueueNums: 3,
  perm: 6,
  topicFilterType: 'SINGLE_TAG',
  topicSysFlag: undefined,
  order: false,
  attributes: undefined,
  force: undefined,
  ...more,
})
const saved = (parts: { topicFile: { document: unknown } }, topic: string): unknown =>
  (parts.topicFile.document as { topicConfigTable: Record<string, unknown> }).topicConfigTable[topic]
const codeAndRemark = ({ code, remark }: Reply) => [code, remark]
const listBody = (topics: readonly TopicConfig[]) =>
  bodies.createTopicList.encode({ topicConfigList: topics })

test('a topic is on disk and announced when its creation is answered', async () => {
  const parts = scene()
  const { reply } = await ask(updateTopicHandler(parts), update({ attributes: '+message.type=FIFO' }))
  assert.deepEqual(codeAndRemark(reply), [0, null])
  const expected = newTopicConfig('New', 2, 6, { writeQueueNums: 3, attributes: { 'message.type': 'FIFO' } })
  assert.deepEqual(parts.topics.find('New'), expected)
  assert.deepEqual(saved(parts, 'New'), expected)
  assert.ok(parts.announcements[0]?.includes('New'))
})

test('a topic that stays as it is has no new data version', async () => {
  const parts = scene()
  await ask(updateTopicHandler(parts), update({ attributes: '+message.type=FIFO' }))
  const { counter } = parts.topics.dataVersion
  const { reply } = await ask(updateTopicHandler(parts), update())
  assert.equal(reply.code, 0)
  assert.equal(parts.topics.dataVersion.counter, counter)
  assert.deepEqual(parts.topics.find('New')?.attributes, { 'message.type': 'FIFO' })
})

for (const [what, more, code, remark] of [
  ['a blank name', { topic: ' ' }, 29, 'The specified topic is blank.'],
  [
    'a name with a path in it',
    { topic: '../../etc' },
    29,
    'The specified topic contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$',
  ],
  [
    'a name of 128 characters',
    { topic: 'x'.repeat(128) },
    29,
    'The specified topic is longer than topic max length.',
  ],
  ['a topic of the system', { topic: 'TBW102' }, 29, 'The topic[TBW102] is conflict with system topic.'],
  [
    'the cluster',
    { topic: 'DefaultCluster' },
    29,
    'The topic[DefaultCluster] is conflict with system topic.',
  ],
  ['mixed types', { attributes: '+message.type=MIXED' }, 29, 'MIXED message type is not supported.'],
  ['an unknown attribute', { attributes: '+color=red' }, 1, 'unsupported key: color'],
  ['no list of attributes', { attributes: 'color' }, 1, 'delete attribute format is wrong: color'],
] as const)
  test(`${what} is refused, and nothing is created`, async () => {
    const parts = scene()
    const { reply } = await ask(updateTopicHandler(parts), update(more))
    assert.deepEqual(codeAndRemark(reply), [code, remark])
    assert.equal(
      parts.topics.find(more.topic ?? 'New') === undefined,
      !parts.topics.isSystem(more.topic ?? 'New'),
    )
    assert.equal(parts.announcements.length, 0)
  })

test('numbers that no topic can have are refused', async () => {
  const parts = scene()
  for (const more of [
    { readQueueNums: -1 },
    { writeQueueNums: 2_000_000_000 },
    { perm: 8 },
    { topicSysFlag: -1 },
    { topicFilterType: 'NO_TAG' },
  ]) {
    const { reply } = await ask(updateTopicHandler(parts), update(more))
    assert.equal(reply.code, 29, JSON.stringify(more))
    assert.match(reply.remark!, /is not acceptable: expected/)
  }
  assert.equal(parts.topics.find('New'), undefined)
})

test('configuration may allow what is refused by default', async () => {
  const parts = scene({ validateSystemTopicWhenUpdateTopic: false, enableMixedMessageType: true })
  const asked = update({ topic: 'BenchmarkTest', attributes: '+message.type=MIXED' })
  const { reply } = await ask(updateTopicHandler(parts), asked)
  // BenchmarkTest is known, so that its attribute is added to an existing topic.
  assert.equal(reply.code, 0)
  assert.deepEqual(parts.topics.find('BenchmarkTest')?.attributes, { 'message.type': 'MIXED' })
})

test('a disk that refuses leaves the topic as it was', async () => {
  const parts = scene()
  parts.topicFile.failing = true
  await assert.rejects(ask(updateTopicHandler(parts), update()), /disk full/)
  assert.equal(parts.topics.find('New'), undefined)
  assert.equal(parts.announcements.length, 0)
})

test('a list of topics is created as a whole, past entries that change nothing', async () => {
  const parts = scene()
  const known = newTopicConfig('T', 4, 6)
  const body = listBody([known, newTopicConfig('L1', 1, 6), newTopicConfig('L2', 2, 4)])
  const { reply } = await ask(updateTopicListHandler(parts), {}, { body })
  assert.equal(reply.code, 0)
  assert.equal(parts.topics.find('L1')?.readQueueNums, 1)
  assert.equal(parts.topics.find('L2')?.perm, 4)
})

test('one bad entry keeps a whole list from being created', async () => {
  const parts = scene()
  const body = listBody([newTopicConfig('L1', 1, 6), newTopicConfig('bad name', 1, 6)])
  const { reply } = await ask(updateTopicListHandler(parts), {}, { body })
  assert.equal(reply.code, 29)
  assert.equal(parts.topics.find('L1'), undefined)
  const { reply: unreadable } = await ask(
    updateTopicListHandler(parts),
    {},
    { body: '{"topicConfigList":[{}]}' },
  )
  assert.equal(unreadable.code, 1)
})

test('a deleted topic takes its queues, offsets and POP retry topics along, and answers its held pulls', async () => {
  const parts = scene()
  const deleted: string[] = []
  Object.assign(parts.store, { deleteTopic: (topic: string) => void deleted.push(topic) })
  parts.topics.put([
    newTopicConfig('%RETRY%G_T', 1, 6),
    newTopicConfig('%RETRY%G+T', 1, 6),
    newTopicConfig('T2', 1, 6),
  ])
  for (const topic of ['T', 'T2', '%RETRY%G_T']) parts.offsets.reset('G', topic, 0, 0)
  let expired = 0
  parts.longPoll.hold({
    connection: { state: 'open' },
    topic: 'T',
    queueId: 0,
    offset: 0,
    expiresAtMonoMs: 1000,
    wake: () => {},
    expire: () => void expired++,
  } as never)
  parts.stats.notePut('T', 0, 1, storedIn(parts.clock, 100))
  const { reply } = await ask(deleteTopicHandler(parts), { topic: 'T' })
  assert.equal(parts.stats.traffic.find('T'), undefined)
  assert.deepEqual(codeAndRemark(reply), [0, null])
  assert.deepEqual(deleted, ['T', '%RETRY%G_T', '%RETRY%G+T'])
  for (const topic of deleted) assert.equal(parts.topics.find(topic), undefined)
  assert.equal(saved(parts, 'T'), undefined)
  assert.deepEqual([...parts.offsets.all.keys()], ['T2@G'])
  assert.equal(expired, 1)
})

test('topics of the system and illegal names are not deleted; unknown topics are no error', async () => {
  const parts = scene()
  const deleted: string[] = []
  Object.assign(parts.store, { deleteTopic: (topic: string) => void deleted.push(topic) })
  for (const topic of ['TBW102', 'broker-a', '', ' ', '../T', 'a/b']) {
    const { reply } = await ask(deleteTopicHandler(parts), { topic })
    assert.equal(reply.code, 29, topic)
  }
  assert.deepEqual(deleted, [])
  assert.ok(parts.topics.find('TBW102'))
  const { reply } = await ask(deleteTopicHandler(parts), { topic: 'Unknown' })
  assert.equal(reply.code, 0)
})

test('settings of one topic and of all are answered', async () => {
  const parts = scene()
  const one = await ask(getTopicConfigHandler(parts), { topic: 'T', logical: true })
  const read = bodies.topicConfigAndQueueMapping.decode(Buffer.from(bodyText(one.reply)))
  assert.ok(read.ok)
  assert.equal(read.value.readQueueNums, 4)
  const none = await ask(getTopicConfigHandler(parts), { topic: 'Nope', logical: undefined })
  assert.deepEqual(codeAndRemark(none.reply), [17, 'No topic in this broker. topic: Nope'])
  const all = bodies.topicConfigTable.decode(
    Buffer.from(bodyText((await ask(getAllTopicConfigHandler(parts), {})).reply)),
  )
  assert.ok(all.ok)
  assert.deepEqual([...all.value.topicConfigTable.keys()], [...parts.topics.all.keys()])
  assert.deepEqual(all.value.dataVersion, parts.topics.dataVersion)
})

const groupBody = (...args: Parameters<typeof newGroupConfig>) =>
  bodies.subscriptionGroupConfig.encode(newGroupConfig(...args))

test('a group is created and changed as a whole', async () => {
  const parts = scene()
  const { reply } = await ask(updateGroupHandler(parts), {}, { body: groupBody('G', { retryMaxTimes: 3 }) })
  assert.deepEqual(codeAndRemark(reply), [0, null])
  assert.equal(parts.groups.get('G')?.retryMaxTimes, 3)
  await ask(updateGroupHandler(parts), {}, { body: groupBody('G', { consumeEnable: false }) })
  assert.equal(parts.groups.get('G')?.retryMaxTimes, 16)
  assert.equal(parts.groups.get('G')?.consumeEnable, false)
})

test('groups that cannot be are refused, alone and in a list', async () => {
  const parts = scene()
  for (const [body, code] of [
    [groupBody('bad group'), 29],
    [groupBody(''), 29],
    [groupBody('x'.repeat(256)), 29],
    [groupBody('G', { retryQueueNums: -1 }), 29],
    [groupBody('G', { retryQueueNums: 1_000_000_000 }), 29],
    [groupBody('G', { attributes: { '+color': 'red' } }), 1],
    [Buffer.from('no JSON'), 1],
  ] as const)
    assert.equal((await ask(updateGroupHandler(parts), {}, { body })).reply.code, code)
  const body = bodies.subscriptionGroupList.encode({
    groupConfigList: [newGroupConfig('G1'), newGroupConfig('bad group')],
  })
  assert.equal((await ask(updateGroupListHandler(parts), {}, { body })).reply.code, 29)
  assert.equal(parts.groups.get('G'), undefined)
  assert.equal(parts.groups.get('G1'), undefined)
})

test('the settings of a group are answered, and those of all', async () => {
  const parts = scene()
  const one = await ask(getGroupConfigHandler(parts), { group: 'Auto' })
  assert.match(bodyText(one.reply), /"groupName":"Auto"/)
  parts.config.autoCreateSubscriptionGroup = false
  const none = await ask(getGroupConfigHandler(parts), { group: 'Other' })
  assert.deepEqual(codeAndRemark(none.reply), [26, 'No group in this broker'])
  const { reply } = await ask(getAllGroupConfigHandler(parts), {})
  const all = bodies.subscriptionGroupTable.decode(Buffer.from(bodyText(reply)))
  assert.ok(all.ok)
  assert.ok(all.value.subscriptionGroupTable.has('Auto'))
  assert.deepEqual(all.value.forbiddenTable, new Map())
})

test('a deleted group keeps its offsets unless asked otherwise', async () => {
  const parts = scene()
  parts.groups.put([newGroupConfig('G')])
  parts.offsets.reset('G', 'T', 0, 5)
  parts.stats.noteGet('T', 'G', 0, 1, 100, 0)
  await ask(deleteGroupHandler(parts), { groupName: 'G', cleanOffset: undefined })
  assert.equal(parts.stats.traffic.find('T')?.groups.size, 0)
  assert.equal(parts.groups.get('G'), undefined)
  assert.equal(parts.offsets.committed('G', 'T', 0), 5)
  const { reply } = await ask(deleteGroupHandler(parts), { groupName: 'G', cleanOffset: true })
  assert.equal(reply.code, 0)
  assert.equal(parts.offsets.query('G', 'T', 0), undefined)
})
