import { bodyCodec } from './body-codec.js'
import { type ByQueue, byQueue } from './by-queue.js'
import { type SubscriptionData, subscriptionDataShape } from './heartbeat.js'
import {
  decimal,
  flagOr,
  integerOr,
  list,
  mapOf,
  maybeText,
  or,
  record,
  text,
  textKey,
  textTable,
} from './shape.js'

/** What consumers tell about themselves (reference: request-codes A.2). */
export interface ProcessQueueInfo {
  readonly cachedMsgCount: number
  readonly cachedMsgMaxOffset: number
  readonly cachedMsgMinOffset: number
  readonly cachedMsgSizeInMiB: number
  readonly commitOffset: number
  /** Spelled so by every peer. */
  readonly droped: boolean
  readonly lastConsumeTimestamp: number
  readonly lastLockTimestamp: number
  readonly lastPullTimestamp: number
  readonly locked: boolean
  readonly transactionMsgCount: number
  readonly transactionMsgMaxOffset: number
  readonly transactionMsgMinOffset: number
  readonly tryUnlockTimes: number
}

export interface PopProcessQueueInfo {
  readonly droped: boolean
  readonly lastPopTimestamp: number
  readonly waitAckCount: number
}

export interface ConsumeStatus {
  readonly consumeFailedMsgs: number
  readonly consumeFailedTPS: number
  readonly consumeOKTPS: number
  /** Mean ms to consume a message. */
  readonly consumeRT: number
  /** Mean ms to pull. */
  readonly pullRT: number
  readonly pullTPS: number
}

/** 307. */
export interface ConsumerRunningInfo {
  /** Stacks of the client's threads, when asked for. */
  readonly jstack?: string | undefined
  readonly mqPopTable: ByQueue<PopProcessQueueInfo>
  readonly mqTable: ByQueue<ProcessQueueInfo>
  readonly properties: Readonly<Record<string, string>>
  /** topic -> figures. */
  readonly statusTable: ReadonlyMap<string, ConsumeStatus>
  readonly subscriptionSet: readonly SubscriptionData[]
  readonly userConsumerInfo: Readonly<Record<string, string>>
}

const double = or(decimal, () => 0)

export const consumerRunningInfo = bodyCodec(
  'ConsumerRunningInfo',
  record<ConsumerRunningInfo>({
    jstack: maybeText,
    mqPopTable: byQueue(
      record<PopProcessQueueInfo>({
        droped: flagOr(false),
        lastPopTimestamp: integerOr(0),
        waitAckCount: integerOr(0),
      }),
    ),
    mqTable: byQueue(
      record<ProcessQueueInfo>({
        cachedMsgCount: integerOr(0),
        cachedMsgMaxOffset: integerOr(0),
        cachedMsgMinOffset: integerOr(0),
        cachedMsgSizeInMiB: integerOr(0),
        commitOffset: integerOr(0),
        droped: flagOr(false),
        lastConsumeTimestamp: integerOr(0),
        lastLockTimestamp: integerOr(0),
        lastPullTimestamp: integerOr(0),
        locked: flagOr(false),
        transactionMsgCount: integerOr(0),
        transactionMsgMaxOffset: integerOr(0),
        transactionMsgMinOffset: integerOr(0),
        tryUnlockTimes: integerOr(0),
      }),
    ),
    properties: or(textTable, () => ({})),
    statusTable: or(
      mapOf(
        textKey,
        record<ConsumeStatus>({
          consumeFailedMsgs: integerOr(0),
          consumeFailedTPS: double,
          consumeOKTPS: double,
          consumeRT: double,
          pullRT: double,
          pullTPS: double,
        }),
      ),
      () => new Map(),
    ),
    subscriptionSet: or(list(subscriptionDataShape), () => []),
    userConsumerInfo: or(textTable, () => ({})),
  }),
)

/** 309. */
export interface ConsumeMessageDirectlyResult {
  readonly autoCommit: boolean
  /** CR_SUCCESS, CR_LATER, CR_ROLLBACK, CR_COMMIT, CR_THROW_EXCEPTION or CR_RETURN_NULL. */
  readonly consumeResult: string
  readonly order: boolean
  readonly remark?: string | undefined
  readonly spentTimeMills: number
}
export const consumeMessageDirectlyResult = bodyCodec(
  'ConsumeMessageDirectlyResult',
  record<ConsumeMessageDirectlyResult>({
    autoCommit: flagOr(true),
    consumeResult: text,
    order: flagOr(false),
    remark: maybeText,
    spentTimeMills: integerOr(0),
  }),
)
