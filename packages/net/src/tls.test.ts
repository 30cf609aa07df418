import assert from 'node:assert/strict'
import test from 'node:test'
import { type AerobeeError, isAerobeeError, silentLogger, systemClock } from '@aerobee/base'
import { TlsFront, testAuthority, testCertificate } from '@aerobee/testkit'
import type { Command } from '@aerobee/wire'
import { endpointText } from './address.js'
import { ask } from './ask-command.test.js'
import { ConnectionPool } from './connection-pool.js'
import { type Endpoint, serve, success } from './contracts.js'
import { Dispatcher } from './dispatcher.js'
import { RemotingServer } from './server.js'
import { tcpTransport } from './tcp-transport.js'
import { type TlsOptions, tlsTransport } from './tls-transport.js'

const ca = testAuthority()
const timeoutMs = 3000

/** A server that speaks plain, with TLS before it. */
async function start(options: Parameters<typeof TlsFront.start>[1] = {}) {
  const server = new RemotingServer({
    transport: tcpTransport,
    clock: systemClock,
    logger: silentLogger,
    dispatcher: new Dispatcher({
      receiver: 'broker',
      commands: [ask as unknown as Command],
      registrations: [
        serve(ask, ({ request, frame }) => success({ number: request.number }, Uint8Array.from(frame.body))),
      ],
      logger: silentLogger,
    }),
  })
  const plain = await server.listen({ host: '127.0.0.1', port: 0 })
  const front = await TlsFront.start(plain, options)
  const close = async () => {
    await front.close()
    await server.close()
  }
  return { plain, front, at: front.endpoint, close }
}

async function failure(at: Endpoint, options: TlsOptions): Promise<AerobeeError> {
  const connecting = tlsTransport(options).connect(at, { timeoutMs })
  const thrown = await connecting.then(
    () => assert.fail('it connected'),
    (error: unknown) => error,
  )
  assert.ok(isAerobeeError(thrown, 'CONNECT_FAILED'), String(thrown))
  assert.equal(thrown.address, endpointText(at))
  return thrown
}

test('calls and bodies of many sizes cross TLS unchanged', async () => {
  const { at, close } = await start()
  const pool = new ConnectionPool({
    transport: tlsTransport({ ca }),
    clock: systemClock,
    logger: silentLogger,
  })
  const sizes = [0, 1, 16_384, 65_535, 1_000_000, 4 * 1024 * 1024]
  const calls = sizes.map((size, i) =>
    pool.call(endpointText(at), ask, { number: i }, { body: Buffer.alloc(size, i + 1), timeoutMs: 20_000 }),
  )
  for (const [i, answer] of (await Promise.all(calls)).entries()) {
    assert.equal(answer.fields?.number, i)
    assert.ok(Buffer.from(answer.body).equals(Buffer.alloc(sizes[i]!, i + 1)))
  }
  assert.equal(pool.addresses.length, 1)
  await pool.close()
  await close()
})

test('thousands of calls in flight over TLS keep their order', async () => {
  const { at, close } = await start()
  const pool = new ConnectionPool({
    transport: tlsTransport({ ca }),
    clock: systemClock,
    logger: silentLogger,
  })
  const answered: number[] = []
  await Promise.all(
    Array.from({ length: 5000 }, (_, number) =>
      pool
        .call(endpointText(at), ask, { number }, { timeoutMs: 20_000 })
        .then((answer) => answered.push(answer.fields!.number)),
    ),
  )
  assert.deepEqual(
    answered,
    Array.from({ length: 5000 }, (_, i) => i),
  )
  await pool.close()
  await close()
})

test('a certificate that nobody trusted signed is refused, with the way out', async () => {
  const { at, close } = await start({ certificate: 'self-signed' })
  const own = await failure(at, {})
  assert.match(
    own.message,
    /no TLS connection to 127\.0\.0\.1:\d+: nobody that is trusted signed.*as tls\.ca/,
  )
  assert.equal(own.retryable, false)
  assert.match((await failure(at, { ca })).message, /nobody that is trusted signed/)
  await close()
  const byAuthority = await start()
  assert.match((await failure(byAuthority.at, {})).message, /nobody that is trusted signed.*as tls\.ca/)
  await byAuthority.close()
})

