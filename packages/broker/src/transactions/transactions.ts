import { errorText, type PhysicalOffset, type QueueOffset, type Timer } from '@aerobee/base'
import type { Reply } from '@aerobee/net'
import { systemTopicNames } from '@aerobee/wire'
import { overload } from '../admission.js'
import { checkQueue } from './check-round.js'
import { type EndRequest, endTransaction } from './end-transaction.js'
import { opTopic } from './op-message.js'
import type { HalfLane, TransactionParts } from './parts.js'
import { recoverTransactions, transactionGroup } from './recover.js'
import { resumeHalf } from './resume.js'

const settleEveryMs = 1000

/** How far the halves of a queue are over, and where the log ended when that was seen. */
interface Seen {
  base: QueueOffset
  logEnd: PhysicalOffset
}

interface Lane extends HalfLane {
  seen: Seen | undefined
  resumeAt: QueueOffset | undefined
}

/** The transactions of a broker (reference: broker-behaviour 9): from the half on until its outcome is written down. */
export class Transactions {
  readonly #parts: TransactionParts
  #lanes: Lane[] = []
  #timers: Timer[] = []
  #checkTimer: Timer | undefined
  #round: Promise<void> | undefined
  /** The last request 323. */
  #resumed: Promise<unknown> = Promise.resolve()
  #stopped = false
  #underWay = 0

  constructor(parts: TransactionParts) {
    this.#parts = parts
  }

  /** Before anybody is served: reads what the store says. Rejects with IO_FAILED. */
  async start(): Promise<void> {
    const { clock, config, halfCounts } = this.#parts
    const lanes = await recoverTransactions(this.#parts)
    this.#lanes = lanes.map((lane) => ({ ...lane, seen: undefined, resumeAt: undefined }))
    const background = { background: true }
    this.#timers = [
      clock.every(settleEveryMs, () => this.#settle(), background),
      clock.every(config.transactionMetricFlushInterval, () => halfCounts.save(), background),
    ]
    this.#armChecks()
  }

  /** When no more requests come: writes down what is not yet, so that the next start has nothing to look for. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const timer of this.#timers) timer.cancel()
    this.#checkTimer?.cancel()
    await this.#round
    for (const lane of this.#lanes) {
      lane.ops.stop()
      await new Promise<void>((resolve) => lane.ops.whenSettled(resolve))
      await new Promise<unknown>((resolve) => lane.ops.flush(resolve))
      // The store flushes as it stops, and offsets are saved after that.
      this.#commit(lane, this.#baseOf(lane))
    }
    this.#parts.halfCounts.save()
  }

  /** Request 37. */
  async end(request: EndRequest, oneway: boolean): Promise<Reply> {
    const { endTransactionPoolQueueCapacity: most } = this.#parts.config
    if (this.#underWay >= most)
      return overload(`${this.#underWay} transactions are being ended, limit ${most}`)
    this.#underWay++
    try {
      return await endTransaction(this.#parts, this.#lanes, request, oneway)
    } finally {
      this.#underWay--
    }
  }

  /** Request 323. */
  resume(messageId: string | undefined): Promise<Reply> {
    const resumed = this.#resumed.then(() => resumeHalf(this.#parts, this.#lanes, messageId))
    this.#resumed = resumed
    return resumed
  }

  /** Everything that waits is looked at now; resolves when that is done. */
  check(): Promise<void> {
    this.#round ??= this.#checkAll().finally(() => {
      this.#round = undefined
    })
    return this.#round
  }

  #armChecks(): void {
    const { clock, config } = this.#parts
    const again = () => void this.check().then(() => this.#stopped || this.#armChecks())
    this.#checkTimer = clock.after(config.transactionCheckInterval, again, { background: true })
  }

  /** Each queue by itself: a slow one holds up none of the others. Never rejects. */
  async #checkAll(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => this.#checkLane(lane)))
  }

  async #checkLane(lane: Lane): Promise<void> {
    const { logger } = this.#parts
    try {
      const outcome = await checkQueue(this.#parts, lane, lane.resumeAt ?? 0, () => this.#stopped)
      lane.resumeAt = outcome.resumeAt
      if (outcome.givenUp > 0)
        logger.warn(
          `${outcome.givenUp} transactions were given up: look into ${systemTopicNames.transactionCheckMax}`,
        )
      if (outcome.unasked > 0)
        logger.warn(`no producer of its group is there to be asked for ${outcome.unasked} transactions`)
    } catch (thrown) {
      logger.error(`checking transactions failed and is tried again: ${errorText(thrown)}`)
    }
  }

  /**
   * What is over may be passed for good only when the log is durable up to the records that say so: after a power cut
   * the offset must not stand behind a half whose copy or outcome is gone.
   */
  #settle(): void {
    const { flushedOffset, maxPhysicalOffset: logEnd } = this.#parts.store.status()
    for (const lane of this.#lanes) {
      if (lane.seen && flushedOffset >= lane.seen.logEnd) {
        this.#commit(lane, lane.seen.base)
        lane.seen = undefined
      }
      lane.seen ??= { base: this.#baseOf(lane), logEnd }
    }
  }

  #baseOf({ halves }: Lane): QueueOffset {
    const end = this.#parts.store.maxOffset(systemTopicNames.transactionHalf, halves.queueId)
    return halves.passed.advance(end)
  }

  #commit({ halves, ops }: Lane, base: QueueOffset): void {
    const { offsets } = this.#parts
    const { queueId } = halves
    const known = offsets.committed(transactionGroup, systemTopicNames.transactionHalf, queueId)
    if (base > (known ?? 0)) offsets.commit(transactionGroup, systemTopicNames.transactionHalf, queueId, base)
    const opOffset = ops.passTo(base)
    if (opOffset !== undefined) offsets.commit(transactionGroup, opTopic, queueId, opOffset)
  }
}
