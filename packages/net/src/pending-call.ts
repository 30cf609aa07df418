import { AerobeeError, type MonoMs } from '@aerobee/base'
import type { Command, Encodable, ExtFields, FieldSet, Frame } from '@aerobee/wire'
import type { Answer, CallOptions, NotifyOptions } from './contracts.js'
import type { DeadlineWheel, Expiring } from './deadline-wheel.js'

/** The connection a call is under way on, as the call sees it. */
export interface CallCarrier {
  readonly remoteText: string
  /** Counts what has arrived. */
  readonly receivedChunks: number
  forget(call: PendingCall): void
  /** The call had its time and the peer sent nothing at all meanwhile. */
  suspect(call: PendingCall): void
}

export const defaultTimeoutMs = 3000

export function connectionClosed(command: Command, address: string, reason: string): AerobeeError {
  return new AerobeeError(
    'CONNECTION_CLOSED',
    `the connection to ${address} closed before ${command.name} was answered: ${reason}; whether it was carried out is unknown`,
    { retryable: true, address },
  )
}

export function tooMuchWaits(calls: number, bytes: number, address: string): AerobeeError {
  return new AerobeeError(
    'LIMIT_EXCEEDED',
    `${calls} calls and ${bytes} bytes wait for ${address}; send fewer at once`,
    { retryable: true, address },
  )
}

/** As a table when more fields come to them, else as text, which costs less. */
export function requestFields(
  command: Command,
  fields: Encodable<FieldSet>,
  options: Pick<NotifyOptions, 'moreFields'>,
): ExtFields | string {
  const { moreFields } = options
  if (moreFields === undefined) return command.requestText(fields)
  return { ...command.encodeRequest(fields), ...moreFields }
}

/**
 * A request of ours from the caller's call to its outcome, over several connections if need be (GO_AWAY).
 *
 *   waiting (connect) ──send──► under way ──answer──► settled
 *      └─────── deadline, signal, closed ─────────────►┘
 */
export class PendingCall implements Expiring {
  readonly command: Command
  readonly fields: Encodable<FieldSet>
  readonly options: CallOptions
  readonly timeoutMs: number
  readonly deadlineMs: MonoMs
  wheelSlot = -1
  wheelNext: Expiring | undefined = undefined
  wheelPrevious: Expiring | undefined = undefined
  opaque = 0
  carrier: CallCarrier | undefined = undefined
  receivedBefore = 0
  settled = false
  /** Takes the call over when its peer answers GO_AWAY; undefined: that answer is an answer. */
  onGoAway: ((call: PendingCall, from: CallCarrier) => void) | undefined = undefined
  readonly #wheel: DeadlineWheel
  readonly #resolve: (answer: Answer<never>) => void
  readonly #reject: (error: unknown) => void
  #onAbort: (() => void) | undefined = undefined

  constructor(
    command: Command,
    fields: Encodable<FieldSet>,
    options: CallOptions,
    wheel: DeadlineWheel,
    nowMs: MonoMs,
    resolve: (answer: Answer<never>) => void,
    reject: (error: unknown) => void,
  ) {
    this.command = command
    this.fields = fields
    this.options = options
    this.timeoutMs = options.timeoutMs ?? defaultTimeoutMs
    this.deadlineMs = nowMs + Math.max(0, this.timeoutMs)
    this.#wheel = wheel
    this.#resolve = resolve
    this.#reject = reject
    wheel.add(this)
    if (options.signal) this.#listen(options.signal)
  }

  answer(frame: Frame): void {
    if (!this.#settle()) return
    const fields = this.command.decodeResponse(frame.extFields)
    const answer: Answer = {
      code: frame.code,
      remark: frame.remark,
      fields: fields.ok ? fields.value : undefined,
      frame,
      body: frame.body,
    }
    this.#resolve(answer as Answer<never>)
  }

  fail(error: unknown): void {
    if (this.#settle()) this.#reject(error)
  }

  /** For a connection that closed under the call. */
  failClosed(address: string, reason: string): void {
    this.fail(connectionClosed(this.command, address, reason))
  }

  expire(): void {
    if (this.settled) return
    const carrier = this.carrier
    const at = carrier ? `${carrier.remoteText} did not answer` : 'no connection was there for'
    const silent = carrier !== undefined && carrier.receivedChunks === this.receivedBefore
    this.fail(
      new AerobeeError('TIMEOUT', `${at} ${this.command.name} within ${this.timeoutMs} ms`, {
        retryable: true,
        ...(carrier ? { address: carrier.remoteText } : {}),
      }),
    )
    if (silent) carrier.suspect(this)
  }

  #listen(signal: AbortSignal): void {
    const onAbort = () => this.fail(signal.reason)
    if (signal.aborted) onAbort()
    else {
      this.#onAbort = onAbort
      signal.addEventListener('abort', onAbort, { once: true })
    }
  }

  /** False when it was settled before. */
  #settle(): boolean {
    if (this.settled) return false
    this.settled = true
    this.#wheel.remove(this)
    this.carrier?.forget(this)
    if (this.#onAbort) this.options.signal?.removeEventListener('abort', this.#onAbort)
    return true
  }
}
