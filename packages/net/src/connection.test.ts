import assert from 'node:assert/strict'
import test from 'node:test'
import { type ErrorCode, isAerobeeError, limits } from '@aerobee/base'
import { RemotingPair } from '@aerobee/testkit'
import { type Command, defineCommand, int32, optional, string } from '@aerobee/wire'
import { type Exchange, failure, type Reply, serve, success } from './contracts.js'

const declare = (name: string, code: number, receiver: 'broker' | 'client', notServed?: string) =>
  defineCommand({
    name,
    code,
    about: 'for tests',
    callers: ['client'],
    receiver,
    access: { resource: 'none', action: 'Any' },
    request: { text: string('a text'), count: optional(int32('a number')) },
    response: { text: string('the text back') },
    ...(notServed === undefined ? {} : { notServed }),
  })
const echo = declare('ECHO', 900, 'broker')
const held = declare('HELD', 901, 'broker')
const later = declare('LATER', 902, 'broker')
const broken = declare('BROKEN', 903, 'broker')
const unserved = declare('UNSERVED', 904, 'broker', 'it comes with a later release')
const unknown = declare('UNKNOWN', 905, 'broker')
const askClient = declare('ASK_CLIENT', 906, 'client')
const { address } = RemotingPair

type HeldExchange = Exchange<(typeof held)['request'], (typeof held)['response']>

async function start() {
  const seen: string[] = []
  const waiting: HeldExchange[] = []
  const pair = await RemotingPair.start({
    serves: [
      serve(echo, ({ request, frame }): Reply<(typeof echo)['response']> => {
        seen.push(request.text)
        return success({ text: request.text }, frame.body.length > 0 ? frame.body : null)
      }),
      serve(held, (exchange) => {
        waiting.push(exchange)
        return undefined
      }),
      serve(later, async ({ request }) => {
        await Promise.resolve()
        if (request.text === 'fail') throw new Error('later is never')
        return success({ text: request.text })
      }),
      serve(broken, () => {
        throw new Error('a handler broke')
      }),
    ],
    notServed: [unserved as unknown as Command],
    clientServes: [serve(askClient, ({ request }) => success({ text: `client says ${request.text}` }))],
  })
  const call = (command: typeof echo, text: string) =>
    pair.clock.resolve(pair.pool.call(address, command, { text }))
  return { pair, clock: pair.clock, pool: pair.pool, seen, waiting, call }
}

/** Rejects with an operating error of that code, or the test fails. */
async function failsWith(code: ErrorCode, promise: Promise<unknown>, message?: RegExp): Promise<void> {
  await assert.rejects(promise, (thrown: unknown) => {
    assert.ok(isAerobeeError(thrown, code), String(thrown))
    if (message) assert.match(thrown.message, message)
    return true
  })
}

test('a request is answered with the fields and the body of its handler', async () => {
  const { pair, clock, pool } = await start()
  const body = Buffer.from('a body')
  const answer = await clock.resolve(pool.call(address, echo, { text: 'hello' }, { body }))
  assert.equal(answer.code, 0)
  assert.deepEqual(answer.fields, { text: 'hello' })
  assert.equal(Buffer.from(answer.body).toString(), 'a body')
  await pair.close()
})

test('calls under way together are matched by their numbers, in any order of the answers', async () => {
  const { pair, clock, pool, waiting } = await start()
  const calls = ['a', 'b', 'c'].map((text) => pool.call(address, held, { text }))
  await clock.runUntil(() => waiting.length === 3)
  for (const exchange of waiting.reverse()) exchange.respond(success({ text: exchange.request.text }))
  const answers = await clock.resolve(Promise.all(calls))
  assert.deepEqual(
    answers.map((answer) => answer.fields?.text),
    ['a', 'b', 'c'],
  )
  await pair.close()
})

test('the server calls the client over the same connection', async () => {
  const { pair, clock, call } = await start()
  await call(echo, 'hello')
  const answer = await clock.resolve(pair.accepted[0]!.call(askClient, { text: 'x' }))
  assert.equal(answer.fields?.text, 'client says x')
  await pair.close()
})

