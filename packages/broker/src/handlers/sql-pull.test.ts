import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messageTo, pullOf } from '../fake-messages.test.js'
import { ask, type BrokerParts, bodyText, brokerParts, FakeConnection } from '../fakes.test.js'
import { newTopicConfig } from '../topics.js'
import { heartbeatHandler } from './heartbeat.js'
import { pullMessageHandler } from './pull-message.js'

const sql = (expression: string) => ({ expressionType: 'SQL92', subscription: expression })
const flags = { suspend: 2, subscription: 4 }

const pull = (parts: BrokerParts, more: object = {}, connection = new FakeConnection()) =>
  ask(pullMessageHandler(parts, { lite: false }), pullOf({ sysFlag: flags.subscription, ...more }), {
    connection,
  })

function put(parts: BrokerParts, text: string, properties: Record<string, string>, topic = 'T'): void {
  const message = messageTo(topic, {
    body: Buffer.from(text),
    properties: Object.entries(properties)
      .map(([name, value]) => `${name}\u0001${value}\u0002`)
      .join(''),
  })
  parts.store.append(message, () => {})
}

async function subscribe(
  parts: BrokerParts,
  expression: string,
  subVersion: number,
  topic = 'T',
  connection = new FakeConnection(),
): Promise<FakeConnection> {
  const subscription = { topic, subString: expression, expressionType: 'SQL92', subVersion }
  const body = JSON.stringify({
    clientID: 'c',
    consumerDataSet: [{ groupName: 'G', subscriptionDataSet: [subscription] }],
  })
  await ask(heartbeatHandler(parts), {}, { connection, body })
  return connection
}

const served = () => brokerParts({ enablePropertyFilter: true })

function filled(): BrokerParts {
  const parts = served()
  for (const [i, region] of ['eu', 'us', 'eu', 'cn'].entries())
    put(parts, `m${i}`, { amount: `${i}`, region })
  return parts
}

const said = ({ reply }: Awaited<ReturnType<typeof pull>>) => [reply.code, reply.remark]

test('a pull with an expression gets the messages that it is true for', async () => {
  const parts = filled()
  const { reply } = await pull(parts, sql("amount > 0 AND region = 'eu'"))
  assert.deepEqual([reply.code, reply.fields?.nextBeginOffset, bodyText(reply)], [0, 4, 'm2'])
  const none = await pull(parts, sql('amount > 100'))
  assert.deepEqual([...said(none), none.reply.fields?.nextBeginOffset], [20, 'NO_MATCHED_MESSAGE', 4])
})

test('a consumer’s registered expression counts when its pull brings none', async () => {
  const parts = filled()
  await subscribe(parts, "region IN ('us','cn')", 5)
  const { reply } = await pull(parts, { sysFlag: 0, subVersion: 5 })
  assert.deepEqual([reply.code, bodyText(reply)], [0, 'm1m3'])
  await subscribe(parts, 'amount = 2', 6)
  assert.equal(bodyText((await pull(parts, { sysFlag: 0, subVersion: 6 })).reply), 'm2')
})

test('filters have upstream’s codes and texts when something is wrong with them', async () => {
  const parts = filled()
  assert.deepEqual(said(await pull(parts, sql('amount >'))), [23, "parse the consumer's subscription failed"])
  await subscribe(parts, 'amount >', 5)
  const missing = "The broker's consumer filter data is not exist!Your expression may be wrong!"
  assert.deepEqual(said(await pull(parts, { sysFlag: 0 })), [27, missing])
  await subscribe(parts, 'amount > 1', 6)
  assert.equal((await pull(parts, { sysFlag: 0, subVersion: 6 })).reply.code, 0)
  await subscribe(parts, 'amount > 1', 8)
  // The filter of a group that came back with an older subscription than the one it is known by.
  parts.consumers.group('G')!.topics.get('T')!.subscription.subVersion = 9
  const stale = "the consumer's consumer filter data not latest"
  assert.deepEqual(said(await pull(parts, { sysFlag: 0, subVersion: 9 })), [28, stale])
  parts.config.enablePropertyFilter = false
  const refused = 'The broker does not support consumer to filter message by SQL92'
  assert.deepEqual(said(await pull(parts, { sysFlag: 0, subVersion: 8 })), [1, refused])
  assert.deepEqual(said(await pull(parts, sql('amount > 1'))), [1, refused])
})

test('a held pull with an expression sleeps over messages it does not want', async () => {
  const parts = served()
  const held = await pull(parts, { ...sql("region = 'eu'"), sysFlag: flags.subscription | flags.suspend })
  for (let i = 0; i < 5; i++) put(parts, `m${i}`, { region: 'us' })
  assert.deepEqual([held.replies.length, parts.longPoll.held], [0, 1])
  put(parts, 'wanted', { region: 'eu' })
  const { reply } = held
  assert.deepEqual([reply.code, bodyText(reply), reply.fields?.nextBeginOffset], [0, 'wanted', 6])
})

test('an expression on a retry topic is that of the original topic, with filterSupportRetry', async () => {
  const parts = filled()
  const retry = '%RETRY%G'
  parts.topics.put([newTopicConfig(retry, 1, 6)])
  await subscribe(parts, 'amount > 5', 1)
  put(parts, 'small', { RETRY_TOPIC: 'T', amount: '3' }, retry)
  put(parts, 'large', { RETRY_TOPIC: 'T', amount: '7' }, retry)
  put(parts, 'other', { RETRY_TOPIC: 'U', amount: '1' }, retry)
  put(parts, 'none', { amount: '1' }, retry)
  const wanted = { topic: retry, ...sql('amount < 5') }
  assert.equal(bodyText((await pull(parts, wanted)).reply), 'smallothernone')
  parts.config.filterSupportRetry = true
  assert.equal(bodyText((await pull(parts, wanted)).reply), 'largeothernone')
})

test('the filter of a group outlives its last member, until it is purged', async () => {
  const parts = filled()
  const connection = await subscribe(parts, 'amount > 1', 5)
  connection.close('gone')
  assert.equal(parts.filters.find('G', 'T')?.deadTime, parts.clock.wallMs())
  await subscribe(parts, 'amount > 1', 5)
  assert.equal(parts.filters.find('G', 'T')?.deadTime, 0)
})
