import assert from 'node:assert/strict'
import test from 'node:test'
import { isAerobeeError } from '@aerobee/base'
import type { ByteStream } from '@aerobee/net'
import { MemoryNetwork } from './memory-transport.js'
import { VirtualClock } from './virtual-clock.js'

const windowBytes = 256 * 1024

/** A stream with what happened to it. */
class End {
  readonly stream: ByteStream
  text = ''
  receivedBytes = 0
  drains = 0
  closes: (Error | undefined)[] = []

  constructor(stream: ByteStream) {
    this.stream = stream
    stream.attach({
      received: (chunk) => {
        this.receivedBytes += chunk.length
        if (chunk.length < 100) this.text += Buffer.from(chunk).toString()
      },
      drained: () => {
        this.drains++
      },
      closed: (error) => this.closes.push(error),
    })
  }

  send(text: string): void {
    this.stream.write(Buffer.from(text))
  }
}

async function start(latencyMs = 0) {
  const clock = new VirtualClock()
  const network = new MemoryNetwork(clock)
  network.defaultLatencyMs = latencyMs
  const accepted: End[] = []
  await network
    .transport('b')
    .listen({ host: '0.0.0.0', port: 80 }, (stream) => accepted.push(new End(stream)))
  const connect = (timeoutMs = 1000) =>
    clock.resolve(network.transport('a').connect({ host: 'b', port: 80 }, { timeoutMs }))
  const near = new End(await connect())
  return { clock, network, near, far: accepted[0]!, connect }
}

test('bytes arrive in order after the latency of their direction', async () => {
  const { clock, network, near, far } = await start()
  network.setLatency('a', 'b', 10)
  near.send('one ')
  near.send('two')
  await clock.advance(9)
  assert.equal(far.text, '')
  network.setLatency('a', 'b', 0)
  near.send(' three')
  await clock.advance(1)
  assert.equal(far.text, 'one two three')
  far.send('back')
  await clock.settle()
  assert.equal(near.text, 'back')
})

test('the written array may be reused at once', async () => {
  const { clock, near, far } = await start()
  const bytes = Buffer.from('right')
  near.stream.write(bytes)
  bytes.fill('x')
  await clock.settle()
  assert.equal(far.text, 'right')
})

test('each side knows both addresses', async () => {
  const { near, far } = await start()
  assert.equal(near.stream.remote.host, 'b')
  assert.deepEqual(near.stream.local, far.stream.remote)
  assert.deepEqual(near.stream.remote, far.stream.local)
})

test('a paused receiver gets nothing, and what exceeds the window stays with the sender', async () => {
  const { clock, near, far } = await start()
  far.stream.pause()
  near.stream.write(Buffer.alloc(windowBytes))
  await clock.settle()
  assert.equal(near.stream.bufferedBytes, 0)
  near.stream.write(Buffer.alloc(1000))
  assert.equal(near.stream.bufferedBytes, 1000)
  await clock.settle()
  assert.deepEqual([far.receivedBytes, near.drains], [0, 0])
  far.stream.resume()
  await clock.settle()
  assert.deepEqual([far.receivedBytes, near.drains, near.stream.bufferedBytes], [windowBytes + 1000, 1, 0])
})

test('a cut keeps bytes of one direction until it heals', async () => {
  const { clock, network, near, far } = await start()
  network.cut('a', 'b')
  near.send('later')
  far.send('now')
  await clock.advance(60_000)
  assert.deepEqual([near.text, far.text], ['now', ''])
  network.heal('a', 'b')
  await clock.settle()
  assert.equal(far.text, 'later')
})

test('an end arrives after the bytes before it, and closes both sides once', async () => {
  const { clock, network, near, far } = await start()
  near.send('last words')
  near.stream.end()
  near.send('ignored')
  await clock.settle()
  assert.equal(far.text, 'last words')
  assert.deepEqual([near.closes, far.closes], [[undefined], [undefined]])
  assert.equal(network.openStreams, 0)
})

test('an end waits for what is buffered', async () => {
  const { clock, near, far } = await start()
  far.stream.pause()
  near.stream.write(Buffer.alloc(windowBytes * 2))
  near.stream.end()
  await clock.advance(1000)
  assert.deepEqual(near.closes, [])
  far.stream.resume()
  await clock.settle()
  assert.equal(far.receivedBytes, windowBytes * 2)
  assert.deepEqual([near.closes, far.closes], [[undefined], [undefined]])
})

test('destroy loses what is buffered, and the peer is told', async () => {
  const { clock, near, far } = await start()
  far.stream.pause()
  near.stream.write(Buffer.alloc(windowBytes * 2))
  near.stream.destroy()
  far.stream.resume()
  await clock.settle()
  assert.equal(far.receivedBytes, windowBytes)
  assert.deepEqual([near.closes, far.closes], [[undefined], [undefined]])
})

test('a close behind a cut leaves the peer half open until it heals, and then resets its writes', async () => {
  const { clock, network, near, far } = await start()
  network.cut('a', 'b')
  near.stream.destroy()
  await clock.advance(60_000)
  assert.deepEqual([near.closes.length, far.closes.length], [1, 0])
  far.send('into the void')
  await clock.settle()
  assert.match(String(far.closes[0]), /ECONNRESET/)
  assert.equal(network.openStreams, 0)
})

test('a reset breaks both sides with an error', async () => {
  const { clock, network, near, far } = await start()
  near.send('lost')
  network.reset('b', 'a')
  await clock.settle()
  assert.equal(far.text, '')
  assert.match(String(near.closes[0]), /ECONNRESET/)
  assert.match(String(far.closes[0]), /ECONNRESET/)
})

test('connecting fails without a listener, over a cut link, and on a signal', async () => {
  const { clock, network, connect } = await start(5)
  const failed = (thrown: unknown) => isAerobeeError(thrown, 'CONNECT_FAILED')
  const to = (port: number, signal?: AbortSignal) =>
    clock.resolve(
      network.transport('a').connect({ host: 'b', port }, { timeoutMs: 1000, ...(signal ? { signal } : {}) }),
    )
  await assert.rejects(to(81), failed)
  await assert.rejects(to(80, AbortSignal.abort()), failed)
  network.cut('b', 'a')
  const begun = clock.monoMs()
  await assert.rejects(connect(700), failed)
  assert.equal(clock.monoMs() - begun, 700)
  network.heal('b', 'a')
  assert.ok(await connect())
})

test('a port is listened to once, until it is closed', async () => {
  const { network } = await start()
  const listen = () => network.transport('b').listen({ host: 'b', port: 90 }, () => {})
  const port = await listen()
  await assert.rejects(listen(), (thrown) => isAerobeeError(thrown, 'IO_FAILED'))
  await port.close()
  assert.equal((await listen()).endpoint.port, 90)
  const free = await network.transport('b').listen({ host: '0.0.0.0', port: 0 }, () => {})
  assert.ok(free.endpoint.port > 0)
})

test('loopback stays within its machine', async () => {
  const clock = new VirtualClock()
  const network = new MemoryNetwork(clock)
  await network.transport('a').listen({ host: '127.0.0.1', port: 80 }, () => {})
  const dial = (from: string) =>
    clock.resolve(network.transport(from).connect({ host: '127.0.0.1', port: 80 }, { timeoutMs: 100 }))
  assert.equal((await dial('a')).remote.host, 'a')
  await assert.rejects(dial('b'))
})
