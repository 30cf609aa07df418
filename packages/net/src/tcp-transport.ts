import { connect, createServer, type Server, type Socket } from 'node:net'
import { AerobeeError, systemClock } from '@aerobee/base'
import { endpointText } from './address.js'
import type { ByteStream, ByteStreamEvents, Endpoint, ListeningPort, Transport } from './contracts.js'

/** Connections the kernel completes before we take them. */
const backlog = 1024

/** TCP of the machine: the home of node:net, with tls-connect beside. */
export const tcpTransport: Transport = { connect: connectTcp, listen: listenTcp }

/** A socket that is connected; of TLS, one whose handshake is done. */
export class SocketStream implements ByteStream {
  readonly remote: Endpoint
  readonly local: Endpoint
  readonly #socket: Socket
  #events: ByteStreamEvents | undefined
  #waitsForDrain = false
  #error: Error | undefined
  #closed = false

  constructor(socket: Socket) {
    this.#socket = socket
    this.remote = endpointOf(socket.remoteAddress, socket.remotePort)
    this.local = endpointOf(socket.localAddress, socket.localPort)
    socket.on('error', (error) => {
      this.#error = error
    })
    socket.on('close', () => {
      this.#closed = true
      this.#events?.closed(this.#error)
    })
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength
  }

  attach(events: ByteStreamEvents): void {
    this.#events = events
    if (this.#closed) queueMicrotask(() => events.closed(this.#error))
    else this.#socket.on('data', (chunk: Buffer) => events.received(chunk))
  }

  write(chunk: Uint8Array): void {
    this.#socket.write(chunk, this.#written)
    this.#waitsForDrain = this.#socket.writableLength > 0
  }

  writeAll(chunks: readonly Uint8Array[]): void {
    this.#socket.cork()
    for (const chunk of chunks) this.#socket.write(chunk)
    this.#socket.write(nothing, this.#written)
    this.#socket.uncork()
    this.#waitsForDrain = this.#socket.writableLength > 0
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    // Not closed before the peer's end: bytes left unread would make it a reset, which drops what is on its way.
    this.#socket.end()
    this.#socket.resume()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  readonly #written = () => {
    if (!this.#waitsForDrain || this.#socket.writableLength > 0) return
    this.#waitsForDrain = false
    if (!this.#closed) this.#events?.drained()
  }
}

const nothing = new Uint8Array(0)

function endpointOf(address: string | undefined, port: number | undefined): Endpoint {
  // A dual-stack listener sees IPv4 peers in IPv6 clothes.
  return { host: address?.replace(/^::ffff:(?=\d+\.)/i, '') ?? '', port: port ?? 0 }
}

function connectTcp(
  target: Endpoint,
  options: { timeoutMs: number; signal?: AbortSignal },
): Promise<ByteStream> {
  const { timeoutMs, signal } = options
  return new Promise((resolve, reject) => {
    const address = endpointText(target)
    const socket = connect({ host: target.host, port: target.port, noDelay: true })
    const settle = () => {
      timer.cancel()
      signal?.removeEventListener('abort', onAbort)
      socket.removeListener('error', onError)
    }
    const fail = (reason: string, cause?: unknown) => {
      settle()
      socket.on('error', () => {})
      socket.destroy()
      reject(connectFailure(address, reason, cause))
    }
    const onError = (error: Error) => fail(error.message, error)
    const onAbort = () => fail('the caller gave up', signal?.reason)
    const timer = systemClock.after(timeoutMs, () => fail(`no answer within ${timeoutMs} ms`))
    socket.once('error', onError)
    socket.once('connect', () => {
      settle()
      resolve(new SocketStream(socket))
    })
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** How every transport says that it could not connect. */
export function connectFailure(address: string, reason: string, cause?: unknown): AerobeeError {
  return new AerobeeError(
    'CONNECT_FAILED',
    `no connection to ${address}: ${reason}; check that a server listens there and can be reached from here`,
    { retryable: true, address, cause },
  )
}

function listenTcp(
  at: Endpoint,
  accept: (stream: ByteStream) => void,
  onFault: (error: Error) => void = () => {},
): Promise<ListeningPort> {
  return new Promise((resolve, reject) => {
    const server = createServer({ noDelay: true }, (socket) => accept(new SocketStream(socket)))
    const onError = (error: Error) => reject(listenFailure(at, error))
    server.once('error', onError)
    server.listen({ host: at.host, port: at.port, backlog }, () => {
      server.removeListener('error', onError)
      server.on('error', onFault)
      resolve(listeningPort(server, at))
    })
  })
}

function listeningPort(server: Server, at: Endpoint): ListeningPort {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : at.port
  return {
    endpoint: { host: at.host, port },
    close: () => {
      // Its call-back would wait for the open streams, which stay.
      server.close()
      return Promise.resolve()
    },
  }
}

function listenFailure(at: Endpoint, error: Error): AerobeeError {
  return new AerobeeError(
    'IO_FAILED',
    `cannot listen on ${endpointText(at)}: ${error.message}; choose a free port and an address of this machine`,
    { cause: error },
  )
}
