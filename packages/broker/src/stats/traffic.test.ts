import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Traffic } from './traffic.js'

const scene = (capacity?: number) => new Traffic((topic) => topic.startsWith('S'), capacity)

function use(traffic: Traffic, topicName: string, groupName: string, queueId: number) {
  const topic = traffic.topic(topicName)
  topic.put.add(1, 1, 1)
  traffic.queuePut(topic, queueId).add(1, 1, 1)
  const group = traffic.group(topic, groupName)
  group.got.add(1, 1, 1)
  traffic.queueGet(group, queueId).add(1, 1, 1)
  traffic.sentBack(group).add(1, 0, 0)
  return { topic, group }
}

test('names find the same tallies again', () => {
  const traffic = scene()
  for (let i = 0; i < 3; i++) use(traffic, 'T', 'G', 7)
  assert.equal(traffic.tallies, 5)
  const topic = traffic.find('T')!
  assert.equal(topic.put.count, 3)
  assert.equal(topic.groups.get('G')?.sentBack?.count, 3)
  assert.equal(topic.groups.get('G')?.queueGets.get(7)?.times, 3)
})

test('beyond the bound nothing is kept, and whether a topic is the system’s is still known', () => {
  for (const capacity of [0, 1, 2, 3, 4, 5, 6, 8]) {
    const traffic = scene(capacity)
    use(traffic, 'T', 'G', 0)
    use(traffic, 'T', 'G', 0)
    assert.ok(traffic.tallies <= capacity, `${traffic.tallies} of ${capacity}`)
    for (const topic of ['S1', 'U1', 'S2']) {
      const { topic: found } = use(traffic, topic, 'G', 0)
      assert.equal(found.system, topic.startsWith('S'))
    }
    assert.ok(traffic.tallies <= capacity, `${traffic.tallies} of ${capacity}`)
    assert.equal(traffic.find('S2'), undefined)
  }
})

test('queues leave room for topics and groups', () => {
  const traffic = scene(20)
  for (let queueId = 0; queueId < 30; queueId++) use(traffic, 'T', 'G', queueId)
  assert.equal(traffic.tallies, 3 + 10)
  for (const topic of ['U1', 'U2', 'U3', 'U4']) use(traffic, topic, 'G', 0)
  assert.ok(traffic.find('U2')?.groups.has('G'))
  assert.ok(traffic.tallies <= 20)
})

test('many tallies are sampled a part at a time', () => {
  const traffic = scene()
  for (let i = 0; i < 10_000; i++) traffic.topic(`T${i}`).put.add(1, 0, 0)
  const sampled = () => {
    let count = 0
    for (let i = 0; i < 10_000; i++) count += traffic.find(`T${i}`)!.put.figures('minute', 'count').sum
    return count
  }
  traffic.sample('minute', 10_000)
  const first = sampled()
  assert.ok(first > 0 && first < 10_000, `${first}`)
  traffic.deleteTopic('T9999')
  traffic.topic('T9999').put.add(1, 0, 0)
  traffic.goOn(11_000)
  traffic.goOn(12_000)
  assert.equal(sampled(), 10_000)
})

test('tallies go with their topic and their group, and make room', () => {
  const traffic = scene()
  use(traffic, 'T', 'G', 0)
  use(traffic, 'T', 'H', 0)
  use(traffic, 'U', 'G', 0)
  traffic.deleteGroup('G')
  assert.deepEqual([...traffic.find('T')!.groups.keys()], ['H'])
  assert.equal(traffic.find('U')!.groups.size, 0)
  assert.equal(traffic.tallies, 7)
  traffic.deleteTopic('T')
  assert.equal(traffic.find('T'), undefined)
  assert.equal(traffic.tallies, 2)
})

test('what was idle for a day goes, what is used stays', () => {
  const traffic = scene()
  use(traffic, 'Idle', 'G', 0)
  for (let hour = 0; hour < 30; hour++) {
    use(traffic, 'T', 'G', 0)
    traffic.sample('day', hour * 3_600_000)
    if (hour === 20) assert.ok(traffic.find('Idle'))
  }
  assert.equal(traffic.find('Idle'), undefined)
  assert.equal(traffic.tallies, 5)
})
