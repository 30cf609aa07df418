import { errorText, sleep } from '@aerobee/base'
import type { Subscription } from '@aerobee/filter'
import type { ClientInstance } from '../client-instance.js'
import type { RoleEvents } from '../events.js'
import { advanceOffset, freezeOffset, type OffsetTable } from '../offsets/offset-table.js'
import { GroupMembers } from '../rebalance/members.js'
import { type ShareOptions, shareOf, shareOutEach } from '../rebalance/share.js'
import type { AllocateStrategy } from '../rebalance/strategy.js'
import { type MessageQueue, queueKey } from '../route.js'
import type { PullRequest } from './message-request.js'
import { ProcessQueue } from './process-queue.js'
import type { QueueLocks } from './queue-locks.js'
import type { StartOffsets } from './start-offset.js'

/** ms (reference: client-behaviour 4, 8.2). */
const firstPullDelayMs = 500
const lockAgainDelayMs = 500
const consumeLockWaitMs = 500
const unlockDelayMs = 20_000

export interface AssignmentOptions {
  instance: ClientInstance
  group: string
  offsets: OffsetTable
  starts: StartOffsets
  strategy: AllocateStrategy
  subscriptions: ReadonlyMap<string, Subscription>
  broadcasting: boolean
  /** The broker shares the queues out. */
  byBroker: boolean
  events: RoleEvents
  /** Of orderly consumers in a clustering group. */
  locks: QueueLocks | undefined
  paused(): boolean
  submitLater(request: PullRequest, delayMs: number): void
  later(delayMs: number, run: () => void): void
  /** Asks for another run soon. */
  wake(): void
  /** The queues of a topic are other ones now. */
  onChange(topic: string, all: readonly MessageQueue[], own: readonly MessageQueue[]): void
}

interface Held {
  processQueue: ProcessQueue
  request: PullRequest
  /** It goes, as soon as its listener lets it. */
  leaving: boolean
}

/** The queues this member holds, and how they come and go (reference: client-behaviour 8.2). */
export class Assignment {
  readonly #options: AssignmentOptions
  readonly #share: ShareOptions
  readonly #held = new Map<string, Held>()
  #stopped = false

  constructor(options: AssignmentOptions) {
    this.#options = options
    const { instance, group } = options
    this.#share = { ...options, members: new GroupMembers(instance, group), stopped: () => this.#stopped }
  }

