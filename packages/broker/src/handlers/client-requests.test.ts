import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, bodyText, brokerParts, FakeConnection } from '../fakes.test.js'
import { checkClientConfigHandler } from './check-client-config.js'
import { getConsumerListHandler } from './get-consumer-list.js'
import { heartbeatHandler } from './heartbeat.js'
import { lockQueuesHandler, unlockQueuesHandler } from './lock-queues.js'
import { queryConsumerOffsetHandler } from './query-consumer-offset.js'
import { unregisterClientHandler } from './unregister-client.js'
import { updateConsumerOffsetHandler } from './update-consumer-offset.js'

async function withConsumer() {
  const parts = brokerParts()
  const connections = [new FakeConnection(), new FakeConnection()] as const
  for (const [i, connection] of connections.entries()) {
    const body = JSON.stringify({
      clientID: `ip@${i}`,
      producerDataSet: [{ groupName: 'P' }],
      consumerDataSet: [{ groupName: 'G', subscriptionDataSet: [{ topic: 'T', subVersion: 1 }] }],
    })
    await ask(heartbeatHandler(parts), {}, { connection, body })
  }
  return { parts, connections }
}

test('38 lists the clients of a group', async () => {
  const { parts } = await withConsumer()
  const { reply } = await ask(getConsumerListHandler(parts), { consumerGroup: 'G' })
  assert.equal(bodyText(reply), '{"consumerIdList":["ip@0","ip@1"]}')
  const { reply: unknown } = await ask(getConsumerListHandler(parts), { consumerGroup: 'H' })
  assert.deepEqual([unknown.code, unknown.remark], [1, 'no consumer for this group, H'])
})

test('35 takes a client out of what it names, and tells the rest of its consumer group', async () => {
  const { parts, connections } = await withConsumer()
  const [one, two] = connections
  const before = two.notified.length
  const handler = unregisterClientHandler(parts)
  const leave = { clientID: 'ip@0', producerGroup: undefined, consumerGroup: 'G' }
  const { reply } = await ask(handler, leave, { connection: one })
  assert.deepEqual([reply.code, reply.fields], [0, {}])
  assert.equal(two.notified.length, before + 1)
  assert.equal(parts.clients.producers.all.get('P')?.size, 2)
  await ask(handler, { ...leave, consumerGroup: undefined, producerGroup: 'P' }, { connection: one })
  assert.deepEqual([...parts.clients.producers.all.get('P')!.keys()], [two])
  assert.equal((await ask(handler, { ...leave, consumerGroup: 'Nobody' }, { connection: one })).reply.code, 0)
})

const check = (expressionType: string, subString = 'a > 1') =>
  JSON.stringify({ clientId: 'c', group: 'G', subscriptionData: { topic: 'T', subString, expressionType } })

test('46 takes tags, and no other filter without enablePropertyFilter', async () => {
  const handler = checkClientConfigHandler(brokerParts())
  assert.equal((await ask(handler, {}, { body: check('TAG') })).reply.code, 0)
  const { reply } = await ask(handler, {}, { body: check('SQL92') })
  assert.deepEqual(
    [reply.code, reply.remark],
    [1, 'The broker does not support consumer to filter message by SQL92'],
  )
  assert.equal((await ask(handler, {}, { body: '[]' })).reply.code, 1)
})

test('46 compiles SQL92 and answers what is wrong with it', async () => {
  const handler = checkClientConfigHandler(brokerParts({ enablePropertyFilter: true }))
  const answer = async (body: string) => {
    const { reply } = await ask(handler, {}, { body })
    return [reply.code, reply.remark]
  }
  assert.deepEqual(await answer(check('SQL92')), [0, null])
  const fault = "java.lang.RuntimeException: Value ''x'' cannot be compared."
  assert.deepEqual(await answer(check('SQL92', "a > 'x'")), [23, fault])
  assert.deepEqual(await answer(check('CLASS')), [23, 'there is no filter of type CLASS'])
})

const queues = (clientId: string, ...ids: number[]) =>
  JSON.stringify({
    consumerGroup: 'G',
    clientId,
    onlyThisBroker: false,
    mqSet: ids.map((queueId) => ({ topic: 'T', brokerName: 'broker-a', queueId })),
  })

test('41 answers the queues that the client holds, 42 frees its own', async () => {
  const parts = brokerParts()
  const lock = async (clientId: string, ...ids: number[]) =>
    JSON.parse(bodyText((await ask(lockQueuesHandler(parts), {}, { body: queues(clientId, ...ids) })).reply))
  assert.equal((await lock('one', 0, 1)).lockOKMQSet.length, 2)
  assert.deepEqual(await lock('two', 0), { lockOKMQSet: [] })
  await ask(unlockQueuesHandler(parts), {}, { body: queues('two', 0) })
  assert.deepEqual(await lock('two', 0), { lockOKMQSet: [] })
  const { reply } = await ask(unlockQueuesHandler(parts), {}, { body: queues('one', 0) })
  assert.deepEqual(reply, { code: 0, remark: null, fields: null, body: null })
  assert.deepEqual(await lock('two', 0), {
    lockOKMQSet: [{ brokerName: 'broker-a', queueId: 0, topic: 'T' }],
  })
  for (const handler of [lockQueuesHandler(parts), unlockQueuesHandler(parts)])
    assert.equal((await ask(handler, {}, { body: 'x' })).reply.code, 1)
})

