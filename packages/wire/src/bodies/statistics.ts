import { bodyCodec } from './body-codec.js'
import { type MessageQueue, messageQueueShape } from './common.js'
import { type ConsumeStats, consumeStatsShape } from './offsets.js'
import { decimal, integerOr, list, mapOf, maybeText, or, record, text, textKey } from './shape.js'

/** Figures that brokers keep or compute for administrators (reference: request-codes A.2). */

/** 315: of one span. */
export interface StatsFigures {
  readonly avgpt: number
  readonly sum: number
  readonly tps: number
}
export interface BrokerStatsData {
  readonly statsDay: StatsFigures
  readonly statsHour: StatsFigures
  readonly statsMinute: StatsFigures
}
const double = or(decimal, () => 0)
const statsFigures = record<StatsFigures>({ avgpt: double, sum: integerOr(0), tps: double })
export const brokerStatsData = bodyCodec(
  'BrokerStatsData',
  record<BrokerStatsData>({ statsDay: statsFigures, statsHour: statsFigures, statsMinute: statsFigures }),
)

/** 317. */
export interface ConsumeStatsList {
  readonly brokerAddr?: string | undefined
  /** One table a group: group -> figures, one for each of its topics. */
  readonly consumeStatsList: readonly ReadonlyMap<string, readonly ConsumeStats[]>[]
  readonly totalDiff: number
  readonly totalInflightDiff: number
}
export const consumeStatsList = bodyCodec(
  'ConsumeStatsList',
  record<ConsumeStatsList>({
    brokerAddr: maybeText,
    consumeStatsList: or(list(mapOf(textKey, list(consumeStatsShape))), () => []),
    totalDiff: integerOr(0),
    totalInflightDiff: integerOr(0),
  }),
)

/** 303: times of storing, wall ms, each also as local time. */
export interface QueueTimeSpan {
  readonly consumeTimeStamp: number
  readonly consumeTimeStampStr?: string | undefined
  /** Age of the first message that is not consumed, ms. */
  readonly delayTime: number
  readonly maxTimeStamp: number
  readonly maxTimeStampStr?: string | undefined
  readonly messageQueue: MessageQueue
  readonly minTimeStamp: number
  readonly minTimeStampStr?: string | undefined
}
export interface ConsumeTimeSpans {
  readonly consumeTimeSpanSet: readonly QueueTimeSpan[]
}
export const consumeTimeSpans = bodyCodec<ConsumeTimeSpans>(
  'QueryConsumeTimeSpanBody',
  record({
    consumeTimeSpanSet: or(
      list(
        record<QueueTimeSpan>({
          consumeTimeStamp: integerOr(0),
          consumeTimeStampStr: maybeText,
          delayTime: integerOr(0),
          maxTimeStamp: integerOr(0),
          maxTimeStampStr: maybeText,
          messageQueue: messageQueueShape,
          minTimeStamp: integerOr(0),
          minTimeStampStr: maybeText,
        }),
      ),
      () => [],
    ),
  }),
)

/** 328. */
export interface ProducerInfo {
  readonly clientId: string
  readonly language: string
  /** Wall ms of its last heartbeat. */
  readonly lastUpdateTimestamp: number
  /** `/host:port` */
  readonly remoteIP: string
  readonly version: number
}
export interface ProducerTable {
  /** group -> its producers. */
  readonly data: ReadonlyMap<string, readonly ProducerInfo[]>
}
export const producerTable = bodyCodec<ProducerTable>(
  'ProducerTableInfo',
  record({
    data: or(
      mapOf(
        textKey,
        list(
          record<ProducerInfo>({
            clientId: text,
            language: or(text, () => 'OTHER'),
            lastUpdateTimestamp: integerOr(0),
            remoteIP: or(text, () => ''),
            version: integerOr(0),
          }),
        ),
      ),
      () => new Map(),
    ),
  }),
)
