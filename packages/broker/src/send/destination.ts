import type { Connection } from '@aerobee/net'
import {
  dlqTopicOf,
  faq,
  isBrokersOwn,
  isClosedToSends,
  isRetryTopic,
  isWritable,
  permRead,
  permWrite,
  responseCodes,
  retryTopicPrefix,
  type SendMessageRequest,
  topicNameFault,
  versions,
} from '@aerobee/wire'
import { type TopicConfig, topicText } from '../topics.js'
import type { SendParts } from './parts.js'
import { refuse, type SendReply } from './refusal.js'

export interface Destination {
  topic: TopicConfig
  queueId: number
  /** The message has failed for good: it goes to the group's dead letters, and no delay applies. */
  deadLetter: boolean
}

const readWrite = permRead | permWrite

/** Checks 7 to 12 of reference: broker-behaviour 3.1, which do not look at the message itself. */
export function findDestination(
  parts: SendParts,
  request: SendMessageRequest,
  connection: Connection,
): Destination | SendReply {
  const { config } = parts
  if (
    config.startAcceptSendRequestTimeStamp > 0 &&
    parts.clock.wallMs() < config.startAcceptSendRequestTimeStamp
  )
    return refuse(
      config,
      responseCodes.SYSTEM_ERROR,
      `broker unable to service, until ${timeText(config.startAcceptSendRequestTimeStamp)}`,
    )
  const topic = parts.topics.find(request.topic) ?? createTopic(parts, request, connection)
  if ('code' in topic) return topic
  if (isClosed(topic.topicName)) return forbiddenTopic(parts, topic.topicName)
  if (!isWritable(config.brokerPermission) && topic.order)
    return refuse(
      config,
      responseCodes.NO_PERMISSION,
      `the broker[${parts.peers.of(connection).storeHostText}] sending message is forbidden`,
    )
  const queueId = chooseQueue(parts, request, topic, connection)
  return typeof queueId === 'number' ? { topic, queueId, deadLetter: false } : queueId
}

/** Ours: to all that the broker keeps its own work in, timers and pop checkpoints among them. */
const isClosed = (topic: string): boolean => isClosedToSends(topic) || isBrokersOwn(topic)

const forbiddenTopic = (parts: SendParts, topic: string) =>
  refuse(parts.config, responseCodes.NO_PERMISSION, `Sending message to topic[${topic}] is forbidden.`)

function createTopic(
  parts: SendParts,
  request: SendMessageRequest,
  connection: Connection,
): TopicConfig | SendReply {
  const { topic } = request
  const fault = topicNameFault(topic)
  if (fault) return refuse(parts.config, responseCodes.INVALID_PARAMETER, fault)
  if (isClosed(topic)) return forbiddenTopic(parts, topic)
  parts.logger.debug(`${connection.remoteText} sends to unknown topic ${topic}`)
  const created = parts.topics.findOrCreate({
    topic,
    defaultTopic: request.defaultTopic,
    defaultTopicQueueNums: request.defaultTopicQueueNums,
    unitMode: request.unitMode ?? false,
  })
  if (created) return created
  if (isRetryTopic(topic)) return parts.topics.ensure(topic, 1, readWrite)
  return refuse(
    parts.config,
    responseCodes.TOPIC_NOT_EXIST,
    `topic[${topic}] not exist, apply first please!${faq}`,
  )
}

function chooseQueue(
  parts: SendParts,
  request: SendMessageRequest,
  topic: TopicConfig,
  connection: Connection,
): number | SendReply {
  const { queueId } = request
  if (queueId >= Math.max(topic.writeQueueNums, topic.readQueueNums))
    return refuse(
      parts.config,
      responseCodes.INVALID_PARAMETER,
      `request queueId[${queueId}] is illegal, ${topicText(topic)} Producer: ${connection.remoteText}`,
    )
  if (queueId >= 0) return queueId
  if (topic.writeQueueNums > 0) return parts.random.below(topic.writeQueueNums)
  return refuse(
    parts.config,
    responseCodes.NO_PERMISSION,
    `the topic[${topic.topicName}] sending message is forbidden`,
  )
}

/** The rules for sends to `%RETRY%group` (reference: broker-behaviour 3.3). */
export function redirectRetry(
  parts: SendParts,
  request: SendMessageRequest,
  connection: Connection,
  destination: Destination,
): Destination | SendReply {
  const group = destination.topic.topicName.slice(retryTopicPrefix.length)
  const config = parts.groups.find(group)
  if (!config)
    return refuse(
      parts.config,
      responseCodes.SUBSCRIPTION_GROUP_NOT_EXIST,
      `subscription group not exist, ${group} ${faq}`,
    )
  const ownLimit = connection.peerVersion >= versions.V3_4_9 ? request.maxReconsumeTimes : undefined
  const exhausted = (request.reconsumeTimes ?? 0) > (ownLimit ?? config.retryMaxTimes)
  if (!exhausted && !parts.locks.anyHeld(group)) return destination
  const topic = parts.topics.ensure(dlqTopicOf(group), 1, readWrite)
  return { topic, queueId: 0, deadLetter: true }
}

/** As upstream prints a wall time in remarks, in UTC: `2026-01-31 12:00:00,000`. */
const timeText = (wallMs: number) =>
  new Date(wallMs).toISOString().replace('T', ' ').replace('.', ',').slice(0, 23)
