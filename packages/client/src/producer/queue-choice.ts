import { javaHash } from '@aerobee/base'
import type { MessageQueue } from '../route.js'

/** Queues in turn, from a random start; after a failure one of another broker (reference: client-behaviour 2.5). */
export class QueueChoice {
  #next: number

  constructor(start: number) {
    this.#next = start
  }

  choose(queues: readonly MessageQueue[], avoidBroker: string | undefined): MessageQueue {
    for (let i = 0; i < queues.length; i++) {
      const queue = this.#turn(queues)
      if (queue.brokerName !== avoidBroker) return queue
    }
    return this.#turn(queues)
  }

  #turn(queues: readonly MessageQueue[]): MessageQueue {
    this.#next = (this.#next + 1) % 0x7fff_ffff
    return queues[this.#next % queues.length]!
  }
}

/** The queue of a sharding key: Java's hash, so that producers in every language agree. */
export const queueOfKey = (queues: readonly MessageQueue[], shardingKey: string): MessageQueue =>
  queues[Math.abs(javaHash(shardingKey) % queues.length)]!
