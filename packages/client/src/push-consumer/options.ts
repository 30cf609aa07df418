import { oneOf } from '../given.js'
import type { ConsumeMessageHook, FilterMessageHook } from '../hooks.js'
import type { ClientOptions } from '../options.js'
import { rangedOptions } from '../ranged-options.js'
import type { AllocateStrategy } from '../rebalance/strategy.js'
import type { MessageQueue } from '../route.js'
import type { ConsumeFrom } from './start-offset.js'

export const messageModels = ['CLUSTERING', 'BROADCASTING'] as const
export type MessageModel = (typeof messageModels)[number]

/** Reference: client-behaviour 3.4. */
export type ConsumeFromWhere =
  | 'CONSUME_FROM_LAST_OFFSET'
  | 'CONSUME_FROM_FIRST_OFFSET'
  | 'CONSUME_FROM_TIMESTAMP'

/** What consumers of every kind take (reference: client-behaviour 3.1, 3.4). */
export interface GroupConsumerOptions extends ClientOptions {
  consumerGroup: string
  /**
   * CLUSTERING: the members of the group share the messages. BROADCASTING: each gets all, and keeps
   * its offsets in a file named by its address, instanceName and group. Default CLUSTERING.
   */
  messageModel?: MessageModel
  /**
   * Where a group without offsets begins, whatever the broker would guess. Without it consumeFromWhere counts, as in
   * Java.
   */
  from?: ConsumeFrom
  /** As in Java, whose brokers let a new group read young queues from their start. Default CONSUME_FROM_LAST_OFFSET. */
  consumeFromWhere?: ConsumeFromWhere
  /** For CONSUME_FROM_TIMESTAMP: local time as `yyyyMMddHHmmss`. Default: half an hour before the start. */
  consumeTimestamp?: string
  /** How queues are shared out; the same at every member. Default: allocateAveragely. */
  allocateMessageQueueStrategy?: AllocateStrategy
}

/** Reference: client-behaviour 3.1. Times in ms and sizes in bytes, unless the text says otherwise. */
export interface PushConsumerOptions extends GroupConsumerOptions {
  /** Listeners that run at once. Default 20, at most 1000. */
  consumeThreadMax?: number
  /** Messages of one call of a batch listener. Default 1, at most 1024. */
  consumeMessageBatchMaxSize?: number
  /** Messages of one pull. Default 32, at most 1024. */
  pullBatchSize?: number
  /** Bytes of one pull. Default 262144. */
  pullBatchSizeInBytes?: number
  /** Pause between two pulls of a queue. Default 0, at most 65535. */
  pullInterval?: number
  /** Messages kept of one queue before pulling it waits. Default 1000, at most 65535. */
  pullThresholdForQueue?: number
  /** MiB kept of one queue before pulling it waits. Default 100, at most 1024. */
  pullThresholdSizeForQueue?: number
  /** Messages kept of all queues of one topic; the queues share it. Default -1: off. */
  pullThresholdForTopic?: number
  /** MiB kept of all queues of one topic. Default -1: off. */
  pullThresholdSizeForTopic?: number
  /** Offsets between the first and the last message kept of one queue. Default 2000, at most 65535. Not when orderly. */
  consumeConcurrentlyMaxSpan?: number
  /** Send the filter expression with every pull. Default false: the broker has it from the heartbeat. */
  postSubscriptionWhenPull?: boolean
  /** After so many failed deliveries a message goes to the dead letters. Default -1: 16, or no limit when orderly. */
  maxReconsumeTimes?: number
  /** How long a queue waits after an orderly listener failed. Default 1000, 10 to 30000. */
  suspendCurrentQueueTimeMillis?: number
  /** Minutes after which a listener that still runs is given up. Default 15. Not when orderly. */
  consumeTimeout?: number
  /** How long close() waits for listeners. Default 10000. */
  awaitTerminationMillisWhenShutdown?: number
  /** Wait so long before an offset that the broker corrected counts, as clients before 5.2 do. Default 0. */
  correctOffsetDelayMillis?: number
  /**
   * false: a broker says which queues are this consumer's, as all members of the group must have it. Not when orderly or
   * broadcasting. Default true: the members share them out.
   */
  clientRebalance?: boolean
  /** Directory of the offsets of broadcasting groups. Default `~/.rocketmq_offsets`. */
  localOffsetStoreDir?: string
  consumeMessageHooks?: readonly ConsumeMessageHook[]
  filterMessageHooks?: readonly FilterMessageHook[]
  /** Called when the queues of this consumer have changed: all of the topic, and its own. */
  messageQueueListener?: (topic: string, all: readonly MessageQueue[], own: readonly MessageQueue[]) => void
}

type Numbers = {
  [K in keyof PushConsumerOptions]-?: NonNullable<PushConsumerOptions[K]> extends number ? K : never
}[keyof PushConsumerOptions]

/** Default, smallest and largest value. */
const ranges = {
  consumeThreadMax: [20, 1, 1000],
  consumeMessageBatchMaxSize: [1, 1, 1024],
  pullBatchSize: [32, 1, 1024],
  pullBatchSizeInBytes: [262_144, 1, 0x7fff_ffff],
  pullInterval: [0, 0, 65_535],
  pullThresholdForQueue: [1000, 1, 65_535],
  pullThresholdSizeForQueue: [100, 1, 1024],
  pullThresholdForTopic: [-1, 1, 6_553_500],
  pullThresholdSizeForTopic: [-1, 1, 102_400],
  consumeConcurrentlyMaxSpan: [2000, 1, 65_535],
  maxReconsumeTimes: [-1, -1, 0x7fff_ffff],
  suspendCurrentQueueTimeMillis: [1000, 10, 30_000],
  consumeTimeout: [15, 1, 0x7fff_ffff],
  awaitTerminationMillisWhenShutdown: [10_000, 0, 0x7fff_ffff],
  correctOffsetDelayMillis: [0, 0, 0x7fff_ffff],
} as const satisfies Partial<Record<Numbers, readonly [number, number, number]>>

type Ranged = keyof typeof ranges

/** The options with their defaults. Thresholds of queues change when those of topics are shared out anew. */
export type PushConsumerSettings = Record<Ranged, number> & {
  messageModel: MessageModel
  postSubscriptionWhenPull: boolean
}

/** Throws AerobeeError INVALID_ARGUMENT. */
export function pushConsumerSettings(options: PushConsumerOptions): PushConsumerSettings {
  const numbers = rangedOptions(ranges, options)
  return {
    ...numbers,
    messageModel: oneOf('messageModel', options.messageModel, messageModels),
    postSubscriptionWhenPull: options.postSubscriptionWhenPull ?? false,
  }
}

/** The offset file of a broadcasting consumer is found again by a client id that does not change. */
export function fixedInstanceName<Options extends ClientOptions & { messageModel?: MessageModel }>(
  options: Options,
): Options {
  if (options.messageModel !== 'BROADCASTING') return options
  return { ...options, instanceName: options.instanceName ?? 'DEFAULT' }
}
