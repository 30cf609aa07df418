import assert from 'node:assert/strict'
import test from 'node:test'
import { seededRandom } from '@aerobee/base'
import { decodeFrame, newFrame } from '@aerobee/wire'
import type { ByteStream } from './contracts.js'
import { Framer } from './framer.js'
import { BufferPool, Outbox } from './outbox.js'

/** A stream that takes everything at once, or nothing until `take`. */
class ScriptedStream implements ByteStream {
  readonly remote = { host: 'peer', port: 1 }
  readonly local = { host: 'here', port: 2 }
  takesAtOnce = true
  bufferedBytes = 0
  /** Views of what was written, as the system would read them later. */
  #waiting: Uint8Array[] = []
  readonly taken: Buffer[] = []
  writes = 0

  attach(): void {}
  write(chunk: Uint8Array): void {
    this.writeAll([chunk])
  }
  writeAll(chunks: readonly Uint8Array[]): void {
    this.writes++
    for (const chunk of chunks) {
      this.#waiting.push(chunk)
      this.bufferedBytes += chunk.length
    }
    if (this.takesAtOnce) this.take()
  }
  take(): void {
    this.taken.push(...this.#waiting.map((chunk) => Buffer.from(chunk)))
    this.#waiting = []
    this.bufferedBytes = 0
  }
  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {}

  frames() {
    const found: { opaque: number; body: string }[] = []
    const framer = new Framer({
      onFrame(bytes, start, end) {
        const decoded = decodeFrame(bytes, start, end)
        assert.ok(decoded.ok)
        found.push({ opaque: decoded.value.opaque, body: Buffer.from(decoded.value.body).toString('latin1') })
      },
      onFault: (reason) => assert.fail(reason),
    })
    for (const chunk of this.taken) framer.push(chunk)
    assert.equal(framer.keptBytes, 0)
    return found
  }
}

test('all that was appended leaves with one write', () => {
  const stream = new ScriptedStream()
  const outbox = new Outbox(new BufferPool())
  for (let opaque = 0; opaque < 2000; opaque++)
    outbox.append(newFrame(10, opaque), Buffer.from(`body ${opaque}`))
  outbox.flush(stream)
  assert.equal(stream.writes, 1)
  assert.equal(outbox.bytes, 0)
  assert.deepEqual(
    stream.frames(),
    Array.from({ length: 2000 }, (_, opaque) => ({ opaque, body: `body ${opaque}` })),
  )
})

test('while the stream has a batch, what comes after it waits, and follows in order', () => {
  const stream = new ScriptedStream()
  const outbox = new Outbox(new BufferPool())
  stream.takesAtOnce = false
  for (const opaque of [1, 2, 3]) {
    outbox.append(newFrame(10, opaque), null)
    outbox.flush(stream)
  }
  assert.equal(stream.writes, 1)
  const waiting = outbox.bytes
  stream.take()
  outbox.taken()
  assert.ok(outbox.bytes < waiting)
  outbox.flush(stream)
  stream.take()
  outbox.taken()
  assert.equal(stream.writes, 2)
  assert.equal(outbox.bytes, 0)
  assert.deepEqual(
    stream.frames().map(({ opaque }) => opaque),
    [1, 2, 3],
  )
})

test('bodies of all kinds and sizes arrive unchanged while buffers are reused', () => {
  const seed = 7
  const random = seededRandom(seed)
  const pool = new BufferPool()
  const stream = new ScriptedStream()
  const outbox = new Outbox(pool)
  const expected: { opaque: number; body: string }[] = []
  for (let opaque = 0; opaque < 600; opaque++) {
    const size = [0, random.below(200), random.below(70_000), random.below(700_000)][random.below(4)]!
    const body = Buffer.alloc(size, opaque & 0xff)
    expected.push({ opaque, body: body.toString('latin1') })
    const source = { sizeBytes: size, copyTo: (target: Buffer, at: number) => void target.set(body, at) }
    outbox.append(newFrame(10, opaque), random.below(2) === 0 ? body : source)
    stream.takesAtOnce = random.below(2) === 0
    if (random.below(3) === 0) outbox.flush(stream)
    if (random.below(3) === 0 && stream.bufferedBytes > 0) {
      stream.take()
      outbox.taken()
    }
  }
  stream.takesAtOnce = true
  stream.take()
  outbox.taken()
  outbox.flush(stream)
  assert.deepEqual(stream.frames(), expected, `seed ${seed}`)
})

test('small frames for a peer that does not read take their size, not a buffer each', () => {
  const stream = new ScriptedStream()
  const outbox = new Outbox(new BufferPool())
  stream.takesAtOnce = false
  const before = process.memoryUsage().arrayBuffers
  for (let opaque = 0; opaque < 20_000; opaque++) {
    outbox.append(newFrame(10, opaque), Buffer.alloc(100))
    outbox.flush(stream)
  }
  const growth = process.memoryUsage().arrayBuffers - before
  assert.ok(outbox.bytes > 2_000_000)
  assert.ok(growth < outbox.bytes * 1.5 + 1_000_000, `${growth} bytes for ${outbox.bytes}`)
})

test('a flush of nothing writes nothing', () => {
  const stream = new ScriptedStream()
  const outbox = new Outbox(new BufferPool())
  outbox.flush(stream)
  outbox.append(newFrame(10, 1), null)
  outbox.clear()
  outbox.flush(stream)
  assert.equal(stream.writes, 0)
  assert.equal(outbox.bytes, 0)
})
