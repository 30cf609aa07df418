import assert from 'node:assert/strict'
import test from 'node:test'
import { seededRandom } from '@aerobee/base'
import { failure } from '@aerobee/net'
import { VirtualClock } from '@aerobee/testkit'
import { commands, responseCodes } from '@aerobee/wire'
import { FakeCluster } from '../fake-cluster.test.js'
import { FaultTable } from './fault-table.js'
import { Producer } from './producer.js'

const queues = ['a', 'a', 'b', 'b', 'c', 'c'].map((brokerName, i) => ({
  topic: 'T',
  brokerName,
  queueId: i % 2,
}))

function tableOf(enabled = true, detects = false) {
  const clock = new VirtualClock()
  const table = new FaultTable({ enabled, detects, clock, random: seededRandom(1) })
  const chosen = (avoid?: string) =>
    new Set(Array.from({ length: 12 }, () => table.choose(queues, avoid).brokerName))
  return { clock, table, chosen }
}

test('a slow broker is passed over for a time that grows with its latency', async () => {
  const rows = [
    [49, 0],
    [100, 0],
    [550, 2000],
    [1800, 5000],
    [3000, 6000],
    [5000, 10_000],
    [15_000, 30_000],
  ] as const
  for (const [latency, off] of rows) {
    const { clock, table, chosen } = tableOf()
    table.update('a', latency, false, true)
    assert.equal(chosen().has('a'), off === 0, `${latency}`)
    await clock.advance(off)
    assert.ok(chosen().has('a'), `${latency}`)
  }
})

test('a failure counts as ten seconds of latency, and the time is only ever made longer', async () => {
  const { clock, table, chosen } = tableOf()
  table.update('a', 5, true, false)
  table.update('a', 5, false, true)
  await clock.advance(9999)
  assert.equal(chosen().has('a'), false)
  await clock.advance(1)
  assert.ok(chosen().has('a'))
})

test('when none is available one that can be reached is taken, and else the next in turn', () => {
  const { table, chosen } = tableOf(true, true)
  for (const name of ['a', 'b', 'c']) table.update(name, 5, true, name === 'b')
  assert.deepEqual([...chosen()], ['b'])
  table.update('b', 5, true, false)
  assert.equal(chosen().size, 3)
})

test('the broker that failed just now is avoided; a table that is off keeps nothing else', () => {
  const { table, chosen } = tableOf(false)
  table.update('a', 5, true, false)
  assert.equal(chosen().size, 3)
  assert.deepEqual([...chosen('a')].sort(), ['b', 'c'])
})

test('brokers that could not be reached are asked until they answer', async () => {
  const cluster = await FakeCluster.start(2)
  cluster.createTopic('T', 2)
  const producer = cluster.use(
    new Producer({
      ...cluster.options(),
      producerGroup: 'p',
      sendLatencyEnable: true,
      startDetectorEnable: true,
    }),
  )
  await cluster.clock.resolve(producer.start())
  const [first, second] = cluster.brokers
  first!.overrides.set(commands.sendMessageV2.code, () => failure(responseCodes.SYSTEM_BUSY, 'no'))
  const brokersUsed = async () => {
    const used = new Set<string>()
    for (let i = 0; i < 6; i++)
      used.add((await cluster.clock.resolve(producer.send({ topic: 'T', body: 'x' }))).queue.brokerName)
    return [...used]
  }
  assert.deepEqual(await brokersUsed(), [second!.name])
  assert.equal(first!.seen(commands.sendMessageV2).length, 1)
  first!.overrides.clear()
  await cluster.pass(3500)
  assert.ok(first!.seen(commands.getMaxOffset).length > 0)
  await cluster.pass(10_000)
  assert.equal((await brokersUsed()).length, 2)
  await cluster.close()
})
