import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodies } from '@aerobee/wire'
import { messageTo, pullOf } from '../fake-messages.test.js'
import { ask, bodyText, brokerParts } from '../fakes.test.js'
import { newGroupConfig } from '../groups.js'
import { joinGroup, type Member } from '../members.test.js'
import { newTopicConfig } from '../topics.js'
import { pullMessageHandler } from './pull-message.js'
import { resetOffsetHandler } from './reset-offset.js'

const wish = { topic: 'T', group: 'G', timestamp: -1, isForce: true, queueId: undefined, offset: undefined }

/** Queue n of T holds 10 + n messages; time t is that of offset t. */
function scene(useServerSideResetOffset = true) {
  const parts = brokerParts({ useServerSideResetOffset })
  parts.topics.put([newTopicConfig('T', 2, 6)])
  parts.groups.put([newGroupConfig('G')])
  Object.assign(parts.store, {
    maxOffset: (topic: string, queueId: number) => (topic === 'T' ? 10 + queueId : 0),
    minOffset: (topic: string) => (topic === 'T' ? 2 : 0),
    offsetByTime: async (_topic: string, _queueId: number, wallMs: number) => wallMs,
  })
  for (const queueId of [0, 1]) {
    parts.offsets.reset('G', 'T', queueId, 5)
    parts.offsets.redirect('G', 'T', queueId, 1, 5)
  }
  const committed = () => [0, 1].map((queueId) => parts.offsets.committed('G', 'T', queueId))
  const reset = async (more: Partial<typeof wish> | Record<string, unknown>) => {
    const { reply } = await ask(resetOffsetHandler(parts), { ...wish, ...more })
    const table = bodies.resetOffset.decode(Buffer.from(bodyText(reply) || '{}'))
    assert.ok(table.ok)
    return { reply, table: table.value.offsetTable.map(([{ queueId }, offset]) => [queueId, offset]) }
  }
  return { parts, committed, reset }
}

test('a group is put to the end, to a time, or to an offset of one queue', async () => {
  const { committed, reset, parts } = scene()
  assert.deepEqual((await reset({})).table, [
    [0, 10],
    [1, 11],
  ])
  assert.deepEqual(committed(), [10, 11])
  assert.deepEqual((await reset({ timestamp: 7 })).table, [
    [0, 7],
    [1, 7],
  ])
  assert.deepEqual((await reset({ queueId: 1, offset: 3 })).table, [[1, 3]])
  assert.deepEqual((await reset({ queueId: 1, offset: -1, timestamp: 4 })).table, [[1, 4]])
  assert.deepEqual(committed(), [7, 4])
  assert.ok(parts.offsetFile.saves > 0, 'an answered reset is on its way to the disk')
})

test('one behind the end is taken as the end', async () => {
  const { committed, reset } = scene()
  assert.deepEqual((await reset({ queueId: 0, offset: 11 })).table, [[0, 10]])
  assert.equal(committed()[0], 10)
  assert.equal((await reset({ queueId: 0, offset: 12 })).reply.code, 1)
  assert.equal((await reset({ queueId: 0, offset: 1 })).reply.code, 1)
  assert.equal(committed()[0], 10)
})

test('a topic without queues to read has none to reset', async () => {
  const { parts, reset } = scene()
  parts.topics.put([newTopicConfig('Empty', 0, 6)])
  const { reply } = await reset({ topic: 'Empty' })
  assert.deepEqual([reply.code, reply.remark], [1, 'No queues to reset.'])
})

test('what the group had pulled before is forgotten with the reset', async () => {
  const { parts, reset } = scene()
  parts.offsets.notePull('G', 'T', 0, 9)
  await reset({ timestamp: 3 })
  assert.equal(parts.offsets.pulled('G', 'T', 0), undefined)
})

