import { AerobeeError, isAerobeeError } from '@aerobee/base'
import {
  type Answer,
  type CallOptions,
  ConnectionPool,
  type Dispatcher,
  endpointText,
  type NotifyOptions,
  type Transport,
} from '@aerobee/net'
import type { Command, Encodable, ExtFields, FieldSet } from '@aerobee/wire'
import { channels } from './channels.js'
import type { ClientOptions, ClientSurroundings } from './options.js'
import { signatureFields } from './security/signature.js'

export interface RemotingOptions {
  surroundings: ClientSurroundings
  logger: NonNullable<ClientOptions['logger']>
  dispatcher: Dispatcher
  credentials: ClientOptions['credentials']
  namespaceV2: string | undefined
  /** Marks every request as one of a consumer that reads by itself. */
  streamRequests: boolean
  onConnect(address: string): void
  onClose(address: string, reason: string): void
  /** What is known about an address that could not be reached, for the error's text. */
  explain(address: string): string | undefined
}

/** Calls to brokers and name servers, each with the ext fields that namespace and credentials ask for. */
export class Remoting {
  readonly pool: ConnectionPool
  readonly #options: RemotingOptions
  readonly #decorates: boolean

  constructor(options: RemotingOptions) {
    this.#options = options
    this.#decorates =
      options.credentials !== undefined || options.namespaceV2 !== undefined || options.streamRequests
    this.pool = new ConnectionPool({
      transport: explaining(options.surroundings.transport, (address) => options.explain(address)),
      clock: options.surroundings.clock,
      logger: options.logger,
      handler: options.dispatcher,
      onConnect: (address) => options.onConnect(address),
      onClose: (address, _connection, reason) => options.onClose(address, reason),
    })
  }

  /** As ConnectionPool.call. */
  call<Req extends FieldSet, Res extends FieldSet>(
    address: string,
    command: Command<Req, Res>,
    fields: Encodable<Req>,
    options: CallOptions,
  ): Promise<Answer<Res>> {
    const whole = this.#decorates ? this.#decorated(command, fields, options) : options
    if (!channels.remotingRequest.hasSubscribers) return this.pool.call(address, command, fields, whole)
    const context = { address, command: command.name, code: command.code }
    return channels.remotingRequest.tracePromise(
      () => this.pool.call(address, command, fields, whole),
      context,
    )
  }

  /** One-way; as ConnectionPool.notify. */
  notify<Req extends FieldSet, Res extends FieldSet>(
    address: string,
    command: Command<Req, Res>,
    fields: Encodable<Req>,
    options: NotifyOptions = {},
  ): Promise<boolean> {
    const whole = this.#decorates ? this.#decorated(command, fields, options) : options
    return this.pool.notify(address, command, fields, whole)
  }

  close(): Promise<void> {
    return this.pool.close()
  }

  /** In RocketMQ's order: what comes before the credentials is signed (reference: client-behaviour 1.5). */
  #decorated<Req extends FieldSet, Res extends FieldSet, Options extends NotifyOptions>(
    command: Command<Req, Res>,
    fields: Encodable<Req>,
    options: Options,
  ): Options {
    const { credentials, namespaceV2, streamRequests } = this.#options
    const more: ExtFields = { ...options.moreFields }
    if (namespaceV2 !== undefined) {
      more.nsd = 'true'
      more.ns = namespaceV2
    }
    if (streamRequests) more.ReqT = '0'
    if (credentials)
      Object.assign(
        more,
        signatureFields(credentials, { ...command.encodeRequest(fields), ...more }, options.body),
      )
    return { ...options, moreFields: more }
  }
}

/** A transport whose failures to connect tell where the address came from. */
function explaining(transport: Transport, explain: (address: string) => string | undefined): Transport {
  return {
    listen: (at, accept, onFault) => transport.listen(at, accept, onFault),
    connect: (target, options) =>
      transport.connect(target, options).catch((thrown) => {
        const more = explain(endpointText(target))
        if (more === undefined || !isAerobeeError(thrown, 'CONNECT_FAILED')) throw thrown
        throw new AerobeeError('CONNECT_FAILED', `${thrown.message}; ${more}`, {
          retryable: thrown.retryable,
          address: endpointText(target),
          cause: thrown,
        })
      }),
  }
}