test('both directions may use the same number at the same time', async () => {
  const { pair, clock, pool, waiting } = await start()
  const fromClient = pool.call(address, held, { text: 'up' })
  await clock.runUntil(() => waiting.length === 1)
  const down = await clock.resolve(pair.accepted[0]!.call(askClient, { text: 'down' }))
  assert.equal(down.frame.opaque, waiting[0]!.frame.opaque)
  waiting[0]!.respond(success({ text: 'up' }))
  assert.equal((await clock.resolve(fromClient)).fields?.text, 'up')
  assert.equal(down.fields?.text, 'client says down')
  await pair.close()
})

test('what a handler cannot or may not do is told in code and remark', async () => {
  const { pair, call, clock, pool } = await start()
  const told = async (answer: Promise<{ code: number; remark: string | null }>) => {
    const { code, remark } = await answer
    return [code, remark]
  }
  assert.deepEqual(await told(call(broken, 'x')), [1, 'a handler broke'])
  assert.deepEqual(await told(call(later, 'fail')), [1, 'later is never'])
  assert.deepEqual(await told(call(unknown, 'x')), [3, ' request type 905 not supported'])
  assert.deepEqual(await told(call(unserved, 'x')), [
    3,
    ' request type 904 not supported: it comes with a later release',
  ])
  assert.deepEqual(await told(clock.resolve(pool.call(address, echo, {} as { text: string }))), [
    1,
    'the custom field <text> is null',
  ])
  assert.equal((await call(later, 'fine')).fields?.text, 'fine')
  assert.equal(pair.log.filter((line) => line.startsWith('error BROKEN from 10.0.0.1')).length, 1)
  await pair.close()
})

test('a one-way request is handled and never answered, whatever becomes of it', async () => {
  const { pair, clock, pool, seen, waiting } = await start()
  const sent = [echo, held, later, broken, unknown, unserved].map((command) =>
    pool.notify(address, command, { text: 'one way' }),
  )
  await clock.resolve(Promise.all(sent))
  await clock.advance(1000)
  assert.deepEqual(seen, ['one way'])
  waiting[0]!.respond(success({ text: 'nobody hears it' }))
  const connection = pool.existing(address) as unknown as { receivedChunks: number }
  await clock.advance(1000)
  assert.equal(connection.receivedChunks, 0)
  await pair.close()
})

test('an error answer may lack the fields of success', async () => {
  const { pair, clock, pool, waiting } = await start()
  const call = pool.call(address, held, { text: 'x' })
  await clock.runUntil(() => waiting.length === 1)
  waiting[0]!.respond(failure(17, 'no such topic'))
  const answer = await clock.resolve(call)
  assert.deepEqual([answer.code, answer.remark, answer.fields], [17, 'no such topic', undefined])
  await pair.close()
})

test('an answer to a second respond is a bug and says so', async () => {
  const { pair, clock, pool, waiting } = await start()
  const call = pool.call(address, held, { text: 'x' })
  await clock.runUntil(() => waiting.length === 1)
  waiting[0]!.respond(success({ text: 'x' }))
  assert.throws(() => waiting[0]!.respond(success({ text: 'x' })), /answered twice/)
  await clock.resolve(call)
  await pair.close()
})

test('a call that is not answered ends at its deadline, and a late answer is dropped', async () => {
  const { pair, clock, pool, waiting, call } = await start()
  await call(echo, 'connect')
  const begun = clock.monoMs()
  const late = pool.call(address, held, { text: 'x' }, { timeoutMs: 500 })
  const other = pool.call(address, held, { text: 'y' }, { timeoutMs: 5000 })
  const answers = clock.advance(600).then(() => call(echo, 'still alive'))
  await failsWith('TIMEOUT', late, /10\.0\.0\.2:10911 did not answer HELD within 500 ms/)
  await answers
  waiting[0]!.respond(success({ text: 'late' }))
  waiting[1]!.respond(success({ text: 'in time' }))
  assert.equal((await clock.resolve(other)).fields?.text, 'in time')
  assert.ok(clock.monoMs() - begun < 1000)
  await pair.close()
})

