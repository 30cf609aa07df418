import assert from 'node:assert/strict'
import test from 'node:test'
import { isAerobeeError, limits } from '@aerobee/base'
import { RemotingPair } from '@aerobee/testkit'
import { defineCommand, encodeFrame, newFrame, optional, string, versions } from '@aerobee/wire'
import fc from 'fast-check'
import { type ByteStream, type Connection, type Exchange, serve, success } from './contracts.js'

const echo = defineCommand({
  name: 'ECHO',
  code: 900,
  about: 'for tests',
  callers: ['client'],
  receiver: 'broker',
  access: { resource: 'none', action: 'Any' },
  request: { text: string('a text') },
  response: { text: optional(string('the text back')) },
})
/** Answers 256 KiB. */
const bulk = { ...echo, name: 'BULK', code: 901 }
const held = { ...echo, name: 'HELD', code: 902 }
const bulkBody = Buffer.alloc(256 * 1024)
const { address, clientHost, serverHost } = RemotingPair

async function start(options: Partial<ConstructorParameters<typeof RemotingPair>[0]> = {}) {
  let served = 0
  const waiting: Exchange<typeof echo.request, typeof echo.response>[] = []
  const pair = await RemotingPair.start({
    serves: [
      serve(echo, ({ request }) => success({ text: request.text })),
      serve(bulk, () => {
        served++
        return success({}, bulkBody)
      }),
      serve(held, (exchange) => {
        waiting.push(exchange)
        return undefined
      }),
    ],
    ...options,
  })
  /** A peer that is no client of ours: bytes in, bytes out. */
  const rawPeer = async (host = clientHost) => {
    const stream = await pair.clock.resolve(
      pair.network.transport(host).connect({ host: serverHost, port: 10911 }, { timeoutMs: 1000 }),
    )
    const received: Buffer[] = []
    let open = true
    stream.attach({
      received: (chunk) => received.push(Buffer.from(chunk)),
      drained: () => {},
      closed: () => {
        open = false
      },
    })
    return { stream, received, isOpen: () => open }
  }
  const call = (text: string) => pair.clock.resolve(pair.pool.call(address, echo, { text }))
  return { pair, clock: pair.clock, waiting, rawPeer, call, served: () => served }
}

const requests = (code: number, count: number, version: number = versions.V5_3_3) =>
  Buffer.concat(
    Array.from({ length: count }, (_, i) => {
      const frame = newFrame(code, i, { text: 'x' })
      frame.version = version
      return encodeFrame(frame)
    }),
  )

test('a peer that never reads is no longer served above 8 MiB, and others are', async () => {
  const { pair, clock, rawPeer, call, served } = await start()
  const deaf = await rawPeer('10.0.0.9')
  deaf.stream.pause()
  deaf.stream.write(requests(bulk.code, 2000))
  await clock.settle()
  const most = Math.ceil(limits.outboundPauseBytes / bulkBody.length) + 2
  assert.ok(served() <= most, `${served()} requests were served`)
  assert.ok(pair.accepted[0]!.outboundBytes <= limits.outboundPauseBytes + 2 * bulkBody.length)
  assert.equal((await call('others are served')).fields?.text, 'others are served')
  deaf.stream.resume()
  await clock.runUntil(() => served() === 2000)
  deaf.stream.destroy()
  await pair.close()
})

test('a peer that does not read closes above 32 MiB, which answers held for it reach', async () => {
  const { pair, clock, rawPeer, waiting } = await start()
  const deaf = await rawPeer()
  deaf.stream.pause()
  deaf.stream.write(requests(held.code, 300))
  await clock.runUntil(() => waiting.length === 300)
  for (const exchange of waiting) exchange.respond(success({}, bulkBody))
  await clock.settle()
  assert.equal(pair.accepted[0]!.state, 'closed')
  assert.equal(pair.accepted[0]!.outboundBytes, 0)
  assert.equal(
    pair.log.filter((line) => /^warn 10\.0\.0\.1:\d+ is disconnected: it does not read/.test(line)).length,
    1,
  )
  deaf.stream.destroy()
  await pair.close()
})

test('a thousand connections that never read cost their bound and nothing more', async () => {
  const { pair, clock, rawPeer, call, served } = await start()
  const deaf: ByteStream[] = []
  for (let i = 0; i < 1000; i++) {
    const { stream } = await rawPeer(`10.1.${i >> 8}.${i & 0xff}`)
    stream.pause()
    stream.write(requests(echo.code, 200))
    deaf.push(stream)
  }
  await clock.settle()
  assert.equal(pair.server.connectionCount, 1000)
  assert.equal((await call('alive')).fields?.text, 'alive')
  assert.equal(served(), 0)
  for (const stream of deaf) stream.destroy()
  await clock.settle()
  assert.equal(pair.server.connectionCount, 1)
  await pair.close()
})

