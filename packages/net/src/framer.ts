import { asBuffer } from '@aerobee/base'
import { frameLengthFault } from '@aerobee/wire'

/** What a framer feeds. */
export interface FrameSink {
  /** `bytes[start, end)` is one whole frame with its length field. May call `stop` or `close` of the framer. */
  onFrame(bytes: Buffer, start: number, end: number): void
  /** The stream cannot be understood any further; nothing is delivered after this. */
  onFault(reason: string): void
}

const lengthBytes = 4
/** First piece of a frame that arrives in several; also the most an idle half frame of a few bytes may hold. */
const leastPartialBytes = 4096

/**
 * Cuts a byte stream into frames by their length prefix (reference: wire 3.1).
 *
 *   chunk   | frame | frame | fra      a frame that lies whole in a chunk is delivered as a place in it
 *   chunk   me | frame |               a split one is put together in an array of its own, which grows with what has
 *                                      arrived, never with what its length promises
 *
 * While stopped, chunks are kept as they are and delivered by `resume`.
 */
export class Framer {
  readonly #sink: FrameSink
  #partial: Buffer | undefined
  /** Bytes in `#partial`; above zero exactly while a frame is incomplete. */
  #filled = 0
  #held: Buffer[] = []
  #heldBytes = 0
  #stopped = false
  #closed = false
  /** Counts frames that arrived in pieces. */
  splitFrames = 0

  constructor(sink: FrameSink) {
    this.#sink = sink
  }

  /** The first bytes of a frame are here and the last are not. */
  get midFrame(): boolean {
    return this.#filled > 0
  }

  /** Bytes kept: of the incomplete frame and of chunks that came while stopped. */
  get keptBytes(): number {
    return this.#filled + this.#heldBytes
  }

  push(bytes: Uint8Array): void {
    const chunk = asBuffer(bytes)
    if (this.#stopped) this.#hold(chunk)
    else this.#cut(chunk)
  }

  /** Delivers nothing more until `resume`. */
  stop(): void {
    this.#stopped = true
  }

  resume(): void {
    if (this.#closed || !this.#stopped) return
    this.#stopped = false
    const held = this.#held
    this.#held = []
    this.#heldBytes = 0
    for (const chunk of held) this.push(chunk)
  }

  /** Delivers nothing more, keeps nothing. */
  close(): void {
    this.#stopped = true
    this.#closed = true
    this.#partial = undefined
    this.#filled = 0
    this.#held = []
    this.#heldBytes = 0
  }

  #hold(chunk: Buffer): void {
    if (this.#closed) return
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
  }

  #cut(chunk: Buffer): void {
    const end = chunk.length
    let at = this.#filled > 0 ? this.#complete(chunk, 0) : 0
    while (!this.#stopped && end - at >= lengthBytes) {
      const length = lengthAt(chunk, at)
      const fault = frameLengthFault(length)
      if (fault !== undefined) {
        this.#fail(fault)
        return
      }
      const frameEnd = at + lengthBytes + length
      if (frameEnd > end) break
      const start = at
      at = frameEnd
      this.#sink.onFrame(chunk, start, frameEnd)
    }
    if (at === end) return
    if (this.#stopped) this.#hold(chunk.subarray(at))
    else {
      this.splitFrames++
      this.#complete(chunk, at)
    }
  }

  /** Adds to the incomplete frame what belongs to it, delivers it when whole, and returns where the rest begins. */
  #complete(chunk: Buffer, start: number): number {
    let at = this.#take(chunk, start, lengthBytes)
    if (this.#filled < lengthBytes) return at
    const length = lengthAt(this.#partial!, 0)
    const fault = frameLengthFault(length)
    if (fault !== undefined) {
      this.#fail(fault)
      return chunk.length
    }
    const size = lengthBytes + length
    at = this.#take(chunk, at, size)
    if (this.#filled < size) return at
    const frame = this.#partial!
    this.#partial = undefined
    this.#filled = 0
    this.#sink.onFrame(frame, 0, size)
    return at
  }

  /** Copies from `chunk` until `#filled` is `size`, or the chunk ends. */
  #take(chunk: Buffer, at: number, size: number): number {
    const count = Math.min(size - this.#filled, chunk.length - at)
    if (count <= 0) return at
    const filled = this.#filled + count
    if (!this.#partial || this.#partial.length < filled) this.#grow(Math.min(size, filled * 2))
    chunk.copy(this.#partial!, this.#filled, at, at + count)
    this.#filled = filled
    return at + count
  }

  #grow(size: number): void {
    const grown = Buffer.allocUnsafe(Math.max(size, leastPartialBytes))
    this.#partial?.copy(grown, 0, 0, this.#filled)
    this.#partial = grown
  }

  #fail(reason: string): void {
    this.close()
    this.#sink.onFault(reason)
  }
}

function lengthAt(bytes: Buffer, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}
