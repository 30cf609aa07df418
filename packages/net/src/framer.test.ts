import assert from 'node:assert/strict'
import test from 'node:test'
import { limits } from '@aerobee/base'
import { encodeFrame, newFrame } from '@aerobee/wire'
import fc from 'fast-check'
import { Framer } from './framer.js'

/** A framer with what came out of it. */
function recorder(onFrame: (framer: Framer, count: number) => void = () => {}) {
  const frames: string[] = []
  const sources: Buffer[] = []
  const faults: string[] = []
  const framer: Framer = new Framer({
    onFrame(bytes, start, end) {
      frames.push(bytes.toString('hex', start, end))
      sources.push(bytes)
      onFrame(framer, frames.length)
    },
    onFault: (reason) => faults.push(reason),
  })
  return { framer, frames, sources, faults }
}

const frame = (opaque: number, bodyBytes = 5) =>
  Buffer.from(encodeFrame(newFrame(10, opaque, { a: 'b' }, Buffer.alloc(bodyBytes, opaque))))
const three = [frame(1), frame(2, 0), frame(3, 9000)]
const expected = three.map((one) => one.toString('hex'))
const stream = Buffer.concat(three)
const lengthOnly = (length: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(length)
  return bytes
}

test('a stream split in two at any byte gives the same frames', () => {
  for (let at = 0; at <= stream.length; at++) {
    const { framer, frames, faults } = recorder()
    framer.push(stream.subarray(0, at))
    framer.push(stream.subarray(at))
    assert.deepEqual(frames, expected, `split at ${at}`)
    assert.deepEqual(faults, [])
    assert.equal(framer.keptBytes, 0)
  }
})

test('a stream of single bytes gives the same frames', () => {
  const { framer, frames } = recorder()
  for (const byte of stream) framer.push(Buffer.from([byte]))
  assert.deepEqual(frames, expected)
})

test('frames that lie whole in a chunk are places in it, not copies', () => {
  const { framer, sources } = recorder()
  framer.push(stream)
  assert.deepEqual(
    sources.map((source) => source === stream),
    [true, true, true],
  )
})

test('frames in pieces of any size arrive whole and in order', () => {
  const bodySizes = fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 8 })
  const pieceSizes = fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1 })
  fc.assert(
    fc.property(bodySizes, pieceSizes, (bodies, pieces) => {
      const sent = bodies.map((size, i) => frame(i, size))
      const whole = Buffer.concat(sent)
      const { framer, frames } = recorder()
      for (let at = 0, i = 0; at < whole.length; i++) {
        const size = pieces[i % pieces.length]!
        framer.push(whole.subarray(at, at + size))
        at += size
      }
      assert.deepEqual(
        frames,
        sent.map((one) => one.toString('hex')),
      )
    }),
  )
})

test('no input makes it throw or keep more than has arrived', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (chunks) => {
      const { framer, faults } = recorder()
      let arrived = 0
      for (const chunk of chunks) {
        framer.push(chunk)
        arrived += chunk.length
      }
      assert.ok(framer.keptBytes <= arrived)
      assert.ok(faults.length <= 1)
    }),
  )
})

test('a length that no frame can have ends the stream', () => {
  for (const length of [0, 1, 3, -1, -0x8000_0000, limits.frameBytes + 1, 0x7fff_ffff])
    for (const split of [1, 4]) {
      const { framer, frames, faults } = recorder()
      const bytes = Buffer.concat([lengthOnly(length), stream])
      framer.push(bytes.subarray(0, split))
      framer.push(bytes.subarray(split))
      framer.push(stream)
      assert.deepEqual(frames, [])
      assert.equal(faults.length, 1, `length ${length}`)
      assert.match(faults[0]!, new RegExp(`length ${length} `))
      assert.equal(framer.keptBytes, 0)
    }
})

test('a half frame takes memory for what has arrived, not for what its length promises', () => {
  const before = process.memoryUsage().arrayBuffers
  const framers = Array.from({ length: 200 }, () => {
    const { framer } = recorder()
    framer.push(lengthOnly(limits.frameBytes))
    framer.push(Buffer.alloc(100))
    return framer
  })
  assert.ok(process.memoryUsage().arrayBuffers - before < 8 * 1024 * 1024)
  assert.ok(framers.every((framer) => framer.midFrame && framer.keptBytes === 104))
})

test('a frame of the greatest length passes', () => {
  const { framer, frames } = recorder()
  const whole = Buffer.concat([lengthOnly(limits.frameBytes), Buffer.alloc(limits.frameBytes)])
  for (let at = 0; at < whole.length; at += 65_536) framer.push(whole.subarray(at, at + 65_536))
  assert.equal(frames.length, 1)
  assert.equal(frames[0]!.length, whole.length * 2)
})

test('a sink that stops in the middle of a chunk gets the rest on resume, in order', () => {
  const { framer, frames } = recorder((self, count) => {
    if (count === 1) self.stop()
  })
  framer.push(stream.subarray(0, stream.length - 10))
  framer.push(stream.subarray(stream.length - 10))
  framer.push(three[0]!)
  assert.deepEqual(frames, expected.slice(0, 1))
  assert.equal(framer.keptBytes, stream.length - three[0]!.length + three[0]!.length)
  framer.resume()
  assert.deepEqual(frames, [...expected, expected[0]])
  assert.equal(framer.keptBytes, 0)
})

test('a sink may stop again while it gets the rest', () => {
  const { framer, frames } = recorder((self) => self.stop())
  framer.push(stream)
  framer.push(stream)
  for (let count = 1; count <= 6; count++) {
    assert.equal(frames.length, count)
    framer.resume()
  }
  assert.deepEqual(frames, [...expected, ...expected])
})

test('a sink that closes in the middle of a chunk gets nothing more', () => {
  const { framer, frames } = recorder((self) => self.close())
  framer.push(stream)
  framer.resume()
  framer.push(stream)
  assert.equal(frames.length, 1)
  assert.equal(framer.keptBytes, 0)
})

test('a counter tells a new half frame from the old one', () => {
  const { framer } = recorder()
  framer.push(stream.subarray(0, 10))
  const first = framer.splitFrames
  framer.push(stream.subarray(10, 20))
  assert.equal(framer.splitFrames, first)
  framer.push(stream.subarray(20, three[0]!.length + 3))
  assert.equal(framer.splitFrames, first + 1)
})
