import assert from 'node:assert/strict'
import test from 'node:test'
import { type ErrorCode, isAerobeeError, silentLogger } from '@aerobee/base'
import { MemoryNetwork, RemotingPair, VirtualClock } from '@aerobee/testkit'
import { type Command, defineCommand, string } from '@aerobee/wire'
import { ConnectionPool } from './connection-pool.js'
import { serve, success } from './contracts.js'
import { Dispatcher } from './dispatcher.js'
import { RemotingServer } from './server.js'

const echo = defineCommand({
  name: 'ECHO',
  code: 900,
  about: 'for tests',
  callers: ['client'],
  receiver: 'broker',
  access: { resource: 'none', action: 'Any' },
  request: { text: string('a text') },
  response: { text: string('the text back') },
})
const { address, clientHost, serverHost } = RemotingPair
const serves = [serve(echo, ({ request }) => success({ text: request.text }))]

async function failsWith(code: ErrorCode, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (thrown) => isAerobeeError(thrown, code))
}

test('calls made while a connection is being made share it', async () => {
  const pair = await RemotingPair.start({ serves })
  pair.network.setLatency(clientHost, serverHost, 50)
  const calls = ['a', 'b', 'c'].map((text) => pair.pool.call(address, echo, { text }))
  const answers = await pair.clock.resolve(Promise.all(calls))
  assert.deepEqual(
    answers.map((answer) => answer.fields?.text),
    ['a', 'b', 'c'],
  )
  assert.equal(pair.accepted.length, 1)
  await pair.close()
})

test('a refused connection fails the call with the address and can be tried again', async () => {
  const pair = new RemotingPair({ serves })
  await assert.rejects(pair.clock.resolve(pair.pool.call(address, echo, { text: 'x' })), (thrown) => {
    assert.ok(isAerobeeError(thrown, 'CONNECT_FAILED'))
    assert.equal(thrown.retryable, true)
    assert.equal(thrown.address, address)
    return true
  })
  await pair.server.listen({ host: '0.0.0.0', port: 10911 })
  assert.equal((await pair.clock.resolve(pair.pool.call(address, echo, { text: 'x' }))).fields?.text, 'x')
  await pair.close()
})

test('the time to connect counts for the deadline of the call', async () => {
  const pair = await RemotingPair.start({ serves })
  pair.network.cut(clientHost, serverHost)
  const begun = pair.clock.monoMs()
  await failsWith(
    'TIMEOUT',
    pair.clock.resolve(pair.pool.call(address, echo, { text: 'x' }, { timeoutMs: 700 })),
  )
  assert.equal(pair.clock.monoMs() - begun, 700)
  await failsWith(
    'CONNECT_FAILED',
    pair.clock.resolve(pair.pool.call(address, echo, { text: 'x' }, { timeoutMs: 9000 })),
  )
  await pair.close()
})

test('an address that is none is refused', async () => {
  const pair = new RemotingPair({ serves })
  for (const wrong of ['', 'host', ':1', 'host:', 'host:x', 'host:70000'])
    await failsWith('INVALID_ARGUMENT', pair.clock.resolve(pair.pool.call(wrong, echo, { text: 'x' })))
  await pair.close()
})

test('a closed connection leaves the table at once, and only a call makes a new one', async () => {
  const events: string[] = []
  const pair = await RemotingPair.start({
    serves,
    pool: {
      onConnect: (at) => events.push(`+${at}`),
      onClose: (at, _connection, reason) => events.push(`-${at} ${reason}`),
    },
  })
  await pair.clock.resolve(pair.pool.connect(address))
  pair.network.reset(clientHost, serverHost)
  await pair.clock.advance(60_000)
  assert.equal(pair.pool.existing(address), undefined)
  assert.deepEqual(events, [`+${address}`, `-${address} read ECONNRESET`])
  await pair.clock.resolve(pair.pool.call(address, echo, { text: 'x' }))
  assert.equal(events.length, 3)
  await pair.close()
})

test('a call made while the connection closes goes over a new one', async () => {
  const pair = await RemotingPair.start({ serves })
  const old = await pair.clock.resolve(pair.pool.connect(address))
  const body = Buffer.alloc(4 * 1024 * 1024)
  const underWay = failsWith('CONNECTION_CLOSED', pair.pool.call(address, echo, { text: 'x' }, { body }))
  old.close('test')
  assert.equal(old.state, 'draining')
  assert.equal(pair.pool.existing(address), undefined)
  assert.equal((await pair.clock.resolve(pair.pool.call(address, echo, { text: 'y' }))).fields?.text, 'y')
  await underWay
  await pair.clock.settle()
  assert.equal(old.state, 'closed')
  assert.notEqual(pair.pool.existing(address), undefined)
  await pair.close()
})