test('a signal cancels a call, before and after it was sent', async () => {
  const { pair, clock, pool, waiting } = await start()
  const early = pool.call(address, held, { text: 'x' }, { signal: AbortSignal.abort('too late') })
  await assert.rejects(early, (reason) => reason === 'too late')
  const controller = new AbortController()
  const call = pool.call(address, held, { text: 'x' }, { signal: controller.signal })
  await clock.runUntil(() => waiting.length === 1)
  const reason = new Error('changed my mind')
  controller.abort(reason)
  await assert.rejects(call, (thrown) => thrown === reason)
  assert.equal((pool.existing(address) as unknown as { pendingCalls: number }).pendingCalls, 0)
  await pair.close()
})

test('calls under way fail at once when the connection closes, on either side', async () => {
  const { pair, clock, pool, waiting } = await start()
  const fromClient = pool.call(address, held, { text: 'x' }, { timeoutMs: 60_000 })
  await clock.runUntil(() => waiting.length === 1)
  const fromServer = pair.accepted[0]!.call(askClient, { text: 'x' })
  const outcomes = Promise.all([
    failsWith('CONNECTION_CLOSED', fromClient, /whether it was carried out is unknown/),
    failsWith('CONNECTION_CLOSED', fromServer),
  ])
  const begun = clock.monoMs()
  pair.network.reset(RemotingPair.clientHost, RemotingPair.serverHost)
  await clock.resolve(outcomes)
  assert.equal(clock.monoMs(), begun)
  await pair.close()
})

test('answers to a closed connection are ignored', async () => {
  const { pair, clock, pool, waiting } = await start()
  const call = pool.call(address, held, { text: 'x' })
  await clock.runUntil(() => waiting.length === 1)
  pool.disconnect(address, 'test')
  await failsWith('CONNECTION_CLOSED', call)
  await clock.settle()
  assert.equal(pair.accepted[0]!.state, 'closed')
  waiting[0]!.respond(success({ text: 'x' }))
  assert.equal(pair.accepted[0]!.notify(askClient, { text: 'x' }), false)
  await failsWith('CONNECTION_CLOSED', pair.accepted[0]!.call(askClient, { text: 'x' }))
  await pair.close()
})

test('answers given before close() still arrive', async () => {
  const { pair, clock, pool, waiting } = await start()
  pair.network.setLatency(RemotingPair.serverHost, RemotingPair.clientHost, 300)
  const call = pool.call(address, held, { text: 'x' })
  await clock.runUntil(() => waiting.length === 1)
  waiting[0]!.respond(success({ text: 'x' }, Buffer.alloc(1_000_000)))
  pair.accepted[0]!.close('test')
  assert.equal(pair.accepted[0]!.state, 'draining')
  assert.equal((await clock.resolve(call)).body.length, 1_000_000)
  await clock.advance(1000)
  assert.equal(pair.accepted[0]!.state, 'closed')
  await pair.close()
})

test('close listeners run once, and at once when it is closed already', async () => {
  const { pair, clock, call } = await start()
  await call(echo, 'x')
  const reasons: string[] = []
  pair.accepted[0]!.onClose((reason) => reasons.push(reason))
  pair.accepted[0]!.close('enough')
  pair.accepted[0]!.close('again')
  await clock.advance(100)
  pair.accepted[0]!.onClose((reason) => reasons.push(reason))
  assert.deepEqual(reasons, ['enough', 'enough'])
  await pair.close()
})

