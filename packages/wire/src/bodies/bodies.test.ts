import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8, utf8Text } from '@aerobee/base'
import { decodeFrame } from '../frame-codec.js'
import { capturedFrames, vectors } from '../testdata.test.js'
import type { BodyCodec } from './body-codec.js'
import * as bodies from './index.js'

type AnyCodec = Pick<BodyCodec<unknown>, 'name' | 'decode'> & {
  encode(value: never, form?: 'fastjson' | 'standard'): Uint8Array
}

const byClass: Record<string, AnyCodec> = {
  TopicRouteData: bodies.topicRouteData,
  'TopicRouteData (empty)': bodies.topicRouteData,
  TopicConfigAndMappingSerializeWrapper: bodies.topicConfigTable,
  SubscriptionGroupWrapper: bodies.subscriptionGroupTable,
  ConsumerOffsetSerializeWrapper: bodies.consumerOffsetTable,
  ConsumerConnection: bodies.consumerConnection,
  ProducerConnection: bodies.producerConnection,
  ConsumeStats: bodies.consumeStats,
  'ConsumeStats (empty)': bodies.consumeStats,
  TopicStatsTable: bodies.topicStatsTable,
  KVTable: bodies.kvTable,
  ClusterInfo: bodies.clusterInfo,
  ResetOffsetBody: bodies.resetOffset,
  LockBatchRequestBody: bodies.lockBatchRequest,
  UnlockBatchRequestBody: bodies.lockBatchRequest,
  LockBatchResponseBody: bodies.lockBatchResponse,
  'LockBatchResponseBody (empty)': bodies.lockBatchResponse,
  ConsumerRunningInfo: bodies.consumerRunningInfo,
  QueryConsumeQueueResponseBody: bodies.consumeQueueView,
  HeartbeatData: bodies.heartbeatData,
  GetConsumerListByGroupResponseBody: bodies.consumerIdList,
  TopicList: bodies.topicList,
  GroupList: bodies.groupList,
  QueryCorrectionOffsetBody: bodies.correctionOffsets,
  DataVersion: bodies.dataVersion,
  ConsumeMessageDirectlyResult: bodies.consumeMessageDirectlyResult,
  SubscriptionGroupConfig: bodies.subscriptionGroupConfig,
  TopicConfig: bodies.topicConfig,
}

/** The table of topics without mappings, from before static topics; and bodies of POP, which is not here yet. */
const leftOut = /^TopicConfigSerializeWrapper$|^BatchAck|^PopCheckPoint|^AckMsg|standard JSON/

test('every body with known values decodes and encodes to the text that Java wrote', () => {
  for (const vector of vectors<{ class: string; encoded: string }[]>('json-bodies')) {
    if (leftOut.test(vector.class)) continue
    const codec = byClass[vector.class]
    assert.ok(codec, vector.class)
    const decoded = codec.decode(utf8(vector.encoded))
    assert.ok(decoded.ok, decoded.ok ? '' : decoded.reason)
    assert.equal(utf8Text(codec.encode(decoded.value as never)), vector.encoded, vector.class)
  }
})

const requests: Record<number, AnyCodec> = {
  18: bodies.createTopicList,
  34: bodies.heartbeatData,
  41: bodies.lockBatchRequest,
  42: bodies.lockBatchRequest,
  46: bodies.checkClientRequest,
  200: bodies.subscriptionGroupConfig,
  217: bodies.topicRouteData,
  220: bodies.resetOffset,
  225: bodies.subscriptionGroupList,
  322: bodies.dataVersion,
}
const responses: Record<number, AnyCodec> = {
  21: bodies.topicConfigTable,
  28: bodies.kvTable,
  38: bodies.consumerIdList,
  41: bodies.lockBatchResponse,
  43: bodies.consumerOffsetTable,
  103: bodies.kvTable,
  105: bodies.topicRouteData,
  106: bodies.clusterInfo,
  201: bodies.subscriptionGroupTable,
  202: bodies.topicStatsTable,
  203: bodies.consumerConnection,
  204: bodies.producerConnection,
  206: bodies.topicList,
  208: bodies.consumeStats,
  219: bodies.kvTable,
  221: bodies.consumerStatus,
  222: bodies.resetOffset,
  223: bodies.consumerStatus,
  224: bodies.topicList,
  300: bodies.groupList,
  304: bodies.topicList,
  303: bodies.consumeTimeSpans,
  305: bodies.topicList,
  307: bodies.consumerRunningInfo,
  308: bodies.correctionOffsets,
  309: bodies.consumeMessageDirectlyResult,
  311: bodies.topicList,
  312: bodies.topicList,
  313: bodies.topicList,
  315: bodies.brokerStatsData,
  317: bodies.consumeStatsList,
  321: bodies.consumeQueueView,
  322: bodies.dataVersion,
  328: bodies.producerTable,
  343: bodies.topicList,
  345: bodies.queriedSubscription,
  351: bodies.topicConfigAndQueueMapping,
  352: bodies.subscriptionGroupConfig,
  353: bodies.groupForbidden,
  901: bodies.brokerMemberGroup,
}

