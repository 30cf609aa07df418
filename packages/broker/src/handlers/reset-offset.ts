import type { Logger } from '@aerobee/base'
import { type Connection, failure, type Handler, type Reply, success } from '@aerobee/net'
import { bodies, type commands, isBrokersOwn, responseCodes } from '@aerobee/wire'
import {
  type ResetRequest,
  type ResetThroughClientsParts,
  resetThroughClients,
} from '../admin/reset-through-clients.js'
import { systemTopic } from '../admin/topic-changes.js'
import type { GroupTable } from '../groups.js'
import type { LongPoll } from '../long-poll.js'
import type { TopicConfig } from '../topics.js'

type Reset = typeof commands.invokeBrokerToResetOffset

interface ResetParts extends ResetThroughClientsParts {
  groups: GroupTable
  longPoll: LongPoll
  config: { useServerSideResetOffset: boolean; brokerName: string }
  logger: Logger
}

/**
 * Move the offsets of a group (request 222; reference: broker-behaviour 5 and 13): here at once, with word to the
 * consumers in their next pull, those that are held among them; or, with `useServerSideResetOffset` off, through the
 * consumers.
 */
export function resetOffsetHandler(parts: ResetParts): Handler<Reset['request'], Reset['response']> {
  return ({ request, connection }) => {
    if (isBrokersOwn(request.topic)) return systemTopic(request.topic)
    return parts.config.useServerSideResetOffset
      ? resetHere(parts, request, connection)
      : resetThroughClients(parts, request)
  }
}

async function resetHere(parts: ResetParts, request: ResetRequest, connection: Connection): Promise<Reply> {
  const { topics, groups, offsets, store, config, longPoll, logger } = parts
  const { topic, group } = request
  const known = topics.find(topic)
  if (!known) return failure(responseCodes.TOPIC_NOT_EXIST, `Topic ${topic} does not exist`)
  if (!groups.get(group))
    return failure(responseCodes.SUBSCRIPTION_GROUP_NOT_EXIST, `Group ${group} does not exist`)
  const targets = await targetsOf(parts, request, known, connection)
  if (!Array.isArray(targets)) return targets
  if (targets.length === 0) return failure(responseCodes.SYSTEM_ERROR, 'No queues to reset.')
  // While times were looked up the topic or the group may have gone, and a queue may have lost its start.
  if (topics.find(topic) === undefined || !groups.get(group))
    return failure(responseCodes.SYSTEM_ERROR, `Topic ${topic} or group ${group} was deleted meanwhile`)
  const offsetTable = targets.map(([queueId, wanted]) => {
    const offset = Math.min(wanted, store.maxOffset(topic, queueId))
    offsets.reset(group, topic, queueId, offset)
    return [{ brokerName: config.brokerName, queueId, topic }, offset] as const
  })
  longPoll.expireAll(topic)
  await offsets.saveNow()
  logger.info(`${group} was reset on ${topic}: ${offsetTable.map(([q, at]) => `${q.queueId} to ${at}`)}`, {
    by: connection.remoteText,
  })
  return success(null, bodies.resetOffset.encode({ offsetTable }))
}

type Target = readonly [queueId: number, offset: number]

async function targetsOf(
  { store }: ResetParts,
  { topic, queueId = -1, offset, timestamp }: ResetRequest,
  { readQueueNums, writeQueueNums }: TopicConfig,
  connection: Connection,
): Promise<Target[] | Reply> {
  const byTime = (queue: number) =>
    timestamp < 0 ? store.maxOffset(topic, queue) : store.offsetByTime(topic, queue, timestamp, 'LOWER')
  if (queueId < 0) {
    const targets: Target[] = []
    for (let queue = 0; queue < readQueueNums; queue++) targets.push([queue, await byTime(queue)])
    return targets
  }
  const max = store.maxOffset(topic, queueId)
  if (queueId >= Math.max(readQueueNums, writeQueueNums) && max === 0)
    return failure(
      responseCodes.INVALID_PARAMETER,
      `queueId[${queueId}] is illegal, topic:[${topic}] topicConfig.readQueueNums:[${readQueueNums}] ` +
        `consumer:[/${connection.remoteText}]`,
    )
  if (offset === undefined || offset === -1) return [[queueId, await byTime(queueId)]]
  const min = store.minOffset(topic, queueId)
  return offset < min || offset > max + 1
    ? failure(
        responseCodes.SYSTEM_ERROR,
        `Target offset ${offset} not in consume queue range [${min}-${max}]`,
      )
    : [[queueId, offset]]
}
