import { asBuffer, type Clock, type MonoMs } from '@aerobee/base'
import type { ByteStream, ByteStreamEvents, Endpoint } from '@aerobee/net'

/** What the kernels of both sides hold of one direction. */
const windowBytes = 256 * 1024

/** One direction between two machines. */
export interface Link {
  latencyMs: number
  cut: boolean
  readonly pipes: Set<MemoryPipe>
  /** Timers that will deliver something. */
  timers: number
}

export function connectionReset(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
}

/** One direction of a connection: bytes, then perhaps an end. */
export class MemoryPipe {
  readonly #clock: Clock
  readonly #link: Link
  #receiver: MemoryStream | undefined
  #sender: MemoryStream | undefined
  /** Sent and not delivered; beyond `windowBytes` they are still the sender's. */
  #queue: { bytes: Buffer; atMs: MonoMs }[] = []
  #queuedBytes = 0
  #endAtMs: MonoMs | undefined
  #lastAtMs: MonoMs = 0
  #scheduled = false

  constructor(clock: Clock, link: Link) {
    this.#clock = clock
    this.#link = link
    link.pipes.add(this)
  }

  join(sender: MemoryStream | undefined, receiver: MemoryStream | undefined): void {
    this.#sender ??= sender
    this.#receiver ??= receiver
  }

  get bufferedBytes(): number {
    return Math.max(0, this.#queuedBytes - windowBytes)
  }

  send(chunk: Uint8Array): void {
    this.#queue.push({ bytes: Buffer.from(chunk), atMs: this.#arrivalMs() })
    this.#queuedBytes += chunk.length
    this.pump()
  }

  end(): void {
    this.#endAtMs ??= this.#arrivalMs()
    this.pump()
  }

  /** What the sender had not got rid of is lost. */
  dropBuffered(): void {
    while (this.bufferedBytes > 0) {
      const last = this.#queue.at(-1)!
      const cut = Math.min(last.bytes.length, this.bufferedBytes)
      last.bytes = last.bytes.subarray(0, last.bytes.length - cut)
      this.#queuedBytes -= cut
      if (last.bytes.length === 0) this.#queue.pop()
    }
  }

  clear(): void {
    this.#queue = []
    this.#queuedBytes = 0
    this.#endAtMs = undefined
  }

  /** One of its ends has closed. */
  release(): void {
    if (this.#sender?.isClosed && this.#receiver?.isClosed) this.#link.pipes.delete(this)
  }

  /** Delivers in a later turn what may be delivered by then. */
  pump(): void {
    const next = this.#queue[0]?.atMs ?? this.#endAtMs
    if (this.#scheduled || next === undefined || this.#link.cut) return
    this.#scheduled = true
    const waitMs = next - this.#clock.monoMs()
    const deliver = () => {
      this.#scheduled = false
      this.#deliver()
    }
    if (waitMs <= 0) {
      this.#clock.endOfTurn(deliver)
      return
    }
    this.#link.timers++
    this.#clock.after(waitMs, () => {
      this.#link.timers--
      deliver()
    })
  }

  #deliver(): void {
    if (this.#link.cut) return
    if (this.#receiver?.isClosed) {
      if (this.#queue.length > 0) this.#sender?.fail(connectionReset())
      return
    }
    const hadBuffered = this.bufferedBytes > 0
    while (
      this.#queue.length > 0 &&
      this.#receiver?.reading &&
      this.#queue[0]!.atMs <= this.#clock.monoMs()
    ) {
      const { bytes } = this.#queue.shift()!
      this.#queuedBytes -= bytes.length
      this.#receiver.deliver(bytes)
    }
    if (hadBuffered && this.bufferedBytes === 0) this.#sender?.drained()
    if (this.#queue.length === 0 && this.#endAtMs !== undefined && this.#endAtMs <= this.#clock.monoMs()) {
      this.#endAtMs = undefined
      this.#receiver?.fail(undefined)
    }
    if (this.#receiver?.reading) this.pump()
  }

  #arrivalMs(): MonoMs {
    this.#lastAtMs = Math.max(this.#lastAtMs, this.#clock.monoMs() + this.#link.latencyMs)
    return this.#lastAtMs
  }
}

/** One end of a connection in memory. */
export class MemoryStream implements ByteStream {
  readonly local: Endpoint
  readonly remote: Endpoint
  readonly outgoing: MemoryPipe
  readonly #incoming: MemoryPipe
  readonly #clock: Clock
  readonly #gone: (stream: MemoryStream) => void
  #events: ByteStreamEvents | undefined
  #paused = false
  #ending = false
  #closed = false

  constructor(
    clock: Clock,
    local: Endpoint,
    remote: Endpoint,
    outgoing: MemoryPipe,
    incoming: MemoryPipe,
    gone: (stream: MemoryStream) => void,
  ) {
    this.#clock = clock
    this.local = local
    this.remote = remote
    this.outgoing = outgoing
    this.#incoming = incoming
    this.#gone = gone
    outgoing.join(this, undefined)
    incoming.join(undefined, this)
  }

  get bufferedBytes(): number {
    return this.outgoing.bufferedBytes
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Whether bytes may be delivered now. */
  get reading(): boolean {
    return this.#events !== undefined && !this.#paused && !this.#closed
  }

  attach(events: ByteStreamEvents): void {
    this.#events = events
    if (this.#closed) this.#clock.endOfTurn(() => events.closed(undefined))
    else this.#incoming.pump()
  }

  write(chunk: Uint8Array): void {
    if (!this.#closed && !this.#ending && chunk.length > 0) this.outgoing.send(chunk)
  }

  writeAll(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) this.write(chunk)
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#incoming.pump()
  }

  end(): void {
    if (this.#ending || this.#closed) return
    this.#ending = true
    if (this.bufferedBytes === 0) this.#finish()
  }

  destroy(): void {
    if (this.#closed) return
    this.outgoing.dropBuffered()
    this.#finish()
  }

  /** Of the network: the connection is gone; with `undefined` because the peer ended it. */
  fail(error: Error | undefined): void {
    if (this.#closed) return
    if (error) this.outgoing.clear()
    this.#close(error)
    if (!error) this.outgoing.end()
  }

  deliver(bytes: Buffer): void {
    this.#events?.received(asBuffer(bytes))
  }

  drained(): void {
    if (this.#closed) return
    if (this.#ending) this.#finish()
    else this.#events?.drained()
  }

  #finish(): void {
    this.outgoing.end()
    this.#close(undefined)
  }

  #close(error: Error | undefined): void {
    this.#closed = true
    this.#incoming.clear()
    this.#incoming.release()
    this.outgoing.release()
    this.#gone(this)
    const events = this.#events
    if (events) this.#clock.endOfTurn(() => events.closed(error))
  }
}
