import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '@aerobee/base'
import { buildSubscription, type Subscription } from '@aerobee/filter'
import { pullOf } from '../fake-messages.test.js'
import { ask, type BrokerParts, brokerParts, FakeConnection } from '../fakes.test.js'
import { getRuntimeInfoHandler } from '../handlers/get-runtime-info.js'
import { heartbeatHandler } from '../handlers/heartbeat.js'
import { pullMessageHandler } from '../handlers/pull-message.js'
import { SubscriptionConflicts } from './subscription-conflicts.js'

function wants(topic: string, expression: string, type = 'TAG'): Subscription {
  const built = buildSubscription(topic, expression, type, 1)
  assert.ok(built.ok)
  return built.value
}

function watched() {
  const lines: string[] = []
  const logger = {
    ...silentLogger,
    warn: (line: string) => void lines.push(`warn ${line}`),
    info: (line: string) => void lines.push(`info ${line}`),
  }
  return { lines, conflicts: new SubscriptionConflicts(logger) }
}

const [one, two, three] = [new FakeConnection(), new FakeConnection(), new FakeConnection()] as const

test('members that subscribe alike are no conflict, in whatever order they name tags and topics', () => {
  const { lines, conflicts } = watched()
  conflicts.note('G', one, 'one', [wants('T', 'a || b'), wants('U', '*'), wants('%RETRY%G', '*')])
  conflicts.note('G', two, 'two', [wants('U', '*'), wants('T', 'b||a')])
  conflicts.note('G', three, 'three', [])
  assert.deepEqual([lines, conflicts.sentences()], [[], []])
})

test('each change is logged once, with the members and both expressions', () => {
  const { lines, conflicts } = watched()
  const [a, b] = [[wants('T', 'a')], [wants('T', 'amount > 1', 'SQL92')]]
  conflicts.note('G', one, 'one', a)
  conflicts.note('G', two, 'two', b)
  conflicts.note('G', one, 'one', a)
  conflicts.note('G', two, 'two', b)
  conflicts.note('G', three, 'three', b)
  assert.equal(lines.length, 1)
  assert.equal(
    lines[0],
    'warn members of group G subscribe in different ways, so that messages may reach none of them. ' +
      `Topic T: one (${one.remoteText}): by "a"; two (${two.remoteText}): by SQL92 "amount > 1". ` +
      'Let all members of a group subscribe to the same topics by the same expressions, or use several groups',
  )
  conflicts.leave('G', two)
  assert.equal(conflicts.sentences().length, 1)
  conflicts.note('G', three, 'three', a)
  assert.deepEqual(lines.slice(1), ['info group G: all members subscribe alike again'])
  assert.deepEqual(conflicts.sentences(), [])
})

test('a topic that only some subscribe to is a conflict', () => {
  const { lines, conflicts } = watched()
  conflicts.note('G', one, 'one', [wants('T', '*'), wants('U', '*')])
  conflicts.note('G', two, 'two', [wants('T', '*')])
  assert.match(lines[0]!, /Topic U: one .*: by "\*"; two .*: not at all/)
})

test('long expressions are told apart, and not repeated whole', () => {
  const { lines, conflicts } = watched()
  const long = (end: string) => [wants('T', `a = '${'x'.repeat(5000)}${end}'`, 'SQL92')]
  conflicts.note('G', one, 'one', long('1'))
  conflicts.note('G', two, 'two', long('1'))
  assert.equal(lines.length, 0)
  conflicts.note('G', three, 'three', long('2'))
  assert.match(lines[0]!, /5007 characters, hash -?\d+/)
  assert.ok(lines[0]!.length < 1000)
})

test('a group that is gone leaves nothing', () => {
  const { lines, conflicts } = watched()
  conflicts.note('G', one, 'one', [wants('T', 'a')])
  conflicts.leave('G', one)
  conflicts.note('G', two, 'two', [wants('T', 'b')])
  conflicts.leave('G', one)
  assert.deepEqual([lines, conflicts.sentences()], [[], []])
})

async function beat(parts: BrokerParts, connection: FakeConnection, subscription: Subscription | undefined) {
  const body = JSON.stringify({
    clientID: `client ${connection.id}`,
    heartbeatFingerprint: 7,
    withoutSub: subscription === undefined,
    consumerDataSet: [{ groupName: 'G', subscriptionDataSet: subscription ? [subscription] : [] }],
  })
  const { reply } = await ask(heartbeatHandler(parts), {}, { connection, body })
  return reply
}

async function pull(parts: BrokerParts, connection: FakeConnection) {
  const request = pullOf({ suspendTimeoutMillis: 0 })
  const { reply } = await ask(pullMessageHandler(parts, { lite: false }), request, { connection })
  return reply
}

test('by default a conflicting member is served, and request 28 tells of it', async () => {
  const parts = brokerParts()
  assert.equal((await beat(parts, one, wants('T', 'a'))).code, 0)
  assert.equal((await beat(parts, two, wants('T', 'b'))).code, 0)
  assert.equal((await pull(parts, two)).code, 19)
  const info = async () => {
    const { reply } = await ask(getRuntimeInfoHandler(parts), {})
    return (JSON.parse(String(reply.body)) as { table: Record<string, string> }).table
      .conflictingSubscriptions
  }
  assert.match((await info())!, /members of group G subscribe in different ways/)
  two.close('gone')
  assert.equal(await info(), undefined)
})

test('with rejectConflictingSubscription the one who comes later is refused, until it subscribes alike', async () => {
  const parts = brokerParts({ rejectConflictingSubscription: true })
  const [first, second] = [new FakeConnection(), new FakeConnection()]
  assert.equal((await beat(parts, first, wants('T', 'a'))).code, 0)
  const refused = await beat(parts, second, wants('T', 'b'))
  assert.equal(refused.code, 16)
  assert.match(refused.remark!, /^members of group G subscribe in different ways/)
  assert.deepEqual([...parts.consumers.group('G')!.clients.keys()], [first])
  assert.deepEqual([...parts.consumers.group('G')!.topics.values()][0]!.subscription.subString, 'a')
  const answer = await pull(parts, second)
  assert.deepEqual([answer.code, answer.remark], [16, refused.remark])
  assert.equal((await beat(parts, second, undefined)).code, 16)
  assert.equal((await beat(parts, second, wants('T', 'a'))).code, 0)
  assert.equal((await pull(parts, second)).code, 19)
})

test('a member that changes its subscription alone is taken out of the group, and the rest hear of it', async () => {
  const parts = brokerParts({ rejectConflictingSubscription: true })
  const [first, second] = [new FakeConnection(), new FakeConnection()]
  for (const connection of [first, second]) await beat(parts, connection, wants('T', 'a'))
  const before = first.notified.length
  assert.equal((await beat(parts, second, wants('T', 'b'))).code, 16)
  assert.deepEqual([...parts.consumers.group('G')!.clients.keys()], [first])
  assert.equal(first.notified.length, before + 1)
  first.close('gone')
  assert.equal((await beat(parts, second, wants('T', 'b'))).code, 0)
})

test('a member may change its subscription while it is alone', async () => {
  const parts = brokerParts({ rejectConflictingSubscription: true })
  const only = new FakeConnection()
  assert.equal((await beat(parts, only, wants('T', 'a'))).code, 0)
  assert.equal((await beat(parts, only, wants('T', 'b'))).code, 0)
})
