import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { seededRandom } from '@aerobee/base'
import type { MessageQueue } from '../route.js'
import { allocateAveragely } from './averagely.js'
import { allocateAveragelyByCircle } from './by-circle.js'
import { allocateByConfig } from './by-config.js'
import { allocateByMachineRoom, allocateMachineRoomNearby } from './by-machine-room.js'
import { allocateByConsistentHash } from './consistent-hash.js'
import type { AllocateStrategy } from './strategy.js'

interface Case {
  strategy: string
  name: string
  virtualNodes?: number | null
  consumeridcs?: string[]
  brokerNames?: string[]
  queuesPerBroker: number
  brokers?: number
  clients: string[]
  /** Java throws for no queues; here nobody gets any. */
  result: Record<string, string[] | { error: string }>
}

const { cases } = (
  JSON.parse(readFileSync(new URL('../../testdata/allocate.json', import.meta.url), 'utf8')) as {
    vectors: { cases: Case[] }
  }
).vectors

const lastLetter = (text: string) => text.at(-1)!
const nearby = { brokerRoom: (queue: MessageQueue) => lastLetter(queue.brokerName), memberRoom: lastLetter }

function strategyOf(one: Case): AllocateStrategy {
  switch (one.strategy) {
    case 'AllocateMessageQueueAveragely':
      return allocateAveragely
    case 'AllocateMessageQueueAveragelyByCircle':
      return allocateAveragelyByCircle
    case 'AllocateMessageQueueConsistentHash':
      return allocateByConsistentHash(one.virtualNodes ?? undefined)
    case 'AllocateMachineRoomNearby':
      return allocateMachineRoomNearby(nearby)
    case 'AllocateMessageQueueByMachineRoom':
      return allocateByMachineRoom(one.consumeridcs ?? [])
    default:
      throw new Error(`no strategy for ${one.strategy}`)
  }
}

function queuesOf(one: Case): MessageQueue[] {
  const brokers = one.brokerNames ?? [...'abcdefgh'.slice(0, one.brokers)].map((letter) => `broker-${letter}`)
  return brokers.flatMap((brokerName) =>
    Array.from({ length: one.queuesPerBroker }, (_, queueId) => ({ topic: 'T', brokerName, queueId })),
  )
}

test('every strategy shares out as its Java namesake does', () => {
  const seen = new Set<string>()
  for (const one of cases) {
    const strategy = strategyOf(one)
    seen.add(one.strategy)
    assert.equal(strategy.name, one.name)
    const queues = queuesOf(one)
    for (const own of one.clients) {
      const got = strategy.allocate({ group: 'g', own, queues, members: one.clients })
      const expected = one.result[own] ?? []
      assert.deepEqual(
        got.map(({ brokerName, queueId }) => `${brokerName}:${queueId}`),
        Array.isArray(expected) ? expected : [],
        `${one.strategy} ${own} of ${one.clients.length}, ${queues.length} queues`,
      )
    }
  }
  assert.equal(seen.size, 5)
})

test('who is not among the members gets nothing', () => {
  const queues = [0, 1].map((queueId) => ({ topic: 'T', brokerName: 'r@b', queueId }))
  const strategies = [
    allocateAveragely,
    allocateAveragelyByCircle,
    allocateByConsistentHash(),
    allocateByMachineRoom(['r']),
    allocateMachineRoomNearby(nearby),
  ]
  for (const strategy of strategies)
    assert.deepEqual(strategy.allocate({ group: 'g', own: 'x', queues, members: ['a'] }), [])
})

test('every queue has exactly one owner, by whatever strategy, in random groups', () => {
  const strategies = [
    allocateAveragely,
    allocateAveragelyByCircle,
    allocateByConsistentHash(),
    allocateMachineRoomNearby(nearby),
    allocateByMachineRoom(['a', 'b', 'c']),
  ]
  for (let seed = 1; seed <= 100; seed++) {
    const random = seededRandom(seed)
    const members = Array.from({ length: 1 + random.below(9) }, (_, i) => `c${i}-${'abc'[random.below(3)]}`)
    const queues = Array.from({ length: random.below(30) }, (_, i) => {
      const room = 'abc'[i % 3]!
      return { topic: 'T', brokerName: `${room}@broker-${room}`, queueId: Math.floor(i / 3) }
    })
    for (const strategy of strategies) {
      const owned = members.flatMap((own) => strategy.allocate({ group: 'g', own, queues, members }))
      const keys = owned.map(({ brokerName, queueId }) => `${brokerName}:${queueId}`)
      assert.equal(new Set(keys).size, queues.length, `seed ${seed} ${strategy.name}`)
      assert.equal(keys.length, queues.length, `seed ${seed} ${strategy.name}`)
    }
  }
})

test('a preset list is what it is, and a room without a name is an error', () => {
  const queues = [{ topic: 'T', brokerName: 'b', queueId: 0 }]
  const allocation = { group: 'g', own: 'a', queues: [], members: ['a'] }
  assert.deepEqual(allocateByConfig(queues).allocate(allocation), queues)
  const blank = allocateMachineRoomNearby({ brokerRoom: () => ' ', memberRoom: () => 'r' })
  assert.throws(() => blank.allocate({ ...allocation, queues }), /Machine room is null for b/)
})
