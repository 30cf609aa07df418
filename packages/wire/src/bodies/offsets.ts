import { bodyCodec } from './body-codec.js'
import { type ByQueue, byQueue } from './by-queue.js'
import { type DataVersion, dataVersionShape, type MessageQueue } from './common.js'
import { type SubscriptionData, subscriptionDataShape } from './heartbeat.js'
import {
  decimal,
  flagOr,
  integer,
  integerKey,
  integerOr,
  list,
  mapOf,
  maybe,
  maybeText,
  or,
  record,
  text,
  textKey,
} from './shape.js'

/** Offsets of queues and groups (reference: request-codes A.2). */

/** 43, and the file consumerOffset.json. */
export interface ConsumerOffsetTable {
  readonly dataVersion?: DataVersion | undefined
  /** group -> topics; derived from the offsets, left out of files. */
  readonly groupTopicMap?: ReadonlyMap<string, readonly string[]> | undefined
  /** topic@group -> queue id -> offset. */
  readonly offsetTable: ReadonlyMap<string, ReadonlyMap<number, number>>
}
export const consumerOffsetTable = bodyCodec(
  'ConsumerOffsetSerializeWrapper',
  record<ConsumerOffsetTable>({
    dataVersion: maybe(dataVersionShape),
    groupTopicMap: maybe(mapOf(textKey, list(text))),
    offsetTable: or(mapOf(textKey, mapOf(integerKey, integer)), () => new Map()),
  }),
)

/** 208. */
export interface ConsumeStats {
  readonly consumeTps: number
  readonly offsetTable: ByQueue<{
    readonly brokerOffset: number
    readonly consumerOffset: number
    readonly lastTimestamp: number
    readonly pullOffset: number
  }>
}
export const consumeStatsShape = record<ConsumeStats>({
  consumeTps: or(decimal, () => 0),
  offsetTable: byQueue(
    record<ConsumeStats['offsetTable'][number][1]>({
      brokerOffset: integerOr(0),
      consumerOffset: integerOr(0),
      lastTimestamp: integerOr(0),
      pullOffset: integerOr(0),
    }),
  ),
})
export const consumeStats = bodyCodec('ConsumeStats', consumeStatsShape)

/** 202. */
export interface TopicStatsTable {
  readonly offsetTable: ByQueue<{
    readonly lastUpdateTimestamp: number
    readonly maxOffset: number
    readonly minOffset: number
  }>
  readonly topicPutTps: number
}
export const topicStatsTable = bodyCodec(
  'TopicStatsTable',
  record<TopicStatsTable>({
    offsetTable: byQueue(
      record<TopicStatsTable['offsetTable'][number][1]>({
        lastUpdateTimestamp: integerOr(0),
        maxOffset: integerOr(0),
        minOffset: integerOr(0),
      }),
    ),
    topicPutTps: or(decimal, () => 0),
  }),
)

/** 220, 222. Clients other than Java need the `fastjson` form here (reference: wire 3.4). */
export interface ResetOffset {
  readonly offsetTable: ByQueue<number>
}
export const resetOffset = bodyCodec<ResetOffset>(
  'ResetOffsetBody',
  record({ offsetTable: byQueue(integer) }),
)

/** 220 for C++ clients, which want a list. */
export interface ResetOffsetList {
  readonly offsetTable: readonly (MessageQueue & { readonly offset: number })[]
}
export const resetOffsetList = bodyCodec<ResetOffsetList>(
  'ResetOffsetBodyForC',
  record({
    offsetTable: or(
      list(
        record<ResetOffsetList['offsetTable'][number]>({
          brokerName: text,
          offset: integer,
          queueId: integer,
          topic: text,
        }),
      ),
      () => [],
    ),
  }),
)

/** 221, 223. */
export interface ConsumerStatus {
  /** client id -> queue -> offset; from brokers. */
  readonly consumerTable: ReadonlyMap<string, ByQueue<number>>
  /** queue -> offset; from clients. */
  readonly messageQueueTable: ByQueue<number>
}
export const consumerStatus = bodyCodec(
  'GetConsumerStatusBody',
  record<ConsumerStatus>({
    consumerTable: or(mapOf(textKey, byQueue(integer)), () => new Map()),
    messageQueueTable: byQueue(integer),
  }),
)

/** 308: queue id -> offset. */
export interface CorrectionOffsets {
  readonly correctionOffsets: ReadonlyMap<number, number>
}
export const correctionOffsets = bodyCodec<CorrectionOffsets>(
  'QueryCorrectionOffsetBody',
  record({ correctionOffsets: or(mapOf(integerKey, integer), () => new Map()) }),
)

/** 321. */
export interface ConsumeQueueView {
  readonly filterData?: string | undefined
  readonly maxQueueIndex: number
  readonly minQueueIndex: number
  readonly queueData: readonly {
    readonly bitMap?: string | undefined
    readonly eval: boolean
    readonly extendDataJson?: string | undefined
    readonly msg?: string | undefined
    readonly physicOffset: number
    readonly physicSize: number
    readonly tagsCode: number
  }[]
  readonly subscriptionData?: SubscriptionData | undefined
}
export const consumeQueueView = bodyCodec(
  'QueryConsumeQueueResponseBody',
  record<ConsumeQueueView>({
    filterData: maybeText,
    maxQueueIndex: integerOr(0),
    minQueueIndex: integerOr(0),
    queueData: or(
      list(
        record<ConsumeQueueView['queueData'][number]>({
          bitMap: maybeText,
          eval: flagOr(false),
          extendDataJson: maybeText,
          msg: maybeText,
          physicOffset: integerOr(0),
          physicSize: integerOr(0),
          tagsCode: integerOr(0),
        }),
      ),
      () => [],
    ),
    subscriptionData: maybe(subscriptionDataShape),
  }),
)