test('a close listener that fails is logged and does not keep the others from running', async () => {
  const { pair, clock, call } = await start()
  await call(echo, 'x')
  const reasons: string[] = []
  pair.accepted[0]!.onClose(() => {
    throw new Error('listener broke')
  })
  pair.accepted[0]!.onClose((reason) => reasons.push(reason))
  pair.accepted[0]!.close('enough')
  await clock.advance(100)
  assert.deepEqual(reasons, ['enough'])
  assert.match(pair.log.join(), /error a close listener of 10\.0\.0\.1:\d+ failed: listener broke/)
  await pair.close()
})

test('a connection on which nothing arrives closes after 120 s, and the next call makes a new one', async () => {
  const { pair, clock, call } = await start()
  await call(echo, 'one')
  await clock.advance(limits.idleCloseMs - 1000)
  assert.equal(pair.server.connectionCount, 1)
  await call(echo, 'two')
  await clock.advance(limits.idleCloseMs - 1000)
  assert.equal(pair.server.connectionCount, 1)
  await clock.advance(3000)
  assert.equal(pair.server.connectionCount, 0)
  assert.equal((await call(echo, 'three')).fields?.text, 'three')
  assert.equal(pair.accepted.length, 2)
  await pair.close()
})

test('connections with nothing to do wake nobody', async () => {
  const { pair, clock, call } = await start()
  await call(echo, 'one')
  const after = clock.after.bind(clock)
  let timers = 0
  clock.after = (...timer) => {
    timers++
    return after(...timer)
  }
  await clock.advance(limits.idleCloseMs - 1000)
  // The deadlines of calls look once a turn of their ring whether any is left.
  assert.ok(timers <= 2, `${timers} timers were set`)
  await pair.close()
})

test('a peer behind a cut link is given up after 120 s on both sides', async () => {
  const { pair, clock, pool, call } = await start()
  await call(echo, 'one')
  pair.network.cut(RemotingPair.clientHost, RemotingPair.serverHost)
  pair.network.cut(RemotingPair.serverHost, RemotingPair.clientHost)
  await clock.advance(limits.idleCloseMs + 2000)
  assert.equal(pair.server.connectionCount, 0)
  assert.equal(pool.existing(address), undefined)
  pair.network.heal(RemotingPair.clientHost, RemotingPair.serverHost)
  pair.network.heal(RemotingPair.serverHost, RemotingPair.clientHost)
  assert.equal((await call(echo, 'two')).fields?.text, 'two')
  await pair.close()
})

test('a call that gets no byte in 3 s closes the connection, so that the next one makes a new one', async () => {
  const { pair, clock, pool, call } = await start()
  await call(echo, 'one')
  pair.network.cut(RemotingPair.serverHost, RemotingPair.clientHost)
  await failsWith('TIMEOUT', clock.resolve(pool.call(address, echo, { text: 'lost' })))
  assert.equal(pool.existing(address), undefined)
  pair.network.heal(RemotingPair.serverHost, RemotingPair.clientHost)
  assert.equal((await call(echo, 'two')).fields?.text, 'two')
  await pair.close()
})

test('more fields than the declaration has travel beside it', async () => {
  const { pair, clock, pool, waiting } = await start()
  const call = pool.call(address, held, { text: 'x' }, { moreFields: { Signature: 'abc' } })
  await clock.runUntil(() => waiting.length === 1)
  assert.deepEqual(waiting[0]!.frame.extFields, { text: 'x', Signature: 'abc' })
  waiting[0]!.respond(success({ text: 'x' }))
  await clock.resolve(call)
  await pair.close()
})

test('calls beyond the outbound budget are refused, and those before it go on', async () => {
  const { pair, clock, pool, call } = await start()
  await call(echo, 'connect')
  const body = Buffer.alloc(12 * 1024 * 1024)
  const calls = [1, 2, 3].map(() => pool.call(address, echo, { text: 'big' }, { body }))
  await failsWith('LIMIT_EXCEEDED', calls[2]!, /send fewer at once/)
  const answers = await clock.resolve(Promise.all(calls.slice(0, 2)))
  assert.deepEqual(
    answers.map((answer) => answer.body.length),
    [body.length, body.length],
  )
  await pair.close()
})
