import { limits } from '@aerobee/base'

/** Names as peers may give them: the only place that says which are legal. */
const nameChars = /^[%|a-zA-Z0-9_-]+$/

/** undefined when the topic is legal, else upstream's remark (reference: broker-behaviour 3.1, check 9). */
export function topicNameFault(topic: string): string | undefined {
  if (topic.trim() === '') return 'The specified topic is blank.'
  if (topic.length > limits.longNameChars) return 'The specified topic is longer than topic max length.'
  if (!nameChars.test(topic))
    return 'The specified topic contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$'
  if (topic.length > limits.topicNameChars) return 'The specified topic is longer than topic max length.'
  return undefined
}

export const isGroupName = (group: string): boolean =>
  group.length <= limits.longNameChars && nameChars.test(group)

/** Client ids are free text with a bound; `@` and addresses are usual in them. */
export const isClientId = (clientId: string): boolean =>
  clientId.length > 0 && clientId.length <= limits.clientIdChars

export const retryTopicPrefix = '%RETRY%'
export const deadLetterTopicPrefix = '%DLQ%'

export const retryTopic = (group: string): string => retryTopicPrefix + group
export const deadLetterTopic = (group: string): string => deadLetterTopicPrefix + group
export const isRetryTopic = (topic: string): boolean => topic.startsWith(retryTopicPrefix)
export const isDeadLetterTopic = (topic: string): boolean => topic.startsWith(deadLetterTopicPrefix)

/** Retry topic of a popped topic: v1 joins with `_`, v2 with `+` (reference: wire 4). */
export const popRetryTopic = (group: string, topic: string, version: 1 | 2): string =>
  `${retryTopicPrefix}${group}${version === 1 ? '_' : '+'}${topic}`
