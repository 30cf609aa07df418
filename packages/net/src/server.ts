import { AerobeeError, type Clock, type Logger, limits, sleep } from '@aerobee/base'
import { type Frame, responseCodes } from '@aerobee/wire'
import { endpointText } from './address.js'
import { RemotingConnection, type RequestHandler } from './connection.js'
import { ConnectionGroup } from './connection-group.js'
import type { ByteStream, Connection, Endpoint, ListeningPort, Transport } from './contracts.js'
import { type Dispatcher, refuse, unknownRemark } from './dispatcher.js'

export interface RemotingServerOptions {
  transport: Transport
  clock: Clock
  logger: Logger
  dispatcher: Dispatcher
  /** Default limits.connections. */
  maxConnections?: number
  /** Default limits.idleCloseMs. */
  idleCloseMs?: number
  onConnect?: (connection: Connection) => void
  onDisconnect?: (connection: Connection, reason: string) => void
}

export interface ListenOptions {
  /** Requests this port does not know, such as pulls on the VIP port. */
  refusedCodes?: ReadonlySet<number>
}

/**
 * Accepts connections on one or more ports and feeds their requests to one dispatcher.
 *
 *   new ──listen()──► serving ──close({drainMs})──► going away ──no connections, or drainMs──► closing ──► closed
 */
export class RemotingServer {
  readonly #options: RemotingServerOptions
  readonly #group: ConnectionGroup
  readonly #maxConnections: number
  readonly #ports: ListeningPort[] = []
  #closing: Promise<void> | undefined

  constructor(options: RemotingServerOptions) {
    this.#options = options
    this.#group = new ConnectionGroup(options)
    this.#maxConnections = options.maxConnections ?? limits.connections
  }

  get connectionCount(): number {
    return this.#group.connections.size
  }

  get connections(): ReadonlySet<Connection> {
    return this.#group.connections
  }

  /** Resolves with where it listens. May be called for several ports. Rejects with IO_FAILED. */
  async listen(at: Endpoint, options: ListenOptions = {}): Promise<Endpoint> {
    const { transport, dispatcher, logger } = this.#options
    const { refusedCodes } = options
    if (this.#closing !== undefined) throw new AerobeeError('CLOSED', 'the server is closed: make a new one')
    const handler = refusedCodes ? new PartOfDispatcher(dispatcher, refusedCodes) : dispatcher
    const port = await transport.listen(
      at,
      (stream) => this.#accept(stream, handler),
      (error) => logger.error(`accepting on ${endpointText(at)} failed: ${error.message}`),
    )
    this.#ports.push(port)
    return port.endpoint
  }

  /**
   * Stops accepting. For `drainMs` (default 0) peers that understand it are told to go away and the others are
   * served; then every connection closes once its answers are sent, for which it has 5 s. Idempotent.
   */
  close(options: { drainMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.drainMs ?? 0)
    return this.#closing
  }

  async #close(drainMs: number): Promise<void> {
    await Promise.all(this.#ports.map((port) => port.close()))
    this.#options.dispatcher.goAway()
    if (drainMs > 0 && this.connectionCount > 0) {
      const enough = new AbortController()
      const drained = this.#group.whenEmpty().then(() => enough.abort())
      await Promise.race([drained, sleep(this.#options.clock, drainMs, enough.signal).catch(() => {})])
    }
    this.#group.closeAll('the server shuts down')
    await this.#group.whenEmpty()
    this.#group.deadlines.stop()
  }

  #accept(stream: ByteStream, handler: RequestHandler): void {
    const { onConnect, onDisconnect } = this.#options
    if (this.#closing !== undefined || this.connectionCount >= this.#maxConnections) {
      this.#group.noteFault(
        `${endpointText(stream.remote)} is refused: ${this.#maxConnections} connections are the limit`,
      )
      stream.attach({ received: () => {}, drained: () => {}, closed: () => {} })
      stream.destroy()
      return
    }
    const connection = new RemotingConnection(stream, this.#group, handler)
    if (onDisconnect) connection.onClose((reason) => onDisconnect(connection, reason))
    onConnect?.(connection)
  }
}

/** The dispatcher of a port that does not know all requests. */
class PartOfDispatcher implements RequestHandler {
  readonly #whole: Dispatcher
  readonly #refused: ReadonlySet<number>

  constructor(whole: Dispatcher, refused: ReadonlySet<number>) {
    this.#whole = whole
    this.#refused = refused
  }

  handle(connection: RemotingConnection, frame: Frame): void {
    if (this.#refused.has(frame.code))
      refuse(connection, frame, responseCodes.REQUEST_CODE_NOT_SUPPORTED, unknownRemark(frame.code))
    else this.#whole.handle(connection, frame)
  }
}
