import { AerobeeError, type Clock, type Logger, type MonoMs } from '@aerobee/base'
import { type Command, type Encodable, type FieldSet, type Frame, responseCodes } from '@aerobee/wire'
import { parseEndpoint } from './address.js'
import { RemotingConnection, type RequestHandler } from './connection.js'
import { ConnectionGroup } from './connection-group.js'
import type { Answer, CallOptions, Connection, NotifyOptions, Transport } from './contracts.js'
import { refuse, unknownRemark } from './dispatcher.js'
import { PendingCall } from './pending-call.js'

export interface ConnectionPoolOptions {
  transport: Transport
  clock: Clock
  logger: Logger
  /** Takes requests of servers; without one they are answered with 3. */
  handler?: RequestHandler
  /** Default 3000. */
  connectTimeoutMs?: number
  /** Default limits.idleCloseMs. */
  idleCloseMs?: number
  onConnect?: (address: string, connection: Connection) => void
  onClose?: (address: string, connection: Connection, reason: string) => void
}

/** A peer that sends away on the connection made for that reason, too, is not connected to anew before this. */
const goAwayPauseMs = 1000

/**
 * The client's side: at most one connection per `host:port`, made when first needed and again by the next call after
 * it closed; nothing reconnects by itself (reference: client-behaviour 1.5).
 *
 * A peer that answers GO_AWAY is connected to anew and the request is sent there once more within its time; the old
 * connection stays for its other answers. When the new connection is sent away as well, its calls fail, so that a
 * server that takes connections while it shuts down is not stormed.
 */
export class ConnectionPool {
  readonly #options: ConnectionPoolOptions
  readonly #group: ConnectionGroup
  readonly #handler: RequestHandler
  readonly #open = new Map<string, RemotingConnection>()
  readonly #connecting = new Map<string, Promise<RemotingConnection>>()
  readonly #closed = new AbortController()
  /** Connections made since the one before was sent away -> when. */
  readonly #afterGoAway = new WeakMap<RemotingConnection, MonoMs>()

  constructor(options: ConnectionPoolOptions) {
    this.#options = options
    this.#group = new ConnectionGroup(options)
    this.#handler = options.handler ?? { handle: refuseAll }
  }

  /** Addresses that are connected now. */
  get addresses(): string[] {
    return [...this.#open.keys()]
  }

  /** The connection there is; none is made. */
  existing(address: string): Connection | undefined {
    return this.#usable(address)
  }

  /** Rejects with CONNECT_FAILED, CLOSED, INVALID_ARGUMENT. */
  connect(address: string): Promise<Connection> {
    return this.#connect(address)
  }

  /** As Connection.call; the time to connect counts. Rejects with CONNECT_FAILED and CLOSED too. */
  call<Req extends FieldSet, Res extends FieldSet>(
    address: string,
    command: Command<Req, Res>,
    fields: Encodable<Req>,
    options: CallOptions = {},
  ): Promise<Answer<Res>> {
    if (this.#closed.signal.aborted) return Promise.reject(closedError())
    return new Promise((resolve, reject) => {
      const { clock, deadlines } = this.#group
      const call = new PendingCall(
        command as unknown as Command,
        fields as Encodable<FieldSet>,
        options,
        deadlines,
        clock.monoMs(),
        resolve,
        reject,
      )
      call.onGoAway = (sentAway, from) => this.#sendAgain(address, sentAway, from as RemotingConnection)
      const connection = this.#usable(address)
      if (connection) connection.carry(call)
      else this.#carryWhenConnected(address, call)
    })
  }

  /** One-way. Rejects when no connection can be made; false when it was dropped (Connection.notify). */
  async notify<Req extends FieldSet, Res extends FieldSet>(
    address: string,
    command: Command<Req, Res>,
    fields: Encodable<Req>,
    options?: NotifyOptions,
  ): Promise<boolean> {
    const connection = this.#usable(address) ?? (await this.#connect(address))
    return connection.notify(command, fields, options)
  }

  /** Closes the connection to one address, when there is one. */
  disconnect(address: string, reason: string): void {
    this.#open.get(address)?.close(reason)
  }

  /** Every call under way fails; resolves when no connection is left. Idempotent. */
  async close(): Promise<void> {
    if (!this.#closed.signal.aborted) this.#closed.abort(closedError())
    await Promise.allSettled(this.#connecting.values())
    this.#group.closeAll('the client shuts down')
    await this.#group.whenEmpty()
    this.#group.deadlines.stop()
  }

  /** One that is closing is none. */
  #usable(address: string): RemotingConnection | undefined {
    const connection = this.#open.get(address)
    return connection?.state === 'open' ? connection : undefined
  }

  #carryWhenConnected(address: string, call: PendingCall): void {
    this.#connect(address).then(
      (connection) => connection.carry(call),
      (error) => call.fail(error),
    )
  }

  #connect(address: string): Promise<RemotingConnection> {
    const connection = this.#usable(address)
    if (connection) return Promise.resolve(connection)
    if (this.#closed.signal.aborted) return Promise.reject(closedError())
    let connecting = this.#connecting.get(address)
    if (!connecting) {
      connecting = this.#dial(address).finally(() => this.#connecting.delete(address))
      this.#connecting.set(address, connecting)
    }
    return connecting
  }

  async #dial(address: string): Promise<RemotingConnection> {
    const { transport, connectTimeoutMs, onConnect, onClose } = this.#options
    const { signal } = this.#closed
    const timeoutMs = connectTimeoutMs ?? 3000
    const stream = await transport.connect(parseEndpoint(address), { timeoutMs, signal }).catch((error) => {
      throw signal.aborted ? closedError() : error
    })
    const connection = new RemotingConnection(stream, this.#group, this.#handler, { closesWhenSilent: true })
    this.#open.set(address, connection)
    connection.onClose((reason) => {
      if (this.#open.get(address) === connection) this.#open.delete(address)
      onClose?.(address, connection, reason)
    })
    if (signal.aborted) connection.close('the client shuts down')
    else onConnect?.(address, connection)
    return connection
  }

  #sendAgain(address: string, call: PendingCall, leaving: RemotingConnection): void {
    const { clock } = this.#group
    const madeAtMs = this.#afterGoAway.get(leaving)
    if (madeAtMs !== undefined && clock.monoMs() - madeAtMs < goAwayPauseMs) {
      call.fail(sentAwayTwice(address, call))
      return
    }
    call.onGoAway = () => call.fail(sentAwayTwice(address, call))
    if (this.#open.get(address) === leaving) this.#open.delete(address)
    leaving.retire('the server shuts down')
    this.#connect(address).then(
      (connection) => {
        if (!this.#afterGoAway.has(connection)) this.#afterGoAway.set(connection, clock.monoMs())
        connection.carry(call)
      },
      (error) => call.fail(error),
    )
  }
}

const sentAwayTwice = (address: string, { command }: PendingCall) =>
  new AerobeeError(
    'CONNECTION_CLOSED',
    `${address} shuts down and sent ${command.name} away; try again when another has taken its place`,
    { retryable: true, address, responseCode: responseCodes.GO_AWAY },
  )

function refuseAll(connection: RemotingConnection, request: Frame): void {
  refuse(connection, request, responseCodes.REQUEST_CODE_NOT_SUPPORTED, unknownRemark(request.code))
}

const closedError = () => new AerobeeError('CLOSED', 'the client is closed: make a new one to go on')
