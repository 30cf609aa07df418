import type { ClientInstance } from '../client-instance.js'
import type { RoleEvents } from '../events.js'
import { advanceOffset, type OffsetTable, setOffset } from '../offsets/offset-table.js'
import { GroupMembers } from '../rebalance/members.js'
import { type ShareOptions, shareOf, shareOutEach } from '../rebalance/share.js'
import type { AllocateStrategy } from '../rebalance/strategy.js'
import { type MessageQueue, queueKey } from '../route.js'
import type { BatchCache } from './batch-cache.js'
import type { LitePulls } from './lite-pulls.js'
import { LiteQueue } from './lite-queue.js'

export interface LiteQueuesOptions {
  instance: ClientInstance
  group: string
  offsets: OffsetTable
  strategy: AllocateStrategy
  broadcasting: boolean
  /** Whether what was consumed is saved without being told to. */
  autoCommit: boolean
  cache: BatchCache
  events: RoleEvents
  pulls: LitePulls
  topics(): Iterable<string>
  /** All queues of a topic, when it was shared out. */
  seen(topic: string, all: readonly MessageQueue[]): void
  onChange(topic: string, all: readonly MessageQueue[], own: readonly MessageQueue[]): void
}

/** The queues this consumer reads: its share of subscribed topics, or those it was assigned. */
export class LiteQueues {
  readonly #options: LiteQueuesOptions
  readonly #share: ShareOptions
  readonly #held = new Map<string, LiteQueue>()
  readonly #running = new Set<Promise<void>>()
  #assigned = false
  #stopped = false

  constructor(options: LiteQueuesOptions) {
    this.#options = options
    const { instance, group } = options
    const stopped = () => this.#stopped || this.#assigned
    this.#share = { ...options, members: new GroupMembers(instance, group), stopped }
  }

  get all(): LiteQueue[] {
    return [...this.#held.values()]
  }

  get(queue: MessageQueue): LiteQueue | undefined {
    return this.#held.get(queueKey(queue))
  }

  /** Whether every topic has the queues it should have. */
  async shareOut(): Promise<boolean> {
    const topics = new Set(this.#options.topics())
    const balanced = await shareOutEach(topics, this.#share, (topic) => this.#shareOutTopic(topic))
    for (const lite of this.all)
      if (!this.#share.stopped() && !topics.has(lite.queue.topic)) await this.#drop(lite)
    return balanced
  }

  /** In place of what there is; nothing is shared out any more. */
  async assign(queues: readonly MessageQueue[]): Promise<void> {
    this.#assigned = true
    const wanted = new Set(queues.map(queueKey))
    for (const lite of this.all) if (!wanted.has(queueKey(lite.queue))) await this.#drop(lite)
    for (const queue of queues) if (!this.#held.has(queueKey(queue))) this.#take(queue)
  }

  /** What was handed out counts as consumed. */
  finishHanded(): void {
    for (const lite of this.#held.values()) lite.finishHanded()
  }

  /** What was consumed is to be saved. */
  commit(): void {
    for (const lite of this.#held.values()) if (lite.consumed >= 0) setOffset(lite.slot, lite.consumed)
  }

  /** Ends every pull; resolves when none is under way. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const lite of this.all) lite.drop()
    await Promise.all(this.#running)
  }

  async #shareOutTopic(topic: string): Promise<boolean> {
    const { onChange, seen } = this.#options
    const share = await shareOf(this.#share, topic)
    if (this.#stopped || typeof share === 'string') return share === 'none'
    seen(topic, share.all)
    const wanted = new Set(share.own.map(queueKey))
    const leaving = this.all.filter((lite) => lite.queue.topic === topic && !wanted.has(queueKey(lite.queue)))
    for (const lite of leaving) await this.#drop(lite)
    const missing = share.own.filter((queue) => !this.#held.has(queueKey(queue)))
    for (const queue of missing) this.#take(queue)
    if (leaving.length + missing.length > 0) onChange(topic, share.all, share.own)
    return true
  }

  #take(queue: MessageQueue): void {
    const { instance, offsets, pulls } = this.#options
    if (this.#stopped) return
    offsets.forget(queue)
    const lite = new LiteQueue(queue, offsets.slot(queue), instance.surroundings.clock.monoMs())
    this.#held.set(queueKey(queue), lite)
    const running = pulls.run(lite).finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** What was committed is saved; what was handed out comes again, to whoever reads the queue then. */
  async #drop(lite: LiteQueue): Promise<void> {
    const { offsets, cache, autoCommit } = this.#options
    lite.drop()
    cache.purge()
    if (autoCommit && lite.consumed >= 0) advanceOffset(lite.slot, lite.consumed)
    await offsets.save(lite.queue)
    if (this.#held.get(queueKey(lite.queue)) !== lite) return
    this.#held.delete(queueKey(lite.queue))
    offsets.forget(lite.queue)
  }
}
