import { type Clock, limits, type MonoMs, type QueueOffset, type Timer } from '@aerobee/base'
import type { Connection } from '@aerobee/net'

/** A pull that waits for messages. What happens on wake-up is the pull handler's. */
export interface HeldPull {
  readonly connection: Connection
  readonly topic: string
  readonly queueId: number
  /** Wake when the queue's end passes this. */
  offset: QueueOffset
  readonly expiresAtMonoMs: MonoMs
  /** Answers the pull, or holds it again. */
  wake(): void
  /** Answers the pull with what there is. */
  expire(): void
}

/** Deadlines are kept to this, so that thousands of pulls of a client share one look. */
const graceMs = 50
/** Pulls of closed connections are dropped at least this often. */
const sweepAtLeastEveryMs = 5_000

/**
 * Pulls held for their queue (reference: broker-behaviour 4.4). One timer stands for all deadlines. Pulls of a
 * closed connection are dropped when their queue grows or at the next sweep.
 */
export class LongPoll {
  readonly #clock: Clock
  readonly #topics = new Map<string, Map<number, HeldPull[]>>()
  #held = 0
  #timer: Timer | undefined
  #timerAtMonoMs: MonoMs = 0
  #stopped = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get held(): number {
    return this.#held
  }

  hold(pull: HeldPull): void {
    if (this.#stopped) {
      pull.expire()
      return
    }
    let queues = this.#topics.get(pull.topic)
    if (!queues) {
      queues = new Map()
      this.#topics.set(pull.topic, queues)
    }
    const pulls = queues.get(pull.queueId)
    if (pulls) pulls.push(pull)
    else queues.set(pull.queueId, [pull])
    this.#held++
    this.#armFor(pull.expiresAtMonoMs)
  }

  /** The queue has grown to `maxOffset`. */
  arrived(topic: string, queueId: number, maxOffset: QueueOffset): void {
    const queues = this.#topics.get(topic)
    const pulls = queues?.get(queueId)
    if (!queues || !pulls) return
    // Taken out before any wakes: a pull that wakes may hold itself again.
    queues.delete(queueId)
    if (queues.size === 0) this.#topics.delete(topic)
    this.#held -= pulls.length
    for (const pull of pulls) {
      if (pull.connection.state === 'closed') continue
      if (pull.offset < maxOffset) pull.wake()
      else this.hold(pull)
    }
  }

  /** Answers all at once, or all of one topic: its queues go. */
  expireAll(topic?: string): void {
    const names = topic === undefined ? [...this.#topics.keys()] : [topic]
    for (const name of names) {
      const queues = this.#topics.get(name)
      if (!queues) continue
      this.#topics.delete(name)
      for (const pulls of queues.values()) {
        this.#held -= pulls.length
        for (const pull of pulls) pull.expire()
      }
    }
    if (this.#held === 0) this.#disarm()
  }

  /** Answers all that are held, and from now on every other at once. */
  stop(): void {
    this.#stopped = true
    this.expireAll()
  }

  #armFor(atMonoMs: MonoMs): void {
    const now = this.#clock.monoMs()
    const at = Math.min(atMonoMs + graceMs, now + sweepAtLeastEveryMs)
    if (this.#timer && this.#timerAtMonoMs <= at) return
    this.#timer?.cancel()
    this.#timerAtMonoMs = at
    this.#timer = this.#clock.after(Math.max(0, at - now), () => this.#sweep(), { background: true })
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #sweep(): void {
    this.#timer = undefined
    const now = this.#clock.monoMs()
    const due: HeldPull[] = []
    let earliest = Number.POSITIVE_INFINITY
    for (const [topic, queues] of this.#topics) {
      for (const [queueId, pulls] of queues) {
        let kept = 0
        for (const pull of pulls) {
          if (pull.connection.state === 'closed') continue
          if (pull.expiresAtMonoMs <= now) {
            due.push(pull)
            continue
          }
          pulls[kept++] = pull
          if (pull.expiresAtMonoMs < earliest) earliest = pull.expiresAtMonoMs
        }
        this.#held -= pulls.length - kept
        pulls.length = kept
        if (kept === 0) queues.delete(queueId)
      }
      if (queues.size === 0) this.#topics.delete(topic)
    }
    if (this.#held > 0) this.#armFor(earliest)
    for (const pull of due) pull.expire()
  }
}

/** Longest hold we grant, whatever the client asks: its pull must end before its connection counts as idle. */
export const longestHoldMs = limits.idleCloseMs
