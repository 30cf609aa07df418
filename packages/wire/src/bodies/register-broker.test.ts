import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateSync, inflateSync } from 'node:zlib'
import { limits } from '@aerobee/base'
import { commandByCode } from '../commands/index.js'
import { decodeFrame } from '../frame-codec.js'
import { capturedFrames, vectors } from '../testdata.test.js'
import {
  decodeRegisterBrokerBody,
  encodeRegisterBrokerBody,
  type RegisterBrokerBody,
  registrationCrc32,
  topicLine,
} from './register-broker.js'

interface Vector {
  compressed?: boolean
  hex: string
  text: string | null
  inflatedHex: string | null
  bodyCrc32: number
  topicsDecoded: string[]
  topicConfigEncode?: string
  topic: string
}
const all = vectors<Vector[]>('register-broker-body')
const plain = all.find((vector) => vector.compressed === false)!
const compressed = all.find((vector) => vector.compressed === true)!
const bytesOf = (vector: Vector) => Buffer.from(vector.hex, 'hex')

function decoded(body: Uint8Array, form = { compressed: false, senderVersion: 479 }): RegisterBrokerBody {
  const result = decodeRegisterBrokerBody(body, form)
  assert.ok(result.ok, result.ok ? '' : result.reason)
  return result.value
}

test('the plain body decodes, and encodes to the same bytes', () => {
  const body = decoded(bytesOf(plain))
  const table = body.topicConfigSerializeWrapper
  assert.deepEqual([...table.topicConfigTable.keys()].sort(), plain.topicsDecoded)
  assert.deepEqual(body.filterServerList, ['127.0.0.1:30000'])
  assert.deepEqual(table.dataVersion, { counter: 5, stateVersion: 2, timestamp: 1700000000000 })
  assert.equal(Buffer.from(encodeRegisterBrokerBody(body)).toString('utf8'), plain.text)
  assert.equal(registrationCrc32(bytesOf(plain)), plain.bodyCrc32)
})

test('the compressed body decodes, and encodes to the same bytes under the compression', () => {
  const form = { compressed: true, senderVersion: 479 }
  const body = decoded(bytesOf(compressed), form)
  const topics = body.topicConfigSerializeWrapper.topicConfigTable
  assert.deepEqual([...topics.keys()].sort(), compressed.topicsDecoded)
  assert.deepEqual(topics.get('TopicA'), {
    attributes: { 'message.type': 'FIFO' },
    order: false,
    perm: 6,
    readQueueNums: 4,
    topicFilterType: 'SINGLE_TAG',
    topicName: 'TopicA',
    topicSysFlag: 0,
    writeQueueNums: 5,
  })
  const again = encodeRegisterBrokerBody(body, true)
  assert.equal(inflateSync(again).toString('hex'), compressed.inflatedHex)
  assert.deepEqual(decoded(again, form), body)
  assert.equal(registrationCrc32(bytesOf(compressed)), compressed.bodyCrc32)
})

test('static mappings in a compressed body are kept, from 5.0 on', () => {
  const mapping = { bname: 'b', currIdMap: { 0: 0 }, dirty: false, topic: 'TopicA', totalQueues: 1 }
  const body = decoded(bytesOf(compressed), { compressed: true, senderVersion: 479 })
  const table = {
    ...body.topicConfigSerializeWrapper,
    topicQueueMappingInfoMap: new Map([['TopicA', mapping]]),
  }
  const bytes = encodeRegisterBrokerBody({ ...body, topicConfigSerializeWrapper: table }, true)
  const mappingsFor = (senderVersion: number) =>
    decoded(bytes, { compressed: true, senderVersion }).topicConfigSerializeWrapper.topicQueueMappingInfoMap
  assert.deepEqual(mappingsFor(413), new Map([['TopicA', mapping]]))
  assert.equal(mappingsFor(409).size, 0)
})

test('lines of topics are those of Java', () => {
  const lines = all.filter((vector) => vector.topicConfigEncode !== undefined)
  const topics = decoded(bytesOf(plain)).topicConfigSerializeWrapper.topicConfigTable
  for (const { topic, topicConfigEncode } of lines)
    assert.equal(topicLine(topics.get(topic)!), topicConfigEncode)
  assert.equal(lines.length, 2)
})

test('every captured registration decodes with the form its header tells, and its checksum is right unless meant not to', () => {
  let wrong = 0
  let count = 0
  for (const captured of capturedFrames()) {
    if (captured.code !== 103 || captured.direction === 'response' || captured.peer !== 'namesrv') continue
    const frame = decodeFrame(captured.bytes)
    assert.ok(frame.ok)
    const request = commandByCode('nameServer', 103)!.decodeRequest(frame.value.extFields)
    assert.ok(request.ok)
    const header = request.value as { compressed?: boolean; bodyCrc32?: number }
    if (header.bodyCrc32 !== registrationCrc32(frame.value.body)) wrong++
    const form = { compressed: header.compressed === true, senderVersion: frame.value.version }
    const body = decoded(frame.value.body, form)
    if (!form.compressed && form.senderVersion === 479 && frame.value.body.length > 2)
      assert.equal(
        Buffer.from(encodeRegisterBrokerBody(body)).toString('utf8'),
        Buffer.from(frame.value.body).toString('utf8'),
        captured.id,
      )
    count++
  }
  assert.equal(count, 14)
  assert.equal(wrong, 1)
})

test('brokers from before V3_0_11 send the table alone; an empty body is an empty table', () => {
  const table = JSON.stringify(JSON.parse(plain.text!).topicConfigSerializeWrapper)
  const old = decoded(Buffer.from(table), { compressed: false, senderVersion: 36 })
  assert.equal(old.filterServerList, undefined)
  assert.equal(old.topicConfigSerializeWrapper.topicConfigTable.size, 2)
  const empty = decoded(Buffer.alloc(0))
  assert.deepEqual(empty.topicConfigSerializeWrapper.dataVersion, {
    counter: 0,
    stateVersion: 0,
    timestamp: 0,
  })
  assert.equal(decoded(Buffer.from('{}')).topicConfigSerializeWrapper.topicConfigTable.size, 0)
})

test('damaged compressed bodies are refused, whatever byte is cut off or changed', () => {
  const inflated = Buffer.from(compressed.inflatedHex!, 'hex')
  const form = { compressed: true, senderVersion: 479 }
  assert.ok(!decodeRegisterBrokerBody(Buffer.from('no zlib'), form).ok)
  for (let length = 0; length < inflated.length - 4; length++)
    assert.ok(
      !decodeRegisterBrokerBody(deflateSync(inflated.subarray(0, length)), form).ok,
      `cut at ${length}`,
    )
  for (let at = 0; at < inflated.length; at++) {
    const copy = Buffer.from(inflated)
    copy[at] = copy[at]! ^ 0x80
    const result = decodeRegisterBrokerBody(deflateSync(copy), form)
    assert.ok(result.ok || result.reason.length < 200)
  }
})

test('a body that inflates without bound is refused', () => {
  const bomb = deflateSync(Buffer.alloc(4 * limits.frameBytes + 1))
  assert.ok(bomb.length < limits.frameBytes)
  const result = decodeRegisterBrokerBody(bomb, { compressed: true, senderVersion: 479 })
  assert.ok(!result.ok)
  assert.match(result.reason, /inflates to more than/)
})
