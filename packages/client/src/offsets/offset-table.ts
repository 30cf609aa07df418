import { errorText, type Logger } from '@aerobee/base'
import type { RoleEvents } from '../events.js'
import { type MessageQueue, queueKey } from '../route.js'

/** The next offset to consume of one queue, as far as it is known in memory. */
export interface OffsetSlot {
  readonly queue: MessageQueue
  /** -1: not known yet. */
  offset: number
  /** What was saved last; -1: nothing. */
  saved: number
  /** Results of listeners that still run are ignored: the broker has corrected the offset. */
  frozen: boolean
}

/** Where offsets are kept: by the brokers of a clustering group, in a file when broadcasting. */
export interface OffsetKeeper {
  /** undefined when there is none. Rejects with BROKER_ERROR and the errors of calls. */
  read(queue: MessageQueue): Promise<number | undefined>
  /** Resolves with a list of failures. */
  write(slots: readonly OffsetSlot[]): Promise<readonly unknown[]>
  /** Before the first read; throws when somebody else of this process keeps offsets there. */
  open?(): void
  /** After the last write. Idempotent. */
  close?(): void
}

/** Offsets of one group, gathered in memory between two savings (reference: client-behaviour 11). */
export class OffsetTable {
  readonly #keeper: OffsetKeeper
  readonly #logger: Logger
  readonly #events: RoleEvents
  readonly #slots = new Map<string, OffsetSlot>()

  constructor(keeper: OffsetKeeper, logger: Logger, events: RoleEvents) {
    this.#keeper = keeper
    this.#logger = logger
    this.#events = events
  }

  /** Throws AerobeeError INVALID_ARGUMENT when another consumer of this process keeps its offsets at the same place. */
  open(): void {
    this.#keeper.open?.()
  }

  /** Idempotent. */
  close(): void {
    this.#keeper.close?.()
  }

  /** Made when there is none. */
  slot(queue: MessageQueue): OffsetSlot {
    const key = queueKey(queue)
    let slot = this.#slots.get(key)
    if (!slot) {
      slot = { queue, offset: -1, saved: -1, frozen: false }
      this.#slots.set(key, slot)
    }
    return slot
  }

  /** undefined when none is in memory. */
  known(queue: MessageQueue): number | undefined {
    const offset = this.#slots.get(queueKey(queue))?.offset
    return offset === undefined || offset < 0 ? undefined : offset
  }

  /** What is kept; undefined when nothing is. Rejects as OffsetKeeper.read does. */
  read(queue: MessageQueue): Promise<number | undefined> {
    return this.#keeper.read(queue)
  }

  forget(queue: MessageQueue): void {
    this.#slots.delete(queueKey(queue))
  }

  /** Offsets in memory of a topic's queues. */
  ofTopic(topic: string): (readonly [MessageQueue, number])[] {
    return [...this.#slots.values()]
      .filter((slot) => slot.queue.topic === topic && slot.offset >= 0)
      .map((slot) => [slot.queue, slot.offset] as const)
  }

  /** Saves what changed, of all queues or of one. Failures are logged and stay for the next time. */
  async save(only?: MessageQueue): Promise<void> {
    const slots = only ? [this.#slots.get(queueKey(only))] : [...this.#slots.values()]
    const due = slots.filter((slot) => slot !== undefined && slot.offset >= 0 && slot.offset !== slot.saved)
    if (due.length === 0) return
    const failures = await this.#keeper.write(due as OffsetSlot[])
    for (const failure of failures) {
      this.#logger.warn(`saving an offset failed: ${errorText(failure)}`)
      this.#events.emit('error', failure, 'offsets')
    }
  }
}

/** Never moves back; nothing while frozen. */
export function advanceOffset(slot: OffsetSlot, offset: number): void {
  if (!slot.frozen && offset > slot.offset) slot.offset = offset
}

/** May move back; nothing while frozen. */
export function setOffset(slot: OffsetSlot, offset: number): void {
  if (!slot.frozen) slot.offset = offset
}

/**
 * The broker's correction: counts whatever listeners say afterwards. It is saved even when it was saved before, since
 * pulls carry offsets, too.
 */
export function freezeOffset(slot: OffsetSlot, offset: number): void {
  slot.offset = offset
  slot.saved = -1
  slot.frozen = true
}
