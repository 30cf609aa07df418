import type { QueueOffset } from '@aerobee/base'

interface PendingReset {
  readonly offset: QueueOffset
  /** Connections that were sent there. */
  readonly told: Set<number>
}

/**
 * Resets that the consumers have not followed yet, by `topic@group` and queue. Each connection that pulls elsewhere
 * is sent to the new offset once, until one pulls there: while a queue changes hands two consumers pull it, and the
 * one that keeps it must hear of the reset.
 */
export class PendingResets {
  readonly #byKey = new Map<string, Map<number, PendingReset>>()

  get none(): boolean {
    return this.#byKey.size === 0
  }

  offset(key: string, queueId: number): QueueOffset | undefined {
    return this.#byKey.get(key)?.get(queueId)?.offset
  }

  set(key: string, queueId: number, offset: QueueOffset): void {
    let queues = this.#byKey.get(key)
    if (!queues) {
      queues = new Map()
      this.#byKey.set(key, queues)
    }
    queues.set(queueId, { offset, told: new Set() })
  }

  /** Where a pull that begins at `pullOffset` is to go instead; undefined when it may go on. */
  redirect(
    key: string,
    queueId: number,
    connectionId: number,
    pullOffset: QueueOffset,
  ): QueueOffset | undefined {
    const queues = this.#byKey.get(key)
    const pending = queues?.get(queueId)
    if (!queues || !pending) return undefined
    if (pullOffset !== pending.offset && !pending.told.has(connectionId)) {
      pending.told.add(connectionId)
      return pending.offset
    }
    // Followed; or the consumer knows of it and seeks elsewhere.
    queues.delete(queueId)
    if (queues.size === 0) this.#byKey.delete(key)
    return undefined
  }

  deleteWhere(matches: (key: string) => boolean): void {
    for (const key of this.#byKey.keys()) if (matches(key)) this.#byKey.delete(key)
  }
}
