import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Command, FieldSet } from '../command.js'
import type { ExtFields } from '../frame.js'
import { decodeFrame } from '../frame-codec.js'
import { type CapturedFrame, capturedFrames, vectors } from '../testdata.test.js'
import * as commands from './all.js'
import { allCommands, commandByCode, type Receiver, requestCodeName, requestCodes } from './index.js'

const constants = vectors<{ requestCodes: Record<string, number> }>('constants-and-frames')

const receivers: Record<CapturedFrame['peer'], Receiver> = {
  broker: 'broker',
  namesrv: 'nameServer',
  client: 'client',
}

/** Any request may carry these: rpc fields of static topics, the signature, and Java's request type. */
const tolerated = new Set([
  'bname',
  'ns',
  'nsd',
  'oway',
  'lo',
  'AccessKey',
  'Signature',
  'SecurityToken',
  'ReqT',
])

/** Codes that no peer of 5.3.3 sends, or that only controllers send each other. */
const undeclared = new Set([
  'QUERY_BROKER_OFFSET',
  'GET_TOPIC_CONFIG_LIST',
  'GET_TOPIC_NAME_LIST',
  'TRIGGER_DELETE_FILES',
  'GET_CLIENT_CONFIG',
  'SUSPEND_CONSUMER',
  'RESUME_CONSUMER',
  'RESET_CONSUMER_OFFSET_IN_CONSUMER',
  'RESET_CONSUMER_OFFSET_IN_BROKER',
  'ADJUST_CONSUMER_THREAD_POOL',
  'WHO_CONSUME_THE_MESSAGE',
  'REGISTER_FILTER_SERVER',
  'REGISTER_MESSAGE_FILTER_CLASS',
  'BROKER_CLOSE_CHANNEL_REQUEST',
  'CHECK_NOT_ACTIVE_BROKER_REQUEST',
  'GET_BROKER_LIVE_INFO_REQUEST',
  'GET_SYNC_STATE_DATA_REQUEST',
  'RAFT_BROKER_HEART_BEAT_EVENT_REQUEST',
])

interface Exchanged {
  captured: CapturedFrame
  command: Command
  ext: ExtFields | null
  isResponse: boolean
}

function exchanged(): Exchanged[] {
  return capturedFrames().flatMap((captured) => {
    const frame = decodeFrame(captured.bytes)
    assert.ok(frame.ok)
    const isResponse = captured.direction === 'response'
    const code = isResponse ? requestCodeOf(captured) : frame.value.code
    const command = commandByCode(receivers[captured.peer], code)
    if (command === undefined) {
      assert.ok(code === 9999, `${captured.id} has the undeclared code ${code}`)
      return []
    }
    return [{ captured, command, ext: frame.value.extFields, isResponse }]
  })
}

function requestCodeOf(response: CapturedFrame): number {
  return response.requestCode === 3442 ? 200050 : response.requestCode!
}

function wireNames(set: FieldSet): Set<string> {
  return new Set(Object.entries(set).map(([key, field]) => field.wireName ?? key))
}

test('every code of 5.3.3 is declared under its name, save those that nobody sends', () => {
  for (const [name, code] of Object.entries(constants.requestCodes))
    if (undeclared.has(name)) assert.equal(requestCodes.get(name), undefined, name)
    else assert.equal(requestCodes.get(name), code, name)
  for (const command of allCommands)
    assert.equal(constants.requestCodes[command.name], command.code, command.name)
  assert.equal(requestCodeName(310), 'SEND_MESSAGE_V2')
  assert.equal(requestCodeName(4711), 'CODE_4711')
})

test('every exported command is in the list and found by receiver and code', () => {
  assert.equal(allCommands.length, Object.keys(commands).length)
  for (const command of allCommands) assert.equal(commandByCode(command.receiver, command.code), command)
  assert.equal(commandByCode('client', 307), commands.getConsumerRunningInfoFromClient)
  assert.equal(commandByCode('broker', 307), commands.getConsumerRunningInfo)
  assert.equal(commandByCode('client', 310), undefined)
})

test('the fields that say which resource is asked for are fields of the request', () => {
  for (const { name, access, request } of allCommands)
    for (const field of [access.field, access.groupField])
      assert.ok(field === undefined || field in request, `${name}: ${field}`)
})

