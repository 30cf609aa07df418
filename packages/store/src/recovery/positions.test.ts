import assert from 'node:assert/strict'
import test from 'node:test'
import { crc32 } from 'node:zlib'
import { agreesWith, parsePositions, positionsText, type StorePositions, without } from './positions.js'

const checkpoint = (physicMsgTimestamp: number) => ({
  physicMsgTimestamp,
  logicsMsgTimestamp: 2,
  indexMsgTimestamp: 3,
  masterFlushedOffset: 4,
  confirmPhyOffset: 5,
})

const positions: StorePositions = {
  minPhysicalOffset: 1000,
  dispatched: 2 ** 52,
  indexed: true,
  checkpoints: [checkpoint(7), checkpoint(6)],
  deletedTopics: new Map([['gone', 1234]]),
  torn: [1100],
  queues: new Map([
    ['%RETRY%g', new Map([[0, { minOffset: 0, maxOffset: 5, minPhysical: 1000, maxPhysical: 2000 }]])],
    ['__proto__', new Map([[7, { minOffset: 3, maxOffset: 3, minPhysical: -1, maxPhysical: -1 }]])],
  ]),
}

test('positions are read as they were written', () => {
  const read = parsePositions(positionsText(positions))
  assert.ok(read.ok)
  assert.deepEqual(read.value, positions)
})

test('without a damaged queue they say from where it is built again', () => {
  const retry = { topic: '%RETRY%g', queueId: 0 }
  const read = parsePositions(positionsText(without(positions, [retry], 1000)))
  assert.ok(read.ok)
  assert.equal(read.value.rebuildFrom, 1000)
  assert.equal(read.value.queues.get('%RETRY%g')?.get(0), undefined)
  assert.ok(read.value.queues.get('__proto__')?.has(7))
  assert.ok(positions.queues.get('%RETRY%g')?.has(0), 'the original is as it was')
})

test('what is no positions file says why', () => {
  const reason = (text: string) => {
    const read = parsePositions(text)
    return read.ok ? undefined : read.reason
  }
  assert.equal(reason('{"format":1'), 'no JSON')
  assert.equal(reason('[]'), 'not of format 1')
  assert.equal(reason('{"format":2}'), 'not of format 1')
  assert.equal(reason('{"format":1,"positions":{}}'), 'without its CRC')
  const withCrc = (positions: string) => `{"format":1,"crc32":${crc32(positions)},"positions":${positions}}`
  assert.equal(reason(withCrc('{"minPhysicalOffset":-1}')), 'without its offsets')
  const text = positionsText(positions)
  const inner = text.slice(text.indexOf('"positions":') + 12, -1)
  assert.equal(reason(withCrc(inner)), undefined)
  assert.equal(reason(withCrc(inner.replace('"queues"', '"queuez"'))), 'without its tables')
  const short = inner.replace('[0,5,1000,2000]', '[0,5,1000]')
  assert.equal(reason(withCrc(short)), 'without the offsets of %RETRY%g queue 0')
  assert.equal(reason(text.replace('"dispatched":4', '"dispatched":5')), 'without its CRC')
  for (let end = 1; end < text.length; end++) assert.equal(parsePositions(text.slice(0, end)).ok, false)
})

test('a checkpoint that somebody else wrote does not agree', () => {
  assert.equal(agreesWith(positions, checkpoint(7)), true)
  assert.equal(agreesWith(positions, checkpoint(6)), true)
  assert.equal(agreesWith(positions, checkpoint(8)), false)
  assert.equal(agreesWith(positions, { ...checkpoint(7), confirmPhyOffset: 6 }), false)
})
