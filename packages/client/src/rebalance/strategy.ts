import type { MessageQueue } from '../route.js'

/** What a strategy shares out, and among whom. Queues and members are sorted, the same for every member. */
export interface Allocation {
  group: string
  /** Client id of this member; one of `members`. */
  own: string
  queues: readonly MessageQueue[]
  members: readonly string[]
}

/** Says which queues are this member's. Every member must come to results that fit together. */
export interface AllocateStrategy {
  /** As brokers know it. */
  readonly name: string
  /** A throw leaves everything as it is. */
  allocate(allocation: Allocation): readonly MessageQueue[]
}