test('every captured body of these kinds decodes and encodes to the same bytes', () => {
  const seen = new Set<string>()
  for (const captured of capturedFrames()) {
    const frame = decodeFrame(captured.bytes)
    assert.ok(frame.ok)
    const isResponse = captured.direction === 'response'
    const codec = isResponse ? responses[captured.requestCode!] : requests[captured.code]
    if (codec === undefined || frame.value.body.length === 0) continue
    seen.add(`${isResponse} ${isResponse ? captured.requestCode : captured.code}`)
    const decoded = codec.decode(frame.value.body)
    assert.ok(decoded.ok, `${captured.id}: ${decoded.ok ? '' : decoded.reason}`)
    const before = utf8Text(frame.value.body)
    const form = before.includes('"brokerAddrs":{"') ? 'standard' : 'fastjson'
    assert.equal(utf8Text(codec.encode(decoded.value as never, form)), before, captured.id)
  }
  assert.equal(seen.size, Object.keys(requests).length + Object.keys(responses).length)
})

test('routes have a standard form for clients that want it', () => {
  const vector = vectors<{ class: string; encoded: string }[]>('json-bodies').find(({ class: name }) =>
    name.startsWith('TopicRouteData (standard'),
  )!
  const decoded = bodies.topicRouteData.decode(utf8(vector.encoded))
  assert.ok(decoded.ok)
  assert.deepEqual(decoded.value.brokerDatas[0]?.brokerAddrs.get(1), '127.0.0.1:20911')
  assert.equal(bodies.topicRouteData.text(decoded.value, 'standard'), vector.encoded)
})

test('the standard form is ASCII and escapes slashes, the other is not', () => {
  const list = { topicList: ['ü/😀"'] }
  assert.equal(bodies.topicList.text(list, 'standard'), '{"topicList":["\\u00FC\\/\\uD83D\\uDE00\\""]}')
  assert.equal(bodies.topicList.text(list), '{"topicList":["ü/😀\\""]}')
  const decoded = bodies.topicList.decode(bodies.topicList.encode(list, 'standard'))
  assert.ok(decoded.ok)
  assert.deepEqual(decoded.value.topicList, list.topicList)
})

test('a queue as key may stand as an object or as its quoted text', () => {
  const entry = [{ brokerName: 'broker-a', queueId: 3, topic: 'T' }, 7] as const
  for (const text of [
    '{"offsetTable":{{"brokerName":"broker-a","queueId":3,"topic":"T"}:7}}',
    '{"offsetTable":{"{\\"brokerName\\":\\"broker-a\\",\\"queueId\\":3,\\"topic\\":\\"T\\"}":7}}',
  ]) {
    const decoded = bodies.resetOffset.decode(utf8(text))
    assert.ok(decoded.ok)
    assert.deepEqual(decoded.value.offsetTable, [entry])
  }
  const standard = bodies.resetOffset.text({ offsetTable: [entry] }, 'standard')
  assert.deepEqual(JSON.parse(standard), {
    offsetTable: { '{"brokerName":"broker-a","queueId":3,"topic":"T"}': 7 },
  })
})

test('a heartbeat of the C++ client gives enum constants by ordinal', () => {
  const decoded = bodies.heartbeatData.decode(
    utf8(
      '{"clientID":"c","consumerDataSet":[{"groupName":"G","consumeType":0,"messageModel":0,"consumeFromWhere":4,' +
        '"subscriptionDataSet":[{"topic":"T","subString":"*","subVersion":"12","tagsSet":null}]}]}',
    ),
  )
  assert.ok(decoded.ok)
  assert.deepEqual(decoded.value, {
    clientID: 'c',
    consumerDataSet: [
      {
        consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
        consumeType: 'CONSUME_ACTIVELY',
        groupName: 'G',
        messageModel: 'BROADCASTING',
        subscriptionDataSet: [
          {
            classFilterMode: false,
            codeSet: [],
            expressionType: 'TAG',
            subString: '*',
            subVersion: 12,
            tagsSet: [],
            topic: 'T',
          },
        ],
        unitMode: false,
      },
    ],
    heartbeatFingerprint: 0,
    producerDataSet: [],
    withoutSub: false,
  })
})

test('what Java would fill in is filled in, and unknown keys are passed over', () => {
  const group = bodies.subscriptionGroupConfig.decode(utf8('{"groupName":"G","later":{"x":[1]}}'))
  assert.ok(group.ok)
  assert.equal(group.value.retryMaxTimes, 16)
  assert.equal(group.value.consumeEnable, true)
  assert.deepEqual(group.value.groupRetryPolicy, { type: 'CUSTOMIZED' })
  assert.ok(!('later' in group.value))
  const topic = bodies.topicConfig.decode(utf8('{"topicName":"T","perm":"4"}'))
  assert.ok(topic.ok)
  assert.equal(topic.value.readQueueNums, 16)
  assert.equal(topic.value.perm, 4)
})

