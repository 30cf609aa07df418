import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@aerobee/base'
import { bodies } from '@aerobee/wire'
import { pullOf } from '../fake-messages.test.js'
import { ask, type BrokerParts, bodyText, brokerParts } from '../fakes.test.js'
import { cloneGroupOffsetHandler } from '../handlers/clone-offsets.js'
import { getConsumeStatsHandler } from '../handlers/consume-stats.js'
import { pullMessageHandler } from '../handlers/pull-message.js'
import { queryConsumeQueueHandler } from '../handlers/query-queue.js'
import { querySubscriptionHandler } from '../handlers/who-consumes-what.js'
import { joinGroup } from '../members.test.js'
import { newTopicConfig } from '../topics.js'

const withSubscription = 4

async function pull(parts: BrokerParts, subscription: string, more: object = {}): Promise<number> {
  const fields = { sysFlag: withSubscription, subscription, expressionType: 'TAG', queueOffset: 7, ...more }
  return (await ask(pullMessageHandler(parts, { lite: true }), pullOf(fields))).reply.code
}

async function shown(parts: BrokerParts, group = 'G', topic = 'T') {
  const { reply } = await ask(querySubscriptionHandler(parts), { group, topic })
  const body = bodies.queriedSubscription.decode(Buffer.from(bodyText(reply)))
  assert.ok(body.ok)
  return body.value.subscriptionData
}

test('the subscription of the last pull is shown, with the time of that pull', async () => {
  const parts = brokerParts()
  parts.topics.put([newTopicConfig('U', 1, 6)])
  assert.equal(await shown(parts), undefined)
  await pull(parts, 'a')
  await pull(parts, 'a', { topic: 'U' })
  await parts.clock.advance(1000)
  await pull(parts, 'a || b')
  const pulledAt = parts.clock.wallMs()
  await parts.clock.advance(1000)
  const { topic, subString, subVersion, tagsSet } = (await shown(parts))!
  assert.deepEqual([topic, subString, subVersion, tagsSet], ['T', 'a || b', pulledAt, ['a', 'b']])
  assert.deepEqual((await shown(parts, 'G', 'U'))?.topic, 'U')
  assert.equal(await shown(parts, 'H'), undefined)
})

test('what members say counts before what pulls bring', async () => {
  const parts = brokerParts()
  await pull(parts, 'pulled')
  const member = joinGroup(parts, 'G', ['T'], { tags: 'beaten' })
  assert.equal((await shown(parts))?.subString, 'beaten')
  parts.consumers.leave('G', member)
  assert.equal((await shown(parts))?.subString, 'pulled')
})

test('a pull that is refused, or brings no subscription, leaves no trace', async () => {
  const parts = brokerParts({ enablePropertyFilter: true })
  assert.equal(await pull(parts, 'a >', { expressionType: 'SQL92' }), 23)
  assert.equal(await pull(parts, 'a', { topic: 'Nope' }), 17)
  assert.equal(await pull(parts, 'a', { sysFlag: 0 }), 24)
  assert.equal(await shown(parts), undefined)
})

test('a subscription is forgotten when no pull has brought it for subscriptionExpiredTimeout', async () => {
  const parts = brokerParts({ subscriptionExpiredTimeout: 60_000 })
  parts.clients.start()
  await pull(parts, 'a')
  await parts.clock.advance(50_000)
  await pull(parts, 'a')
  parts.clock.jumpWall(3_600_000)
  await parts.clock.advance(60_000)
  assert.equal((await shown(parts))?.subString, 'a')
  await parts.clock.advance(20_000)
  assert.equal(await shown(parts), undefined)
  parts.clients.stop()
})

test('neither many groups nor long expressions take more than their bound', () => {
  const parts = brokerParts()
  const { pulled } = parts.consumers
  const wanted = (expression: string) => {
    const built = parts.headerSubscriptions.of('T', expression, 'TAG')
    assert.ok(built.ok)
    return built.value
  }
  for (let i = 0; i < limits.pulledSubscriptions; i++) pulled.note(`G${i}`, 'T', wanted('a'))
  assert.ok(pulled.of('G0', 'T'))
  pulled.note('One more', 'T', wanted('a'))
  assert.deepEqual([pulled.of('G0', 'T'), pulled.of('One more', 'T') !== undefined], [undefined, true])
  const long = wanted('x'.repeat(limits.pulledSubscriptionChars / 2))
  for (const group of ['A', 'B']) {
    pulled.note(group, 'T', wanted('a'))
    pulled.note(group, 'T', long)
  }
  assert.ok(pulled.of('A', 'T'))
  pulled.note('C', 'T', wanted('a'))
  assert.equal(pulled.of('A', 'T'), undefined)
  assert.ok(pulled.of('C', 'T'))
})

test('progress and offsets of a group online are shown and copied for topics that it only pulls, too', async () => {
  const parts = brokerParts()
  parts.topics.put([newTopicConfig('U', 1, 6), newTopicConfig('V', 1, 6)])
  for (const topic of ['T', 'U', 'V']) parts.offsets.reset('G', topic, 0, 0)
  joinGroup(parts, 'G', ['T'])
  await pull(parts, '*', { topic: 'U' })
  const stats = await ask(getConsumeStatsHandler(parts), {
    consumerGroup: 'G',
    topic: undefined,
    topicList: undefined,
  })
  const table = bodies.consumeStats.decode(Buffer.from(bodyText(stats.reply)))
  assert.ok(table.ok)
  assert.deepEqual([...new Set(table.value.offsetTable.map(([{ topic }]) => topic))].sort(), ['T', 'U'])
  const clone = { srcGroup: 'G', destGroup: 'H', topic: undefined, offline: false }
  assert.equal((await ask(cloneGroupOffsetHandler(parts), clone)).reply.code, 0)
  assert.deepEqual([...parts.offsets.topicsOf('H')].sort(), ['T', 'U'])
})

test('entries of a queue are tried with what pulls want, by tag and by expression', async () => {
  const parts = brokerParts({ enablePropertyFilter: true })
  const queueEntries = async () => [{ offset: 0, physicalOffset: 0, sizeBytes: 1, tagsCode: 97 }]
  Object.assign(parts.store, { queueEntries })
  const tried = async () => {
    const asked = { topic: 'T', queueId: 0, index: 0, count: 1, consumerGroup: 'G' }
    const { reply } = await ask(queryConsumeQueueHandler(parts), asked)
    const view = bodies.consumeQueueView.decode(Buffer.from(bodyText(reply)))
    assert.ok(view.ok)
    return view.value.queueData[0]!.eval
  }
  await pull(parts, 'a')
  assert.equal(await tried(), true)
  await pull(parts, 'b')
  assert.equal(await tried(), false)
  await pull(parts, 'a = 1', { expressionType: 'SQL92' })
  assert.equal(await tried(), false, 'the record is gone, so it cannot match')
})
