import type { Command, Decoded, Encodable, ExtFields, FieldSet, Frame } from '@aerobee/wire'

/** The shapes that servers and clients are written against; the classes behind them stand in the files beside. */

export interface Endpoint {
  /** IP text or host name, without brackets. */
  host: string
  port: number
}

/** A byte pipe to a peer: TCP, TLS or memory. */
export interface ByteStream {
  readonly remote: Endpoint
  readonly local: Endpoint
  /**
   * Bytes accepted by write() and not yet taken by the operating system. While it is above zero the chunks written
   * must be left as they are; afterwards they may be reused. Often zero as soon as write() returns.
   */
  readonly bufferedBytes: number
  /** Called once, before any data flows. */
  attach(events: ByteStreamEvents): void
  write(chunk: Uint8Array): void
  /** The same for several, as one write where the system can. */
  writeAll(chunks: readonly Uint8Array[]): void
  pause(): void
  resume(): void
  /** Sends what is buffered, then its end; closed when the peer has ended too. `received` may still be called. */
  end(): void
  /** Closes at once. */
  destroy(): void
}

export interface ByteStreamEvents {
  received(chunk: Uint8Array): void
  /** bufferedBytes fell to zero after having been above it. */
  drained(): void
  /** Exactly once. */
  closed(error: Error | undefined): void
}

export interface ListeningPort {
  readonly endpoint: Endpoint
  /** Stops accepting; open streams stay. */
  close(): Promise<void>
}

/** Network as a parameter. */
export interface Transport {
  /** Rejects with AerobeeError CONNECT_FAILED (retryable) naming the address. */
  connect(target: Endpoint, options: { timeoutMs: number; signal?: AbortSignal }): Promise<ByteStream>
  /**
   * Port 0 means any free port; the one taken is in `endpoint`. `accept` must attach before it returns. Rejects with
   * IO_FAILED; `onFault` gets what goes wrong with accepting afterwards.
   */
  listen(
    at: Endpoint,
    accept: (stream: ByteStream) => void,
    onFault?: (error: Error) => void,
  ): Promise<ListeningPort>
}

/** A body that is copied straight into the connection's outbox, without an intermediate array. */
export interface BodySource {
  readonly sizeBytes: number
  copyTo(target: Buffer, at: number): void
}
export type Body = Uint8Array | BodySource

export interface Reply<Res extends FieldSet = FieldSet> {
  code: number
  remark: string | null
  /** All required ones on success; an error may carry a part. */
  fields: Partial<Encodable<Res>> | null
  body: Body | null
}

/** One request under way, as a handler sees it. */
export interface Exchange<Req extends FieldSet = FieldSet, Res extends FieldSet = FieldSet> {
  readonly connection: Connection
  /** The frame; `frame.body` is valid until the handler returns unless copied. */
  readonly frame: Frame
  readonly request: Decoded<Req>
  /** For handlers that answered `undefined`: exactly once; ignored for one-way requests and closed connections. */
  respond(reply: Reply<Res>): void
}

/** `undefined` means: the answer comes later through `exchange.respond`. A throw becomes code 1 with its text. */
export type Handler<Req extends FieldSet, Res extends FieldSet> = (
  exchange: Exchange<Req, Res>,
) => Reply<Res> | Promise<Reply<Res>> | undefined

/** A handler whose fields are known at run time only. */
export type AnyHandler = Handler<FieldSet, FieldSet>

export interface Registration {
  readonly command: Command
  readonly handler: AnyHandler
}

/** One line of a handler list, checked by the compiler against the command's declaration. */
export function serve<Req extends FieldSet, Res extends FieldSet>(
  command: Command<Req, Res>,
  handler: Handler<Req, Res>,
): Registration {
  return {
    command: command as unknown as Command,
    handler: handler as unknown as AnyHandler,
  }
}

export function success<Res extends FieldSet>(
  fields: Encodable<Res> | null = null,
  body: Body | null = null,
): Reply<Res> {
  return { code: 0, remark: null, fields, body }
}

export function failure<Res extends FieldSet>(
  code: number,
  remark: string | null,
  fields: Partial<Encodable<Res>> | null = null,
): Reply<Res> {
  return { code, remark, fields, body: null }
}

export interface CallOptions {
  body?: Uint8Array
  /** Default 3000. */
  timeoutMs?: number
  signal?: AbortSignal
  /** Ext fields beside those of the declaration, e.g. a signature. */
  moreFields?: ExtFields
}

export interface NotifyOptions extends Pick<CallOptions, 'body' | 'moreFields'> {
  /** Text of the header. */
  remark?: string
}

/** A peer's answer. `fields` is undefined when the answer's ext fields do not fit the declaration. */
export interface Answer<Res extends FieldSet = FieldSet> {
  readonly code: number
  readonly remark: string | null
  readonly fields: Decoded<Res> | undefined
  readonly frame: Frame
  readonly body: Uint8Array
}

/**
 *   open ──close()──► draining ──answers sent, or deadline──► closed
 *     └──peer gone, idle 120 s, malformed frame, never reads──► closed
 */
export type ConnectionState = 'open' | 'draining' | 'closed'

/** A remoting connection, same on both sides: either peer may call the other. */
export interface Connection {
  /** Unique within the process side that made it. */
  readonly id: number
  readonly remote: Endpoint
  readonly local: Endpoint
  /** `host:port` of the peer, as logs and clients' registries print it. */
  readonly remoteText: string
  readonly state: ConnectionState
  /** Bytes waiting for a peer that does not read. */
  readonly outboundBytes: number
  /** Version and language of the last frame received; 0 and null before. */
  readonly peerVersion: number
  readonly peerLanguage: string | null
  /**
   * Rejects with AerobeeError TIMEOUT, CONNECTION_CLOSED or LIMIT_EXCEEDED, and with the signal's reason; an error code from
   * the peer is an answer, not a rejection.
   */
  call<Req extends FieldSet, Res extends FieldSet>(
    command: Command<Req, Res>,
    fields: Encodable<Req>,
    options?: CallOptions,
  ): Promise<Answer<Res>>
  /** One-way: never answered. False when it was dropped: connection closed, or outbound budget used up. */
  notify<Req extends FieldSet, Res extends FieldSet>(
    command: Command<Req, Res>,
    fields: Encodable<Req>,
    options?: NotifyOptions,
  ): boolean
  /** Runs once when the connection has closed; at once when it already has. */
  onClose(listener: (reason: string) => void): void
  /** Calls under way fail at once; answers already given are sent, for at most 5 s. Idempotent. */
  close(reason: string): void
}