test('every ext field of every captured frame is declared', () => {
  for (const { captured, command, ext, isResponse } of exchanged()) {
    const known = wireNames(isResponse ? command.response : command.request)
    for (const key of Object.keys(ext ?? {}))
      assert.ok(
        known.has(key) || (!isResponse && tolerated.has(key)),
        `${captured.id} ${command.name}: ${key}`,
      )
  }
})

/** Requests the capture sent broken on purpose. */
const brokenOnPurpose = new Map([
  ['send-0029', 'the custom field <b> is null'],
  ['send-0035', 'the custom field <queueId> is null'],
])

test('every captured request decodes, and encodes again to the same fields', () => {
  const broken = new Map<string, string>()
  let count = 0
  for (const { captured, command, ext, isResponse } of exchanged()) {
    if (isResponse) continue
    count++
    const decoded = command.decodeRequest(ext)
    if (!decoded.ok) broken.set(captured.id, decoded.reason)
    else assertSameFields(command.request, command.encodeRequest(decoded.value), ext, captured.id)
  }
  assert.deepEqual(broken, brokenOnPurpose)
  assert.ok(count > 400)
})

test('every captured answer without an error decodes, and encodes again to the same fields', () => {
  for (const { captured, command, ext, isResponse } of exchanged()) {
    if (!isResponse || captured.code !== 0) continue
    const decoded = command.decodeResponse(ext)
    assert.ok(decoded.ok, `${captured.id} ${command.name}: ${decoded.ok ? '' : decoded.reason}`)
    assertSameFields(command.response, command.encodeResponse(decoded.value), ext, captured.id)
  }
})

function assertSameFields(set: FieldSet, again: ExtFields, ext: ExtFields | null, id: string): void {
  const known = wireNames(set)
  const expected = Object.entries(ext ?? {})
    .filter(([key]) => known.has(key))
    // Java's Long.MAX_VALUE is taken as the largest integer that a number holds.
    .map(([key, value]) => [key, value === '9223372036854775807' ? '9007199254740991' : value])
  assert.deepEqual(again, Object.fromEntries(expected), id)
}

test('sends with long and with one-letter names decode to one shape', () => {
  const fields: commands.SendMessageRequest = {
    producerGroup: 'PG',
    topic: 'T',
    defaultTopic: 'TBW102',
    defaultTopicQueueNums: 4,
    queueId: -1,
    sysFlag: 0,
    bornTimestamp: 1700000000000,
    flag: 0,
    properties: 'k\u0001v\u0002',
    reconsumeTimes: 0,
    unitMode: false,
    maxReconsumeTimes: undefined,
    batch: true,
    brokerName: 'broker-a',
  }
  const long = commands.sendMessage.encodeRequest(fields)
  const short = commands.sendMessageV2.encodeRequest(fields)
  assert.equal(long.producerGroup, 'PG')
  assert.equal(short.a, 'PG')
  assert.equal(long.bname, 'broker-a')
  assert.equal(short.n, 'broker-a')
  for (const decoded of [
    commands.sendMessage.decodeRequest(long),
    commands.sendMessageV2.decodeRequest(short),
    commands.sendBatchMessage.decodeRequest(short),
  ]) {
    assert.ok(decoded.ok)
    assert.deepEqual(decoded.value, fields)
    assert.deepEqual(Object.keys(decoded.value), Object.keys(fields))
  }
})

test('the answer to a send is the same text by straight code as by its declaration, in the declared order', () => {
  const { encodeResponse, responseText } = commands.sendMessageV2
  const whole = {
    queueId: 3,
    transactionId: '7F01',
    msgId: '0A00',
    traceOn: true,
    region: 'R',
    queueOffset: 7,
  }
  const odd = 'a"b\\ü\u0001'
  for (const fields of [
    whole,
    { ...whole, traceOn: false, queueOffset: 2 ** 40 },
    { ...whole, recallHandle: 'djEgVA==' },
    { ...whole, recallHandle: odd },
    { ...whole, recallHandle: 'djEgVA==', batchUniqId: 'B' },
    { ...whole, transactionId: odd },
    { ...whole, region: odd },
    { queueId: 3, msgId: '0A00', queueOffset: 7 },
    {},
  ]) {
    const parsed = JSON.parse(responseText(fields))
    assert.deepEqual(parsed, encodeResponse(fields))
    assert.deepEqual(Object.keys(parsed), Object.keys(encodeResponse(fields)))
  }
})
