import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import {
  clientIdFault,
  dlqTopicOf,
  groupNameFault,
  groupOfTopic,
  isBrokersOwn,
  isClosedToSends,
  isStoredTopicName,
  isSystemTopic,
  isTopicName,
  memberTopicOf,
  popRetryTopicV1,
  popRetryTopicV2,
  retryTopicOf,
  reviveTopicOf,
  topicNameFault,
  topicOfPopRetry,
} from './names.js'

const illegal = 'The specified topic contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$'

test('topics are refused in the words of the reference', () => {
  assert.equal(topicNameFault('%RETRY%a-b_C|9'), undefined)
  for (const blank of ['', ' ', '\t\n']) assert.equal(topicNameFault(blank), 'The specified topic is blank.')
  assert.equal(topicNameFault('a'.repeat(127)), undefined)
  assert.equal(topicNameFault('a'.repeat(128)), 'The specified topic is longer than topic max length.')
  assert.equal(topicNameFault('a'.repeat(128), 255), undefined)
  assert.equal(topicNameFault('a b'), illegal)
})

const hostile = [
  '..',
  '.',
  '../../etc/passwd',
  'a/b',
  'a\\b',
  '/',
  'a\u0000',
  '\u0000',
  'a\u2215b',
  'é',
  '标题',
  'CON.txt',
  'a\n',
  'a\r',
  'a+b',
  'a:b',
  '~',
  '$HOME',
  'a\ud800',
  '-\u0001',
  'x'.repeat(10_240),
]

test('nothing that could leave a folder is a topic or a group', () => {
  for (const name of hostile) {
    assert.equal(isTopicName(name), false, JSON.stringify(name.slice(0, 30)))
    assert.notEqual(groupNameFault(name), undefined, JSON.stringify(name.slice(0, 30)))
    if (name !== 'a+b') assert.equal(isStoredTopicName(name), false)
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
      if (isStoredTopicName(name)) assert.match(name, /^[%|a-zA-Z0-9_+-]{1,255}$/)
    }),
  )
})

test('groups are refused in the words of the Java client', () => {
  assert.equal(groupNameFault('GID_a'), undefined)
  assert.equal(groupNameFault(' '), 'the specified group is blank')
  assert.equal(groupNameFault('g'.repeat(255)), undefined)
  assert.equal(groupNameFault('g'.repeat(256)), 'the specified group is longer than group max length 255.')
  assert.equal(
    groupNameFault('g!'),
    'the specified group[g!] contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$',
  )
})

test('client ids are free text without control characters and halves of characters', () => {
  for (const id of ['127.0.0.1@1', 'fe80::1@DEFAULT@unit', '标识@🚀', 'x'.repeat(512)])
    assert.equal(clientIdFault(id), undefined)
  for (const id of ['', 'x'.repeat(513), 'a\u0000b', 'a\u007f', 'a\ud83d', '\udc00a', '\ud83d\ud83d'])
    assert.notEqual(clientIdFault(id), undefined, JSON.stringify(id))
})

test('retry and dead letter topics lead back to their group', () => {
  assert.equal(retryTopicOf('g'), '%RETRY%g')
  assert.equal(dlqTopicOf('g'), '%DLQ%g')
  for (const topic of ['%RETRY%g', '%DLQ%g', 'g']) assert.equal(groupOfTopic(topic), 'g')
})

test('POP retry topics of both kinds lead back to their topic', () => {
  assert.equal(popRetryTopicV1('t', 'g'), '%RETRY%g_t')
  assert.equal(popRetryTopicV2('t', 'g'), '%RETRY%g+t')
  for (const topic of [popRetryTopicV1('t', 'g'), popRetryTopicV2('t', 'g'), 't'])
    assert.equal(topicOfPopRetry(topic, 'g'), 't')
  assert.equal(topicOfPopRetry('%RETRY%g_', 'g'), '%RETRY%g_')
  assert.ok(isStoredTopicName(popRetryTopicV2('t'.repeat(127), 'g'.repeat(120))))
})

test('topics of the system are known, and those closed to sends are fewer', () => {
  for (const topic of ['TBW102', 'SCHEDULE_TOPIC_XXXX', reviveTopicOf('c'), memberTopicOf('b')])
    assert.ok(isSystemTopic(topic))
  assert.ok(isClosedToSends('SCHEDULE_TOPIC_XXXX'))
  assert.ok(!isClosedToSends('TBW102'))
  assert.ok(!isSystemTopic('MyTopic'))
  for (const topic of ['RMQ_SYS_TRANS_OP_HALF_TOPIC', 'rmq_sys_wheel_timer', reviveTopicOf('c')])
    assert.ok(isBrokersOwn(topic))
  for (const topic of ['RMQ_SYS_TRACE_TOPIC', 'SELF_TEST_TOPIC', 'c_REPLY_TOPIC', 'MyTopic'])
    assert.ok(!isBrokersOwn(topic))
})
