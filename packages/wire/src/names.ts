import { limits } from '@aerobee/base'

/**
 * Names as peers, files and users give them: the only place that says which are legal. A legal topic or group is
 * safe as a folder name: no separator, no dot, no control character (reference: wire 3.6, broker-behaviour 3.1).
 */
const legalChars = /^[%|a-zA-Z0-9_-]+$/
const charsText = '^[%|a-zA-Z0-9_-]+$'

/**
 * undefined when the topic is legal, else upstream's remark. Topics that users name have at most 127 characters;
 * retry topics made by a broker may have up to 255, give `maxChars` then.
 */
export function topicNameFault(topic: string, maxChars: number = limits.topicNameChars): string | undefined {
  if (topic.trim() === '') return 'The specified topic is blank.'
  if (!legalChars.test(topic))
    return `The specified topic contains illegal characters, allowing only ${charsText}`
  if (topic.length > maxChars) return 'The specified topic is longer than topic max length.'
  return undefined
}

export const isTopicName = (topic: string): boolean => topicNameFault(topic) === undefined

/** Also of topics that only brokers make: `%RETRY%group`, `%RETRY%group_topic`, `%DLQ%group`. */
export const isStoredTopicName = (topic: string): boolean =>
  topicNameFault(topic.replace('+', '_'), limits.longNameChars) === undefined

/** undefined when the group is legal, else the Java client's text (reference: client-behaviour 3). */
export function groupNameFault(group: string): string | undefined {
  if (group.trim() === '') return 'the specified group is blank'
  if (group.length > limits.longNameChars)
    return `the specified group is longer than group max length ${limits.longNameChars}.`
  if (!legalChars.test(group))
    return `the specified group[${group}] contains illegal characters, allowing only ${charsText}`
  return undefined
}

export const isGroupName = (group: string): boolean => groupNameFault(group) === undefined

/** Client ids are free text with a bound (`ip@instance@unit`); control characters and lone surrogates are refused. */
export function clientIdFault(clientId: string): string | undefined {
  if (clientId === '') return 'the client id is empty'
  if (clientId.length > limits.clientIdChars)
    return `the client id is longer than ${limits.clientIdChars} characters`
  for (let i = 0; i < clientId.length; i++) {
    const unit = clientId.charCodeAt(i)
    if (unit < 0x20 || unit === 0x7f) return 'the client id contains control characters'
    if (unit >= 0xd800 && unit <= 0xdfff && !isSurrogatePair(clientId, i++))
      return 'the client id contains half a character'
  }
  return undefined
}

export const isClientId = (clientId: string): boolean => clientIdFault(clientId) === undefined

function isSurrogatePair(text: string, at: number): boolean {
  const low = text.charCodeAt(at + 1)
  return text.charCodeAt(at) < 0xdc00 && low >= 0xdc00 && low <= 0xdfff
}

export const retryTopicPrefix = '%RETRY%'
export const dlqTopicPrefix = '%DLQ%'
export const lmqTopicPrefix = '%LMQ%'

export const isRetryTopic = (topic: string): boolean => topic.startsWith(retryTopicPrefix)
export const isDlqTopic = (topic: string): boolean => topic.startsWith(dlqTopicPrefix)
/** Of a light message queue, or a group that reads one. */
export const isLmqTopic = (topic: string): boolean => topic.startsWith(lmqTopicPrefix)

/** Where messages that a group could not consume wait for their next try. */
export const retryTopicOf = (group: string): string => retryTopicPrefix + group
/** Where they end after their last try. */
export const dlqTopicOf = (group: string): string => dlqTopicPrefix + group

/** The group of a `%RETRY%` or `%DLQ%` topic, the other names as they are. POP retry topics keep their topic part. */
export function groupOfTopic(topic: string): string {
  if (isRetryTopic(topic)) return topic.slice(retryTopicPrefix.length)
  return isDlqTopic(topic) ? topic.slice(dlqTopicPrefix.length) : topic
}

/** Retry topics of POP consumers (reference: wire 4): v1 joins with `_`, v2 with `+`. */
export const popRetryTopicV1 = (topic: string, group: string): string =>
  `${retryTopicPrefix}${group}_${topic}`
export const popRetryTopicV2 = (topic: string, group: string): string =>
  `${retryTopicPrefix}${group}+${topic}`

export const isPopRetryTopicV2 = (topic: string): boolean => isRetryTopic(topic) && topic.includes('+')

/** The topic behind a POP retry topic of `group`; a name that is none is returned as it is. */
export function topicOfPopRetry(retryTopic: string, group: string): string {
  for (const prefix of [`${retryTopicPrefix}${group}_`, `${retryTopicPrefix}${group}+`])
    if (retryTopic.startsWith(prefix) && retryTopic.length > prefix.length)
      return retryTopic.slice(prefix.length)
  return retryTopic
}

/** Topics of the system that have a fixed name. */
export const systemTopicNames = {
  autoCreate: 'TBW102',
  schedule: 'SCHEDULE_TOPIC_XXXX',
  benchmark: 'BenchmarkTest',
  transactionHalf: 'RMQ_SYS_TRANS_HALF_TOPIC',
  transactionOperation: 'RMQ_SYS_TRANS_OP_HALF_TOPIC',
  transactionCheckMax: 'TRANS_CHECK_MAX_TIME_TOPIC',
  trace: 'RMQ_SYS_TRACE_TOPIC',
  selfTest: 'SELF_TEST_TOPIC',
  offsetMoved: 'OFFSET_MOVED_EVENT',
  timer: 'rmq_sys_wheel_timer',
  rocksDbCheckpoint: 'CHECKPOINT_TOPIC',
} as const

export const systemTopicPrefix = 'rmq_sys_'

/** Names made from the cluster's or the broker's. */
export const replyTopicOf = (cluster: string): string => `${cluster}_REPLY_TOPIC`
export const reviveTopicOf = (cluster: string): string => `${systemTopicPrefix}REVIVE_LOG_${cluster}`
export const memberTopicOf = (brokerName: string): string =>
  `${systemTopicPrefix}SYNC_BROKER_MEMBER_${brokerName}`

const fixedSystemTopics: ReadonlySet<string> = new Set(Object.values(systemTopicNames))

/** A broker adds the names of its cluster and itself and its reply topic to these. */
export const isSystemTopic = (topic: string): boolean =>
  topic.startsWith(systemTopicPrefix) || fixedSystemTopics.has(topic)

const ownQueues: ReadonlySet<string> = new Set([
  systemTopicNames.schedule,
  systemTopicNames.transactionHalf,
  systemTopicNames.transactionOperation,
])

/** What a broker keeps its own work in: it alone writes there and says how far it has come. */
export const isBrokersOwn = (topic: string): boolean =>
  topic.startsWith(systemTopicPrefix) || ownQueues.has(topic)

const closedToSends: ReadonlySet<string> = new Set([
  systemTopicNames.schedule,
  systemTopicNames.transactionHalf,
  systemTopicNames.transactionOperation,
  systemTopicNames.transactionCheckMax,
  systemTopicNames.selfTest,
  systemTopicNames.offsetMoved,
])

/** Clients may not send to these (reference: broker-behaviour 3.1, check 10). */
export const isClosedToSends = (topic: string): boolean => closedToSends.has(topic)

/** Groups that brokers and tools use themselves; never subject to checks of user groups. */
export const systemGroupPrefix = 'CID_RMQ_SYS_'
export const isSystemGroup = (group: string): boolean => group.startsWith(systemGroupPrefix)
