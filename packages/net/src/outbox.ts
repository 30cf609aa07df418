import { type Frame, frameHeadUpperBound, writeFrameHead } from '@aerobee/wire'
import type { Body, ByteStream } from './contracts.js'

const smallBytes = 64 * 1024
/** The largest answer of a pull, by default: 256 KiB of records and a head. */
const largeBytes = 320 * 1024
/**
 * Buffers kept for reuse, 4 and 20 MiB at most: what one closed connection leaves serves the next, which the garbage
 * collector would notice too late.
 */
const smallKept = 64
const largeKept = 64

/** Buffers to put frames together in, shared by the connections of one side: an idle connection holds none. */
export class BufferPool {
  readonly #small: Buffer[] = []
  readonly #large: Buffer[] = []

  /** At least `size` bytes. */
  take(size: number): Buffer {
    if (size <= smallBytes) return this.#small.pop() ?? Buffer.allocUnsafeSlow(smallBytes)
    if (size <= largeBytes) return this.#large.pop() ?? Buffer.allocUnsafeSlow(largeBytes)
    return Buffer.allocUnsafeSlow(size)
  }

  /** Nobody may hold a view of it any more. */
  give(buffer: Buffer): void {
    if (buffer.length === smallBytes && this.#small.length < smallKept) this.#small.push(buffer)
    else if (buffer.length === largeBytes && this.#large.length < largeKept) this.#large.push(buffer)
  }
}

export function bodyLength(body: Body | null): number {
  if (body === null) return 0
  return body instanceof Uint8Array ? body.length : body.sizeBytes
}

/**
 * Frames on their way to a stream, written one behind the other into buffers:
 *
 *   #full  [frame frame frame][frame frame]     #current  [frame frame ‥at     ]
 *
 * One batch is with the stream at a time; the next leaves when the system has taken it. So what waits for a peer
 * that does not read lies here, in full buffers, however small the frames are.
 */
export class Outbox {
  readonly #pool: BufferPool
  #full: Buffer[] = []
  #fullBytes = 0
  /** Whole buffers behind `#full`. */
  #fullOwners: Buffer[] = []
  #current: Buffer | undefined
  #at = 0
  /** Buffers the stream may still read from. */
  #lent: Buffer[] = []
  #lentBytes = 0

  constructor(pool: BufferPool) {
    this.#pool = pool
  }

  /** Bytes appended and not yet taken by the system, to within the last batch. */
  get bytes(): number {
    return this.#fullBytes + this.#at + this.#lentBytes
  }

  /** Copies everything: frame and body belong to the caller again afterwards. `frame.body` is not looked at. */
  append(frame: Frame, body: Body | null): void {
    const length = bodyLength(body)
    const target = this.#reserve(frameHeadUpperBound(frame) + length)
    const bodyAt = writeFrameHead(target, this.#at, frame, length)
    if (length > 0) {
      if (body instanceof Uint8Array) target.set(body, bodyAt)
      else body!.copyTo(target, bodyAt)
    }
    this.#at = bodyAt + length
  }

  /** Hands over all that waits, unless the stream still has a batch. */
  flush(stream: ByteStream): void {
    const current = this.#current
    if (this.#lentBytes > 0 || current === undefined || this.#fullBytes + this.#at === 0) return
    const batch = current.subarray(0, this.#at)
    this.#lentBytes = this.#fullBytes + this.#at
    this.#lent.push(current)
    this.#current = undefined
    this.#at = 0
    if (this.#fullBytes === 0) stream.write(batch)
    else {
      const chunks = this.#full
      chunks.push(batch)
      this.#lent.push(...this.#fullOwners)
      this.#full = []
      this.#fullOwners = []
      this.#fullBytes = 0
      stream.writeAll(chunks)
    }
    if (stream.bufferedBytes === 0) this.taken()
  }

  /** The system has taken the batch. */
  taken(): void {
    const lent = this.#lent
    for (let i = 0; i < lent.length; i++) this.#pool.give(lent[i]!)
    lent.length = 0
    this.#lentBytes = 0
  }

  /** Forgets everything. Buffers go back only when the stream cannot still read from them. */
  clear(): void {
    if (this.#current) this.#pool.give(this.#current)
    for (const buffer of this.#fullOwners) this.#pool.give(buffer)
    this.#current = undefined
    this.#at = 0
    this.#full = []
    this.#fullOwners = []
    this.#fullBytes = 0
    this.#lent = []
    this.#lentBytes = 0
  }

  #reserve(size: number): Buffer {
    const current = this.#current
    if (current !== undefined) {
      if (current.length - this.#at >= size) return current
      this.#full.push(current.subarray(0, this.#at))
      this.#fullOwners.push(current)
      this.#fullBytes += this.#at
      this.#at = 0
    }
    const next = this.#pool.take(size)
    this.#current = next
    return next
  }
}
