import { errorText, limits } from '@aerobee/base'
import {
  type Command,
  decodeFrame,
  type Encodable,
  type ExtFields,
  type FieldSet,
  type Frame,
  newFrame,
  onewayFlag,
  responseCodes,
  responseFlag,
  serializeTypes,
} from '@aerobee/wire'
import { endpointText } from './address.js'
import { CallTable } from './call-table.js'
import type { ConnectionGroup } from './connection-group.js'
import { ConnectionTimes } from './connection-times.js'
import type {
  Answer,
  Body,
  ByteStream,
  ByteStreamEvents,
  CallOptions,
  Connection,
  ConnectionState,
  Endpoint,
  NotifyOptions,
} from './contracts.js'
import { Framer, type FrameSink } from './framer.js'
import type { OutboundShare } from './outbound-budget.js'
import { bodyLength, Outbox } from './outbox.js'
import {
  type CallCarrier,
  connectionClosed,
  PendingCall,
  requestFields,
  tooMuchWaits,
} from './pending-call.js'

/** Takes the requests of a peer. */
export interface RequestHandler {
  handle(connection: RemotingConnection, request: Frame): void
}

/** A connection on which nothing came during a call of at least this long is taken for dead. */
const silenceMs = 3000

/** The one frame that answers and one-way requests are written from: it is copied into the outbox at once. */
const scratch: Frame = newFrame(0, 0)
/** Ext fields as a table, or as the JSON text of one. */
type WrittenFields = ExtFields | string | null

/**
 *   open ──close()──► draining ──outbox sent, or 5 s──► closed
 *     └──peer gone, idle, slow or malformed frame, above 32 MiB outbound──► closed
 *
 * Reading is on, except while
 *   - more than 8 MiB wait for the peer: it is not served before half of that has left (OutboundBudget: or less);
 *   - more requests than limits.pendingCalls wait for their answers;
 *   - draining.
 */
export class RemotingConnection implements Connection, ByteStreamEvents, FrameSink, CallCarrier {
  readonly id: number
  readonly remote: Endpoint
  readonly local: Endpoint
  readonly remoteText: string
  receivedChunks = 0
  peerVersion = 0
  peerLanguage: string | null = null
  readonly #group: ConnectionGroup
  readonly #stream: ByteStream
  readonly #handler: RequestHandler
  readonly #framer: Framer
  readonly #outbox: Outbox
  readonly #share: OutboundShare
  readonly #times: ConnectionTimes
  readonly #closesWhenSilent: boolean
  readonly #calls = new CallTable<PendingCall>()
  #state: ConnectionState = 'open'
  #closeReason = ''
  #closeListeners: ((reason: string) => void)[] = []
  /** Requests of the peer without an answer yet. */
  #underWay = 0
  #flushAdded = false
  #reading = true
  #splitFrames = 0
  #ended = false
  #retired = false

  /** Attaches to the stream and joins the group. `closesWhenSilent`: a call of 3 s or more without a byte closes it. */
  constructor(
    stream: ByteStream,
    group: ConnectionGroup,
    handler: RequestHandler,
    options: { closesWhenSilent?: boolean } = {},
  ) {
    this.id = group.nextId()
    this.remote = stream.remote
    this.local = stream.local
    this.remoteText = endpointText(stream.remote)
    this.#group = group
    this.#stream = stream
    this.#handler = handler
    this.#framer = new Framer(this)
    this.#outbox = new Outbox(group.buffers)
    this.#share = group.outbound.share(this)
    this.#closesWhenSilent = options.closesWhenSilent ?? false
    this.#times = new ConnectionTimes(group)
    group.add(this)
    stream.attach(this)
  }

  get state(): ConnectionState {
    return this.#state
  }

  get outboundBytes(): number {
    return this.#outbox.bytes
  }

  /** Calls of ours under way. */
  get pendingCalls(): number {
    return this.#calls.size
  }