test('more requests without an answer than the limit are not taken from the stream', async () => {
  const { pair, clock, rawPeer, waiting } = await start()
  const peer = await rawPeer()
  peer.stream.write(requests(held.code, limits.pendingCalls + 10))
  await clock.runUntil(() => waiting.length >= limits.pendingCalls)
  assert.equal(waiting.length, limits.pendingCalls)
  waiting[0]!.respond(success({}))
  assert.equal(waiting.length, limits.pendingCalls + 1)
  for (let i = 1; i < waiting.length; i++) waiting[i]!.respond(success({}))
  assert.equal(waiting.length, limits.pendingCalls + 10)
  await clock.settle()
  peer.stream.destroy()
  await pair.close()
})

test('a frame that is not complete 15 s after its first byte closes its connection', async () => {
  const { pair, clock, rawPeer, call } = await start()
  const slow = await rawPeer('10.0.0.9')
  const bytes = requests(echo.code, 1)
  for (let at = 0; at < 8; at++) {
    assert.ok(slow.isOpen() === at * 2000 <= limits.frameDeadlineMs + 1000, `after ${at * 2} s`)
    slow.stream.write(bytes.subarray(at, at + 1))
    await clock.advance(2000)
  }
  await clock.advance(1000)
  assert.equal(slow.isOpen(), false)
  assert.ok(pair.log.some((line) => line.includes('a frame was not complete after 15 s')))
  assert.equal((await call('alive')).fields?.text, 'alive')
  await pair.close()
})

test('a peer whose frames are each complete in time may be as slow as it likes', async () => {
  const { pair, clock, rawPeer } = await start()
  const slow = await rawPeer()
  const bytes = requests(echo.code, 20)
  const frameBytes = bytes.length / 20
  for (let at = 0; at < bytes.length; at += frameBytes / 2) {
    slow.stream.write(bytes.subarray(at + 3, at + 3 + frameBytes / 2))
    if (at === 0) slow.stream.write(Buffer.alloc(0))
    await clock.advance(4000)
    if (!slow.isOpen()) break
  }
  assert.equal(pair.log.filter((line) => line.includes('not complete')).length, 0)
  slow.stream.destroy()
  await pair.close()
})

test('garbage closes its connection with one log line and disturbs nobody', async () => {
  const { pair, clock, rawPeer, call } = await start()
  const bad = [
    Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    Buffer.from([0, 0, 0, 3, 1, 2, 3]),
    Buffer.from([0, 0, 0, 4, 9, 0, 0, 0]),
    Buffer.from([0, 0, 0, 6, 0, 0, 0, 2, 0x7b, 0x7b]),
    Buffer.from([0x7f, 0xff, 0xff, 0xff]),
  ]
  for (const bytes of bad) {
    const peer = await rawPeer('10.0.0.9')
    peer.stream.write(bytes)
    await clock.settle()
    assert.equal(peer.isOpen(), false, bytes.toString('hex'))
  }
  assert.equal(pair.log.length, bad.length)
  assert.ok(pair.log.every((line) => line.startsWith('warn 10.0.0.9:')))
  assert.equal((await call('alive')).fields?.text, 'alive')
  await pair.close()
})

test('log lines about faults are few, and the rest is counted', async () => {
  const { pair, clock, rawPeer, call } = await start()
  await call('connected')
  for (let i = 0; i < 50; i++) {
    const peer = await rawPeer('10.0.0.9')
    peer.stream.write(Buffer.from([0, 0, 0, 1]))
    await clock.settle()
  }
  await clock.advance(2000)
  assert.equal(pair.log.length, 6)
  assert.equal(pair.log.at(-1), 'warn 45 more faults of peers not logged')
  await pair.close()
})

test('a lone peer that comes back with garbage does not flood the log either', async () => {
  const { pair, clock, rawPeer } = await start()
  for (let i = 0; i < 50; i++) {
    const peer = await rawPeer('10.0.0.9')
    peer.stream.write(Buffer.from([0, 0, 0, 1]))
    await clock.settle()
  }
  assert.equal(pair.log.length, 5)
  await pair.close()
})

test('a server that was closed does not listen again', async () => {
  const { pair, clock } = await start()
  await clock.resolve(pair.server.close())
  await assert.rejects(pair.server.listen({ host: '0.0.0.0', port: 1 }), (thrown) =>
    isAerobeeError(thrown, 'CLOSED'),
  )
  await pair.close()
})

test('no bytes make the server fail others', async () => {
  const { pair, clock, rawPeer, call } = await start()
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 6 }), async (chunks) => {
      const peer = await rawPeer('10.0.0.9')
      for (const chunk of chunks) peer.stream.write(chunk)
      await clock.settle()
      peer.stream.destroy()
      assert.equal((await call('alive')).fields?.text, 'alive')
    }),
    { numRuns: 50 },
  )
  await pair.close()
})

