import { AerobeeError } from '@aerobee/base'
import { buildSubscription, type Subscription } from '@aerobee/filter'
import { oneOf } from '../given.js'
import { type GroupConsumerOptions, type MessageModel, messageModels } from '../push-consumer/options.js'
import { rangedOptions } from '../ranged-options.js'
import type { MessageQueue } from '../route.js'

/** Reference: client-behaviour 10. Times in ms. */
export interface LitePullConsumerOptions extends GroupConsumerOptions {
  /** Whether poll() and iteration save what was consumed. Default true. */
  autoCommit?: boolean
  /** Default 5000, at least 1000. */
  autoCommitIntervalMillis?: number
  /** How long poll() waits. Default 5000. */
  pollTimeoutMillis?: number
  /** Messages of one pull. Default 10. */
  pullBatchSize?: number
  /** Messages kept of all queues. Default 10000. */
  pullThresholdForAll?: number
  /** Messages kept of one queue. Default 1000. */
  pullThresholdForQueue?: number
  /** MiB kept of one queue. Default 100. */
  pullThresholdSizeForQueue?: number
  /** Offsets between the first and the last message kept of one queue. Default 2000. */
  consumeMaxSpan?: number
  /** How long the broker holds a pull that finds nothing. Default 20000. */
  brokerSuspendMaxTimeMillis?: number
  /** Deadline of such a pull. Default 30000, not below brokerSuspendMaxTimeMillis. */
  consumerTimeoutMillisWhenSuspend?: number
  /** How often the queues of topics are compared for listeners. Default 30000. */
  topicMetadataCheckIntervalMillis?: number
  /** Tags of what assign() names. Default `*`. */
  subExpressionForAssign?: string
  /** Directory of the offsets of broadcasting groups. Default `~/.rocketmq_offsets`. */
  localOffsetStoreDir?: string
  /** Called when the queues of this consumer have changed: all of the topic, and its own. */
  messageQueueListener?: (topic: string, all: readonly MessageQueue[], own: readonly MessageQueue[]) => void
}

/** Default, smallest and largest value. */
const ranges = {
  autoCommitIntervalMillis: [5000, 1000, 0x7fff_ffff],
  pollTimeoutMillis: [5000, 0, 0x7fff_ffff],
  pullBatchSize: [10, 1, 1024],
  pullThresholdForAll: [10_000, 1, 0x7fff_ffff],
  pullThresholdForQueue: [1000, 1, 65_535],
  pullThresholdSizeForQueue: [100, 1, 1024],
  consumeMaxSpan: [2000, 1, 65_535],
  brokerSuspendMaxTimeMillis: [20_000, 1, 0x7fff_ffff],
  consumerTimeoutMillisWhenSuspend: [30_000, 1, 0x7fff_ffff],
  topicMetadataCheckIntervalMillis: [30_000, 1000, 0x7fff_ffff],
} as const satisfies Partial<Record<keyof LitePullConsumerOptions, readonly [number, number, number]>>

type Ranged = keyof typeof ranges

export type LitePullSettings = Record<Ranged, number> & { autoCommit: boolean; messageModel: MessageModel }

/** Throws AerobeeError INVALID_ARGUMENT. */
export function litePullSettings(options: LitePullConsumerOptions): LitePullSettings {
  const numbers = rangedOptions(ranges, options)
  if (numbers.consumerTimeoutMillisWhenSuspend < numbers.brokerSuspendMaxTimeMillis)
    throw new AerobeeError(
      'INVALID_ARGUMENT',
      'Long polling mode, the consumer consumerTimeoutMillisWhenSuspend must greater than brokerSuspendMaxTimeMillis',
    )
  return {
    ...numbers,
    autoCommit: options.autoCommit ?? true,
    messageModel: oneOf('messageModel', options.messageModel, messageModels),
  }
}

/** What assign() reads of a topic. Throws AerobeeError INVALID_ARGUMENT. */
export function assignedSubscription(
  topic: string,
  { subExpressionForAssign = '*' }: Pick<LitePullConsumerOptions, 'subExpressionForAssign'>,
): Subscription {
  const built = buildSubscription(topic, subExpressionForAssign)
  if (!built.ok) throw new AerobeeError('INVALID_ARGUMENT', `subExpressionForAssign: ${built.reason}`)
  return built.value
}
