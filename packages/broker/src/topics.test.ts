import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '@aerobee/base'
import { VirtualClock } from '@aerobee/testkit'
import type { BrokerConfig } from './config-keys.js'
import { defaultConfig, MemoryFile } from './fakes.test.js'
import { newTopicConfig, type TopicConfig, TopicTable, topicText } from './topics.js'

function table(more: Partial<BrokerConfig> = {}, file = new MemoryFile()) {
  const clock = new VirtualClock()
  const announced: (readonly TopicConfig[])[] = []
  const onChange = (topics: readonly TopicConfig[]) => void announced.push(topics)
  const topics = new TopicTable({
    settings: defaultConfig(more),
    clock,
    logger: silentLogger,
    file,
    onChange,
  })
  return { topics, file, clock, announced }
}

test('a new broker has its system topics', async () => {
  const { topics, file } = table()
  const shape = [...topics.all.values()].map(
    (topic) => `${topic.topicName} ${topic.readQueueNums} ${topic.perm}`,
  )
  assert.deepEqual(shape, [
    'SELF_TEST_TOPIC 1 6',
    'TBW102 8 7',
    'BenchmarkTest 1024 6',
    'DefaultCluster 16 7',
    'broker-a 1 7',
    'OFFSET_MOVED_EVENT 1 6',
    'SCHEDULE_TOPIC_XXXX 18 6',
    'DefaultCluster_REPLY_TOPIC 1 6',
    'rmq_sys_REVIVE_LOG_DefaultCluster 8 6',
    'rmq_sys_SYNC_BROKER_MEMBER_broker-a 1 1',
    'RMQ_SYS_TRANS_HALF_TOPIC 1 6',
    'RMQ_SYS_TRANS_OP_HALF_TOPIC 1 6',
    'rmq_sys_wheel_timer 1 6',
  ])
  assert.ok([...topics.all.keys()].every(topics.isSystem))
  assert.equal(topics.isSystem('T'), false)
  assert.equal(file.saves, 0)
})

test('without creation of topics there is no default topic, with tracing there is a trace topic', async () => {
  const { topics } = table({ autoCreateTopicEnable: false, traceTopicEnable: true, brokerTopicEnable: false })
  assert.equal(topics.find('TBW102'), undefined)
  assert.equal(topics.find('RMQ_SYS_TRACE_TOPIC')?.readQueueNums, 1)
  assert.equal(topics.find('broker-a')?.perm, 1)
})

test('a topic is modelled on the default topic, within its queues and without the inherit bit', async () => {
  const { topics, announced } = table()
  const wish = { topic: 'New', defaultTopic: 'TBW102', defaultTopicQueueNums: 3, unitMode: false }
  const created = topics.findOrCreate(wish)
  assert.deepEqual(created, newTopicConfig('New', 3, 6))
  assert.deepEqual(announced, [[created]])
  assert.equal(topics.findOrCreate({ ...wish, defaultTopicQueueNums: 9 }), created)
  assert.equal(topics.dataVersion.counter, 1)
  assert.equal(topics.findOrCreate({ ...wish, topic: 'Many', defaultTopicQueueNums: 99 })?.writeQueueNums, 8)
  assert.equal(topics.findOrCreate({ ...wish, topic: 'None', defaultTopicQueueNums: -1 })?.writeQueueNums, 0)
  assert.equal(topics.findOrCreate({ ...wish, topic: 'Unit', unitMode: true })?.topicSysFlag, 1)
  assert.equal(topics.findOrCreate({ ...wish, topic: '%RETRY%G', unitMode: true })?.topicSysFlag, 2)
})

test('a topic is not modelled on one that may not be inherited from, or is not there', async () => {
  const { topics } = table()
  const wish = { topic: 'New', defaultTopicQueueNums: 3, unitMode: false }
  topics.put([newTopicConfig('Plain', 4, 6)])
  assert.equal(topics.findOrCreate({ ...wish, defaultTopic: 'Plain' }), undefined)
  assert.equal(topics.findOrCreate({ ...wish, defaultTopic: 'Nowhere' }), undefined)
  const off = table({ autoCreateTopicEnable: false })
  off.topics.put([newTopicConfig('TBW102', 8, 7)])
  assert.equal(off.topics.findOrCreate({ ...wish, defaultTopic: 'TBW102' }), undefined)
  assert.equal(off.topics.findOrCreate({ ...wish, defaultTopic: 'DefaultCluster' })?.writeQueueNums, 3)
})

test('an equal topic is no change; a different one is saved, announced and counted', async () => {
  const { topics, file, announced, clock } = table()
  topics.put([newTopicConfig('T', 4, 6, { attributes: { b: '2', a: '1' } })])
  topics.put([newTopicConfig('T', 4, 6, { attributes: { a: '1', b: '2' } })])
  assert.equal(file.saves, 1)
  await clock.advance(5)
  topics.put([newTopicConfig('T', 4, 4), newTopicConfig('U', 1, 6)])
  assert.deepEqual(
    [file.saves, announced.length, announced[1]!.length, topics.dataVersion.counter],
    [2, 2, 2, 2],
  )
  assert.equal(topics.dataVersion.timestamp, clock.wallMs())
})