test('connections beyond the cap are refused with a log line until one closes', async () => {
  const { pair, clock, rawPeer } = await start({ server: { maxConnections: 2 } })
  const first = await rawPeer()
  await rawPeer()
  const third = await rawPeer('10.0.0.9')
  await clock.settle()
  assert.equal(third.isOpen(), false)
  assert.equal(pair.server.connectionCount, 2)
  assert.match(pair.log[0]!, /^warn 10\.0\.0\.9:\d+ is refused: 2 connections are the limit/)
  first.stream.destroy()
  await clock.settle()
  const fourth = await rawPeer()
  await clock.settle()
  assert.equal(fourth.isOpen(), true)
  await pair.close()
})

test('hooks tell of each connection once, and why it closed', async () => {
  const events: string[] = []
  const { pair, clock, rawPeer } = await start({
    server: {
      onConnect: (connection: Connection) => events.push(`+${connection.id}`),
      onDisconnect: (connection: Connection, reason: string) => events.push(`-${connection.id} ${reason}`),
    },
  })
  const peer = await rawPeer()
  peer.stream.end()
  await clock.settle()
  assert.deepEqual(events, ['+1', '-1 the peer closed it'])
  await pair.close()
})

test('a port may know fewer requests than the server', async () => {
  const { pair, clock } = await start()
  const at = await pair.server.listen(
    { host: '0.0.0.0', port: 10909 },
    { refusedCodes: new Set([bulk.code]) },
  )
  assert.equal(at.port, 10909)
  const vip = `${serverHost}:10909`
  const served = await clock.resolve(pair.pool.call(vip, echo, { text: 'x' }))
  assert.equal(served.fields?.text, 'x')
  const refused = await clock.resolve(pair.pool.call(vip, bulk, { text: 'x' }))
  assert.deepEqual([refused.code, refused.remark], [3, ' request type 901 not supported'])
  assert.equal((await clock.resolve(pair.pool.call(address, bulk, { text: 'x' }))).code, 0)
  await pair.close()
})

test('while it drains, newer peers are sent away, older ones and answers under way are served', async () => {
  const { pair, clock, rawPeer, waiting } = await start()
  const old = await rawPeer('10.0.0.8')
  const recent = await rawPeer('10.0.0.9')
  recent.stream.write(requests(held.code, 1))
  await clock.runUntil(() => waiting.length === 1)
  const closed = pair.server.close({ drainMs: 2000 })
  await clock.settle()
  waiting[0]!.respond(success({ text: 'under way' }))
  old.stream.write(requests(echo.code, 1, versions.V5_3_1))
  recent.stream.write(requests(echo.code, 1, versions.V5_3_3))
  await clock.advance(1000)
  const textOf = (peer: { received: Buffer[] }) => Buffer.concat(peer.received).toString('latin1')
  assert.match(textOf(old), /"code":0,/)
  assert.match(textOf(recent), /under way.*"code":1500,.*please go away/s)
  assert.equal(pair.server.connectionCount, 2)
  await assert.rejects(rawPeer(), /refused/)
  const begun = clock.monoMs()
  await clock.resolve(closed)
  assert.equal(clock.monoMs() - begun, 1000)
  assert.equal(old.isOpen() || recent.isOpen(), false)
  await pair.close()
})

test('draining ends early when no connection is left', async () => {
  const { pair, clock, rawPeer } = await start()
  const peer = await rawPeer()
  const begun = clock.monoMs()
  const closed = pair.server.close({ drainMs: 30_000 })
  await clock.advance(500)
  peer.stream.end()
  await clock.resolve(closed)
  assert.equal(clock.monoMs() - begun, 500)
  await pair.close()
})

test('a peer that does not read delays the close of the server by 5 s at most', async () => {
  const { pair, clock, rawPeer } = await start()
  const deaf = await rawPeer()
  deaf.stream.pause()
  deaf.stream.write(requests(bulk.code, 20))
  await clock.advance(100)
  assert.ok(pair.accepted[0]!.outboundBytes > 0)
  const begun = clock.monoMs()
  await clock.resolve(pair.server.close())
  assert.ok(clock.monoMs() - begun <= 5000)
  deaf.stream.destroy()
  await pair.close()
})

test('a client that is sent away keeps the old connection for the answers it still expects', async () => {
  const { pair, clock, waiting } = await start()
  const heldCall = pair.pool.call(address, held, { text: 'x' }, { timeoutMs: 20_000 })
  await clock.runUntil(() => waiting.length === 1)
  const closed = pair.server.close({ drainMs: 5000 })
  await clock.settle()
  const again = pair.pool.call(address, echo, { text: 'x' })
  await assert.rejects(clock.resolve(again), /no connection to 10\.0\.0\.2:10911/)
  waiting[0]!.respond(success({ text: 'answered on the old connection' }))
  assert.equal((await clock.resolve(heldCall)).fields?.text, 'answered on the old connection')
  const begun = clock.monoMs()
  await clock.resolve(closed)
  assert.ok(clock.monoMs() - begun < 1000)
  await pair.close()
})