  get processQueues(): ProcessQueue[] {
    return [...this.#held.values()].map((held) => held.processQueue)
  }

  /** Takes no queue any more, and ends every pull under way. */
  stop(): void {
    this.#stopped = true
    for (const held of this.#held.values()) held.request.stop.abort()
  }

  /** After this the results of listeners are ignored. */
  dropAll(): ProcessQueue[] {
    const all = this.processQueues
    for (const processQueue of all) processQueue.dropped = true
    this.#held.clear()
    return all
  }

  /** Whether every topic has the queues it should have. */
  async shareOut(): Promise<boolean> {
    const { subscriptions, paused } = this.#options
    if (paused()) return false
    const balanced = await shareOutEach([...subscriptions.keys()], this.#share, (topic) =>
      this.#shareOutTopic(topic),
    )
    const forgotten = [...this.#held.values()].filter((held) => !subscriptions.has(held.request.queue.topic))
    const gone = await Promise.all(forgotten.map((held) => this.#drop(held)))
    return balanced && gone.every(Boolean)
  }

  /** The broker's correction counts at once (reference: client-behaviour 4.2, OFFSET_ILLEGAL). */
  async correctOffset(request: PullRequest): Promise<void> {
    const { offsets, instance, wake } = this.#options
    const { queue, processQueue, nextOffset } = request
    processQueue.clear()
    freezeOffset(processQueue.slot, nextOffset)
    await offsets.save(queue)
    if (this.#held.get(queueKey(queue))?.processQueue === processQueue) this.#held.delete(queueKey(queue))
    if (offsets.slot(queue) === processQueue.slot) offsets.forget(queue)
    instance.logger.warn(`fix the pull request offset, queue ${queueKey(queue)} goes on at ${nextOffset}`)
    wake()
  }

  /** Queues go on at the offsets given, which may lie before what was consumed. */
  async reset(topic: string, wanted: readonly (readonly [MessageQueue, number])[]): Promise<void> {
    const { offsets } = this.#options
    const due = wanted.filter(([queue]) => queue.topic === topic && this.#held.has(queueKey(queue)))
    // Before anything is waited for, so that whoever saves meanwhile saves these.
    for (const [queue, offset] of due) {
      const { processQueue, request } = this.#held.get(queueKey(queue))!
      processQueue.dropped = true
      processQueue.clear()
      request.stop.abort()
      freezeOffset(processQueue.slot, offset)
    }
    for (const [queue] of due) {
      await offsets.save(queue)
      offsets.forget(queue)
      this.#held.delete(queueKey(queue))
    }
  }

  async #shareOutTopic(topic: string): Promise<boolean> {
    const { starts } = this.#options
    const share = await shareOf(this.#share, topic)
    if (typeof share === 'string') return share === 'none'
    starts.seen(topic, share.all)
    return this.#exchange(topic, share.all, share.own)
  }

  async #exchange(
    topic: string,
    all: readonly MessageQueue[],
    own: readonly MessageQueue[],
  ): Promise<boolean> {
    const { instance, locks, later, wake, onChange } = this.#options
    const now = instance.surroundings.clock.monoMs()
    const wanted = new Set(own.map(queueKey))
    const leaving = [...this.#held.values()].filter(({ request, processQueue, leaving }) => {
      if (request.queue.topic !== topic) return false
      if (!wanted.has(queueKey(request.queue)) || leaving) return true
      // Dropped without leaving: its offset is being corrected.
      if (processQueue.dropped || !processQueue.pullExpired(now)) return false
      instance.logger.error(
        `[BUG]doRebalance, ${this.#options.group}, remove unnecessary mq, ${queueKey(request.queue)}, because pull is pause, so try to fixed it`,
      )
      return true
    })
    const gone = await Promise.all(leaving.map((held) => this.#drop(held)))
    const missing = own.filter((queue) => !this.#held.has(queueKey(queue)))
    const taken = await Promise.all(missing.map((queue) => this.#take(queue)))
    if (this.#stopped) return false
    if (locks && taken.includes(false)) later(lockAgainDelayMs, wake)
    if (gone.includes(true) || taken.includes(true)) onChange(topic, all, own)
    return gone.every(Boolean) && taken.every(Boolean)
  }

  /** False when the queue has to wait for the next run. */
  async #take(queue: MessageQueue): Promise<boolean> {
    const { instance, offsets, starts, locks } = this.#options
    if (this.#stopped) return false
    if (locks && !(await locks.lock(queue))) {
      instance.logger.warn(
        `doRebalance, ${this.#options.group}, add a new mq failed, ${queueKey(queue)}, because lock failed`,
      )
      return false
    }
    offsets.forget(queue)
    try {
      const { offset, chosen } = await starts.of(queue)
      if (this.#stopped) {
        await locks?.unlock(queue)
        return false
      }
      this.#hold(queue, offset, chosen)
      if (chosen) await offsets.save(queue)
      return true
    } catch (thrown) {
      if (this.#stopped) return false
      instance.logger.warn(`queue ${queueKey(queue)} is left for now: ${errorText(thrown)}`)
      this.#options.events.emit('error', thrown, 'rebalance')
      return false
    }
  }

  #hold(queue: MessageQueue, offset: number, chosen: boolean): void {
    const { instance, group, offsets, locks, submitLater } = this.#options
    const slot = offsets.slot(queue)
    if (chosen) advanceOffset(slot, offset)
    const processQueue = new ProcessQueue(queue, slot, instance.surroundings.clock.monoMs())
    processQueue.locked = locks !== undefined
    const request: PullRequest = {
      mode: 'PULL',
      group,
      queue,
      processQueue,
      stop: new AbortController(),
      nextOffset: offset,
      previouslyLocked: false,
      brokerId: 0,
    }
    this.#held.set(queueKey(queue), { processQueue, request, leaving: false })
    submitLater(request, firstPullDelayMs)
  }

  /** Saves what is finished and lets the queue go. False when a listener has to end first. */
  async #drop(held: Held): Promise<boolean> {
    const { offsets, locks } = this.#options
    const { processQueue, request } = held
    const { queue } = request
    processQueue.dropped = true
    held.leaving = true
    request.stop.abort()
    await offsets.save(queue)
    if (locks) {
      if (!(await this.#listenerEnded(processQueue))) {
        processQueue.tryUnlockTimes++
        return false
      }
      await offsets.save(queue)
      processQueue.locked = false
      await locks.unlock(queue)
    }
    if (this.#held.get(queueKey(queue)) === held) {
      offsets.forget(queue)
      this.#held.delete(queueKey(queue))
    }
    return true
  }

  /** Waits half a second; a listener that hangs does not keep the lock for ever. */
  async #listenerEnded(processQueue: ProcessQueue): Promise<boolean> {
    const { clock } = this.#options.instance.surroundings
    if (processQueue.listening === undefined) return true
    if (clock.monoMs() > processQueue.lastLockMonoMs + unlockDelayMs) return true
    const enough = new AbortController()
    const ended = await Promise.race([
      processQueue.listening.then(() => true),
      sleep(clock, consumeLockWaitMs, enough.signal).then(
        () => false,
        () => false,
      ),
    ])
    enough.abort()
    return ended
  }
}