test('a self-signed certificate that is given as authority is trusted', async () => {
  const { at, close } = await start({ certificate: 'self-signed' })
  const stream = await tlsTransport({ ca: testCertificate('self-signed').cert }).connect(at, { timeoutMs })
  stream.destroy()
  await close()
})

test('a certificate of another name is refused, and taken with that name as servername', async () => {
  const { at, close } = await start({ certificate: 'other-name' })
  const { message, retryable } = await failure(at, { ca })
  assert.match(message, /its certificate is for broker\.example, not for 127\.0\.0\.1; .*tls\.servername/)
  assert.equal(retryable, false)
  const stream = await tlsTransport({ ca, servername: 'broker.example' }).connect(at, { timeoutMs })
  stream.destroy()
  await close()
})

test('a certificate that has expired is refused', async () => {
  const { at, close } = await start({ certificate: 'expired' })
  assert.match((await failure(at, { ca })).message, /its certificate has expired; renew it there/)
  await close()
})

test('insecureSkipVerify takes any certificate', async () => {
  for (const certificate of ['self-signed', 'other-name', 'expired'] as const) {
    const { at, close } = await start({ certificate })
    const stream = await tlsTransport({ insecureSkipVerify: true }).connect(at, { timeoutMs })
    stream.destroy()
    await close()
  }
})

test('a server that speaks plain is told from one that is away', async () => {
  const { plain, close } = await start()
  assert.match(
    (await failure(plain, { ca })).message,
    /ended the TLS handshake.*turn TLS on there, or leave option/,
  )
  await close()
  assert.match((await failure(plain, { ca })).message, /ECONNREFUSED.*check that a server listens there/)
})

test('a server that never answers the handshake is given up in time', async () => {
  const silent = await tcpTransport.listen({ host: '127.0.0.1', port: 0 }, (stream) =>
    stream.attach({ received() {}, drained() {}, closed() {} }),
  )
  const begunAt = systemClock.monoMs()
  const connecting = tlsTransport({ ca }).connect(silent.endpoint, { timeoutMs: 100 })
  await assert.rejects(connecting, /no TLS handshake within 100 ms; turn TLS on there/)
  assert.ok(systemClock.monoMs() - begunAt < 2000)
  await silent.close()
})

test('a server may ask for the certificate of a client', async () => {
  const { at, close } = await start({ wantsClientCertificate: true })
  const pool = new ConnectionPool({
    transport: tlsTransport({ ca, ...testCertificate('client') }),
    clock: systemClock,
    logger: silentLogger,
  })
  assert.equal((await pool.call(endpointText(at), ask, { number: 7 })).fields?.number, 7)
  await pool.close()
  const without = new ConnectionPool({
    transport: tlsTransport({ ca }),
    clock: systemClock,
    logger: silentLogger,
  })
  const refused = without.call(endpointText(at), ask, { number: 7 })
  await assert.rejects(refused, /certificate required/)
  await without.close()
  await close()
})

test('giving up ends a handshake and leaves no socket', async () => {
  const { at, front, close } = await start()
  const giveUp = new AbortController()
  const connecting = tlsTransport({ ca }).connect(at, { timeoutMs, signal: giveUp.signal })
  giveUp.abort(new Error('enough'))
  await assert.rejects(connecting, /the caller gave up/)
  await assert.rejects(
    tlsTransport({ ca }).connect(at, { timeoutMs, signal: giveUp.signal }),
    (error) => isAerobeeError(error, 'CONNECT_FAILED') && (error.cause as Error).message === 'enough',
  )
  assert.equal(front.connectionCount, 0)
  await close()
})

test('options that are none, and certificates that are not readable, are refused', async () => {
  const none = { rejectUnauthorized: false } as TlsOptions
  assert.throws(() => tlsTransport(none), /insecureSkipVerify/)
  assert.throws(() => tlsTransport({ sni: 'x' } as TlsOptions), /tls\.sni is not an option: ca, cert, key/)
  assert.throws(() => tlsTransport({ cert: 'x' }), /tls\.cert and tls\.key go together/)
  const { at, close } = await start()
  const transport = tlsTransport({ ...testCertificate('client'), key: 'no key' })
  for (let i = 0; i < 2; i++)
    await assert.rejects(
      transport.connect(at, { timeoutMs }),
      /tls\.ca, tls\.cert or tls\.key cannot be used/,
    )
  await assert.rejects(
    tlsTransport().listen(at, () => {}),
    { code: 'UNSUPPORTED' },
  )
  await close()
})
