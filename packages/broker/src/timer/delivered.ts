import type { NewMessage } from '@aerobee/store'
import {
  findProperty,
  type MessageRecord,
  propertyNames,
  removeProperty,
  setProperty,
  systemTopicNames,
} from '@aerobee/wire'
import { deliveryMark } from '../delivery/mark.js'
import { restoredMessage } from '../delivery/restored.js'
import { tooLong } from '../send/message.js'
import { exactDue, javaLong, timerProperties } from './due.js'
import type { DueTimer } from './open-slot.js'

/** What lies there, other services deliver. */
const closed: ReadonlySet<string> = new Set([
  systemTopicNames.timer,
  systemTopicNames.schedule,
  systemTopicNames.transactionHalf,
])

const { timerEnqueueMs, timerDequeueMs, timerRollTimes, timerDeliverMs, realTopic, realQueueId } =
  propertyNames

/**
 * What a timer becomes when it is due (reference: broker-behaviour 8.3): the message in its topic, or, when it rolls, one
 * in the timer's topic again. REAL_TOPIC and REAL_QID stay, as RocketMQ 5.3.3 stores them. preparedTransactionOffset says
 * where it waited (delivery/mark.ts): by that a restart knows what was delivered. undefined when nobody knows where it belongs.
 */
export function deliveredMessage(
  record: MessageRecord,
  timer: DueTimer,
  nowMs: number,
): NewMessage | undefined {
  const topic = findProperty(record.properties, realTopic)
  const queueId = Number(findProperty(record.properties, realQueueId) ?? Number.NaN)
  if (topic === undefined || closed.has(topic) || !Number.isInteger(queueId) || queueId < 0) return undefined
  return restoredMessage(record, {
    topic,
    queueId,
    properties: timed(record.properties, timer, nowMs),
    preparedTransactionOffset: deliveryMark(record.physicalOffset),
  })
}

export function rolledMessage(
  record: MessageRecord,
  timer: DueTimer,
  nowMs: number,
  precisionMs: number,
): NewMessage {
  const { properties, storeTimestamp } = record
  const rolls = Number(findProperty(properties, timerRollTimes) ?? 0)
  let text = setProperty(properties, timerRollTimes, String(rolls + 1))
  const found = timerProperties(properties)
  // A delay counts from the first time of storing, which nobody knows afterwards.
  if (found.deliverMs === undefined) {
    const wantedMs = exactDue(found, javaLong(found.outMs ?? ''), precisionMs, storeTimestamp)
    if (wantedMs > 0) text = setProperty(text, timerDeliverMs, String(wantedMs))
  }
  return restoredMessage(record, {
    topic: record.topic,
    queueId: record.queueId,
    properties: timed(text, timer, nowMs),
    preparedTransactionOffset: deliveryMark(record.physicalOffset),
  })
}

/** With the times at which it was put into the wheel and taken out; without them where there is no room left. */
function timed(text: string, { writeTimeMs }: DueTimer, nowMs: number): string {
  const full = setProperty(
    setProperty(text, timerEnqueueMs, String(writeTimeMs)),
    timerDequeueMs,
    String(nowMs),
  )
  if (!tooLong(full)) return full
  return removeProperty(removeProperty(text, timerEnqueueMs), timerDequeueMs)
}
