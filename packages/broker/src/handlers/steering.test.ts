import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodies } from '@aerobee/wire'
import { ask, bodyText, brokerParts, MemoryFile, storedIn } from '../fakes.test.js'
import { GroupTable } from '../groups.js'
import { joinGroup } from '../members.test.js'
import { newTopicConfig } from '../topics.js'
import {
  cleanExpiredQueuesHandler,
  cleanUnusedTopicsHandler,
  deleteExpiredLogHandler,
} from './clean-store.js'
import { cloneGroupOffsetHandler } from './clone-offsets.js'
import { updateAndGetGroupForbiddenHandler } from './forbid-topic.js'

const wish = { srcGroup: 'G', destGroup: 'H', topic: 'T', offline: false }

function cloning() {
  const parts = brokerParts()
  parts.topics.put([newTopicConfig('T', 2, 6), newTopicConfig('U', 1, 6)])
  for (const topic of ['T', 'U', 'Gone']) parts.offsets.reset('G', topic, 0, topic.length)
  const clone = async (more: Partial<Record<keyof typeof wish, unknown>>) => {
    const { reply } = await ask(cloneGroupOffsetHandler(parts), { ...wish, ...(more as object) })
    assert.equal(reply.code, 0)
    return parts.offsets.topicsOf('H')
  }
  return { parts, clone }
}

test('a group gets the offsets of another, on a topic or on each that there is', async () => {
  const { parts, clone } = cloning()
  parts.offsets.reset('H', 'T', 1, 9)
  assert.deepEqual(await clone({}), ['T'])
  assert.equal(parts.offsets.committed('H', 'T', 0), 1)
  assert.equal(parts.offsets.committed('H', 'T', 1), undefined)
  assert.deepEqual(await clone({ topic: undefined }), ['T', 'U'])
  assert.deepEqual(await clone({ topic: 'Gone' }), ['T', 'U'])
  parts.offsets.reset('G', 'T', 0, 7)
  assert.equal(parts.offsets.committed('H', 'T', 0), 1)
  assert.deepEqual((parts.offsetFile.document as { offsetTable: object }).offsetTable, {
    'T@G': { 0: 1 },
    'U@G': { 0: 1 },
    'Gone@G': { 0: 4 },
    'T@H': { 0: 1 },
    'U@H': { 0: 1 },
  })
})

test('topics that an online group does not subscribe to are copied only when told that it is offline', async () => {
  const { parts, clone } = cloning()
  joinGroup(parts, 'G', ['U'])
  assert.deepEqual(await clone({}), [])
  assert.deepEqual(await clone({ topic: ' ' }), ['U'])
  assert.deepEqual(await clone({ offline: true }), ['U', 'T'])
})

test('whether a group may read a topic is set, kept, and cleared topic by topic', async () => {
  const parts = brokerParts()
  const file = new MemoryFile()
  const { config: settings, clock, logger } = parts
  const groups = new GroupTable({ settings, clock, logger, file })
  const forbid = async (topic: string, readable?: boolean) => {
    const { reply } = await ask(updateAndGetGroupForbiddenHandler({ groups, logger }), {
      group: 'G',
      topic,
      readable,
    })
    assert.deepEqual([reply.code, reply.remark], [0, ''])
    const body = bodies.groupForbidden.decode(Buffer.from(bodyText(reply)))
    assert.ok(body.ok)
    return body.value.readable
  }
  const kept = () => (file.document as { forbiddenTable: object }).forbiddenTable
  assert.equal(await forbid('T'), true)
  assert.equal(await forbid('T', true), true)
  assert.equal(file.saves, 0)
  assert.equal(await forbid('T', false), false)
  assert.equal(await forbid('U', false), false)
  assert.equal(await forbid('T'), false)
  assert.deepEqual(kept(), { G: { T: 4, U: 4 } })
  assert.equal(await forbid('T', true), true)
  assert.deepEqual(kept(), { G: { U: 4 } })
  assert.equal(await forbid('U'), false)
  const again = new GroupTable({ settings, clock, logger, file })
  assert.equal(again.mayRead('G', 'U'), false)
  assert.equal(await forbid('U', true), true)
  assert.deepEqual(kept(), {})
  file.failing = true
  await assert.rejects(forbid('T', false))
  assert.equal(groups.mayRead('G', 'T'), true)
})

test('queues of topics that are gone are deleted, those of known, system and LMQ topics are not', async () => {
  const parts = brokerParts()
  const deleted: string[] = []
  const names = ['T', 'Gone', 'SCHEDULE_TOPIC_XXXX', 'TRANS_CHECK_MAX_TIME_TOPIC', '%LMQ%x', '%RETRY%Gone']
  Object.assign(parts.store, {
    queues: () => new Map(names.map((name) => [name, [0]])),
    deleteTopic: (topic: string) => void deleted.push(topic),
  })
  parts.stats.notePut('Gone', 0, 1, storedIn(parts.clock, 100))
  assert.equal((await ask(cleanUnusedTopicsHandler(parts), {})).reply.code, 0)
  assert.deepEqual(deleted, ['Gone', '%RETRY%Gone'])
  assert.equal(parts.stats.traffic.find('Gone'), undefined)
})

test('files of expired queues and segments are left to the store, but for queues of the system', async () => {
  const parts = brokerParts()
  const told: unknown[] = []
  Object.assign(parts.store, {
    dropExpiredQueueFiles: async (kept: (topic: string) => boolean) => {
      told.push(kept('T'), kept('SCHEDULE_TOPIC_XXXX'))
      return 3
    },
    deleteExpiredSoon: () => void told.push('soon'),
  })
  assert.equal((await ask(cleanExpiredQueuesHandler(parts), {})).reply.code, 0)
  assert.equal((await ask(deleteExpiredLogHandler(parts), {})).reply.code, 0)
  assert.deepEqual(told, [false, true, 'soon'])
})
