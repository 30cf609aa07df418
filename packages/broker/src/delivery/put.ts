import type { AppendOutcome, MessageStore, NewMessage } from '@aerobee/store'
import {
  endedProperties,
  propertyNames,
  propertyText,
  removeProperty,
  responseCodes,
  setProperty,
  systemTopicNames,
  transactionType,
  transactionTypes,
} from '@aerobee/wire'
import type { SentProperties } from '../sent-properties.js'
import { illegalText } from './texts.js'

/** What says when a message is to be delivered, as `scanProperties` finds it. */
export type DeliveryWish = Pick<SentProperties, 'delayLevel' | 'timer' | 'timerOut'>

/** To be stored as it is, whatever its properties say. */
export const atOnce: DeliveryWish = { delayLevel: undefined, timer: false, timerOut: false }

export interface PutRefusal {
  code: number
  remark: string
}

/** Keeps messages with TIMER_ properties until they are due (reference: broker-behaviour 3.5, 3b to 3d). */
export interface TimerHook {
  /** Turns the message into one of the timer's topic; leaves one that is due already as it is. */
  apply(message: NewMessage): PutRefusal | undefined
}

export interface PutParts {
  config: { maxMessageSize: number }
  store: MessageStore
  /** ms, level 1 first. */
  delayLevels: readonly number[]
  timer: TimerHook
}

/**
 * The way of every message into the store: of sends, of messages sent back, of committed transactions, of what was
 * delayed and is due. The put hooks of reference: broker-behaviour 3.5 (3) may change the message, which is the
 * caller's no longer. A refusal: nothing was stored and `done` is not called.
 */
export function putMessage(
  parts: PutParts,
  message: NewMessage,
  wish: DeliveryWish,
  done: (outcome: AppendOutcome) => void,
): PutRefusal | undefined {
  if (wish.delayLevel !== undefined || wish.timer) {
    const refused = applyHooks(parts, message, wish)
    if (refused) return refused
  }
  parts.store.append(message, done)
  return undefined
}

/** For what is to be stored as it is, by those who wait for it. */
export const appended = (store: MessageStore, message: NewMessage): Promise<AppendOutcome> =>
  new Promise((resolve) => store.append(message, resolve))

function applyHooks(parts: PutParts, message: NewMessage, wish: DeliveryWish): PutRefusal | undefined {
  const type = transactionType(message.sysFlag)
  if (type !== transactionTypes.none && type !== transactionTypes.commit) return undefined
  const level = Number(wish.delayLevel ?? 0)
  if (!Number.isInteger(level)) return illegal(parts)
  if (level > 0) {
    delay(parts.delayLevels, message, level, wish.timer)
    return undefined
  }
  return wish.timer && !wish.timerOut ? parts.timer.apply(message) : undefined
}

const illegal = ({ config }: PutParts): PutRefusal => ({
  code: responseCodes.MESSAGE_ILLEGAL,
  remark: illegalText(config.maxMessageSize),
})

const timerNames = [propertyNames.timerDeliverMs, propertyNames.timerDelaySeconds, propertyNames.timerDelayMs]

/** A level beats a timer; one above the highest counts as the highest. */
function delay(levels: readonly number[], message: NewMessage, wished: number, timer: boolean): void {
  const level = Math.min(wished, levels.length)
  if (timer) for (const name of timerNames) message.properties = removeProperty(message.properties, name)
  if (level !== wished)
    message.properties = setProperty(message.properties, propertyNames.delayLevel, String(level))
  redirect(message, systemTopicNames.schedule, level - 1)
  message.tagsCode = levels[level - 1]!
}

/** To another topic for now; REAL_TOPIC and REAL_QID say where it belongs. `more`: properties to put before them. */
export function redirect(message: NewMessage, topic: string, queueId: number, more = ''): void {
  const { realTopic, realQueueId } = propertyNames
  let { properties } = message
  // Most have neither; a message that waits for the second time has both.
  if (properties.includes(realTopic)) properties = removeProperty(properties, realTopic)
  if (properties.includes(realQueueId)) properties = removeProperty(properties, realQueueId)
  message.properties =
    endedProperties(properties) +
    more +
    propertyText(realTopic, message.topic) +
    propertyText(realQueueId, String(message.queueId))
  message.topic = topic
  message.queueId = queueId
}