test('close fails what is under way, refuses what comes, and may be called twice', async () => {
  const pair = await RemotingPair.start({ serves })
  pair.network.setLatency(clientHost, serverHost, 100)
  await pair.clock.resolve(pair.pool.connect(address))
  const underWay = failsWith('CONNECTION_CLOSED', pair.pool.call(address, echo, { text: 'x' }))
  const connecting = failsWith('CLOSED', pair.pool.call('10.0.0.3:1', echo, { text: 'x' }))
  await pair.clock.settle()
  await pair.clock.resolve(Promise.all([pair.pool.close(), pair.pool.close(), underWay, connecting]))
  await failsWith('CLOSED', pair.pool.call(address, echo, { text: 'x' }))
  await failsWith('CLOSED', pair.pool.notify(address, echo, { text: 'x' }))
  await failsWith('CLOSED', pair.pool.connect(address))
  await pair.close()
})

/** Two servers one after the other at the same address, as in a restart, with a client that knows neither. */
async function restartingServer(hooks: { onConnectToSecond?: (server: RemotingServer) => void } = {}) {
  const clock = new VirtualClock()
  const network = new MemoryNetwork(clock)
  const answering = (text: string, onConnect?: (server: RemotingServer) => void) => {
    const server: RemotingServer = new RemotingServer({
      transport: network.transport(serverHost),
      clock,
      logger: silentLogger,
      dispatcher: new Dispatcher({
        receiver: 'broker',
        commands: [echo as unknown as Command],
        registrations: [serve(echo, () => success({ text }))],
        logger: silentLogger,
      }),
      onConnect: () => onConnect?.(server),
    })
    return server
  }
  const first = answering('first')
  const second = answering('second', hooks.onConnectToSecond)
  const pool = new ConnectionPool({ transport: network.transport(clientHost), clock, logger: silentLogger })
  await first.listen({ host: '0.0.0.0', port: 10911 })
  const ask = () => clock.resolve(pool.call(address, echo, { text: 'who?' }))
  return { clock, first, second, pool, ask }
}

test('a call that is sent away is asked again on a new connection within its time', async () => {
  const { clock, first, second, pool, ask } = await restartingServer()
  assert.equal((await ask()).fields?.text, 'first')
  const closed = first.close({ drainMs: 10_000 })
  await clock.settle()
  await second.listen({ host: '0.0.0.0', port: 10911 })
  assert.equal((await ask()).fields?.text, 'second')
  await clock.settle()
  assert.equal(first.connectionCount, 0)
  await clock.resolve(closed)
  await clock.resolve(Promise.all([pool.close(), second.close()]))
  assert.equal(clock.timers, 0)
})

test('a call that is sent away twice fails, retryable, and without showing the code as an answer', async () => {
  const { clock, first, second, pool, ask } = await restartingServer({
    onConnectToSecond: (server) => void server.close({ drainMs: 10_000 }),
  })
  await ask()
  const closed = first.close({ drainMs: 10_000 })
  await clock.settle()
  await second.listen({ host: '0.0.0.0', port: 10911 })
  await assert.rejects(ask(), (thrown) => {
    assert.ok(isAerobeeError(thrown, 'CONNECTION_CLOSED'), String(thrown))
    assert.equal(thrown.responseCode, 1500)
    assert.equal(thrown.retryable, true)
    return true
  })
  await clock.resolve(Promise.all([closed, pool.close(), second.close()]))
  assert.equal(clock.timers, 0)
})

test('a server that takes connections while it sends away is connected to at most once a second', async () => {
  const pair = await RemotingPair.start({ serves })
  let made = 0
  const pool = new ConnectionPool({
    transport: pair.network.transport('10.0.0.7'),
    clock: pair.clock,
    logger: silentLogger,
    onConnect: (leavingAddress, connection) => {
      made++
      // As clients do: the new connection is told who is there.
      if (made < 1000) pool.call(leavingAddress, echo, { text: `${connection.id}` }).catch(() => {})
    },
  })
  const goesAway = new Dispatcher({
    receiver: 'broker',
    commands: [echo as unknown as Command],
    registrations: serves,
    logger: silentLogger,
  })
  goesAway.goAway()
  const leaving = new RemotingServer({
    transport: pair.network.transport('10.0.0.8'),
    clock: pair.clock,
    logger: silentLogger,
    dispatcher: goesAway,
  })
  await leaving.listen({ host: '0.0.0.0', port: 1 })
  const ask = () => pair.clock.resolve(pool.call('10.0.0.8:1', echo, { text: 'x' }))
  await failsWith('CONNECTION_CLOSED', ask())
  assert.ok(made <= 2, `${made} connections`)
  for (let i = 0; i < 50; i++) {
    await failsWith('CONNECTION_CLOSED', ask())
    await pair.clock.advance(100)
  }
  assert.ok(made >= 3 && made <= 8, `${made} connections in 5 s`)
  await pair.clock.resolve(Promise.all([pool.close(), leaving.close()]))
  await pair.close()
})
