import assert from 'node:assert/strict'
import test from 'node:test'
import { VirtualClock } from '@aerobee/testkit'
import { bodies, decodeRecords, responseCodes } from '@aerobee/wire'
import { FakeCluster } from './fake-cluster.test.js'
import { FakeLocks } from './fake-locks.test.js'
import { FakeMembers } from './fake-members.test.js'
import { FakeQueues } from './fake-queues.test.js'
import { offsetId } from './fake-sends.test.js'

test('a lock of the stand-in keeps others out for a minute', async () => {
  const clock = new VirtualClock()
  const locks = new FakeLocks(clock)
  const mqSet = [{ topic: 'T', brokerName: 'a', queueId: 0 }]
  const granted = (clientId: string) => {
    const request = { clientId, consumerGroup: 'g', mqSet, onlyThisBroker: false }
    const reply = locks.lock(bodies.lockBatchRequest.encode(request))
    const answer = bodies.lockBatchResponse.decode(reply.body as Uint8Array)
    assert.ok(answer.ok)
    return answer.value.lockOKMQSet.length
  }
  assert.deepEqual([granted('x'), granted('y'), granted('x')], [1, 0, 1])
  await clock.advance(60_000)
  assert.equal(granted('y'), 1)
})

test('a group without members is an error, as brokers answer it', () => {
  assert.deepEqual(
    [new FakeMembers().list('g').code, new FakeMembers().list('g').remark],
    [responseCodes.SYSTEM_ERROR, 'no consumer for this group, g'],
  )
})

test('stand-in queues hold records as a broker sends them', () => {
  const queues = new FakeQueues()
  queues.create('T', 2)
  queues.put({ topic: 'T', queueId: 1, body: 'one', properties: { TAGS: 'a' } }, 5)
  const second = queues.put({ topic: 'T', queueId: 1, body: 'two' }, 6)
  const bytes = Buffer.concat(queues.queue('T', 1)!.map(({ record }) => record))
  const records = decodeRecords(bytes)
  assert.ok(records.ok)
  assert.deepEqual(
    records.value.map(({ queueOffset, physicalOffset }) => [queueOffset, physicalOffset]),
    [
      [0, 0],
      [1, second.physicalOffset],
    ],
  )
  assert.deepEqual([queues.queue('T', 1)![0]!.tags, second.tags], ['a', undefined])
})

test('offset ids of the stand-in have 32 digits', () => {
  assert.equal(offsetId(300).length, 32)
})

test('a stand-in cluster starts and leaves nothing behind', async () => {
  const cluster = await FakeCluster.start(2)
  cluster.createTopic('T')
  await cluster.pass(1000)
  await cluster.close()
})
