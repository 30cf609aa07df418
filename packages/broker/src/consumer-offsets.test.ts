import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '@aerobee/testkit'
import { ConsumerOffsets } from './consumer-offsets.js'
import { MemoryFile } from './fakes.test.js'

const offsetsOver = (file = new MemoryFile(), end = 100) =>
  new ConsumerOffsets({ clock: new VirtualClock(), file, maxOffset: () => end, commitsPerVersion: 2 })

test('a committed offset is found again, after a restart too', () => {
  const file = new MemoryFile()
  const offsets = offsetsOver(file)
  assert.equal(offsets.query('G', 'T', 0), undefined)
  assert.equal(offsets.commit('G', 'T', 0, 7), 'committed')
  offsets.commit('G', 'T', 1, 5)
  offsets.save()
  offsets.save()
  assert.equal(file.saves, 1)
  assert.deepEqual((file.document as { offsetTable: unknown }).offsetTable, { 'T@G': { 0: 7, 1: 5 } })
  const again = offsetsOver(file)
  assert.equal(again.query('G', 'T', 0), 7)
  assert.equal(again.dataVersion.counter, 1)
})

test('an offset never passes the end of its queue, and is never below zero', () => {
  const offsets = offsetsOver()
  assert.equal(offsets.commit('G', 'T', 0, 101), 'cutToEnd')
  assert.equal(offsets.query('G', 'T', 0), 100)
  assert.equal(offsets.commit('G', 'T', 0, -1), 'ignored')
  assert.equal(offsets.query('G', 'T', 0), 100)
})

test('at the start offsets beyond a queue that a power cut made shorter go to its end', () => {
  const file = new MemoryFile()
  const before = offsetsOver(file, 100)
  before.commit('G', 'T', 0, 90)
  before.commit('G', 'T', 1, 60)
  before.save()
  const offsets = offsetsOver(file, 70)
  assert.deepEqual(offsets.cutToEnds(), ['T@G queue 0: 90 to 70'])
  assert.equal(offsets.query('G', 'T', 0), 70)
  assert.equal(offsets.query('G', 'T', 1), 60)
  offsets.save()
  assert.equal(file.saves, 2)
  assert.deepEqual(offsets.cutToEnds(), [])
})

test('a commit of its own may move an offset back, one that rides on a pull may not', () => {
  const offsets = offsetsOver()
  offsets.commit('G', 'T', 0, 50)
  assert.equal(offsets.commitWithPull('G', 'T', 0, 40), 'ignored')
  assert.equal(offsets.query('G', 'T', 0), 50)
  assert.equal(offsets.commit('G', 'T', 0, 40), 'movedBack')
  assert.equal(offsets.commitWithPull('G', 'T', 0, 45), 'committed')
  assert.equal(offsets.query('G', 'T', 0), 45)
})

test('a reset counts at once, and each connection hears of it once until one follows it', () => {
  const offsets = offsetsOver()
  offsets.commit('G', 'T', 0, 50)
  offsets.reset('G', 'T', 0, 10)
  assert.deepEqual(
    [offsets.query('G', 'T', 0), offsets.hasReset('G', 'T', 0), offsets.hasReset('G', 'T', 1)],
    [10, true, false],
  )
  const pull = (connectionId: number, offset: number) => offsets.redirect('G', 'T', 0, connectionId, offset)
  assert.deepEqual([pull(1, 50), pull(2, 51)], [10, 10])
  assert.equal(offsets.redirect('G', 'T', 1, 1, 50), undefined)
  assert.equal(offsets.redirect('H', 'T', 0, 1, 50), undefined)
  assert.equal(offsets.query('G', 'T', 0), 10)
  assert.equal(pull(1, 10), undefined)
  assert.deepEqual([offsets.hasReset('G', 'T', 0), pull(3, 50)], [false, undefined])
  assert.equal(offsets.query('G', 'T', 0), 10)
})

test('a consumer that knows of a reset and reads elsewhere is left to it, and may commit again', () => {
  const offsets = offsetsOver()
  offsets.reset('G', 'T', 0, 10)
  assert.equal(offsets.redirect('G', 'T', 0, 1, 50), 10)
  assert.equal(offsets.redirect('G', 'T', 0, 1, 50), undefined)
  assert.equal(offsets.hasReset('G', 'T', 0), false)
})

test('offsets go with their topic or their group, and only those', () => {
  const offsets = offsetsOver()
  for (const [group, topic] of [
    ['G', 'T'],
    ['G', 'TT'],
    ['GG', 'T'],
    ['H', 'U'],
  ] as const)
    offsets.commit(group, topic, 0, 1)
  offsets.deleteTopic('T')
  assert.deepEqual([...offsets.all.keys()], ['TT@G', 'U@H'])
  offsets.deleteGroup('G')
  assert.deepEqual([...offsets.all.keys()], ['U@H'])
})

test('what a file of Java holds beside offsets is passed over', () => {
  const file = new MemoryFile({ groupTopicMap: { G: ['T'] }, offsetTable: { 'T@G': { 0: 3, 1: 'x' } } })
  const offsets = offsetsOver(file)
  assert.deepEqual([offsets.query('G', 'T', 0), offsets.query('G', 'T', 1)], [3, undefined])
})

test('with light message queues offsets are in their own file, groups of such a name in a table of their own', () => {
  const [file, lmqFile] = [new MemoryFile(), new MemoryFile()]
  const open = () =>
    new ConsumerOffsets({
      clock: new VirtualClock(),
      file,
      lmqFile,
      maxOffset: () => 100,
      commitsPerVersion: 2,
    })
  const before = offsetsOver(file)
  before.commit('G', 'T', 3, 7)
  before.save()
  const offsets = open()
  assert.equal(offsets.query('G', 'T', 3), 7)
  offsets.commit('%LMQ%g', '%LMQ%a', 0, 5)
  offsets.commit('%LMQ%g', 'T', 2, 6)
  offsets.commit('G', '%LMQ%a', 0, 8)
  offsets.save()
  const { lmqOffsetTable, offsetTable } = lmqFile.document as Record<string, unknown>
  assert.deepEqual(lmqOffsetTable, { '%LMQ%a@%LMQ%g': 5 })
  assert.deepEqual(offsetTable, { 'T@G': { 3: 7 }, 'T@%LMQ%g': { 2: 6 }, '%LMQ%a@G': { 0: 8 } })
  const again = open()
  assert.equal(again.query('%LMQ%g', '%LMQ%a', 0), 5)
  assert.equal(again.query('%LMQ%g', 'T', 2), 6)
  assert.equal(again.query('G', 'T', 3), 7)
  assert.equal(file.saves, 1)
})
