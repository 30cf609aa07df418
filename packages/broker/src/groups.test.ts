import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '@aerobee/base'
import { VirtualClock } from '@aerobee/testkit'
import { MemoryFile } from './fakes.test.js'
import { GroupTable, type GroupTableOptions, isSystemGroup, newGroupConfig } from './groups.js'

const defaultSettings = { autoCreateSubscriptionGroup: true, enableLmq: false, enableCreateSysGroup: true }

const table = (settings: Partial<GroupTableOptions['settings']> = {}, file = new MemoryFile()) =>
  new GroupTable({
    settings: { ...defaultSettings, ...settings },
    clock: new VirtualClock(),
    logger: silentLogger,
    file,
  })

test('a group is created with upstream’s defaults when somebody asks for it', () => {
  const groups = table()
  assert.equal(groups.get('G'), undefined)
  assert.deepEqual(groups.find('G'), newGroupConfig('G'))
  assert.equal(groups.get('G')?.retryMaxTimes, 16)
  assert.equal(groups.dataVersion.counter, 1)
})

test('illegal names and names beyond 255 characters make no group', () => {
  const groups = table()
  for (const name of ['', 'bad group!', '../x', 'a\0', 'G'.repeat(256)])
    assert.equal(groups.find(name), undefined)
  assert.ok(groups.find('G'.repeat(255)))
})

test('without creation only the system’s own groups are created', () => {
  const groups = table({ autoCreateSubscriptionGroup: false, enableCreateSysGroup: true })
  assert.equal(groups.find('G'), undefined)
  assert.ok(groups.find('CID_RMQ_SYS_X'))
  const closed = table({ autoCreateSubscriptionGroup: false, enableCreateSysGroup: false })
  assert.equal(closed.find('CID_RMQ_SYS_X'), undefined)
  assert.ok(closed.find('TOOLS_CONSUMER'))
})

test('system groups are told from others', () => {
  assert.deepEqual(['CID_RMQ_SYS_X', 'TOOLS_CONSUMER', 'G'].map(isSystemGroup), [true, true, false])
})

test('groups and forbidden bits are there again after a restart, until the group is deleted', () => {
  const file = new MemoryFile({
    dataVersion: { counter: 1, stateVersion: 0, timestamp: 1 },
    forbiddenTable: { G: { T: 4 } },
    subscriptionGroupTable: { G: { groupName: 'G', retryMaxTimes: 3 }, Bad: { retryMaxTimes: 'x' } },
  })
  const groups = table(undefined, file)
  assert.deepEqual(
    { ...groups.get('G') },
    newGroupConfig('G', { retryMaxTimes: 3, subscriptionDataSet: undefined }),
  )
  assert.equal(groups.get('Bad'), undefined)
  assert.deepEqual(
    [groups.mayRead('G', 'T'), groups.mayRead('G', 'U'), groups.mayRead('H', 'T')],
    [false, true, true],
  )
  groups.put([newGroupConfig('H')])
  assert.equal(table(undefined, file).mayRead('G', 'T'), false)
  assert.deepEqual([groups.delete('G'), groups.delete('G')], [true, false])
  assert.equal(table(undefined, file).mayRead('G', 'T'), true)
})

test('a change that the disk refuses did not happen, and an equal group is no change', () => {
  const file = new MemoryFile()
  const groups = table(undefined, file)
  groups.put([newGroupConfig('G')])
  groups.put([newGroupConfig('G')])
  assert.equal(file.saves, 1)
  file.failing = true
  assert.throws(() => groups.put([newGroupConfig('G', { retryMaxTimes: 1 })]), /disk full/)
  assert.throws(() => groups.delete('G'), /disk full/)
  assert.equal(groups.get('G')?.retryMaxTimes, 16)
})

test('with enableLmq a group named as a light message queue is there with the defaults, and is not kept', () => {
  const groups = table({ enableLmq: true, autoCreateSubscriptionGroup: false })
  assert.deepEqual(groups.find('%LMQ%a'), newGroupConfig('%LMQ%a'))
  groups.put([newGroupConfig('%LMQ%a', { retryMaxTimes: 1 })])
  assert.equal(groups.get('%LMQ%a')?.retryMaxTimes, 16)
  assert.equal(groups.all.has('%LMQ%a'), false)
})
