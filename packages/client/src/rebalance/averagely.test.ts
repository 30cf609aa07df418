import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { sharesAveragely } from './averagely.js'

interface Case {
  strategy: string
  queuesPerBroker: number
  brokers: number
  clients: string[]
  result: Record<string, string[]>
}

const vectors = JSON.parse(
  readFileSync(new URL('../../testdata/allocate.json', import.meta.url), 'utf8'),
) as {
  vectors: { cases: Case[] }
}
const cases = vectors.vectors.cases.filter(
  (one) => one.strategy === 'AllocateMessageQueueAveragely' && one.queuesPerBroker > 0,
)

test("queues are shared out as Java's AllocateMessageQueueAveragely does", () => {
  assert.ok(cases.length > 5)
  for (const { queuesPerBroker, brokers, clients, result } of cases) {
    const queues = Array.from({ length: brokers }, (_, broker) =>
      Array.from({ length: queuesPerBroker }, (_, id) => `broker-${'abcdefgh'[broker]}:${id}`),
    ).flat()
    for (const client of clients)
      assert.deepEqual(sharesAveragely(queues, clients, client), result[client] ?? [])
  }
})

test('every queue has exactly one owner, whatever the numbers', () => {
  for (let queueCount = 0; queueCount <= 20; queueCount++) {
    for (let memberCount = 1; memberCount <= 25; memberCount++) {
      const queues = Array.from({ length: queueCount }, (_, i) => i)
      const members = Array.from({ length: memberCount }, (_, i) => `c${i}`)
      const shares = members.map((member) => sharesAveragely(queues, members, member))
      assert.deepEqual(shares.flat(), queues)
    }
  }
})

test('who is no member gets nothing', () => {
  assert.deepEqual(sharesAveragely([1, 2], ['a'], 'b'), [])
})
