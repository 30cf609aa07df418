import type { NewMessage } from '@aerobee/store'
import {
  endedProperties,
  findProperty,
  type MessageRecord,
  propertyNames,
  propertyText,
  removeProperty,
  setProperty,
} from '@aerobee/wire'
import { deliveryMark } from '../delivery/mark.js'
import { placeNamed } from '../delivery/real-place.js'
import { restoredMessage } from '../delivery/restored.js'
import { tooLong } from '../send/message.js'
import { exactDue, javaLong, type TimerProperties, timerProperties } from './due.js'
import type { DueTimer } from './open-slot.js'

const { timerEnqueueMs, timerDequeueMs, timerRollTimes, timerDeliverMs } = propertyNames

/** A timer whose message was read: all that can be done before it is due. */
export interface ReadyTimer {
  /** The topic it is counted for. */
  realTopic: string
  /** It is no message, but takes another one back. */
  takesBack: boolean
  /** What is to be stored, but for the time at which it leaves; undefined when nobody knows where it belongs. */
  message: NewMessage | undefined
  /** The properties have room for that time. */
  hasRoom: boolean
}

/**
 * What a timer becomes when it is due (reference: broker-behaviour 8.3): the message in its topic, or, when it rolls, one
 * in the timer's topic again. REAL_TOPIC and REAL_QID stay, as RocketMQ 5.3.3 stores them. preparedTransactionOffset says
 * where it waited (delivery/mark.ts): by that a restart knows what was delivered.
 */
export function readyTimer(record: MessageRecord, timer: DueTimer, precisionMs: number): ReadyTimer {
  const found = timerProperties(record.properties)
  const place = timer.roll
    ? { topic: record.topic, queueId: record.queueId }
    : placeNamed(found.realTopic, found.realQueueId)
  const properties = timer.roll ? rolled(record, found, precisionMs) : record.properties
  const text = endedProperties(found.wasInWheel ? timeless(properties) : properties)
  const full = text + propertyText(timerEnqueueMs, String(timer.writeTimeMs))
  const hasRoom = !tooLong(full + propertyText(timerDequeueMs, longestTime))
  return {
    realTopic: found.realTopic ?? '',
    takesBack: found.takesBack !== undefined,
    hasRoom,
    message:
      place &&
      restoredMessage(record, {
        topic: place.topic,
        queueId: place.queueId,
        properties: hasRoom ? full : text,
        preparedTransactionOffset: deliveryMark(record.physicalOffset),
      }),
  }
}

/** The message of a ready timer as it leaves now; to be called once. */
export function leaving({ hasRoom }: ReadyTimer, message: NewMessage, nowMs: number): NewMessage {
  if (hasRoom) message.properties += propertyText(timerDequeueMs, String(nowMs))
  return message
}

/** Properties of a message that goes round once more. */
function rolled(
  { properties, storeTimestamp }: MessageRecord,
  found: TimerProperties,
  precisionMs: number,
): string {
  const rolls = Number(findProperty(properties, timerRollTimes) ?? 0)
  const text = setProperty(properties, timerRollTimes, String(rolls + 1))
  // A delay counts from the first time of storing, which nobody knows afterwards.
  if (found.deliverMs !== undefined) return text
  const wantedMs = exactDue(found, javaLong(found.outMs ?? ''), precisionMs, storeTimestamp)
  return wantedMs > 0 ? setProperty(text, timerDeliverMs, String(wantedMs)) : text
}

const longestTime = '0'.repeat(16)

/** Without the times at which it was put into the wheel and taken out. */
const timeless = (text: string): string =>
  removeProperty(removeProperty(text, timerEnqueueMs), timerDequeueMs)
