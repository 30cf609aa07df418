import type { QueueOffset } from '@aerobee/base'
import type { ReadOutcome, ReadStatus } from '@aerobee/store'
import { responseCodes } from '@aerobee/wire'
import type { AdmittedPull, PullReply, PullRequest } from './checks.js'
import type { PullParts } from './parts.js'

/** Reference: broker-behaviour 4.2. */
export function pullCode(status: ReadStatus, requestedOffset: QueueOffset): number {
  switch (status) {
    case 'FOUND':
      return responseCodes.SUCCESS
    case 'NO_MATCHED_MESSAGE':
    case 'MESSAGE_WAS_REMOVING':
      return responseCodes.PULL_RETRY_IMMEDIATELY
    case 'OFFSET_FOUND_NULL':
    case 'OFFSET_OVERFLOW_ONE':
      return responseCodes.PULL_NOT_FOUND
    case 'OFFSET_OVERFLOW_BADLY':
    case 'OFFSET_TOO_SMALL':
      return responseCodes.PULL_OFFSET_MOVED
    case 'NO_MESSAGE_IN_QUEUE':
    case 'NO_MATCHED_LOGIC_QUEUE':
      return requestedOffset === 0 ? responseCodes.PULL_NOT_FOUND : responseCodes.PULL_OFFSET_MOVED
  }
}

/** Upstream makes a queue by asking for it, so that its clients never hear of a missing one. */
const remarkOf = (status: ReadStatus) =>
  status === 'NO_MATCHED_LOGIC_QUEUE' ? 'NO_MESSAGE_IN_QUEUE' : status

/**
 * `offset` is where the read began: the requested one, or further on for a pull that was held. `elapsedMs` is what the
 * read took.
 */
export function pullAnswer(
  parts: PullParts,
  request: PullRequest,
  admitted: AdmittedPull,
  offset: QueueOffset,
  outcome: ReadOutcome,
  elapsedMs: number,
): PullReply {
  const { consumerGroup, topic, queueId } = request
  const code = pullCode(outcome.status, offset)
  if (code === responseCodes.PULL_OFFSET_MOVED)
    parts.logger.info(
      `${consumerGroup} asked for ${topic} queue ${queueId} at ${offset}, ${outcome.status}: ` +
        `sent to ${outcome.nextOffset} in [${outcome.minOffset}, ${outcome.maxOffset}]`,
    )
  parts.offsets.notePull(consumerGroup, topic, queueId, outcome.nextOffset)
  if (admitted.broadcast) {
    const isMoved = code === responseCodes.PULL_OFFSET_MOVED
    parts.broadcastOffsets.note(
      request,
      admitted.broadcast,
      isMoved ? outcome.nextOffset : request.queueOffset,
    )
  }
  const { topicName } = admitted.topic
  const bytes = outcome.records?.sizeBytes ?? 0
  parts.stats.noteGet(topicName, admitted.group.groupName, queueId, outcome.count, bytes, elapsedMs)
  return {
    code,
    remark: remarkOf(outcome.status),
    fields: {
      suggestWhichBrokerId: parts.config.slaveReadEnable ? suggestBroker(parts, request, admitted) : 0,
      nextBeginOffset: outcome.nextOffset,
      minOffset: outcome.minOffset,
      maxOffset: outcome.maxOffset,
      topicSysFlag: admitted.topic.topicSysFlag,
      groupSysFlag: admitted.group.groupSysFlag,
    },
    body: outcome.records ?? null,
  }
}

/** A reader that is too far behind for the memory is sent to the slave (reference: broker-behaviour 4.3). */
function suggestBroker(parts: PullParts, request: PullRequest, admitted: AdmittedPull): number {
  const { group } = admitted
  return parts.store.inMemory(request.topic, request.queueId, request.queueOffset)
    ? group.brokerId
    : group.whichBrokerWhenConsumeSlowly
}

/** The answer to a client that must go on elsewhere: its group was reset, or it came to a broadcast from elsewhere. */
export function resetAnswer(
  parts: PullParts,
  request: PullRequest,
  admitted: AdmittedPull,
  offset: QueueOffset,
): PullReply {
  const { topic, queueId, consumerGroup } = request
  parts.offsets.notePull(consumerGroup, topic, queueId, offset)
  if (admitted.broadcast) parts.broadcastOffsets.note(request, admitted.broadcast, offset)
  return {
    code: responseCodes.PULL_OFFSET_MOVED,
    remark: 'OFFSET_RESET',
    fields: {
      suggestWhichBrokerId: 0,
      nextBeginOffset: offset,
      minOffset: parts.store.minOffset(topic, queueId),
      maxOffset: parts.store.maxOffset(topic, queueId),
      topicSysFlag: admitted.topic.topicSysFlag,
      groupSysFlag: admitted.group.groupSysFlag,
    },
    body: null,
  }
}
