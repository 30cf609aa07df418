import type { Clock, Logger, PhysicalOffset, QueueOffset, Timer } from '@aerobee/base'
import type { AppendOutcome, MessageStore } from '@aerobee/store'
import { systemFlags } from '@aerobee/wire'
import { isStored } from '../send/outcome.js'
import { newOpMessage, opText } from './op-message.js'

export interface OpWriterParts {
  config: { transactionOpMsgMaxSize: number; transactionOpBatchInterval: number; maxMessageSize: number }
  clock: Clock
  logger: Logger
  store: MessageStore
}

/** Op messages of one append: with 4 KiB each they fit into every segment. */
const batchMessages = 16

/** One op message: what it lists must be known as long as the highest half in it. */
interface Written {
  opOffset: QueueOffset
  highestHalf: QueueOffset
}

interface Text {
  text: string
  highestHalf: QueueOffset
  halves: number
}

const emptyText = (): Text => ({ text: '', highestHalf: -1, halves: 0 })

/**
 * Writes down which halves of one queue are over, many in one message (reference: broker-behaviour 9.3): when the
 * text is long enough, and `transactionOpBatchInterval` after the first that waits. One append at a time; what the
 * store refuses is tried again after the interval.
 */
export class OpWriter {
  readonly queueId: number
  readonly #parts: OpWriterParts
  readonly #written: Written[] = []
  #full: Text[] = []
  #open = emptyText()
  #host: Uint8Array | undefined
  #timer: Timer | undefined
  #writing = false
  #stopped = false
  #listed = 0
  #stored = 0
  #waiters: { halves: number; done: (safe: boolean) => void }[] = []
  /** Outcomes under way, by a place of the log that all of them lie behind. */
  readonly #underWay = new Map<PhysicalOffset, number>()
  #mark: PhysicalOffset
  #whenSettled: (() => void) | undefined

  constructor(queueId: number, parts: OpWriterParts) {
    this.queueId = queueId
    this.#parts = parts
    this.#mark = parts.store.status().maxPhysicalOffset
  }

  /** To be called before the record of an outcome is appended; `settled` takes what it returns. */
  begin(): PhysicalOffset {
    this.#underWay.set(this.#mark, (this.#underWay.get(this.#mark) ?? 0) + 1)
    return this.#mark
  }

  /** The record is stored and its half listed, or it is not stored. */
  settled(mark: PhysicalOffset): void {
    const count = this.#underWay.get(mark)! - 1
    if (count > 0) this.#underWay.set(mark, count)
    else this.#underWay.delete(mark)
    if (this.#underWay.size === 0) this.#whenSettled?.()
  }

  /** Runs `done` when no outcome is under way; for the stop, once. */
  whenSettled(done: () => void): void {
    if (this.#underWay.size === 0) done()
    else this.#whenSettled = done
  }

  /** These halves are over. `host`: address of this broker, as stored. */
  list(halves: readonly QueueOffset[], host: Uint8Array): void {
    const { config, clock } = this.#parts
    this.#host = host
    for (const half of halves) {
      this.#open.text += opText(half)
      this.#open.halves++
      this.#open.highestHalf = Math.max(this.#open.highestHalf, half)
      this.#listed++
    }
    if (this.#open.text.length >= Math.min(config.transactionOpMsgMaxSize, config.maxMessageSize - 32))
      this.#write()
    else if (!this.#stopped)
      this.#timer ??= clock.after(config.transactionOpBatchInterval, () => this.#write(), {
        background: true,
      })
  }

  /** Writes what is listed; `done` says whether all of it is as safe as the flush mode promises. */
  flush(done: (safe: boolean) => void): void {
    if (this.#stored === this.#listed) {
      done(true)
      return
    }
    this.#waiters.push({ halves: this.#listed, done })
    this.#write()
  }

  /** No more timers. */
  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  /** An op message that lies in the queue at the start. */
  found(opOffset: QueueOffset, halves: readonly QueueOffset[]): void {
    this.#written.push({ opOffset, highestHalf: halves.reduce((a, b) => Math.max(a, b), -1) })
  }

  /** Behind the op messages that list nothing from `base` on; undefined when there was none. */
  passTo(base: QueueOffset): QueueOffset | undefined {
    let passed = 0
    while (passed < this.#written.length && this.#written[passed]!.highestHalf < base) passed++
    const last = this.#written.splice(0, passed).at(-1)
    return last === undefined ? undefined : last.opOffset + 1
  }

  #write(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#open.halves > 0) {
      this.#full.push(this.#open)
      this.#open = emptyText()
    }
    if (this.#writing || this.#full.length === 0) return
    this.#writing = true
    const texts = this.#full.slice(0, batchMessages)
    this.#full = this.#full.slice(batchMessages)
    const listedBelow = this.#full.length === 0 ? this.#listedBelow() : undefined
    const { store, clock } = this.#parts
    const host = this.#host!
    const sysFlag = host.length > 8 ? systemFlags.bornHostV6 | systemFlags.storeHostV6 : 0
    const place = { bornTimestamp: clock.wallMs(), host, sysFlag }
    const messages = texts.map(({ text }, i) =>
      newOpMessage(this.queueId, text, i === texts.length - 1 ? listedBelow : undefined, place),
    )
    store.appendBatch(messages, (outcome) => this.#wrote(texts, outcome))
  }

  /** Every outcome before this place is stored and listed. */
  #listedBelow(): PhysicalOffset {
    const [oldest] = this.#underWay.keys()
    this.#mark = this.#parts.store.status().maxPhysicalOffset
    return oldest ?? this.#mark
  }

  #wrote(texts: Text[], outcome: AppendOutcome): void {
    this.#writing = false
    if (isStored(outcome)) {
      for (const [i, { highestHalf, halves }] of texts.entries()) {
        this.#written.push({ opOffset: outcome.queueOffset + i, highestHalf })
        this.#stored += halves
      }
      this.#tell(outcome.status === 'PUT_OK')
      if (this.#full.length > 0) this.#write()
      return
    }
    const { clock, config, logger } = this.#parts
    logger.warn(`${texts.length} op messages of transactions are tried again: ${outcome.status}`)
    this.#full.unshift(...texts)
    this.#tell(false)
    if (!this.#stopped)
      this.#timer ??= clock.after(config.transactionOpBatchInterval, () => this.#write(), {
        background: true,
      })
  }

  /** Those whose halves are stored; all of them when that was not `safe`. */
  #tell(safe: boolean): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters)
      if (safe && waiter.halves > this.#stored) this.#waiters.push(waiter)
      else waiter.done(safe)
  }
}
