import { failure, type Reply } from '@aerobee/net'
import { responseCodes, topicNameFault } from '@aerobee/wire'
import type { TopicConfig, TopicTable } from '../topics.js'
import { changedAttributes, topicAttributes } from './attributes.js'

export interface TopicChangeParts {
  topics: TopicTable
  config: { validateSystemTopicWhenUpdateTopic: boolean; enableMixedMessageType: boolean }
}

/** Upstream knows no bound; clients keep an object for every queue. */
const mostQueues = 65_536

/**
 * A topic as an administrator wants it, `attributes` holding signed changes, made into what is to be kept; or why not
 * (reference: broker-behaviour 13, code 17).
 */
export function checkedTopic(parts: TopicChangeParts, wanted: TopicConfig): TopicConfig | Reply {
  const { topics, config } = parts
  const { topicName } = wanted
  const fault = topicNameFault(topicName) ?? countFault(wanted)
  if (fault) return failure(responseCodes.INVALID_PARAMETER, fault)
  if (config.validateSystemTopicWhenUpdateTopic && topics.isSystem(topicName)) return systemTopic(topicName)
  if (wanted.attributes['+message.type'] === 'MIXED' && !config.enableMixedMessageType)
    return failure(responseCodes.INVALID_PARAMETER, 'MIXED message type is not supported.')
  const attributes = changedAttributes(topicAttributes, topics.find(topicName)?.attributes, wanted.attributes)
  if (!attributes.ok) return failure(responseCodes.SYSTEM_ERROR, attributes.reason)
  return { ...wanted, attributes: attributes.value }
}

export const systemTopic = (topic: string): Reply =>
  failure(responseCodes.INVALID_PARAMETER, `The topic[${topic}] is conflict with system topic.`)

function countFault({ readQueueNums, writeQueueNums, perm, topicSysFlag }: TopicConfig): string | undefined {
  for (const [name, queues] of Object.entries({ readQueueNums, writeQueueNums }))
    if (queues < 0 || queues > mostQueues)
      return `${name}=${queues} is not acceptable: expected an integer in [0, ${mostQueues}]`
  if (perm < 0 || perm > 7) return `perm=${perm} is not acceptable: expected 4 read + 2 write + 1 inherit`
  if (topicSysFlag < 0 || topicSysFlag > 3)
    return `topicSysFlag=${topicSysFlag} is not acceptable: expected 1 unit + 2 unit subscription`
  return undefined
}
