import { AerobeeError } from '@aerobee/base'
import type { Subscription } from '@aerobee/filter'
import { commands, decodeRecords, type MessageRecord, responseCodes } from '@aerobee/wire'
import { brokerError, expectFields } from '../answers.js'
import type { ClientInstance } from '../client-instance.js'
import type { MessageQueue } from '../route.js'

export interface PullRequest {
  group: string
  queue: MessageQueue
  offset: number
  subscription: Subscription
  maxCount: number
  /** Committed along with the pull; 0 for none. */
  commitOffset: number
  /** Broker id that the last answer suggested. */
  brokerId: number
  signal: AbortSignal
}

export interface PullResult {
  status: 'FOUND' | 'NO_NEW_MSG' | 'NO_MATCHED_MSG' | 'OFFSET_ILLEGAL'
  records: readonly MessageRecord[]
  nextOffset: number
  minOffset: number
  maxOffset: number
  suggestedBrokerId: number
}

const statuses: Readonly<Record<number, PullResult['status']>> = {
  [responseCodes.SUCCESS]: 'FOUND',
  [responseCodes.PULL_NOT_FOUND]: 'NO_NEW_MSG',
  [responseCodes.PULL_RETRY_IMMEDIATELY]: 'NO_MATCHED_MSG',
  [responseCodes.PULL_OFFSET_MOVED]: 'OFFSET_ILLEGAL',
}

/** The broker holds a pull that finds nothing for this long; the call waits longer (reference: client-behaviour 4). */
const brokerSuspendMs = 15_000
const pullTimeoutMs = 30_000

const flags = { commit: 1, suspend: 2, subscription: 4 }

/**
 * One pull, with the subscription in the request so that it does not depend on what the last heartbeat said.
 * Rejects with BROKER_ERROR and the errors of calls.
 */
export async function pullOnce(instance: ClientInstance, request: PullRequest): Promise<PullResult> {
  const { queue, subscription, commitOffset } = request
  const address = await instance.readAddress(queue, request.brokerId)
  const answer = await instance.pool.call(
    address,
    commands.pullMessage,
    {
      consumerGroup: request.group,
      topic: queue.topic,
      queueId: queue.queueId,
      queueOffset: request.offset,
      maxMsgNums: request.maxCount,
      sysFlag: (commitOffset > 0 ? flags.commit : 0) | flags.suspend | flags.subscription,
      commitOffset,
      suspendTimeoutMillis: brokerSuspendMs,
      subscription: subscription.subString,
      subVersion: subscription.subVersion,
      expressionType: subscription.expressionType,
      brokerName: queue.brokerName,
    },
    { timeoutMs: pullTimeoutMs, signal: request.signal },
  )
  const what = `Pulling queue ${queue.queueId} of topic ${queue.topic}`
  const status = statuses[answer.code]
  if (status === undefined) throw brokerError(answer, what, address)
  const fields = expectFields(answer, what, address)
  let records: readonly MessageRecord[] = []
  if (status === 'FOUND') {
    const decoded = decodeRecords(answer.body)
    if (!decoded.ok) throw new AerobeeError('MALFORMED', `${what}: ${decoded.reason}`, { address })
    records = decoded.value
  }
  return {
    status,
    records,
    nextOffset: fields.nextBeginOffset,
    minOffset: fields.minOffset,
    maxOffset: fields.maxOffset,
    suggestedBrokerId: fields.suggestWhichBrokerId,
  }
}