  call<Req extends FieldSet, Res extends FieldSet>(
    command: Command<Req, Res>,
    fields: Encodable<Req>,
    options: CallOptions = {},
  ): Promise<Answer<Res>> {
    if (this.#state !== 'open')
      return Promise.reject(
        connectionClosed(command as unknown as Command, this.remoteText, this.#closeReason),
      )
    return new Promise((resolve, reject) => {
      const { clock, deadlines } = this.#group
      this.carry(
        new PendingCall(
          command as unknown as Command,
          fields as Encodable<FieldSet>,
          options,
          deadlines,
          clock.monoMs(),
          resolve,
          reject,
        ),
      )
    })
  }

  /** Sends the request of a call under a new opaque. */
  carry(call: PendingCall): void {
    if (call.settled) return
    if (this.#state !== 'open') {
      call.failClosed(this.remoteText, this.#closeReason)
      return
    }
    const body = call.options.body ?? null
    if (this.#calls.size >= limits.pendingCalls || !this.#hasRoom(body)) {
      call.fail(tooMuchWaits(this.#calls.size, this.outboundBytes, this.remoteText))
      return
    }
    call.carrier = this
    call.receivedBefore = this.receivedChunks
    this.#calls.add(call)
    this.#write(
      call.command.code,
      0,
      call.opaque,
      requestFields(call.command, call.fields, call.options),
      body,
    )
  }

  forget(call: PendingCall): void {
    this.#calls.remove(call)
    if (this.#retired) this.#closeIfRetired()
  }

  /** Closes as soon as no call is under way. */
  retire(reason: string): void {
    this.#retired = true
    this.#closeReason = reason
    this.#closeIfRetired()
  }

  suspect(call: PendingCall): void {
    if (this.#closesWhenSilent && call.timeoutMs >= silenceMs)
      this.abort(`nothing arrived for the ${call.timeoutMs} ms of a call`)
  }

  notify<Req extends FieldSet, Res extends FieldSet>(
    command: Command<Req, Res>,
    fields: Encodable<Req>,
    options: NotifyOptions = {},
  ): boolean {
    const body = options.body ?? null
    if (this.#state !== 'open' || !this.#hasRoom(body)) return false
    const ext = requestFields(command as unknown as Command, fields as Encodable<FieldSet>, options)
    scratch.remark = options.remark ?? null
    this.#write(command.code, onewayFlag, this.#calls.nextNumber(), ext, body)
    return true
  }

  /** The one way in which answers leave. Nothing happens when the connection is closed or has sent its end. */
  reply(request: Frame, code: number, remark: string | null, ext: WrittenFields, body: Body | null): void {
    this.#underWay--
    if (this.#state === 'closed' || this.#ended) return
    scratch.remark = remark
    scratch.serializeType = request.serializeType
    this.#write(code, responseFlag, request.opaque, ext, body)
    scratch.serializeType = serializeTypes.JSON
    if (this.#outbox.bytes > limits.outboundCloseBytes)
      this.onFault(`it does not read: ${this.#outbox.bytes} bytes wait for it`)
    else if (body !== null) this.#countBody()
    if (this.#outbox.bytes > this.#share.pauseBytes) this.#pauseReading()
    else if (!this.#reading) this.#resumeReading()
  }

  /** At once: of a thousand pulls that waited for the same block of the disk all are answered in one turn. */
  #countBody(): void {
    this.#share.set(this.#outbox.bytes)
    if (this.#outbox.bytes > this.#share.pauseBytes) this.flush()
  }

  onClose(listener: (reason: string) => void): void {
    if (this.#state === 'closed') this.#tell(listener)
    else this.#closeListeners.push(listener)
  }

  close(reason: string): void {
    if (this.#state !== 'open') return
    this.#state = 'draining'
    this.#closeReason = reason
    this.#times.beginEnd()
    this.#framer.close()
    this.#failCalls()
    this.flush()
  }

  /** Closes at once; what was not sent is lost. */
  abort(reason: string): void {
    if (this.#state === 'closed') return
    this.#stream.destroy()
    this.#finish(reason)
  }

  /** Of the group's flusher: once per turn in which something was written. */
  flush(): void {
    this.#flushAdded = false
    if (this.#state === 'closed' || this.#ended) return
    this.#outbox.flush(this.#stream)
    this.#share.set(this.#outbox.bytes)
    if (this.#state === 'draining') this.#endWhenSent()
    else if (!this.#reading) this.#resumeReading()
  }

  /** Of the group. The second by which it is to look again. */
  check(tick: number): number {
    const { idleTicks, frameTicks } = this.#group
    const midFrame = this.#reading && this.#framer.midFrame
    const overdue = this.#times.overdue(tick, midFrame)
    if (overdue === 'end') this.abort(this.#closeReason)
    else if (overdue === 'silent') this.close(`idle for ${idleTicks} s`)
    else if (overdue === 'frame') this.onFault(`a frame was not complete after ${frameTicks} s`)
    return this.#times.nextTick(midFrame)
  }

  received(chunk: Uint8Array): void {
    if (this.#state !== 'open') return
    this.receivedChunks++
    this.#times.active()
    this.#framer.push(chunk)
    if (this.#framer.splitFrames === this.#splitFrames) return
    this.#splitFrames = this.#framer.splitFrames
    this.#times.beginFrame()
  }

  drained(): void {
    this.#times.active()
    this.#outbox.taken()
    this.#share.taken()
    this.flush()
  }

  closed(error: Error | undefined): void {
    this.#finish(error === undefined ? 'the peer closed it' : errorText(error))
  }

  onFrame(bytes: Buffer, start: number, end: number): void {
    const decoded = decodeFrame(bytes, start, end)
    if (!decoded.ok) {
      this.onFault(decoded.reason)
      return
    }
    const frame = decoded.value
    this.peerVersion = frame.version
    this.peerLanguage = frame.language
    if ((frame.flag & responseFlag) !== 0) this.#onAnswer(frame)
    else this.#onRequest(frame)
  }

  #onRequest(frame: Frame): void {
    if ((frame.flag & onewayFlag) === 0) this.#underWay++
    this.#handler.handle(this, frame)
    if (this.#underWay >= limits.pendingCalls) this.#pauseReading()
  }

  onFault(reason: string): void {
    this.#group.noteFault(`${this.remoteText} is disconnected: ${reason}`)
    this.abort(reason)
  }

  #onAnswer(frame: Frame): void {
    const call = this.#calls.find(frame.opaque)
    if (call === undefined) return
    if (frame.code === responseCodes.GO_AWAY && call.onGoAway !== undefined) {
      this.#calls.remove(call)
      call.carrier = undefined
      call.onGoAway(call, this)
      this.#closeIfRetired()
    } else call.answer(frame)
  }

  #write(code: number, flag: number, opaque: number, ext: WrittenFields, body: Body | null): void {
    scratch.code = code
    scratch.flag = flag
    scratch.opaque = opaque
    if (typeof ext === 'string') scratch.extText = ext
    else scratch.extFields = ext
    this.#outbox.append(scratch, body)
    scratch.remark = null
    scratch.extFields = null
    scratch.extText = undefined
    if (this.#flushAdded) return
    this.#flushAdded = true
    this.#group.flusher.add(this)
  }

  #closeIfRetired(): void {
    if (this.#retired && this.#calls.size === 0) this.close(this.#closeReason)
  }

  #hasRoom(body: Body | null): boolean {
    return this.#outbox.bytes + bodyLength(body) <= limits.outboundCloseBytes
  }

  #endWhenSent(): void {
    if (this.#ended || this.#outbox.bytes > 0) return
    this.#ended = true
    this.#stream.end()
  }

  #pauseReading(): void {
    if (!this.#reading || this.#state !== 'open') return
    this.#reading = false
    this.#framer.stop()
    this.#stream.pause()
  }

  #resumeReading(): void {
    if (this.#state !== 'open') return
    if (this.#outbox.bytes > this.#share.pauseBytes / 2 || this.#underWay >= limits.pendingCalls) return
    this.#reading = true
    this.#times.beginFrame()
    this.#framer.resume()
    if (this.#reading) this.#stream.resume()
  }

  /** One listener's failure does not keep the others from knowing. */
  #tell(listener: (reason: string) => void): void {
    try {
      listener(this.#closeReason)
    } catch (thrown) {
      this.#group.logger.error(`a close listener of ${this.remoteText} failed: ${errorText(thrown)}`)
    }
  }

  #failCalls(): void {
    for (const call of this.#calls.list()) call.failClosed(this.remoteText, this.#closeReason)
  }

  #finish(reason: string): void {
    if (this.#state === 'closed') return
    if (this.#state === 'open') this.#closeReason = reason
    this.#state = 'closed'
    this.#framer.close()
    this.#outbox.clear()
    this.#share.set(0)
    this.#failCalls()
    this.#group.remove(this)
    const listeners = this.#closeListeners
    this.#closeListeners = []
    for (const listener of listeners) this.#tell(listener)
  }
}
