import { AerobeeError, type Clock, systemClock } from '@aerobee/base'
import { type ByteStream, connectFailure, type Endpoint, endpointText, type Transport } from '@aerobee/net'
import { connectionReset, type Link, MemoryPipe, MemoryStream } from './memory-network/stream.js'

type Accept = (stream: ByteStream) => void

/** A machine is its IP; `anywhere` addresses mean the machine that binds them. */
const anywhere = new Set(['0.0.0.0', '::', ''])
const loopback = new Set(['127.0.0.1', 'localhost', '::1'])

/**
 * A network in memory: machines by name, links between them with a latency, that can be cut one way or reset. Bytes
 * keep their order, arrive in later turns, and wait at the sender once the receiver's window is full, as with TCP.
 *
 *   sender ──bufferedBytes──► window (256 KiB, the kernels' buffers) ──latency──► receiver, unless it pauses
 *
 * Cutting loses nothing: bytes wait for the link to heal, as TCP's retransmissions do. Connecting over a cut link
 * times out.
 */
export class MemoryNetwork {
  readonly #clock: Clock
  readonly #links = new Map<string, Link>()
  readonly #listeners = new Map<string, Accept>()
  readonly #streams = new Set<MemoryStream>()
  #nextPort = 40_000

  /** Latency of links that were not set; default 0, which still is another turn. */
  defaultLatencyMs = 0

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  /** Ends of connections that are not closed. */
  get openStreams(): number {
    return this.#streams.size
  }

  /** Timers that stand for bytes on their way. */
  get timers(): number {
    let timers = 0
    for (const link of this.#links.values()) timers += link.timers
    return timers
  }

  /** The network as the machine `host` has it. */
  transport(host = '10.0.0.1'): Transport {
    return {
      listen: (at, accept) => {
        const port = at.port === 0 ? this.#nextPort++ : at.port
        const bound = `${anywhere.has(at.host) || loopback.has(at.host) ? host : at.host}:${port}`
        if (this.#listeners.has(bound))
          return Promise.reject(new AerobeeError('IO_FAILED', `${bound} is in use`))
        this.#listeners.set(bound, accept)
        const close = () => {
          this.#listeners.delete(bound)
          return Promise.resolve()
        }
        return Promise.resolve({ endpoint: { host: at.host, port }, close })
      },
      connect: (target, options) => this.#connect(host, target, options),
    }
  }

  /** One direction. */
  setLatency(from: string, to: string, latencyMs: number): void {
    this.#link(from, to).latencyMs = latencyMs
  }

  /** One direction. */
  cut(from: string, to: string): void {
    this.#link(from, to).cut = true
  }

  heal(from: string, to: string): void {
    const link = this.#link(from, to)
    link.cut = false
    for (const pipe of [...link.pipes]) pipe.pump()
  }

  /** Every connection between the two breaks at once, for both. */
  reset(one: string, other: string): void {
    for (const stream of [...this.#streams]) {
      const { local, remote } = stream
      if ((local.host === one && remote.host === other) || (local.host === other && remote.host === one))
        stream.fail(connectionReset())
    }
  }

  /** Everything that ran on a machine died: nobody listens there, and its connections break for their peers. */
  crash(host: string): void {
    for (const bound of [...this.#listeners.keys()])
      if (bound.startsWith(`${host}:`)) this.#listeners.delete(bound)
    for (const stream of [...this.#streams])
      if (stream.local.host === host || stream.remote.host === host) stream.fail(connectionReset())
  }

  #link(from: string, to: string): Link {
    const key = `${from} > ${to}`
    let link = this.#links.get(key)
    if (!link) {
      link = { latencyMs: this.defaultLatencyMs, cut: false, pipes: new Set(), timers: 0 }
      this.#links.set(key, link)
    }
    return link
  }

  #connect(
    from: string,
    target: Endpoint,
    options: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<ByteStream> {
    const to = loopback.has(target.host) ? from : target.host
    const address = endpointText(target)
    const there = this.#link(from, to)
    const back = this.#link(to, from)
    return new Promise((resolve, reject) => {
      const finish = (outcome: () => void) => {
        limit.cancel()
        arrival?.cancel()
        options.signal?.removeEventListener('abort', onAbort)
        outcome()
      }
      const fail = (reason: string) => finish(() => reject(connectFailure(address, reason)))
      const onAbort = () => fail('the caller gave up')
      const arrive = () => {
        const accept = this.#listeners.get(`${to}:${target.port}`)
        if (accept) finish(() => resolve(this.#establish(from, { host: to, port: target.port }, accept)))
        else fail('connection refused')
      }
      const limit = this.#clock.after(options.timeoutMs, () =>
        fail(`no answer within ${options.timeoutMs} ms`),
      )
      const lost = there.cut || back.cut
      const arrival = lost ? undefined : this.#clock.after(there.latencyMs + back.latencyMs, arrive)
      options.signal?.addEventListener('abort', onAbort, { once: true })
      if (options.signal?.aborted) onAbort()
    })
  }

  #establish(from: string, remote: Endpoint, accept: Accept): MemoryStream {
    const local = { host: from, port: this.#nextPort++ }
    const there = new MemoryPipe(this.#clock, this.#link(from, remote.host))
    const back = new MemoryPipe(this.#clock, this.#link(remote.host, from))
    const gone = (stream: MemoryStream) => this.#streams.delete(stream)
    const near = new MemoryStream(this.#clock, local, remote, there, back, gone)
    const far = new MemoryStream(this.#clock, remote, local, back, there, gone)
    this.#streams.add(near).add(far)
    accept(far)
    return near
  }
}
