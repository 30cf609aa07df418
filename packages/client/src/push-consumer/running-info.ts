import { MiB } from '@aerobee/base'
import type { bodies } from '@aerobee/wire'
import type { ClientInstance } from '../client-instance.js'
import type { ConsumerStatistics } from '../statistics.js'
import type { PushConsumerOptions, PushConsumerSettings } from './options.js'
import type { ProcessQueue } from './process-queue.js'

export interface RunningInfoParts {
  instance: ClientInstance
  options: PushConsumerOptions
  settings: PushConsumerSettings
  orderly: boolean
  startedAtWallMs: number
  subscriptions: Iterable<bodies.SubscriptionData>
  processQueues: readonly ProcessQueue[]
  statistics: ConsumerStatistics
  runningListeners: number
  jstack: boolean
}

/** What request 307 is answered with (reference: client-behaviour 11). */
export function runningInfo(parts: RunningInfoParts): bodies.ConsumerRunningInfo {
  const { instance, statistics, processQueues, settings } = parts
  const { clock } = instance.surroundings
  const wallOffset = clock.wallMs() - clock.monoMs()
  const subscriptionSet = [...parts.subscriptions]
  return {
    ...(parts.jstack && { jstack: `one event loop, ${parts.runningListeners} listener(s) at work\n` }),
    mqPopTable: [],
    mqTable: processQueues.map((one) => [one.queue, queueInfo(one, wallOffset)] as const),
    properties: {
      ...optionTexts({ ...parts.options, ...settings }),
      PROP_CLIENT_VERSION: 'V5_3_3',
      PROP_CONSUMEORDERLY: String(parts.orderly),
      PROP_CONSUMER_START_TIMESTAMP: String(parts.startedAtWallMs),
      PROP_CONSUME_TYPE: 'CONSUME_PASSIVELY',
      PROP_NAMESERVER_ADDR: instance.nameServers.addresses.map((address) => `${address};`).join(''),
      PROP_THREADPOOL_CORE_SIZE: String(settings.consumeThreadMax),
    },
    statusTable: new Map(subscriptionSet.map(({ topic }) => [topic, statistics.status(topic)])),
    subscriptionSet,
    userConsumerInfo: {},
  }
}

function queueInfo(one: ProcessQueue, wallOffset: number): bodies.ProcessQueueInfo {
  return {
    cachedMsgCount: one.count - one.takenCount,
    cachedMsgMaxOffset: one.maxOffset ?? 0,
    cachedMsgMinOffset: one.minOffset ?? 0,
    cachedMsgSizeInMiB: Math.floor(one.bytes / MiB),
    commitOffset: one.slot.offset,
    droped: one.dropped,
    lastConsumeTimestamp: Math.round(one.lastConsumeMonoMs + wallOffset),
    lastLockTimestamp: Math.round(one.lastLockMonoMs + wallOffset),
    lastPullTimestamp: Math.round(one.lastPullMonoMs + wallOffset),
    locked: one.locked,
    transactionMsgCount: one.takenCount,
    transactionMsgMaxOffset: one.takenMaxOffset ?? 0,
    transactionMsgMinOffset: one.takenMinOffset ?? 0,
    tryUnlockTimes: one.tryUnlockTimes,
  }
}

/** Options that are plain values; never credentials. */
export function optionTexts(options: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(options)
      .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
      .map(([name, value]) => [name, String(value)]),
  )
}
