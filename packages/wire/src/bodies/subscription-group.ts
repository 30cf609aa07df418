import { bodyCodec } from './body-codec.js'
import { type DataVersion, dataVersionShape, noDataVersion } from './common.js'
import { type SubscriptionData, subscriptionDataShape } from './heartbeat.js'
import {
  flagOr,
  integer,
  integerOr,
  list,
  mapOf,
  maybe,
  maybeText,
  oneOf,
  or,
  record,
  text,
  textKey,
  textTable,
} from './shape.js'

/** Settings of consumer groups (reference: request-codes A.2). */
export interface GroupRetryPolicy {
  readonly customizedRetryPolicy?: { readonly next: readonly number[] } | undefined
  readonly exponentialRetryPolicy?:
    | { readonly initial: number; readonly max: number; readonly multiplier: number }
    | undefined
  readonly type: 'EXPONENTIAL' | 'CUSTOMIZED'
}

/** What a simple consumer of 5.x subscribed to. */
export interface SimpleSubscriptionData {
  readonly expression: string | undefined
  readonly expressionType: string | undefined
  readonly topic: string
  readonly version: number
}

export interface SubscriptionGroupConfig {
  readonly attributes: Readonly<Record<string, string>>
  readonly brokerId: number
  readonly consumeBroadcastEnable: boolean
  readonly consumeEnable: boolean
  readonly consumeFromMinEnable: boolean
  readonly consumeMessageOrderly: boolean
  readonly consumeTimeoutMinute: number
  readonly groupName: string
  readonly groupRetryPolicy: GroupRetryPolicy
  readonly groupSysFlag: number
  readonly notifyConsumerIdsChangedEnable: boolean
  readonly retryMaxTimes: number
  readonly retryQueueNums: number
  readonly subscriptionDataSet?: readonly SimpleSubscriptionData[] | undefined
  readonly whichBrokerWhenConsumeSlowly: number
}

const retryPolicy = record<GroupRetryPolicy>({
  customizedRetryPolicy: maybe(record<{ next: readonly number[] }>({ next: or(list(integer), () => []) })),
  exponentialRetryPolicy: maybe(
    record<{ initial: number; max: number; multiplier: number }>({
      initial: integerOr(5000),
      max: integerOr(7_200_000),
      multiplier: integerOr(2),
    }),
  ),
  type: oneOf(['EXPONENTIAL', 'CUSTOMIZED'], 'CUSTOMIZED'),
})

export const subscriptionGroupConfigShape = record<SubscriptionGroupConfig>({
  attributes: or(textTable, () => ({})),
  brokerId: integerOr(0),
  consumeBroadcastEnable: flagOr(true),
  consumeEnable: flagOr(true),
  consumeFromMinEnable: flagOr(true),
  consumeMessageOrderly: flagOr(false),
  consumeTimeoutMinute: integerOr(15),
  groupName: text,
  groupRetryPolicy: or(retryPolicy, () => ({ type: 'CUSTOMIZED' })),
  groupSysFlag: integerOr(0),
  notifyConsumerIdsChangedEnable: flagOr(true),
  retryMaxTimes: integerOr(16),
  retryQueueNums: integerOr(1),
  subscriptionDataSet: maybe(
    list(
      record<SimpleSubscriptionData>({
        expression: maybeText,
        expressionType: maybeText,
        topic: text,
        version: integerOr(0),
      }),
    ),
  ),
  whichBrokerWhenConsumeSlowly: integerOr(1),
})

/** 200 and 352. */
export const subscriptionGroupConfig = bodyCodec('SubscriptionGroupConfig', subscriptionGroupConfigShape)

/** 225. */
export interface SubscriptionGroupList {
  readonly groupConfigList: readonly SubscriptionGroupConfig[]
}
export const subscriptionGroupList = bodyCodec<SubscriptionGroupList>(
  'SubscriptionGroupList',
  record({ groupConfigList: list(subscriptionGroupConfigShape) }),
)

/** 345: undefined when neither members nor recent pulls of the group subscribe to the topic. */
export interface QueriedSubscription {
  readonly group: string
  readonly subscriptionData?: SubscriptionData | undefined
  readonly topic?: string | undefined
}
export const queriedSubscription = bodyCodec(
  'QuerySubscriptionResponseBody',
  record<QueriedSubscription>({
    group: text,
    subscriptionData: maybe(subscriptionDataShape),
    topic: maybeText,
  }),
)

/** 353: whether a group may read a topic. */
export interface GroupForbidden {
  readonly group: string
  readonly readable: boolean
  readonly topic: string
}
export const groupForbidden = bodyCodec(
  'GroupForbidden',
  record<GroupForbidden>({ group: text, readable: flagOr(true), topic: text }),
)

/** 201. */
export interface SubscriptionGroupTable {
  readonly dataVersion: DataVersion
  /** group -> topic -> bits that forbid; absent from older brokers. */
  readonly forbiddenTable?: ReadonlyMap<string, ReadonlyMap<string, number>> | undefined
  readonly subscriptionGroupTable: ReadonlyMap<string, SubscriptionGroupConfig>
}
export const subscriptionGroupTable = bodyCodec(
  'SubscriptionGroupWrapper',
  record<SubscriptionGroupTable>({
    dataVersion: or(dataVersionShape, noDataVersion),
    forbiddenTable: maybe(mapOf(textKey, mapOf(textKey, integer))),
    subscriptionGroupTable: or(mapOf(textKey, subscriptionGroupConfigShape), () => new Map()),
  }),
)
