import assert from 'node:assert/strict'
import test from 'node:test'
import { endOfTurn, isAerobeeError, silentLogger, systemClock } from '@aerobee/base'
import { type Command, encodeFrame, newFrame } from '@aerobee/wire'
import { endpointText } from './address.js'
import { ask } from './ask-command.test.js'
import { ConnectionPool } from './connection-pool.js'
import { type ByteStream, type Exchange, serve, success } from './contracts.js'
import { Dispatcher } from './dispatcher.js'
import { RemotingServer } from './server.js'
import { tcpTransport } from './tcp-transport.js'

const loopback = { host: '127.0.0.1', port: 0 }

async function start() {
  const heldBack: Exchange<typeof ask.request, typeof ask.response>[] = []
  const state = { holds: false, served: 0 }
  const server = new RemotingServer({
    transport: tcpTransport,
    clock: systemClock,
    logger: silentLogger,
    dispatcher: new Dispatcher({
      receiver: 'broker',
      commands: [ask as unknown as Command],
      registrations: [
        serve(ask, (exchange) => {
          state.served++
          if (state.holds) {
            heldBack.push(exchange)
            return undefined
          }
          return success({ number: exchange.request.number }, exchange.frame.body)
        }),
      ],
      logger: silentLogger,
    }),
  })
  const at = await server.listen(loopback)
  const pool = new ConnectionPool({ transport: tcpTransport, clock: systemClock, logger: silentLogger })
  const close = async () => {
    await pool.close()
    await server.close()
  }
  return { server, pool, at, address: endpointText(at), heldBack, state, close }
}

/** A stream with a promise of its close. */
function watch(stream: ByteStream, received: (chunk: Uint8Array) => void = () => {}) {
  return new Promise<Error | undefined>((resolve) =>
    stream.attach({ received, drained: () => {}, closed: resolve }),
  )
}

test('calls and bodies of many sizes cross a socket unchanged', async () => {
  const { pool, address, close } = await start()
  const sizes = [0, 1, 100, 65_535, 65_536, 1_000_000, 4 * 1024 * 1024]
  const calls = sizes.map((size, i) =>
    pool.call(address, ask, { number: i }, { body: Buffer.alloc(size, i + 1), timeoutMs: 20_000 }),
  )
  for (const [i, answer] of (await Promise.all(calls)).entries()) {
    assert.equal(answer.fields?.number, i)
    assert.ok(Buffer.from(answer.body).equals(Buffer.alloc(sizes[i]!, i + 1)))
  }
  await close()
})

test('ten thousand calls in flight on one connection keep their order', async () => {
  const { pool, address, server, close } = await start()
  const answered: number[] = []
  const calls = Array.from({ length: 10_000 }, (_, number) =>
    pool
      .call(address, ask, { number }, { timeoutMs: 20_000 })
      .then((answer) => answered.push(answer.fields!.number)),
  )
  await Promise.all(calls)
  assert.equal(server.connectionCount, 1)
  assert.deepEqual(
    answered,
    Array.from({ length: 10_000 }, (_, i) => i),
  )
  await close()
})

test('answers given in an end-of-turn task leave in that turn', async () => {
  const { pool, address, heldBack, state, close } = await start()
  await pool.connect(address)
  state.holds = true
  const calls = [1, 2, 3].map((number) => pool.call(address, ask, { number }))
  const turn = () => endOfTurn(systemClock)
  while (heldBack.length < 3) await turn()
  const { connection } = heldBack[0]!
  systemClock.endOfTurn(() => {
    for (const exchange of heldBack) exchange.respond(success({ number: exchange.request.number }))
  })
  await turn()
  assert.equal(connection.outboundBytes, 0)
  await Promise.all(calls)
  await close()
})