test('queues of a client whose connection closes, or that leaves its group, are free at once', async () => {
  const parts = brokerParts()
  const handler = lockQueuesHandler(parts)
  const lock = async (clientId: string, connection: FakeConnection) => {
    const { reply } = await ask(handler, {}, { body: queues(clientId, 0, 1), connection })
    return JSON.parse(bodyText(reply)).lockOKMQSet.length
  }
  const [one, again, two] = [new FakeConnection(), new FakeConnection(), new FakeConnection()]
  assert.deepEqual([await lock('one', one), await lock('two', two)], [2, 0])
  // A client that came back over another connection keeps its locks when the old one goes.
  await lock('one', again)
  one.close('lost')
  assert.equal(await lock('two', two), 0)
  again.close('lost')
  assert.equal(await lock('two', two), 2)
  const request = { clientID: 'two', producerGroup: undefined, consumerGroup: 'G' }
  await ask(unregisterClientHandler(parts), request, { connection: two })
  assert.equal(await lock('one', new FakeConnection()), 2)
})

test('41 refuses names and numbers of queues that only fill the table', async () => {
  const parts = brokerParts()
  const lock = (body: object) => ask(lockQueuesHandler(parts), {}, { body: JSON.stringify(body) })
  const request = { consumerGroup: 'G', clientId: 'c', mqSet: [{ topic: 'T', brokerName: 'b', queueId: 0 }] }
  for (const more of [
    { consumerGroup: 'bad group!' },
    { clientId: '' },
    { mqSet: [{ topic: 'T'.repeat(256), brokerName: 'b', queueId: 0 }] },
  ])
    assert.equal((await lock({ ...request, ...more })).reply.code, 29, JSON.stringify(more))
  assert.equal((await lock(request)).reply.code, 0)
})

const place = { consumerGroup: 'G', topic: 'T', queueId: 0, brokerName: undefined }
const query = { ...place, setZeroIfNotFound: undefined }

test('14 answers what was committed, or 0 while the queue begins there in memory', async () => {
  const parts = brokerParts()
  const handler = queryConsumerOffsetHandler(parts)
  const { reply: empty } = await ask(handler, query)
  assert.deepEqual(
    [empty.code, empty.remark, empty.fields],
    [22, 'Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first', {}],
  )
  parts.store.queue('T', 0).push({} as never)
  assert.deepEqual((await ask(handler, query)).reply.fields, { offset: 0 })
  const { reply: never } = await ask(handler, { ...query, setZeroIfNotFound: false })
  assert.deepEqual(
    [never.code, never.remark],
    [22, 'Not found, do not set to zero, maybe this group boot first'],
  )
  parts.offsets.commit('G', 'T', 0, 1)
  assert.deepEqual((await ask(handler, query)).reply.fields, { offset: 1 })
  parts.offsets.reset('G', 'T', 0, 0)
  assert.deepEqual((await ask(handler, query)).reply.fields, { offset: 0 })
})

test('15 commits for groups and topics that exist, and creates none', async () => {
  const parts = brokerParts()
  const handler = updateConsumerOffsetHandler(parts)
  const commit = { ...place, consumerGroup: 'TOOLS_CONSUMER', commitOffset: 0 }
  const refusals: [Partial<typeof commit>, number, string][] = [
    [{ consumerGroup: 'Nobody' }, 26, 'Group Nobody not exist!'],
    [{ topic: 'NoSuch' }, 17, 'Topic NoSuch not exist!'],
    [{ topic: 'rmq_sys_wheel_timer' }, 29, 'The topic[rmq_sys_wheel_timer] is conflict with system topic.'],
    [{ queueId: undefined }, 29, 'QueueId is null, topic is T'],
    [{ commitOffset: undefined }, 29, 'Offset is null, topic is T'],
  ]
  for (const [more, code, remark] of refusals) {
    const { reply } = await ask(handler, { ...commit, ...more })
    assert.deepEqual([reply.code, reply.remark, reply.fields], [code, remark, {}])
  }
  assert.equal(parts.groups.get('Nobody'), undefined)
  assert.equal((await ask(handler, { ...commit, queueId: 4 })).reply.code, 29)
  assert.equal((await ask(handler, { ...commit, queueId: -1 })).reply.code, 29)
  parts.store.queue('T', 9).push({} as never)
  assert.equal((await ask(handler, { ...commit, queueId: 9, commitOffset: 5 })).reply.code, 0)
  assert.equal(parts.offsets.committed('TOOLS_CONSUMER', 'T', 9), 1)
  assert.equal((await ask(handler, commit)).reply.code, 0)
  parts.offsets.reset('TOOLS_CONSUMER', 'T', 0, 0)
  const { reply } = await ask(handler, { ...commit, commitOffset: 3 })
  assert.deepEqual([reply.code, reply.remark], [0, 'Offset has been previously reset'])
})
