import type { Subscription } from '@aerobee/filter'
import { commands, responseCodes } from '@aerobee/wire'
import { brokerError, expectFields } from '../answers.js'
import type { ClientInstance } from '../client-instance.js'
import type { MessageQueue } from '../route.js'

export interface Pull {
  group: string
  queue: MessageQueue
  offset: number
  maxCount: number
  maxBytes: number
  /** Sent along; without it the broker uses what the heartbeat said. */
  subscription: Subscription | undefined
  /** Version and type of the subscription, sent always. */
  subVersion: number
  expressionType: string
  classFilter: boolean
  /** Committed along with the pull when above 0. */
  commitOffset: number
  /** Broker id that the last answer suggested. */
  brokerId: number
  /** How long the broker holds a pull that finds nothing, ms; 0: not at all. */
  suspendMs: number
  timeoutMs: number
  /** By a consumer that reads by itself. */
  lite: boolean
  signal: AbortSignal
}

export interface PullResult {
  status: 'FOUND' | 'NO_NEW_MSG' | 'NO_MATCHED_MSG' | 'OFFSET_ILLEGAL'
  /** Records of FOUND; valid in this turn. */
  body: Uint8Array
  nextOffset: number
  minOffset: number
  maxOffset: number
  offsetDelta: number
  suggestedBrokerId: number
}

const statuses: Readonly<Record<number, PullResult['status']>> = {
  [responseCodes.SUCCESS]: 'FOUND',
  [responseCodes.PULL_NOT_FOUND]: 'NO_NEW_MSG',
  [responseCodes.PULL_RETRY_IMMEDIATELY]: 'NO_MATCHED_MSG',
  [responseCodes.PULL_OFFSET_MOVED]: 'OFFSET_ILLEGAL',
}

/** sysFlag of a pull. */
const flags = { commit: 1, suspend: 2, subscription: 4, classFilter: 8, litePull: 16 } as const

/** One pull (reference: client-behaviour 4.4). Rejects with BROKER_ERROR, NO_ROUTE, MALFORMED and the errors of calls. */
export async function pullMessages(instance: ClientInstance, pull: Pull): Promise<PullResult> {
  const { queue, subscription } = pull
  const { address, brokerId } = await instance.addresses.reader(queue, pull.brokerId)
  // Only masters keep offsets.
  const commits = pull.commitOffset > 0 && brokerId === 0
  const answer = await instance.call(
    address,
    pull.lite ? commands.litePullMessage : commands.pullMessage,
    {
      consumerGroup: pull.group,
      topic: queue.topic,
      queueId: queue.queueId,
      queueOffset: pull.offset,
      maxMsgNums: pull.maxCount,
      sysFlag:
        (commits ? flags.commit : 0) |
        (pull.suspendMs > 0 ? flags.suspend : 0) |
        (subscription ? flags.subscription : 0) |
        (pull.classFilter ? flags.classFilter : 0) |
        (pull.lite ? flags.litePull : 0),
      commitOffset: commits ? pull.commitOffset : 0,
      suspendTimeoutMillis: pull.suspendMs,
      ...(subscription && { subscription: subscription.subString }),
      subVersion: pull.subVersion,
      expressionType: pull.expressionType,
      maxMsgBytes: pull.maxBytes,
      brokerName: instance.addresses.brokerOf(queue),
    },
    { timeoutMs: pull.timeoutMs, signal: pull.signal },
  )
  const what = `Pulling queue ${queue.queueId} of topic ${queue.topic}`
  const status = statuses[answer.code]
  if (status === undefined) throw brokerError(answer, what, address)
  const fields = expectFields(answer, what, address)
  return {
    status,
    body: answer.body,
    nextOffset: fields.nextBeginOffset,
    minOffset: fields.minOffset,
    maxOffset: fields.maxOffset,
    offsetDelta: fields.offsetDelta ?? 0,
    suggestedBrokerId: fields.suggestWhichBrokerId,
  }
}