test('a peer that does not read holds a bounded number of bytes and is served again when it reads', async () => {
  const { at, state, server, close } = await start()
  const stream = await tcpTransport.connect(at, { timeoutMs: 3000 })
  let receivedBytes = 0
  let wanted: () => void = () => {}
  const requests = 400
  const bodyBytes = 256 * 1024
  const closed = watch(stream, (chunk) => {
    receivedBytes += chunk.length
    if (receivedBytes > requests * bodyBytes) wanted()
  })
  stream.pause()
  for (let i = 0; i < requests; i++)
    stream.write(encodeFrame(newFrame(900, i, { number: '1' }, Buffer.alloc(bodyBytes))))
  const connectionOf = () => [...server.connections][0]
  const turn = () => endOfTurn(systemClock)
  while ((connectionOf()?.outboundBytes ?? 0) < 8 * 1024 * 1024) await turn()
  for (let i = 0; i < 200; i++) await turn()
  assert.ok(connectionOf()!.outboundBytes < 9 * 1024 * 1024)
  assert.ok(state.served < requests)
  const all = new Promise<void>((resolve) => {
    wanted = resolve
  })
  stream.resume()
  await all
  assert.equal(state.served, requests)
  stream.destroy()
  assert.equal(await closed, undefined)
  await close()
})

test('an answer that comes after the close is dropped and breaks nothing', async () => {
  const { at, server, heldBack, state, close } = await start()
  state.holds = true
  const stream = await tcpTransport.connect(at, { timeoutMs: 3000 })
  const closed = watch(stream)
  stream.write(encodeFrame(newFrame(900, 1, { number: '1' })))
  const turn = () => endOfTurn(systemClock)
  while (heldBack.length === 0) await turn()
  const reason = new Promise<string>((resolve) => heldBack[0]!.connection.onClose(resolve))
  heldBack[0]!.connection.close('test')
  heldBack[0]!.respond(success({ number: 1 }))
  assert.equal(await reason, 'test')
  assert.equal(await closed, undefined)
  assert.equal(server.connectionCount, 0)
  await close()
})

test('answers on their way when the server closes arrive, though the peer went on sending', async () => {
  const { at, server, close } = await start()
  const stream = await tcpTransport.connect(at, { timeoutMs: 3000 })
  const body = Buffer.alloc(2 * 1024 * 1024)
  let receivedBytes = 0
  const closed = watch(stream, (chunk) => {
    receivedBytes += chunk.length
  })
  stream.pause()
  stream.write(encodeFrame(newFrame(900, 1, { number: '1' }, body)))
  const turn = () => endOfTurn(systemClock)
  while (server.connectionCount === 0) await turn()
  const connection = [...server.connections][0]!
  while (connection.peerVersion === 0) await turn()
  connection.close('test')
  for (let i = 0; i < 100; i++)
    stream.write(encodeFrame(newFrame(900, 2, { number: '2' }, Buffer.alloc(1000))))
  for (let i = 0; i < 50; i++) await turn()
  stream.resume()
  assert.equal(await closed, undefined)
  assert.ok(receivedBytes > body.length, `${receivedBytes} bytes`)
  await close()
})

test('a port in use and a port without a listener are told with their address', async () => {
  const { at, pool, close } = await start()
  await assert.rejects(
    tcpTransport.listen(at, () => {}),
    (thrown) => {
      assert.ok(isAerobeeError(thrown, 'IO_FAILED'))
      assert.match(
        thrown.message,
        new RegExp(`cannot listen on 127\\.0\\.0\\.1:${at.port}: .*choose a free port`),
      )
      return true
    },
  )
  const gone = await tcpTransport.listen(loopback, () => {})
  await gone.close()
  await assert.rejects(pool.call(endpointText(gone.endpoint), ask, { number: 1 }), (thrown) =>
    isAerobeeError(thrown, 'CONNECT_FAILED'),
  )
  await close()
})

test('connecting gives up at its deadline and on a signal, and leaves nothing open', async () => {
  const { at, close, server } = await start()
  await assert.rejects(tcpTransport.connect(at, { timeoutMs: 1000, signal: AbortSignal.abort() }), (thrown) =>
    isAerobeeError(thrown, 'CONNECT_FAILED'),
  )
  // 192.0.2.0/24 is for documentation: nobody answers, or the system says that there is no way to it.
  await assert.rejects(tcpTransport.connect({ host: '192.0.2.1', port: 9 }, { timeoutMs: 50 }), (thrown) =>
    isAerobeeError(thrown, 'CONNECT_FAILED'),
  )
  assert.equal(server.connectionCount, 0)
  await close()
})

test('the close of one side ends the other side with a reason', async () => {
  const { server, pool, address, close } = await start()
  await pool.connect(address)
  const reasons = new Promise<string>((resolve) => [...server.connections][0]!.onClose(resolve))
  pool.disconnect(address, 'enough')
  assert.equal(await reasons, 'the peer closed it')
  await close()
  assert.equal(server.connectionCount, 0)
})
