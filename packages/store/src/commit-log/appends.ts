import { type Clock, errorText, isAerobeeError, type Logger, type MonoMs } from '@aerobee/base'
import { storedPropertiesBytes, transactionType, transactionTypes } from '@aerobee/wire'
import type { ConsumeQueue } from '../consume-queue/consume-queue.js'
import type { QueueTable } from '../consume-queue/queue-table.js'
import type { AppendOutcome, AppendStatus, NewMessage } from '../contracts.js'
import type { StoreOptions } from '../options.js'
import { hasExtraPlaces, withExtraPlaces } from './extra-places.js'
import type { LogWriter } from './log-writer.js'
import { PendingAppend } from './pending-append.js'

export interface AppendsParts {
  options: StoreOptions
  clock: Clock
  logger: Logger
  queues: QueueTable
  writer: LogWriter
  /** Why nothing is taken now; undefined when appends are welcome. */
  refusal(): string | undefined
  /** Everything in the list is in the files, in order of the log; refused appends are among it. */
  written(appends: readonly PendingAppend[]): void
  /** A write failed for a reason that no later write can heal. */
  broken(thrown: unknown): void
}

type Done = (outcome: AppendOutcome) => void

const javaShortMax = 0x7fff
/** After the disk was found full: so many ms pass before it is tried again. */
const fullPauseMs = 100

/**
 * Takes messages, gives each its place, and writes at the end of the event-loop turn all that came in it:
 *
 *   append ─► encoded into the log's block ─┐
 *   append ─► encoded ──────────────────────┼─ end of turn: one write ─► `written`
 *   append ─► refused ──────────────────────┘
 */
export class Appends {
  readonly #parts: AppendsParts
  #pending: PendingAppend[] = []
  #scheduled = false
  #fullUntil: MonoMs = 0
  readonly #write = () => this.write()

  constructor(parts: AppendsParts) {
    this.#parts = parts
  }

  append(message: NewMessage, done: Done): void {
    const pending = new PendingAppend()
    pending.done = done
    const refused = this.#refusal() ?? this.#check(message)
    if (refused !== undefined) {
      this.#add(pending, refused)
      return
    }
    const queue = this.#queueOf(message)
    if (queue === undefined) {
      this.#add(pending, 'MESSAGE_ILLEGAL')
      return
    }
    if (!hasExtraPlaces(message, this.#parts.options)) this.#append(message, queue, pending)
    else this.#appendAtPlaces(message, queue, pending)
  }

  #appendAtPlaces(message: NewMessage, queue: ConsumeQueue, pending: PendingAppend): void {
    const { queues, options } = this.#parts
    const placed = withExtraPlaces(message, queue, pending, queues, options)
    const refused = typeof placed === 'string' ? placed : this.#check(placed)
    if (refused !== undefined) this.#add(pending, refused)
    else this.#append(placed as NewMessage, queue, pending)
  }

  #append(message: NewMessage, queue: ConsumeQueue, pending: PendingAppend): void {
    const { writer } = this.#parts
    let bound = writer.boundOf(message, queue.topicBytes)
    if (!writer.fits(bound)) {
      bound = writer.sizeOf(message, queue.topicBytes)
      const status = this.#reserve(bound)
      if (status !== undefined) {
        this.#add(pending, status)
        return
      }
    }
    this.#place(message, queue, pending, this.#parts.clock.wallMs(), bound)
    this.#add(pending, 'PUT_OK')
  }

  /** All in one segment, one after the other, or none. */
  appendBatch(messages: readonly NewMessage[], done: Done): void {
    const first = new PendingAppend()
    first.done = done
    const refused = this.#refusal() ?? this.#checkAll(messages)
    const queue = refused === undefined ? this.#queueOf(messages[0]!) : undefined
    if (queue === undefined) {
      this.#add(first, refused ?? 'MESSAGE_ILLEGAL')
      return
    }
    const { writer, clock } = this.#parts
    const sizes = messages.map((message) => writer.sizeOf(message, queue.topicBytes))
    const status = this.#reserve(sizes.reduce((sum, size) => sum + size, 0))
    if (status !== undefined) {
      this.#add(first, status)
      return
    }
    const wallMs = clock.wallMs()
    const offsets: number[] = []
    const start = writer.end
    for (const [i, message] of messages.entries()) {
      const pending = i === 0 ? first : new PendingAppend()
      pending.first = first
      pending.done = i === messages.length - 1 ? done : undefined
      this.#place(message, queue, pending, wallMs, sizes[i]!)
      offsets.push(pending.physicalOffset)
      this.#add(pending, 'PUT_OK')
    }
    first.physicalOffsets = offsets
    first.storedBytes = writer.end - start
  }

