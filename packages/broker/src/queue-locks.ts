import type { Clock, MonoMs } from '@aerobee/base'
import type { bodies } from '@aerobee/wire'

interface Lock {
  clientId: string
  /** Over which it was taken or renewed last. */
  connection: object | undefined
  takenAtMonoMs: MonoMs
}

/** A lock that nobody renewed for this long is free (upstream's default). */
export const lockLifeMs = 60_000

/**
 * Which client of a group consumes a queue in order (reference: broker-behaviour 7). Kept in memory only: a lock
 * is renewed every 20 s by its holder, and is free after 60 s of silence or when the holder's connection closes.
 */
export class QueueLocks {
  readonly #clock: Clock
  readonly #groups = new Map<string, Map<string, Lock>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The queues that the client holds afterwards. */
  lock(
    group: string,
    clientId: string,
    queues: readonly bodies.MessageQueue[],
    connection?: object,
  ): bodies.MessageQueue[] {
    if (queues.length === 0) return []
    let locks = this.#groups.get(group)
    if (!locks) {
      locks = new Map()
      this.#groups.set(group, locks)
    }
    const now = this.#clock.monoMs()
    const held: bodies.MessageQueue[] = []
    for (const queue of queues) {
      const key = keyOf(queue)
      const lock = locks.get(key)
      if (lock && lock.clientId !== clientId && !expired(lock, now)) continue
      locks.set(key, { clientId, connection, takenAtMonoMs: now })
      held.push(queue)
    }
    return held
  }

  /** Locks of other clients stay. */
  unlock(group: string, clientId: string, queues: readonly bodies.MessageQueue[]): void {
    const locks = this.#groups.get(group)
    if (!locks) return
    for (const queue of queues) {
      const key = keyOf(queue)
      if (locks.get(key)?.clientId === clientId) locks.delete(key)
    }
    if (locks.size === 0) this.#groups.delete(group)
  }

  /** The client at the end of the connection is gone: what it held is free at once. */
  release(group: string, connection: object): void {
    const locks = this.#groups.get(group)
    if (!locks) return
    for (const [key, lock] of locks) if (lock.connection === connection) locks.delete(key)
    if (locks.size === 0) this.#groups.delete(group)
  }

  /** Whether anybody of the group consumes in order now. */
  anyHeld(group: string): boolean {
    const locks = this.#groups.get(group)
    if (!locks) return false
    const now = this.#clock.monoMs()
    for (const lock of locks.values()) if (!expired(lock, now)) return true
    return false
  }

  /** Forgets what has expired, so that names of past groups do not pile up. */
  sweep(): void {
    const now = this.#clock.monoMs()
    for (const [group, locks] of this.#groups) {
      for (const [key, lock] of locks) if (expired(lock, now)) locks.delete(key)
      if (locks.size === 0) this.#groups.delete(group)
    }
  }
}

const expired = (lock: Lock, now: MonoMs) => now - lock.takenAtMonoMs > lockLifeMs

const keyOf = (queue: bodies.MessageQueue) => `${queue.topic}@${queue.brokerName}@${queue.queueId}`
