import { isTagType } from '@aerobee/filter'
import { failure } from '@aerobee/net'
import type { PropertyMatch } from '@aerobee/store'
import { findProperty, isRetryTopic, propertyNames, responseCodes } from '@aerobee/wire'
import type { TopicSubscription } from '../clients/consumers.js'
import type { PullReply, PullRequest } from '../pull/checks.js'
import type { PullParts } from '../pull/parts.js'

export const filterRefusal = (expressionType: string): string =>
  `The broker does not support consumer to filter message by ${expressionType}`

/**
 * By what properties a pull wants messages; undefined takes all (reference: broker-behaviour 4.1, points 11 and 12).
 * An expression in the request was compiled with it; of others the group's registered one counts.
 */
export function pullFilter(
  parts: PullParts,
  { consumerGroup, topic, subVersion }: PullRequest,
  { subscription, filter }: TopicSubscription,
): PropertyMatch | undefined | PullReply {
  const { expressionType, classFilterMode } = subscription
  if (isTagType(expressionType)) return undefined
  let match = filter
  if (!match) {
    const registered = parts.filters.find(consumerGroup, topic)
    if (!registered) return failure(responseCodes.FILTER_DATA_NOT_EXIST, notExist, {})
    if (registered.clientVersion < subVersion)
      return failure(responseCodes.FILTER_DATA_NOT_LATEST, notLatest, {})
    match = registered.filter
  }
  if (!parts.config.enablePropertyFilter)
    return failure(responseCodes.SYSTEM_ERROR, filterRefusal(expressionType), {})
  if (classFilterMode) return undefined
  return parts.config.filterSupportRetry && isRetryTopic(topic) ? retryMatch(parts, consumerGroup) : match
}

const notExist = "The broker's consumer filter data is not exist!Your expression may be wrong!"
const notLatest = "the consumer's consumer filter data not latest"

/** Messages to be delivered again are judged as they were in their own topic (reference: broker-behaviour 4.2). */
function retryMatch({ filters }: PullParts, group: string): PropertyMatch {
  return {
    cost: typicalCost,
    matches(bytes, from, to) {
      const own = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from)
      const topic = findProperty(own.toString('utf8'), propertyNames.retryTopic)
      const original = topic === undefined ? undefined : filters.find(group, topic)
      return original?.filter.matches(bytes, from, to) ?? true
    },
  }
}

/** Each message may have another expression. */
const typicalCost = 20
