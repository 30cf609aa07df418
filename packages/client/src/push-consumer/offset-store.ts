import { commands, responseCodes } from '@aerobee/wire'
import { expectSuccess } from '../answers.js'
import type { ClientInstance } from '../client-instance.js'
import { type MessageQueue, queueKey } from '../route.js'

/** Offsets of a clustering group: kept by the broker, gathered here between two commits. */
export class OffsetStore {
  readonly #instance: ClientInstance
  readonly #group: string
  readonly #offsets = new Map<string, { queue: MessageQueue; offset: number; committed: number }>()

  constructor(instance: ClientInstance, group: string) {
    this.#instance = instance
    this.#group = group
  }

  /** What the broker has; undefined when it has none. Rejects with BROKER_ERROR and the errors of calls. */
  async fetch(queue: MessageQueue): Promise<number | undefined> {
    const { pool, callTimeoutMs } = this.#instance
    const address = await this.#instance.masterAddress(queue)
    const answer = await pool.call(
      address,
      commands.queryConsumerOffset,
      {
        consumerGroup: this.#group,
        topic: queue.topic,
        queueId: queue.queueId,
        setZeroIfNotFound: false,
        brokerName: queue.brokerName,
      },
      { timeoutMs: callTimeoutMs },
    )
    if (answer.code === responseCodes.QUERY_NOT_FOUND) return undefined
    return expectSuccess(answer, `Asking for the offset of group ${this.#group}`, address).offset
  }

  /** In memory; never moves back. */
  advance(queue: MessageQueue, offset: number): void {
    const key = queueKey(queue)
    const entry = this.#offsets.get(key)
    if (!entry) this.#offsets.set(key, { queue, offset, committed: -1 })
    else if (offset > entry.offset) entry.offset = offset
  }

  known(queue: MessageQueue): number | undefined {
    return this.#offsets.get(queueKey(queue))?.offset
  }

  forget(queue: MessageQueue): void {
    this.#offsets.delete(queueKey(queue))
  }

  /** Commits what changed, of all queues or of one. Failures stay for the next time. */
  async commit(only?: MessageQueue): Promise<void> {
    const wanted = only && queueKey(only)
    const due = [...this.#offsets].filter(
      ([key, entry]) => entry.offset !== entry.committed && (wanted === undefined || key === wanted),
    )
    const results = await Promise.allSettled(due.map(([, entry]) => this.#commitOne(entry)))
    for (const result of results)
      if (result.status === 'rejected' && !this.#instance.closed)
        this.#instance.logger.warn(`committing an offset of group ${this.#group} failed: ${result.reason}`)
  }

  async #commitOne(entry: { queue: MessageQueue; offset: number; committed: number }): Promise<void> {
    const { queue, offset } = entry
    const address = await this.#instance.masterAddress(queue)
    const answer = await this.#instance.pool.call(
      address,
      commands.updateConsumerOffset,
      {
        consumerGroup: this.#group,
        topic: queue.topic,
        queueId: queue.queueId,
        commitOffset: offset,
        brokerName: queue.brokerName,
      },
      { timeoutMs: this.#instance.callTimeoutMs },
    )
    expectSuccess(answer, `Committing offset ${offset} of group ${this.#group}`, address)
    entry.committed = offset
  }
}
