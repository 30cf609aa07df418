import { errorText, type MonoMs, type QueueOffset } from '@aerobee/base'
import type { Connection, Exchange } from '@aerobee/net'
import { failure } from '@aerobee/net'
import type { ReadOutcome } from '@aerobee/store'
import { type commands, responseCodes } from '@aerobee/wire'
import { type HeldPull, longestHoldMs } from '../long-poll.js'
import { pullAnswer, pullCode, resetAnswer } from './answer.js'
import { type AdmittedPull, checkPull, type PullReply, pullFlags } from './checks.js'
import type { PullParts } from './parts.js'
import { readForPull } from './read.js'

type Pull = typeof commands.pullMessage
export type PullExchange = Exchange<Pull['request'], Pull['response']>

/**
 * One pull from its admission to its answer:
 *
 *   read ──found, moved, no match──► answered
 *    ▲ └──nothing there, may wait──► held ──expires──► read once more ─► answered
 *    └───────queue has grown──────────┘
 *
 * While it is held, messages that the consumer does not want move its offset on, so that nothing is read twice.
 */
export class PullRun implements HeldPull {
  readonly #parts: PullParts
  readonly #exchange: PullExchange
  readonly #lite: boolean
  #woken = false
  expiresAtMonoMs: MonoMs = 0
  offset: QueueOffset

  constructor(parts: PullParts, exchange: PullExchange, lite: boolean) {
    this.#parts = parts
    this.#exchange = exchange
    this.#lite = lite
    this.offset = exchange.request.queueOffset
  }

  get connection(): Connection {
    return this.#exchange.connection
  }
  get topic(): string {
    return this.#exchange.request.topic
  }
  get queueId(): number {
    return this.#exchange.request.queueId
  }

  /** undefined: the answer goes out later. */
  start(admitted: AdmittedPull): PullReply | undefined {
    const { request } = this.#exchange
    const { config, clock } = this.#parts
    if ((request.sysFlag & pullFlags.suspend) !== 0) {
      const wished = config.longPollingEnable ? request.suspendTimeoutMillis : config.shortPollingTimeMills
      if (wished > 0) this.expiresAtMonoMs = clock.monoMs() + Math.min(wished, longestHoldMs)
    }
    return this.#run(admitted)
  }

  wake(): void {
    this.#woken = true
    this.#again()
  }

  expire(): void {
    this.expiresAtMonoMs = 0
    this.#again()
  }

  /** All checks once more: topic, group and subscription may be others by now. */
  #again(): void {
    const { request, connection } = this.#exchange
    const admitted = checkPull(this.#parts, request, connection, this.#lite)
    const reply = 'code' in admitted ? admitted : (this.#reset(admitted) ?? this.#run(admitted))
    if (reply) this.#exchange.respond(reply)
  }

  /** A group that was reset while its pull was held hears of it in the answer. */
  #reset(admitted: AdmittedPull): PullReply | undefined {
    const { consumerGroup, topic, queueId } = this.#exchange.request
    const { id } = this.connection
    const offset = this.#parts.offsets.redirect(consumerGroup, topic, queueId, id, this.offset)
    return offset === undefined
      ? undefined
      : resetAnswer(this.#parts, this.#exchange.request, admitted, offset)
  }

  #run(admitted: AdmittedPull): PullReply | undefined {
    for (;;) {
      const outcome = readForPull(this.#parts, this.#exchange.request, admitted, this.offset)
      if (outcome instanceof Promise) {
        this.#finishLater(admitted, outcome)
        return undefined
      }
      if (!this.#mayWait(outcome)) return this.#answer(admitted, outcome)
      if (this.#hold(outcome)) return undefined
    }
  }

  #finishLater(admitted: AdmittedPull, reading: Promise<ReadOutcome>): void {
    const startedMs = this.#parts.clock.monoMs()
    reading.then(
      (outcome) => {
        if (!this.#mayWait(outcome)) this.#exchange.respond(this.#answer(admitted, outcome, startedMs))
        else if (!this.#hold(outcome)) this.#again()
      },
      (thrown: unknown) => this.#exchange.respond(failure(responseCodes.SYSTEM_ERROR, errorText(thrown), {})),
    )
  }

  /** `startedMs` of a read that was not answered at once. */
  #answer(admitted: AdmittedPull, outcome: ReadOutcome, startedMs?: MonoMs): PullReply {
    const elapsedMs = startedMs === undefined ? 0 : Math.round(this.#parts.clock.monoMs() - startedMs)
    return pullAnswer(this.#parts, this.#exchange.request, admitted, this.offset, outcome, elapsedMs)
  }

  /** Whether there is nothing for the consumer at the end of the queue, and time left to wait for it. */
  #mayWait(outcome: ReadOutcome): boolean {
    if (this.expiresAtMonoMs <= this.#parts.clock.monoMs()) return false
    // The first look answers "no match" at once, as upstream does; a pull that has waited goes on waiting.
    if (outcome.status === 'NO_MATCHED_MESSAGE') return this.#woken
    return (
      outcome.status !== 'OFFSET_FOUND_NULL' &&
      pullCode(outcome.status, this.offset) === responseCodes.PULL_NOT_FOUND
    )
  }

  /** False: the queue has grown meanwhile, read again. */
  #hold(outcome: ReadOutcome): boolean {
    this.offset = outcome.nextOffset
    if (this.#parts.store.maxOffset(this.topic, this.queueId) > this.offset) {
      this.#woken = true
      return false
    }
    this.#parts.longPoll.hold(this)
    return true
  }
}