test('a body that is not of its kind is refused with the place', () => {
  const reasonOf = (codec: AnyCodec, text: string) => {
    const decoded = codec.decode(utf8(text))
    assert.ok(!decoded.ok, text)
    return decoded.reason
  }
  assert.match(reasonOf(bodies.heartbeatData, '{}'), /^HeartbeatData: clientID is not text$/)
  assert.match(reasonOf(bodies.heartbeatData, '[]'), /the body is not an object/)
  assert.match(reasonOf(bodies.heartbeatData, ''), /^HeartbeatData: a value was expected/)
  assert.match(reasonOf(bodies.heartbeatData, 'null'), /the body is not an object/)
  assert.match(
    reasonOf(bodies.lockBatchRequest, '{"clientId":"c","consumerGroup":"g","mqSet":[{}]}'),
    /mqSet\[0\]/,
  )
  assert.match(reasonOf(bodies.topicList, '{"topicList":[{}]}'), /topicList\[0\] is not text/)
  assert.match(reasonOf(bodies.topicList, '{"topicList":{}}'), /topicList is not a list/)
  assert.match(reasonOf(bodies.dataVersion, '{"counter":"x"}'), /counter is not an integer/)
  assert.match(reasonOf(bodies.dataVersion, '{"counter":[1]}'), /counter is not an integer/)
  assert.match(
    reasonOf(bodies.topicConfig, '{"topicName":"T","order":"maybe"}'),
    /order is not true or false/,
  )
  assert.match(reasonOf(bodies.resetOffset, '{"offsetTable":{"x":1}}'), /is not a message queue/)
  assert.match(reasonOf(bodies.consumerOffsetTable, '{"offsetTable":{"a@b":{"x":1}}}'), /x is not an integer/)
  assert.match(reasonOf(bodies.consumeStats, '{"consumeTps":"x"}'), /consumeTps is not a number/)
})

test('a key named __proto__ is a key', () => {
  const decoded = bodies.kvTable.decode(utf8('{"table":{"__proto__":"x"}}'))
  assert.ok(decoded.ok)
  assert.deepEqual(Object.keys(decoded.value.table), ['__proto__'])
  assert.equal(bodies.kvTable.text(decoded.value), '{"table":{"__proto__":"x"}}')
  const lenient = bodies.kvTable.decode(utf8("{'table':{__proto__:'x'}}"))
  assert.deepEqual(lenient, decoded)
})

test('bodies are bounded in depth, so that values passed through can be written again', () => {
  const nested = (depth: number) => `{"topicQueueMappingByBroker":${'['.repeat(depth)}${']'.repeat(depth)}}`
  assert.ok(bodies.topicRouteData.decode(utf8(nested(10))).ok)
  const deep = bodies.topicRouteData.decode(utf8(nested(100_000)))
  assert.ok(!deep.ok)
  assert.match(deep.reason, /nested deeper than 16/)
})

test('doubles are written as Java writes them', () => {
  const text = (consumeTps: number) => bodies.consumeStats.text({ consumeTps, offsetTable: [] })
  for (const [value, expected] of [
    [0, '0.0'],
    [1e-5, '1.0E-5'],
    [0.001, '0.001'],
    [0.00099, '9.9E-4'],
    [12345678, '1.2345678E7'],
    [9999999, '9999999.0'],
    [1e7, '1.0E7'],
    [0.0749718855429214, '0.0749718855429214'],
  ] as const)
    assert.equal(text(value), `{"consumeTps":${expected},"offsetTable":{}}`)
})

test('the queues that a broker shares out are read as it writes them, and none is not an empty list', () => {
  const text =
    '{"messageQueueAssignments":[{"messageQueue":{"brokerName":"b","queueId":1,"topic":"T"},"mode":"PULL"},' +
    '{"attachments":{"k":"v"},"messageQueue":{"brokerName":"b","queueId":-1,"topic":"T"},"mode":"POP"}]}'
  const decoded = bodies.queryAssignmentResponse.decode(utf8(text))
  assert.ok(decoded.ok)
  assert.deepEqual(
    decoded.value.messageQueueAssignments?.map(({ messageQueue, mode }) => [messageQueue.queueId, mode]),
    [
      [1, 'PULL'],
      [-1, 'POP'],
    ],
  )
  assert.equal(utf8Text(bodies.queryAssignmentResponse.encode(decoded.value)), text)
  for (const none of ['{}', '{"messageQueueAssignments":null}'])
    assert.deepEqual(bodies.queryAssignmentResponse.decode(utf8(none)), {
      ok: true,
      value: { messageQueueAssignments: undefined },
    })
  const asked = {
    clientId: 'c',
    consumerGroup: 'g',
    messageModel: 'CLUSTERING' as const,
    strategyName: 'AVG',
    topic: 'T',
  }
  assert.equal(
    utf8Text(bodies.queryAssignmentRequest.encode(asked)),
    '{"clientId":"c","consumerGroup":"g","messageModel":"CLUSTERING","strategyName":"AVG","topic":"T"}',
  )
})
