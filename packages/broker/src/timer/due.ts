import { floorTo } from '@aerobee/store'
import { nameEnd, parseInteger, valueEnd } from '@aerobee/wire'

/** What the timer reads of a message's properties; all times and spans in ms. */
export interface TimerProperties {
  /** TIMER_DELAY_SEC, TIMER_DELAY_MS and TIMER_DELIVER_MS as they stand. */
  delaySeconds: string | undefined
  delayMs: string | undefined
  deliverMs: string | undefined
  /** TIMER_OUT_MS: the slot of the wheel. */
  outMs: string | undefined
  /** TIMER_DEL_UNIQKEY: takes back the message with this key. */
  takesBack: string | undefined
  realTopic: string | undefined
  realQueueId: string | undefined
  /** TIMER_ENQUEUE_MS or TIMER_DEQUEUE_MS is there: it was in the wheel before. */
  wasInWheel: boolean
}

const [letterR, letterT] = [0x52, 0x54]

export function timerProperties(text: string): TimerProperties {
  const found: TimerProperties = {
    delaySeconds: undefined,
    delayMs: undefined,
    deliverMs: undefined,
    outMs: undefined,
    takesBack: undefined,
    realTopic: undefined,
    realQueueId: undefined,
    wasInWheel: false,
  }
  for (let start = 0; start < text.length; ) {
    let end = text.indexOf(valueEnd, start)
    if (end < 0) end = text.length
    const first = text.charCodeAt(start)
    if (first === letterT || first === letterR) note(found, text, start, end)
    start = end + 1
  }
  return found
}

function note(found: TimerProperties, text: string, start: number, end: number): void {
  const middle = text.indexOf(nameEnd, start)
  if (middle >= end - 1) return
  switch (middle - start) {
    case 8:
      if (text.startsWith('REAL_QID', start)) found.realQueueId = text.slice(middle + 1, end)
      return
    case 10:
      if (text.startsWith('REAL_TOPIC', start)) found.realTopic = text.slice(middle + 1, end)
      return
    case 12:
      if (text.startsWith('TIMER_OUT_MS', start)) found.outMs = text.slice(middle + 1, end)
      return
    case 14:
      if (text.startsWith('TIMER_DELAY_MS', start)) found.delayMs = text.slice(middle + 1, end)
      return
    case 15:
      if (text.startsWith('TIMER_DELAY_SEC', start)) found.delaySeconds = text.slice(middle + 1, end)
      return
    case 16:
      if (text.startsWith('TIMER_DELIVER_MS', start)) found.deliverMs = text.slice(middle + 1, end)
      else if (text.startsWith('TIMER_ENQUEUE_MS', start) || text.startsWith('TIMER_DEQUEUE_MS', start))
        found.wasInWheel = true
      return
    case 17:
      if (text.startsWith('TIMER_DEL_UNIQKEY', start)) found.takesBack = text.slice(middle + 1, end)
  }
}

/** As Java's Long.parseLong; NaN for what it refuses, and beyond 2^53-1 the nearest number within. */
export function javaLong(text: string): number {
  const value = parseInteger(text)
  if (value !== undefined) return value
  if (!/^[+-]?\d{16,19}$/.test(text)) return Number.NaN
  return text.startsWith('-') ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER
}

/** When the message wants to be delivered (reference: broker-behaviour 3.5, 3b), wall ms; NaN when that is no number. */
export function wantedTime(found: TimerProperties, nowMs: number): number {
  if (found.delaySeconds !== undefined) return nowMs + javaLong(found.delaySeconds) * 1000
  if (found.delayMs !== undefined) return nowMs + javaLong(found.delayMs)
  return javaLong(found.deliverMs ?? '')
}

/** The slot for a time: floored to the precision, and one step less when it is exact already. */
export function slotFor(wantedMs: number, precisionMs: number): number {
  const floor = floorTo(wantedMs, precisionMs)
  return floor === wantedMs ? floor - precisionMs : floor
}

/**
 * The time wanted by a message that waits in a slot, within the slot's span `(slot, slot + precision]`. RocketMQ only
 * keeps the slot, and delivers at the end of the span; so do we where the properties do not tell: behind a roll the time
 * of storing is not that of sending any more.
 */
export function exactDue(
  found: TimerProperties,
  slotMs: number,
  precisionMs: number,
  storeTimestamp: number,
): number {
  const latest = slotMs + precisionMs
  const said = found.deliverMs === undefined ? Number.NaN : javaLong(found.deliverMs)
  if (said > slotMs && said <= latest) return said
  const wanted = wantedTime(found, storeTimestamp)
  return wanted > slotMs ? Math.min(wanted, latest) : latest
}
