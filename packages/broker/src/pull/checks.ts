import type { Connection } from '@aerobee/net'
import { failure, type Reply } from '@aerobee/net'
import type { PropertyMatch } from '@aerobee/store'
import { type commands, faq, isReadable, type RequestOf, responseCodes } from '@aerobee/wire'
import type { BroadcastClient } from '../broadcast-offsets.js'
import type { TopicSubscription } from '../clients/consumers.js'
import { pullFilter } from '../filters/pull-filter.js'
import { type GroupConfig, isSystemGroup } from '../groups.js'
import type { TopicConfig } from '../topics.js'
import type { PullParts } from './parts.js'

export type PullRequest = RequestOf<typeof commands.pullMessage>
export type PullReply = Reply<(typeof commands.pullMessage)['response']>

/** Bits of a pull's sysFlag. */
export const pullFlags = {
  commitOffset: 1,
  suspend: 2,
  subscription: 4,
  classFilter: 8,
  litePull: 16,
} as const

/** What forbiddenType tells proxies. */
const forbidden = { broker: 1, group: 2, topic: 3, broadcast: 4, subscription: 5 } as const

export interface AdmittedPull {
  readonly group: GroupConfig
  readonly topic: TopicConfig
  readonly wanted: TopicSubscription
  /** By the properties of messages; undefined takes all. */
  readonly matchProperties: PropertyMatch | undefined
  /** Whom it is for when the group broadcasts. */
  readonly broadcast: BroadcastClient | undefined
}

/** Checks 2 to 13 of reference: broker-behaviour 4.1. `lite` is request 361. */
export function checkPull(
  parts: PullParts,
  request: PullRequest,
  connection: Connection,
  lite: boolean,
): AdmittedPull | PullReply {
  const { config } = parts
  if (!isReadable(config.brokerPermission))
    return deny(forbidden.broker, `the broker[${hostOf(parts, connection)}] pulling message is forbidden`)
  if (lite && !config.litePullMessageEnable)
    return deny(
      forbidden.broker,
      `the broker[${hostOf(parts, connection)}] for lite pull consumer is forbidden`,
    )
  const group = parts.groups.find(request.consumerGroup)
  if (!group)
    return failure(
      responseCodes.SUBSCRIPTION_GROUP_NOT_EXIST,
      `subscription group [${request.consumerGroup}] does not exist, ${faq}`,
      {},
    )
  if (!group.consumeEnable)
    return deny(forbidden.group, `subscription group no permission, ${group.groupName}`)
  const topic = checkTopic(parts, request, connection)
  if ('code' in topic) return topic
  const conflict = parts.conflicts.refusalOf(group.groupName, connection)
  if (conflict) return failure(responseCodes.NO_PERMISSION, conflict, {})
  const wanted =
    (request.sysFlag & pullFlags.subscription) !== 0
      ? headerSubscription(parts, request)
      : registeredSubscription(parts, request, group)
  if ('code' in wanted) return wanted
  const matchProperties = pullFilter(parts, request, wanted)
  if (matchProperties && 'code' in matchProperties) return matchProperties
  const refused = checkConsumer(parts, group, connection)
  if (refused) return refused
  const broadcast = parts.broadcastOffsets.clientOf(request, connection)
  return { group, topic, wanted, matchProperties, broadcast }
}

const deny = (forbiddenType: number, remark: string): PullReply =>
  failure(responseCodes.NO_PERMISSION, remark, { forbiddenType })

const hostOf = (parts: PullParts, connection: Connection) => parts.peers.of(connection).storeHostText

function checkTopic(parts: PullParts, request: PullRequest, connection: Connection): TopicConfig | PullReply {
  const topic = parts.topics.find(request.topic)
  if (!topic)
    return failure(
      responseCodes.TOPIC_NOT_EXIST,
      `topic[${request.topic}] not exist, apply first please! ${faq}`,
      {},
    )
  if (!isReadable(topic.perm))
    return deny(forbidden.topic, `the topic[${topic.topicName}] pulling message is forbidden`)
  const { queueId } = request
  if (queueId >= 0 && queueId < topic.readQueueNums) return topic
  return failure(
    responseCodes.INVALID_PARAMETER,
    `queueId[${queueId}] is illegal, topic:[${topic.topicName}] ` +
      `topicConfig.readQueueNums:[${topic.readQueueNums}] consumer:[/${connection.remoteText}]`,
    {},
  )
}

function headerSubscription(parts: PullParts, request: PullRequest): TopicSubscription | PullReply {
  const { topic, subscription, expressionType } = request
  const built = parts.headerSubscriptions.of(topic, subscription, expressionType)
  if (!built.ok)
    return failure(responseCodes.SUBSCRIPTION_PARSE_FAILED, "parse the consumer's subscription failed", {})
  parts.consumers.pulled.note(request.consumerGroup, topic, built.value)
  return built.value
}

function registeredSubscription(
  parts: PullParts,
  request: PullRequest,
  group: GroupConfig,
): TopicSubscription | PullReply {
  const live = parts.consumers.group(group.groupName)
  if (!live)
    return failure(responseCodes.SUBSCRIPTION_NOT_EXIST, `the consumer's group info not exist${faq}`, {})
  if (!group.consumeBroadcastEnable && live.messageModel === 'BROADCASTING')
    return deny(
      forbidden.broadcast,
      `the consumer group[${group.groupName}] can not consume by broadcast way`,
    )
  if (!parts.groups.mayRead(group.groupName, request.topic))
    return deny(
      forbidden.subscription,
      `the consumer group[${group.groupName}] is forbidden for topic[${request.topic}]`,
    )
  const wanted = live.topics.get(request.topic)
  if (!wanted)
    return failure(responseCodes.SUBSCRIPTION_NOT_EXIST, `the consumer's subscription not exist${faq}`, {})
  if (wanted.subscription.subVersion < request.subVersion)
    return failure(responseCodes.SUBSCRIPTION_NOT_LATEST, "the consumer's subscription not latest", {})
  return wanted
}

function checkConsumer(parts: PullParts, group: GroupConfig, connection: Connection): PullReply | undefined {
  if (!parts.config.rejectPullConsumerEnable) return undefined
  const live = parts.consumers.group(group.groupName)
  const active = !live || live.consumeType === 'CONSUME_ACTIVELY' || !live.clients.has(connection)
  if (!active || isSystemGroup(group.groupName)) return undefined
  return failure(
    responseCodes.SUBSCRIPTION_NOT_EXIST,
    `the consumer's group info not exist, or the pull consumer is rejected by server.${faq}`,
    {},
  )
}
