import type { bodies } from '@aerobee/wire'
import type { RoleEvents } from './events.js'
import type { ReceivedMessage } from './received-message.js'
import type { MessageQueue } from './route.js'

/** A half message whose producer has to say how its transaction ended. */
export interface CheckRequest {
  message: ReceivedMessage
  /** `host:port` of the broker that asks. */
  address: string
  brokerName: string | undefined
  topic: string
  tranStateTableOffset: number
  commitLogOffset: number
  transactionId: string | undefined
}

/**
 * What a role tells the brokers about itself, and wants to hear: the client's side of commands 39, 40, 220, 221, 307, 309
 * and 326 (reference: client-behaviour 1.6). Topics and groups are the real ones, with their namespace.
 */
export interface Role {
  /** Who listens to what happens in the background. */
  readonly events?: RoleEvents
  readonly producerGroup?: string
  readonly consumerGroup?: string
  consumerData?(): bodies.ConsumerData
  /** Topics whose route is kept fresh. */
  topics(): Iterable<string>
  /** Members of the group, or the route of a topic, changed. */
  onGroupChange?(): void
  /** Offsets in memory of a topic's queues. */
  offsets?(topic: string): (readonly [MessageQueue, number])[]
  resetOffsets?(topic: string, offsets: readonly (readonly [MessageQueue, number])[]): void
  runningInfo?(jstack: boolean): bodies.ConsumerRunningInfo
  consumeDirectly?(message: ReceivedMessage): Promise<bodies.ConsumeMessageDirectlyResult>
  checkTransaction?(request: CheckRequest): void
  /** Whether the reply was for a request of this role. */
  takeReply?(reply: ReceivedMessage): boolean
  close(): Promise<void>
}
