import { AerobeeError } from '@aerobee/base'
import { isRetryTopic, responseCodes } from '@aerobee/wire'
import type { ClientInstance } from '../client-instance.js'
import { oneOf } from '../given.js'
import type { OffsetTable } from '../offsets/offset-table.js'
import { maxOffset, minOffset, offsetByTime } from '../offsets/queue-offsets.js'
import { type MessageQueue, queueKey } from '../route.js'
import type { ConsumeFromWhere, PushConsumerOptions } from './options.js'

/** Where a group without offsets begins. A Date means: at the first message stored then or later. */
export type ConsumeFrom = 'earliest' | 'latest' | Date

const fromWheres = [
  'CONSUME_FROM_LAST_OFFSET',
  'CONSUME_FROM_FIRST_OFFSET',
  'CONSUME_FROM_TIMESTAMP',
] as const

const halfAnHourMs = 30 * 60_000

/** Says where a queue begins that was just taken (reference: client-behaviour 3.4). */
export class StartOffsets {
  readonly #instance: ClientInstance
  readonly #offsets: OffsetTable
  readonly #from: ConsumeFrom | undefined
  readonly #fromWhere: ConsumeFromWhere
  readonly #timestamp: Date
  readonly #startedAt: Date
  /** Queues that were there when a topic was first shared out. */
  readonly #present = new Map<string, ReadonlySet<string>>()

  /** Throws AerobeeError INVALID_ARGUMENT. */
  constructor(
    instance: ClientInstance,
    offsets: OffsetTable,
    options: Pick<PushConsumerOptions, 'consumeFromWhere' | 'consumeTimestamp' | 'from'>,
  ) {
    const now = instance.surroundings.clock.wallMs()
    this.#instance = instance
    this.#offsets = offsets
    this.#from = checkFrom(options.from)
    this.#fromWhere = oneOf('consumeFromWhere', options.consumeFromWhere, fromWheres)
    this.#startedAt = new Date(now)
    this.#timestamp =
      options.consumeTimestamp === undefined
        ? new Date(now - halfAnHourMs)
        : parseTimestamp(options.consumeTimestamp)
  }

  /** What heartbeats say. */
  get fromWhere(): ConsumeFromWhere {
    if (this.#from === undefined) return this.#fromWhere
    if (this.#from === 'earliest') return 'CONSUME_FROM_FIRST_OFFSET'
    return this.#from === 'latest' ? 'CONSUME_FROM_LAST_OFFSET' : 'CONSUME_FROM_TIMESTAMP'
  }

  /** All queues of a topic; the first call for it tells which are no newcomers. */
  seen(topic: string, queues: readonly MessageQueue[]): void {
    if (!this.#present.has(topic)) this.#present.set(topic, new Set(queues.map(queueKey)))
  }

  /**
   * The kept offset, else where the group begins. `chosen`: the client chose it, so it has to be kept, lest another
   * member chooses anew. Rejects with BROKER_ERROR and the errors of calls.
   */
  async of(queue: MessageQueue): Promise<{ offset: number; chosen: boolean }> {
    const kept = await this.#offsets.read(queue)
    if (kept !== undefined) return { offset: kept, chosen: false }
    if (this.#from !== undefined)
      return { offset: await this.#ask(queue, this.#from), chosen: !isRetryTopic(queue.topic) }
    const offset = await this.#byTable(queue)
    if (offset < 0)
      throw new AerobeeError('BROKER_ERROR', `Found unexpected result ${offset}`, {
        retryable: true,
        responseCode: responseCodes.SYSTEM_ERROR,
      })
    return { offset, chosen: false }
  }

  /** Retry topics begin at 0. A queue that came later than this consumer has nothing older that counts. */
  async #ask(queue: MessageQueue, from: ConsumeFrom): Promise<number> {
    if (isRetryTopic(queue.topic)) return 0
    if (from === 'earliest') return minOffset(this.#instance, queue)
    if (from !== 'latest') return offsetByTime(this.#instance, queue, from)
    if (this.#present.get(queue.topic)?.has(queueKey(queue)) ?? true) return maxOffset(this.#instance, queue)
    return offsetByTime(this.#instance, queue, this.#startedAt)
  }

  async #byTable(queue: MessageQueue): Promise<number> {
    const retry = isRetryTopic(queue.topic)
    switch (this.#fromWhere) {
      case 'CONSUME_FROM_LAST_OFFSET':
        return retry ? 0 : maxOffset(this.#instance, queue)
      case 'CONSUME_FROM_FIRST_OFFSET':
        return 0
      case 'CONSUME_FROM_TIMESTAMP':
        return retry ? maxOffset(this.#instance, queue) : offsetByTime(this.#instance, queue, this.#timestamp)
    }
  }
}

function checkFrom(from: ConsumeFrom | undefined): ConsumeFrom | undefined {
  const isTime = from instanceof Date && !Number.isNaN(from.getTime())
  if (from === undefined || from === 'earliest' || from === 'latest' || isTime) return from
  throw new AerobeeError('INVALID_ARGUMENT', `from is ${String(from)}: give 'earliest', 'latest' or a Date`)
}

/** `yyyyMMddHHmmss` in local time. */
function parseTimestamp(text: string): Date {
  const parts = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})$/.exec(text)?.slice(1).map(Number)
  if (!parts)
    throw new AerobeeError(
      'INVALID_ARGUMENT',
      `consumeTimestamp is invalid, the valid format is yyyyMMddHHmmss,but received ${text}`,
    )
  const [year, month, day, hour, minute, second] = parts as [number, number, number, number, number, number]
  return new Date(year, month - 1, day, hour, minute, second)
}
