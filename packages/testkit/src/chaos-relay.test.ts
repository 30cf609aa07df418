import assert from 'node:assert/strict'
import test from 'node:test'
import { endOfTurn, isAerobeeError, systemClock } from '@aerobee/base'
import { type ByteStream, tcpTransport } from '@aerobee/net'
import { ChaosRelay } from './chaos-relay.js'

/** An echo server behind a relay, and a client before it. */
async function start() {
  const atServer: Buffer[] = []
  const target = await tcpTransport.listen({ host: '127.0.0.1', port: 0 }, (stream) =>
    stream.attach({
      received(chunk) {
        atServer.push(Buffer.from(chunk))
        stream.write(Buffer.from(chunk))
      },
      drained() {},
      closed() {},
    }),
  )
  const relay = await ChaosRelay.start(target.endpoint)
  const stream = await tcpTransport.connect(relay.endpoint, { timeoutMs: 3000 })
  const client = new Client(stream)
  const close = async () => {
    stream.destroy()
    await relay.close()
    await target.close()
    await client.closed
    assert.equal(relay.connectionCount, 0)
  }
  return { relay, stream, client, atServer, close }
}

class Client {
  readonly chunks: Buffer[] = []
  readonly closed: Promise<Error | undefined>
  #wake: () => void = () => {}

  constructor(stream: ByteStream) {
    this.closed = new Promise((resolve) =>
      stream.attach({
        received: (chunk) => {
          this.chunks.push(Buffer.from(chunk))
          this.#wake()
        },
        drained: () => {},
        closed: resolve,
      }),
    )
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1')
  }

  async receives(bytes: number): Promise<void> {
    while (this.text.length < bytes)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
  }
}

const turns = async (count: number) => {
  for (let i = 0; i < count; i++) await endOfTurn(systemClock)
}

test('without rules everything passes', async () => {
  const { stream, client, close } = await start()
  stream.write(Buffer.from('hello'))
  await client.receives(5)
  assert.equal(client.text, 'hello')
  await close()
})

test('a delay holds every byte back for its time, in order', async () => {
  const { relay, stream, client, close } = await start()
  relay.set('up', { delayMs: 60 })
  relay.set('down', { delayMs: 40 })
  const begun = systemClock.monoMs()
  stream.write(Buffer.from('first '))
  stream.write(Buffer.from('second'))
  await client.receives(12)
  assert.equal(client.text, 'first second')
  assert.ok(systemClock.monoMs() - begun >= 99)
  await close()
})

test('a cut holds one direction until it is healed, and loses nothing', async () => {
  const { relay, stream, client, atServer, close } = await start()
  relay.set('down', { cut: true })
  stream.write(Buffer.from('up only'))
  while (atServer.length === 0) await turns(1)
  await turns(50)
  assert.equal(client.text, '')
  relay.heal()
  await client.receives(7)
  assert.equal(client.text, 'up only')
  await close()
})

test('splitting gives small pieces with the same bytes', async () => {
  const { relay, stream, client, atServer, close } = await start()
  relay.set('up', { splitBytes: 7 })
  const bytes = Buffer.from(Array.from({ length: 500 }, (_, i) => i & 0x7f))
  stream.write(bytes)
  await client.receives(500)
  assert.equal(client.text, bytes.toString('latin1'))
  assert.ok(atServer.length > 20, `${atServer.length} pieces`)
  await close()
})

test('throttling lets no more pass than its rate', async () => {
  const { relay, stream, client, close } = await start()
  relay.set('up', { bytesPerSecond: 100_000 })
  const begun = systemClock.monoMs()
  stream.write(Buffer.alloc(30_000, 1))
  await client.receives(30_000)
  assert.ok(systemClock.monoMs() - begun >= 180)
  await close()
})

test('a reset breaks both sides, and refusing breaks new connections', async () => {
  const { relay, client, close } = await start()
  while (relay.connectionCount === 0) await turns(1)
  relay.reset()
  assert.match(String(await client.closed), /ECONNRESET/)
  relay.refuseNew(true)
  // The reset may come before the connection is reported or after.
  const refused = tcpTransport
    .connect(relay.endpoint, { timeoutMs: 3000 })
    .then((stream) => new Client(stream).closed)
  await refused.catch((thrown) => assert.ok(isAerobeeError(thrown, 'CONNECT_FAILED')))
  await close()
})
