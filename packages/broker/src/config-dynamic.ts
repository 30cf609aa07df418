import type { ConfigTable } from '@aerobee/base'

/**
 * Keys without effect here that RocketMQ lets change at run time (reference: broker-behaviour 1.8): a change is kept
 * and answered, as it is when a configuration file holds one.
 */
const names = `allAckInSyncStateSet cgColdReadThreshold coldDataFlowControlEnable
  defaultMessageRequestMode defaultPopShareQueueNum enablePopBufferMerge enablePopLog enableRetryTopicV2
  globalColdReadThreshold inSyncReplicas minInSyncReplicas osPageCacheBusyTimeOutMills popFromRetryProbability
  retrieveMessageFromPopRetryTopicV1 reviveInterval reviveScanTime serverLoadBalancerEnable
  slaveTimeout timerEnableRetryUntilSuccess
  waitTimeMillsInAckQueue waitTimeMillsInAdminBrokerQueue waitTimeMillsInHeartbeatQueue
  waitTimeMillsInLitePullQueue waitTimeMillsInPullQueue waitTimeMillsInTransactionQueue`

/** The table with these keys marked as dynamic. */
export function withDynamicKeys<T extends ConfigTable>(table: T): T {
  const dynamic = new Set(names.split(/\s+/))
  const marked = Object.entries(table).map(([name, key]) => [
    name,
    dynamic.has(name) ? { ...key, dynamic: true } : key,
  ])
  return Object.fromEntries(marked) as T
}

/** Never answered: RocketMQ keeps its authentication apart, and some of these hold passwords. */
export const hiddenKeys: ReadonlySet<string> = new Set([
  'authConfigPath',
  'authenticationEnabled',
  'authenticationProvider',
  'authorizationEnabled',
  'authorizationProvider',
  'initAuthenticationUser',
  'innerClientAuthenticationCredentials',
])
