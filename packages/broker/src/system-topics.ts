import type { BrokerConfig } from './config-keys.js'
import { permInherit, permRead, permWrite } from './perm.js'

/** Topics that a broker has without anybody creating them (reference: wire 3.8). */
export const defaultTopic = 'TBW102'
export const scheduleTopic = 'SCHEDULE_TOPIC_XXXX'
export const halfTopic = 'RMQ_SYS_TRANS_HALF_TOPIC'
export const operationTopic = 'RMQ_SYS_TRANS_OP_HALF_TOPIC'
export const retryPrefix = '%RETRY%'
export const dlqPrefix = '%DLQ%'
const systemPrefix = 'rmq_sys_'

const fixedSystemTopics: ReadonlySet<string> = new Set([
  defaultTopic,
  scheduleTopic,
  'BenchmarkTest',
  halfTopic,
  'RMQ_SYS_TRACE_TOPIC',
  operationTopic,
  'TRANS_CHECK_MAX_TIME_TOPIC',
  'SELF_TEST_TOPIC',
  'OFFSET_MOVED_EVENT',
])

/** Clients may not send to these (reference: broker-behaviour 3.1, check 10). */
const closedToSends: ReadonlySet<string> = new Set([
  scheduleTopic,
  halfTopic,
  operationTopic,
  'TRANS_CHECK_MAX_TIME_TOPIC',
  'SELF_TEST_TOPIC',
  'OFFSET_MOVED_EVENT',
])

export const isClosedToSends = (topic: string): boolean => closedToSends.has(topic)
export const isRetryTopic = (topic: string): boolean => topic.startsWith(retryPrefix)
export const isDlqTopic = (topic: string): boolean => topic.startsWith(dlqPrefix)
export const retryTopicOf = (group: string): string => retryPrefix + group
export const dlqTopicOf = (group: string): string => dlqPrefix + group

export type BrokerIdentity = Pick<BrokerConfig, 'brokerClusterName' | 'brokerName'>
export type SystemTopicSettings = BrokerIdentity &
  Pick<
    BrokerConfig,
    | 'autoCreateTopicEnable'
    | 'defaultTopicQueueNums'
    | 'clusterTopicEnable'
    | 'brokerTopicEnable'
    | 'traceTopicEnable'
    | 'msgTraceTopicName'
  >

export interface SystemTopic {
  name: string
  queues: number
  perm: number
}

const readWrite = permRead | permWrite

export function systemTopics(settings: SystemTopicSettings): SystemTopic[] {
  const { brokerClusterName: cluster, brokerName: broker } = settings
  const inherited = (enabled: boolean) => permInherit | (enabled ? readWrite : 0)
  const plain = (name: string, queues: number): SystemTopic => ({ name, queues, perm: readWrite })
  return [
    plain('SELF_TEST_TOPIC', 1),
    ...(settings.autoCreateTopicEnable
      ? [{ name: defaultTopic, queues: settings.defaultTopicQueueNums, perm: inherited(true) }]
      : []),
    plain('BenchmarkTest', 1024),
    { name: cluster, queues: 16, perm: inherited(settings.clusterTopicEnable) },
    { name: broker, queues: 1, perm: inherited(settings.brokerTopicEnable) },
    plain('OFFSET_MOVED_EVENT', 1),
    plain(scheduleTopic, 18),
    ...(settings.traceTopicEnable ? [plain(settings.msgTraceTopicName, 1)] : []),
    plain(`${cluster}_REPLY_TOPIC`, 1),
    plain(`${systemPrefix}REVIVE_LOG_${cluster}`, 8),
    { name: `${systemPrefix}SYNC_BROKER_MEMBER_${broker}`, queues: 1, perm: permInherit },
    plain(halfTopic, 1),
    plain(operationTopic, 1),
    plain(`${systemPrefix}wheel_timer`, 1),
  ]
}

/** A test whether a topic belongs to the broker itself: never created, changed or deleted by users. */
export function systemTopicTest(identity: BrokerIdentity): (topic: string) => boolean {
  const { brokerClusterName: cluster, brokerName: broker } = identity
  const names = new Set([...fixedSystemTopics, cluster, broker, `${cluster}_REPLY_TOPIC`])
  return (topic) => topic.startsWith(systemPrefix) || names.has(topic)
}
