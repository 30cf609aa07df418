import type { MonoMs, QueueOffset, WallMs } from '@aerobee/base'
import type { AppendOutcome, NewMessage } from '@aerobee/store'
import { commands, permRead, permWrite, systemTopicNames } from '@aerobee/wire'
import { appended } from '../delivery/put.js'
import { restoredMessage } from '../delivery/restored.js'
import { isStored } from '../send/outcome.js'
import {
  checkRequest,
  copiedHalf,
  givenUpMessage,
  type Half,
  type HalfPlace,
  halfOf,
  halfTopic,
} from './half-message.js'
import { type OutcomeFault, storeOutcome } from './outcome.js'
import type { HalfLane, TransactionParts } from './parts.js'
import { readHalves } from './read-halves.js'
import { type Verdict, verdictOf } from './verdict.js'

/** Longest time for one queue in one round: upstream's. */
const roundMs = 60_000
/** Halves read, and copies under way, at once. */
const batchHalves = 32
/** A young half that holds up this many behind it is copied, so that the next start has less to read. */
export const mostHeldUp = 100_000

export interface RoundOutcome {
  /** Where the next round goes on; undefined: at the oldest. */
  resumeAt: QueueOffset | undefined
  checked: number
  givenUp: number
  /** Of those checked: no producer of the group was there to be asked. */
  unasked: number
}

/**
 * Looks at the halves of one queue that wait for their outcome, oldest first, and has their producers asked
 * (reference: broker-behaviour 9.4). Which are over is known already, so no op message is read, and many of them
 * cost nothing; a round that lasts too long ends, and the next goes on where it stopped.
 */
export async function checkQueue(
  parts: TransactionParts,
  lane: HalfLane,
  from: QueueOffset,
  stopped: () => boolean,
): Promise<RoundOutcome> {
  const round = new Round(parts, lane)
  const end = parts.store.maxOffset(systemTopicNames.transactionHalf, lane.halves.queueId)
  let at = lane.halves.next(from, end)
  while (at < end && !round.ended && !stopped()) {
    const { records, next, unreadable } = await readHalves(parts, lane.halves, at, end, batchHalves)
    lane.halves.pass(unreadable)
    const settled: Promise<void>[] = []
    for (const record of records) {
      const half = halfOf(record)
      if (half === undefined) lane.halves.pass([record.queueOffset])
      else if (!round.ended) settled.push(round.look(half))
    }
    await Promise.all(settled)
    at = lane.halves.next(next, end)
    if (parts.clock.monoMs() >= round.deadline) {
      round.outcome.resumeAt = at
      break
    }
  }
  return round.outcome
}

class Round {
  readonly deadline: MonoMs
  readonly outcome: RoundOutcome = { resumeAt: undefined, checked: 0, givenUp: 0, unasked: 0 }
  /** All behind are too young, or the store takes nothing. */
  ended = false
  readonly #began: WallMs
  readonly #parts: TransactionParts
  readonly #lane: HalfLane

  constructor(parts: TransactionParts, lane: HalfLane) {
    this.#parts = parts
    this.#lane = lane
    this.#began = parts.clock.wallMs()
    this.deadline = parts.clock.monoMs() + roundMs
  }

  /** Resolves when what it stores is stored. */
  async look(half: Half): Promise<void> {
    const { halves } = this.#lane
    const { queueOffset } = half.record
    if (halves.isEnding(half.origin) || halves.currentOf(half.origin) !== queueOffset) return
    switch (this.#verdict(half)) {
      case 'giveUp':
        await this.#giveUp(half)
        return
      case 'check':
        await this.#check(half)
        return
      case 'stop':
        this.ended = true
        return
      case 'wait':
        if (this.#holdsUp(queueOffset)) await this.#copy(half, half.checkTimes)
    }
  }

  #verdict(half: Half): Verdict {
    const { clock, config } = this.#parts
    return verdictOf(half, half.record, { nowMs: clock.wallMs(), roundBeganMs: this.#began }, config)
  }

  #holdsUp(offset: QueueOffset): boolean {
    const { halves } = this.#lane
    const end = this.#parts.store.maxOffset(systemTopicNames.transactionHalf, halves.queueId)
    return end - offset > mostHeldUp
  }

  async #giveUp(half: Half): Promise<void> {
    if (this.#lane.halves.begin(half.origin) !== 'begun') return
    this.#parts.topics.ensure(systemTopicNames.transactionCheckMax, 1, permRead | permWrite)
    const fault = await new Promise<OutcomeFault>((resolve) =>
      storeOutcome(this.#parts, this.#lane, half, givenUpMessage(half), resolve),
    )
    if (fault === undefined) this.outcome.givenUp++
    else this.ended = true
  }

  /** The producer is asked when the copy is stored, which it will name in its answer. */
  async #check(half: Half): Promise<void> {
    const { record } = half
    const copy = copiedHalf(half, half.checkTimes + 1)
    const outcome = await appended(this.#parts.store, copy)
    if (isStored(outcome)) {
      if (this.#copied(half, outcome.queueOffset)) this.#ask(half, copy, placeOf(outcome))
    } else if (outcome.status === 'PROPERTIES_SIZE_EXCEEDED' || outcome.status === 'MESSAGE_ILLEGAL')
      // It cannot be copied, as its properties are full; it can be asked for all the same.
      this.#ask(half, restoredMessage(record, { topic: halfTopic, queueId: record.queueId }), record)
    else this.ended = true
  }

  async #copy(half: Half, checkTimes: number): Promise<void> {
    const outcome = await appended(this.#parts.store, copiedHalf(half, checkTimes))
    if (isStored(outcome)) this.#copied(half, outcome.queueOffset)
  }

  /** False: the half ended while its copy was stored. */
  #copied({ origin, record }: Half, copy: QueueOffset): boolean {
    const { halves, ops } = this.#lane
    if (halves.copied(origin, copy)) return true
    ops.list([copy], record.storeHost)
    return false
  }

  #ask(half: Half, stored: NewMessage, place: HalfPlace): void {
    const { clients, config } = this.#parts
    this.outcome.checked++
    const producer = half.group === undefined ? undefined : clients.producers.next(half.group)
    const { fields, body } = checkRequest(half, stored, place, config.brokerName)
    if (!producer?.notify(commands.checkTransactionState, fields, { body })) this.outcome.unasked++
  }
}

const placeOf = ({ queueOffset, physicalOffset, storeTimestamp }: AppendOutcome): HalfPlace => ({
  queueOffset,
  physicalOffset,
  storeTimestamp,
})
