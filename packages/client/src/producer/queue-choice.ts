import { javaHash } from '@aerobee/base'
import type { MessageQueue } from '../route.js'

/** Queues in turn, from a random start; after a failure one of another broker (reference: client-behaviour 2.5). */
export class QueueChoice {
  #at: number

  constructor(start: number) {
    this.#at = start
  }

  startAt(start: number): void {
    this.#at = start
  }

  choose(queues: readonly MessageQueue[], avoidBroker: string | undefined): MessageQueue {
    if (avoidBroker === undefined) return this.next(queues)
    return this.find(queues, (queue) => queue.brokerName !== avoidBroker) ?? this.next(queues)
  }

  /** The first in turn that will do, of as many as there are. */
  find(queues: readonly MessageQueue[], accepts: (queue: MessageQueue) => boolean): MessageQueue | undefined {
    for (let i = 0; i < queues.length; i++) {
      const queue = this.next(queues)
      if (accepts(queue)) return queue
    }
    return undefined
  }

  next(queues: readonly MessageQueue[]): MessageQueue {
    this.#at = (this.#at + 1) % 0x7fff_ffff
    return queues[this.#at % queues.length]!
  }
}

/** The queue of a sharding key: Java's hash, so that producers in every language agree. */
export const queueOfKey = (queues: readonly MessageQueue[], shardingKey: string): MessageQueue =>
  queues[Math.abs(javaHash(shardingKey) % queues.length)]!