test('every held pull of the group is answered at once with the new place, those of others go on waiting', async () => {
  const parts = brokerParts()
  parts.groups.put([newGroupConfig('G'), newGroupConfig('H')])
  for (let i = 0; i < 3; i++) parts.store.append(messageTo('T'), () => {})
  const pull = (group: string, queueOffset = 3, connection = joinGroup(parts, group, ['T'])) => {
    const request = pullOf({ sysFlag: 2, consumerGroup: group, queueOffset })
    return ask(pullMessageHandler(parts, { lite: false }), request, { connection })
  }
  const staying = joinGroup(parts, 'G', ['T'])
  // While the queue changes hands both pull it.
  const held = [await pull('G', 3, staying), await pull('G'), await pull('H')] as const
  assert.equal(parts.longPoll.held, 3)
  const { reply } = await ask(resetOffsetHandler(parts), { ...wish, queueId: 0, timestamp: 0 })
  assert.equal(reply.code, 0)
  const answers = held.map((call) => `${call.reply.code} ${call.reply.fields?.nextBeginOffset}`)
  assert.deepEqual(answers, ['21 0', '21 0', '19 3'])
  assert.equal(parts.offsets.hasReset('G', 'T', 0), true)
  assert.equal((await pull('G', 0, staying)).reply.code, 0)
  assert.equal(parts.offsets.hasReset('G', 'T', 0), false)
  await pull('G', 3)
  assert.equal(parts.longPoll.held, 1)
})

test('without the reset on the broker all consumers are told, and nothing changes here', async () => {
  const { parts, committed, reset } = scene(false)
  const java = joinGroup(parts, 'G', ['T'])
  const cpp = joinGroup(parts, 'G', ['T'], { language: 'CPP' })
  assert.deepEqual((await reset({ timestamp: 3, isForce: false })).table, [
    [0, 3],
    [1, 3],
  ])
  const forward = await reset({ timestamp: 8, isForce: false })
  assert.deepEqual(forward.table, [
    [0, 5],
    [1, 5],
  ])
  assert.deepEqual((await reset({ timestamp: 8 })).table, [
    [0, 8],
    [1, 8],
  ])
  assert.deepEqual(committed(), [5, 5])
  for (const connection of [java, cpp])
    assert.deepEqual(
      connection.notified.map(({ code }) => code),
      [220, 220, 220],
    )
  const bodyFor = (member: Member) => Buffer.from(member.bodies[0]!).toString()
  assert.ok(bodyFor(java).startsWith('{"offsetTable":{{"brokerName":"broker-a","queueId":0,"topic":"T"}:3'))
  assert.ok(bodyFor(cpp).startsWith('{"offsetTable":[{"brokerName":"broker-a","offset":3,"queueId":0,'))
})

test('without the reset on the broker, groups without offsets, offline and too old are refused', async () => {
  const { parts, reset } = scene(false)
  const remark = async (more: object) => {
    const { reply } = await reset(more)
    return `${reply.code} ${reply.remark}`
  }
  assert.equal(
    await remark({}),
    '206 Consumer not online, so can not reset offset, Group: G Topic: T Timestamp: -1',
  )
  assert.equal(await remark({ group: 'New' }), '1 THe consumer group <New> not exist')
  assert.equal(
    await remark({ topic: 'Nope' }),
    '1 [reset-offset] reset offset failed, no topic in this broker. topic=Nope',
  )
  const young = joinGroup(parts, 'G', ['T'])
  joinGroup(parts, 'G', ['T'], { version: 10 })
  assert.match(await remark({}), /^1 the client does not support this feature\. version=V3_0_0_/)
  assert.deepEqual(young.notified, [])
})

test('queues that the broker keeps its own work in are not reset', async () => {
  for (const serverSide of [true, false]) {
    const { reset, parts } = scene(serverSide)
    for (const topic of ['SCHEDULE_TOPIC_XXXX', 'RMQ_SYS_TRANS_HALF_TOPIC', 'rmq_sys_wheel_timer']) {
      const { reply } = await reset({ topic })
      assert.deepEqual([reply.code, reply.remark], [29, `The topic[${topic}] is conflict with system topic.`])
      assert.equal(parts.offsets.hasReset('G', topic, 0), false)
    }
  }
})