  /** What came until now into the files, without waiting for the end of the turn. */
  write(): void {
    this.#scheduled = false
    const appends = this.#pending
    if (appends.length === 0) return
    this.#pending = []
    const { writer, written } = this.#parts
    try {
      if (writer.end !== writer.writtenEnd) writer.write()
    } catch (thrown) {
      this.#takeBack(appends, thrown)
      return
    }
    written(appends)
  }

  #add(pending: PendingAppend, status: AppendStatus): void {
    pending.status = status
    this.#pending.push(pending)
    if (this.#scheduled) return
    this.#scheduled = true
    this.#parts.clock.endOfTurn(this.#write)
  }

  #place(
    message: NewMessage,
    queue: ConsumeQueue,
    pending: PendingAppend,
    wallMs: number,
    bound: number,
  ): void {
    const { writer } = this.#parts
    const type = transactionType(message.sysFlag)
    const shown = type === transactionTypes.none || type === transactionTypes.commit
    pending.topic = queue.topic
    pending.queue = shown ? queue : undefined
    pending.queueOffset = shown ? queue.nextOffset : 0
    pending.physicalOffset = writer.end
    pending.storeTimestamp = wallMs
    pending.tagsCode = queue.delays ? wallMs + message.tagsCode : message.tagsCode
    pending.uniqKey = message.uniqKey
    pending.keys = message.keys
    pending.indexed = type !== transactionTypes.rollback
    pending.waits = message.waitStoreOk
    pending.sizeBytes = writer.add(message, queue.topicBytes, pending.queueOffset, wallMs, bound)
    pending.storedBytes = pending.sizeBytes
    if (!shown) return
    queue.nextOffset += pending.count
    if (pending.lmq !== undefined) for (const { queue: other } of pending.lmq) other.nextOffset += 1
  }

  #refusal(): AppendStatus | undefined {
    if (this.#fullUntil > 0) {
      if (this.#parts.clock.monoMs() < this.#fullUntil) return 'SERVICE_NOT_AVAILABLE'
      this.#fullUntil = 0
    }
    return this.#parts.refusal() === undefined ? undefined : 'SERVICE_NOT_AVAILABLE'
  }

  #check(message: NewMessage): AppendStatus | undefined {
    const { properties, body } = message
    const { maxMessageSize, enabledAppendPropCRC } = this.#parts.options
    if (body.length > maxMessageSize) return 'MESSAGE_ILLEGAL'
    // UTF-8 takes at most three bytes for a UTF-16 unit.
    if (properties.length * 3 < javaShortMax - 32) return undefined
    return storedPropertiesBytes(properties, enabledAppendPropCRC) > javaShortMax
      ? 'PROPERTIES_SIZE_EXCEEDED'
      : undefined
  }

  #checkAll(messages: readonly NewMessage[]): AppendStatus | undefined {
    const [first] = messages
    if (first === undefined) return 'MESSAGE_ILLEGAL'
    for (const message of messages) {
      if (message.topic !== first.topic || message.queueId !== first.queueId) return 'MESSAGE_ILLEGAL'
      const status = this.#check(message)
      if (status !== undefined) return status
    }
    return undefined
  }

  #queueOf(message: NewMessage): ConsumeQueue | undefined {
    try {
      return this.#parts.queues.findOrAdd(message.topic, message.queueId)
    } catch (thrown) {
      if (isAerobeeError(thrown, 'INVALID_ARGUMENT')) return undefined
      throw thrown
    }
  }

  #reserve(bytes: number): AppendStatus | undefined {
    try {
      return this.#parts.writer.reserve(bytes) ? undefined : 'MESSAGE_ILLEGAL'
    } catch (thrown) {
      if (!isAerobeeError(thrown, 'IO_FAILED')) throw thrown
      this.#parts.logger.error(`No commit log segment can be made: ${errorText(thrown)}`)
      return 'CREATE_MAPPED_FILE_FAILED'
    }
  }

  /** Nothing of what failed stays: not in the log, not in the queues' offsets. */
  #takeBack(appends: readonly PendingAppend[], thrown: unknown): void {
    if (!isAerobeeError(thrown, 'IO_FAILED')) throw thrown
    const { logger, clock, writer, broken } = this.#parts
    for (const pending of appends.toReversed()) {
      if (pending.queue !== undefined) pending.queue.nextOffset = pending.queueOffset
      for (const { queue, offset } of pending.lmq ?? []) queue.nextOffset = offset
    }
    logger.error(`The commit log could not be written: ${errorText(thrown)}`)
    if (isFull(thrown.cause)) this.#fullUntil = clock.monoMs() + fullPauseMs
    else broken(thrown)
    try {
      writer.rollBack()
    } catch (rollBackFailed) {
      broken(rollBackFailed)
    }
    for (const pending of appends) {
      pending.answer(pending.status === 'PUT_OK' ? 'SERVICE_NOT_AVAILABLE' : pending.status)
    }
  }
}

const isFull = (cause: unknown): boolean => {
  const { code } = (cause ?? {}) as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
}