test('what was changed is there again after a restart, and over the system topics', async () => {
  const file = new MemoryFile()
  const first = table({}, file)
  first.topics.put([newTopicConfig('T', 4, 6, { order: true }), newTopicConfig('TBW102', 2, 7)])
  first.topics.put([newTopicConfig('__proto__', 1, 6)])
  const second = table({}, file)
  assert.deepEqual(second.topics.find('T'), newTopicConfig('T', 4, 6, { order: true }))
  assert.equal(second.topics.find('TBW102')?.writeQueueNums, 2)
  assert.equal(second.topics.find('__proto__')?.writeQueueNums, 1)
  assert.deepEqual(second.topics.dataVersion, first.topics.dataVersion)
  assert.equal(second.topics.delete('T'), true)
  assert.equal(second.topics.delete('T'), false)
  assert.equal(table({}, file).topics.find('T'), undefined)
})

test('a change that the disk refuses did not happen', async () => {
  const { topics, file, announced } = table()
  topics.put([newTopicConfig('T', 4, 6)])
  const version = { ...topics.dataVersion }
  file.failing = true
  assert.throws(() => topics.put([newTopicConfig('T', 8, 6)]), /disk full/)
  assert.throws(() => topics.delete('T'), /disk full/)
  assert.equal(topics.find('T')?.writeQueueNums, 4)
  assert.deepEqual(topics.dataVersion, version)
  assert.equal(announced.length, 1)
})

test('entries that are no topics are left out when the file is read', async () => {
  const file = new MemoryFile({
    dataVersion: { counter: 7, stateVersion: 0, timestamp: 5 },
    topicConfigTable: { Good: { perm: 6 }, Bad: { perm: 'x' }, Worse: 3, Low: { readQueueNums: -1 } },
  })
  const { topics } = table({}, file)
  assert.deepEqual(topics.find('Good'), { ...newTopicConfig('Good', 16, 6) })
  assert.deepEqual(
    ['Bad', 'Worse', 'Low'].map((name) => topics.find(name)),
    [undefined, undefined, undefined],
  )
  assert.equal(topics.dataVersion.counter, 7)
})

test('the retry topic of a live group is made once, and follows its order flag', async () => {
  const { topics, announced } = table()
  topics.ensureSoon(newTopicConfig('%RETRY%G', 1, 6))
  topics.ensureSoon(newTopicConfig('%RETRY%G', 3, 6))
  assert.equal(topics.find('%RETRY%G')?.readQueueNums, 1)
  topics.ensureSoon(newTopicConfig('%RETRY%G', 3, 6, { order: true }))
  assert.deepEqual(topics.find('%RETRY%G'), newTopicConfig('%RETRY%G', 1, 6, { order: true }))
  assert.equal(announced.length, 2)
})

test('a topic is printed as upstream prints it', async () => {
  assert.equal(
    topicText(newTopicConfig('T', 4, 7, { attributes: { 'message.type': 'FIFO' } })),
    'TopicConfig [topicName=T, readQueueNums=4, writeQueueNums=4, perm=RWX, topicFilterType=SINGLE_TAG, ' +
      'topicSysFlag=0, order=false, attributes={message.type=FIFO}]',
  )
})

test('with enableLmq a light message queue is a topic of one queue, which nobody creates or changes', () => {
  const { topics } = table({ enableLmq: true })
  assert.deepEqual(topics.find('%LMQ%a'), newTopicConfig('%LMQ%a', 1, 6))
  topics.put([newTopicConfig('%LMQ%a', 8, 2)])
  assert.deepEqual(topics.find('%LMQ%a'), newTopicConfig('%LMQ%a', 1, 6))
  assert.equal(topics.all.has('%LMQ%a'), false)
  assert.equal(topics.find('%LMQ%a.b'), undefined)
  assert.equal(table().topics.find('%LMQ%a'), undefined)
})

test('the type of a topic’s queues is one of its attributes, and unknown for an unknown topic', () => {
  const { topics } = table()
  topics.put([
    newTopicConfig('Many', 4, 6, { attributes: { 'queue.type': 'BatchCQ' } }),
    newTopicConfig('T', 4, 6),
  ])
  assert.deepEqual(
    [topics.isBatch('Many'), topics.isBatch('T'), topics.isBatch('U')],
    [true, false, undefined],
  )
})

test('the trace topic is made when it is wanted, and is the broker’s then whatever its name', () => {
  const { topics } = table({ traceTopicEnable: true, msgTraceTopicName: 'MyTrace' })
  assert.deepEqual(topics.find('MyTrace'), newTopicConfig('MyTrace', 1, 6))
  assert.equal(topics.isSystem('MyTrace'), true)
  const without = table({ msgTraceTopicName: 'MyTrace' }).topics
  assert.deepEqual([without.find('MyTrace'), without.isSystem('MyTrace')], [undefined, false])
})
