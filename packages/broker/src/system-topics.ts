import {
  isSystemTopic,
  memberTopicOf,
  permInherit,
  permRead,
  permWrite,
  replyTopicOf,
  reviveTopicOf,
  systemTopicNames,
} from '@aerobee/wire'
import type { BrokerConfig } from './config-keys.js'

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

/** Topics that a broker has without anybody creating them (reference: wire 3.8). */
export function systemTopics(settings: SystemTopicSettings): SystemTopic[] {
  const { brokerClusterName: cluster, brokerName: broker } = settings
  const inherited = (enabled: boolean) => permInherit | (enabled ? readWrite : 0)
  const plain = (name: string, queues: number): SystemTopic => ({ name, queues, perm: readWrite })
  return [
    plain(systemTopicNames.selfTest, 1),
    ...(settings.autoCreateTopicEnable
      ? [{ name: systemTopicNames.autoCreate, queues: settings.defaultTopicQueueNums, perm: inherited(true) }]
      : []),
    plain(systemTopicNames.benchmark, 1024),
    { name: cluster, queues: 16, perm: inherited(settings.clusterTopicEnable) },
    { name: broker, queues: 1, perm: inherited(settings.brokerTopicEnable) },
    plain(systemTopicNames.offsetMoved, 1),
    plain(systemTopicNames.schedule, 18),
    ...(settings.traceTopicEnable ? [plain(settings.msgTraceTopicName, 1)] : []),
    plain(replyTopicOf(cluster), 1),
    plain(reviveTopicOf(cluster), 8),
    { name: memberTopicOf(broker), queues: 1, perm: permInherit },
    plain(systemTopicNames.transactionHalf, 1),
    plain(systemTopicNames.transactionOperation, 1),
    plain(systemTopicNames.timer, 1),
  ]
}

/** A test whether a topic belongs to the broker itself: never created, changed or deleted by users. */
export function systemTopicTest(
  settings: BrokerIdentity & Pick<SystemTopicSettings, 'traceTopicEnable' | 'msgTraceTopicName'>,
): (topic: string) => boolean {
  const { brokerClusterName: cluster, brokerName: broker, traceTopicEnable, msgTraceTopicName } = settings
  const own = new Set([
    cluster,
    broker,
    replyTopicOf(cluster),
    ...(traceTopicEnable ? [msgTraceTopicName] : []),
  ])
  return (topic) => isSystemTopic(topic) || own.has(topic)
}
