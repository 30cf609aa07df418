import { MiB } from '@aerobee/base'
import type { bodies } from '@aerobee/wire'
import type { ClientInstance } from '../client-instance.js'
import { optionTexts } from '../push-consumer/running-info.js'
import type { LiteQueue } from './lite-queue.js'
import type { LitePullConsumerOptions, LitePullSettings } from './options.js'

/** What request 307 is answered with: no order, no listeners, no figures (reference: client-behaviour 11). */
export function runningInfo(parts: {
  instance: ClientInstance
  options: LitePullConsumerOptions
  settings: LitePullSettings
  startedAtWallMs: number
  subscriptions: Iterable<bodies.SubscriptionData>
  queues: readonly LiteQueue[]
}): bodies.ConsumerRunningInfo {
  const { instance, options, settings } = parts
  const { clock } = instance.surroundings
  const wallOffset = clock.wallMs() - clock.monoMs()
  return {
    mqPopTable: [],
    mqTable: parts.queues.map((lite) => [lite.queue, queueInfo(lite, wallOffset)] as const),
    properties: {
      ...optionTexts({ ...options, ...settings }),
      PROP_CLIENT_VERSION: 'V5_3_3',
      PROP_CONSUMER_START_TIMESTAMP: String(parts.startedAtWallMs),
      PROP_CONSUME_TYPE: 'CONSUME_ACTIVELY',
      PROP_NAMESERVER_ADDR: instance.nameServers.addresses.map((address) => `${address};`).join(''),
    },
    statusTable: new Map(),
    subscriptionSet: [...parts.subscriptions],
    userConsumerInfo: {},
  }
}

function queueInfo(lite: LiteQueue, wallOffset: number): bodies.ProcessQueueInfo {
  return {
    cachedMsgCount: lite.count,
    cachedMsgMaxOffset: 0,
    cachedMsgMinOffset: 0,
    cachedMsgSizeInMiB: Math.floor(lite.bytes / MiB),
    commitOffset: lite.slot.offset,
    droped: lite.dropped,
    lastConsumeTimestamp: 0,
    lastLockTimestamp: 0,
    lastPullTimestamp: Math.round(lite.lastPullMonoMs + wallOffset),
    locked: false,
    transactionMsgCount: 0,
    transactionMsgMaxOffset: 0,
    transactionMsgMinOffset: 0,
    tryUnlockTimes: 0,
  }
}
