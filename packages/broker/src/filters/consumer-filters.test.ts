import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Logger, limits, silentLogger } from '@aerobee/base'
import { buildSubscription, type Subscription } from '@aerobee/filter'
import { VirtualClock } from '@aerobee/testkit'
import { MemoryFile } from '../fakes.test.js'
import { ConsumerFilters } from './consumer-filters.js'

const dayMs = 86_400_000

function filtersOf(more: { file?: MemoryFile; clock?: VirtualClock; logger?: Logger } = {}) {
  const { file = new MemoryFile(), clock = new VirtualClock(5_000_000), logger = silentLogger } = more
  const settings = { filterDataCleanTimeSpan: dayMs }
  return { file, clock, filters: new ConsumerFilters({ settings, clock, logger, file }) }
}

function sql(topic: string, expression: string, subVersion = 1): Subscription {
  const built = buildSubscription(topic, expression, 'SQL92', subVersion)
  assert.ok(built.ok)
  return built.value
}

const stateOf = (filters: ConsumerFilters, topic = 'T') => {
  const found = filters.find('G', topic)
  return found && [found.filter.expression, found.clientVersion, found.deadTime]
}

test('a larger version replaces an expression, the same and smaller ones change nothing', () => {
  const { filters } = filtersOf()
  filters.register('G', [sql('T', 'a > 1', 5)])
  const first = filters.find('G', 'T')
  filters.register('G', [sql('T', 'a > 2', 4)])
  filters.register('G', [sql('T', 'a > 3', 5)])
  assert.equal(filters.find('G', 'T'), first)
  filters.register('G', [sql('T', 'a > 1', 6)])
  assert.deepEqual(stateOf(filters), ['a > 1', 6, 0])
  assert.equal(filters.find('G', 'T'), first, 'compiled once')
  filters.register('G', [sql('T', 'a > 2', 7)])
  assert.deepEqual(stateOf(filters), ['a > 2', 7, 0])
})

test('an expression that does not compile leaves none, and is logged once', () => {
  const warned: string[] = []
  const { filters } = filtersOf({ logger: { ...silentLogger, warn: (line) => warned.push(line) } })
  for (let beat = 0; beat < 3; beat++) filters.register('G', [sql('T', 'a >', 5)])
  assert.equal(stateOf(filters), undefined)
  assert.equal(warned.length, 1)
  filters.register('G', [sql('T', 'a > 1', 6)])
  filters.register('G', [sql('T', 'a >', 7)])
  assert.equal(stateOf(filters), undefined)
  filters.register('G', [sql('T', 'a > 1', 8)])
  assert.deepEqual(stateOf(filters), ['a > 1', 8, 0])
})

test('a filter dies with its subscription, lives again with it, and is forgotten a day later', () => {
  const { filters, clock } = filtersOf()
  filters.register('G', [sql('T', 'a > 1', 5), sql('U', 'b = 1', 5)])
  filters.register('G', [sql('T', 'a > 1', 5)])
  assert.deepEqual(stateOf(filters, 'U'), ['b = 1', 5, 5_000_000])
  filters.register('G', [sql('T', 'a > 1', 5), sql('U', 'b = 1', 5)])
  assert.deepEqual(stateOf(filters, 'U'), ['b = 1', 5, 0])
  filters.groupGone('G')
  clock.jumpWall(dayMs - 1)
  filters.purge()
  assert.deepEqual(stateOf(filters), ['a > 1', 5, 5_000_000])
  clock.jumpWall(1)
  filters.purge()
  assert.equal(stateOf(filters), undefined)
})

test('tags are none of its business', () => {
  const { filters, file } = filtersOf()
  const built = buildSubscription('T', 'a || b', 'TAG', 1)
  assert.ok(built.ok)
  filters.register('G', [built.value])
  assert.deepEqual([stateOf(filters), file.document], [undefined, undefined])
})

/** As RocketMQ 5.3.3 wrote it. */
const written = {
  filterDataByTopic: {
    StNormal: {
      groupFilterData: {
        GID_store_ok: {
          bloomFilterData: { bitNum: 112, bitPos: [33, 105, 100] },
          bornTime: 1_795_510_273_576,
          clientVersion: 1_795_510_274_409,
          consumerGroup: 'GID_store_ok',
          dead: true,
          deadTime: 1_795_510_287_403,
          expression: "i > 10 AND city = '北京'",
          expressionType: 'SQL92',
          topic: 'StNormal',
        },
      },
      topic: 'StNormal',
    },
  },
}

test('what RocketMQ wrote is read, and written again but for its bloom filter', () => {
  const file = new MemoryFile(written)
  const { filters } = filtersOf({ file })
  const found = filters.find('GID_store_ok', 'StNormal')
  assert.equal(found?.filter.expression, "i > 10 AND city = '北京'")
  const { bloomFilterData: _, ...entry } = written.filterDataByTopic.StNormal.groupFilterData.GID_store_ok
  assert.deepEqual(filters.toJSON(), {
    filterDataByTopic: { StNormal: { groupFilterData: { GID_store_ok: entry }, topic: 'StNormal' } },
  })
})

test('what lived when it was saved is dead since half a minute when it is read', () => {
  const { filters, file } = filtersOf()
  filters.register('G', [sql('T', 'a > 1', 5)])
  const clock = new VirtualClock(6_000_000)
  assert.deepEqual(stateOf(filtersOf({ file, clock }).filters), ['a > 1', 5, 5_970_000])
})

test('entries that are none are left out', () => {
  const groups = {
    G: { ...written.filterDataByTopic.StNormal.groupFilterData.GID_store_ok, expression: 'a >' },
    H: null,
    I: 7,
    J: { expressionType: 'WEIRD', expression: 'x' },
  }
  for (const document of [
    [],
    7,
    { filterDataByTopic: 3 },
    { filterDataByTopic: { T: { groupFilterData: groups } } },
  ])
    assert.deepEqual(filtersOf({ file: new MemoryFile(document) }).filters.toJSON(), {
      filterDataByTopic: {},
    })
})

test('no more is kept than the bound; the dead make room', () => {
  const warned: string[] = []
  // Saved after each change it would take minutes.
  const file = Object.assign(new MemoryFile(), { saveSoon: () => {} })
  const { filters } = filtersOf({ file, logger: { ...silentLogger, warn: (line) => warned.push(line) } })
  const long = (version: number) => sql('T', `a = '${'x'.repeat(60_000)}'`, version)
  const fits = Math.floor(limits.consumerFilterChars / (60_006 + 2048))
  for (let i = 0; i <= fits; i++) filters.register(`G${i}`, [long(1)])
  assert.ok(filters.find(`G${fits - 1}`, 'T'))
  assert.equal(filters.find(`G${fits}`, 'T'), undefined)
  assert.match(warned[0]!, /keeps no more/)
  filters.groupGone('G0')
  filters.register(`G${fits}`, [long(1)])
  assert.ok(filters.find(`G${fits}`, 'T'))
  assert.equal(filters.find('G0', 'T'), undefined)
})
