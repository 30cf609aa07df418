import type { Logger } from '@aerobee/base'
import { floorTo, type WheelSlot, windowSlots } from './slot.js'
import type { OwnTimerCheckpoint, TimerCheckpoint } from './timer-checkpoint.js'
import type { TimerLog } from './timer-log.js'
import { slotTimeOf, type TimerUnit, takesBack } from './unit.js'
import type { TimerWheel } from './wheel.js'

export interface TimerMessage {
  queueOffset: number
  /** What we write into its unit. */
  dueMs: number
}

/** What the commit log holds where a unit points to; undefined when it is no message of the timer's topic. */
export type TimerMessageAt = (physicalOffset: number, sizeBytes: number) => Promise<TimerMessage | undefined>

export interface TimerRecovery {
  log: TimerLog
  wheel: TimerWheel
  /** The wheel was there. */
  wheelFound: boolean
  checkpoint: TimerCheckpoint
  own: OwnTimerCheckpoint | undefined
  nowMs: number
  messageAt: TimerMessageAt
  logger: Logger
}

export interface TimerPositions {
  /** Where slots are to be read from. */
  readTimeMs: number
  /** Messages before this offset of the timer's queue have their unit. */
  queueOffset: number
}

/** RocketMQ leaves so much of the window free. */
const spareSlots = 60

/**
 * Brings log and wheel to one state (reference: broker-behaviour 8.3). What the checkpoint says to be durable is taken
 * as it is; units behind it count as far as each one's message lies in the commit log, in order of the queue. Slots that
 * point behind the end are found again in the log. Rejects with IO_FAILED.
 */
export async function recoverTimer(parts: TimerRecovery): Promise<TimerPositions> {
  const { log, wheel, checkpoint, own, nowMs, logger } = parts
  const readTimeMs = readTime(parts)
  const sure = sureEnd(log, checkpoint.logEnd)
  if (sure < checkpoint.logEnd)
    logger.error(
      `The timer log ends at ${sure}, before ${checkpoint.logEnd} where it should: timers may be lost.`,
    )
  const lastSure = await queueOffsetBefore(parts, sure)
  const known = own !== undefined && sure === checkpoint.logEnd
  const from = known ? checkpoint.queueOffset : (lastSure ?? checkpoint.queueOffset)
  const { end, queueOffset, units } = await walk(parts, sure, from)
  log.continueAt(end, sure)
  if (!parts.wheelFound) await rebuild(parts, readTimeMs)
  else if (!own?.stopped) await repair(parts, end, readTimeMs)
  for (const { position, unit } of units) link(wheel, position, unit)
  if (readTimeMs < nowMs - windowSlots * wheel.precisionMs)
    logger.warn(`The timer was last here at ${new Date(readTimeMs).toISOString()}.`)
  return { readTimeMs, queueOffset }
}

function readTime({ log, checkpoint, wheel, nowMs }: TimerRecovery): number {
  const { precisionMs } = wheel
  if (checkpoint.readTimeMs > 0) return floorTo(checkpoint.readTimeMs, precisionMs)
  const now = floorTo(nowMs, precisionMs)
  // Never used, or nobody knows any more what was delivered.
  return log.fileEnd === 0 ? now : now - (windowSlots - spareSlots) * precisionMs
}

function sureEnd(log: TimerLog, said: number): number {
  const inside = Math.max(Math.min(said, log.fileEnd), log.start)
  return log.isPlace(inside) ? inside : log.start
}

/** Behind the message of the last unit. */
async function queueOffsetBefore(
  { log, messageAt }: TimerRecovery,
  end: number,
): Promise<number | undefined> {
  const position = log.lastBefore(end)
  const unit = position === undefined ? undefined : await log.read(position)
  const message = unit && (await messageAt(unit.physicalOffset, unit.sizeBytes))
  return message && message.queueOffset + 1
}

interface Found {
  position: number
  unit: TimerUnit
}

/** The units behind the sure end that can be trusted: what is torn agrees with its message in all but its last field. */
async function walk({ log, own, messageAt }: TimerRecovery, sure: number, from: number) {
  const units: Found[] = []
  let end = sure
  let queueOffset = from
  for (;;) {
    const found = await log.next(end)
    if (found === undefined) break
    const message = await messageAt(found.unit.physicalOffset, found.unit.sizeBytes)
    if (message === undefined || message.queueOffset < queueOffset) break
    const { dueMs } = found.unit
    const byRocketMq = own === undefined && dueMs === 0
    if (dueMs !== message.dueMs && !byRocketMq) break
    units.push(found)
    end = found.position + log.unitBytes
    queueOffset = message.queueOffset + 1
  }
  return { end, queueOffset, units }
}

/** Makes a unit the slot's last, unless it is in the slot's chain already. */
function link(wheel: TimerWheel, position: number, unit: TimerUnit): void {
  const time = slotTimeOf(unit)
  const slot = wheel.find(time)
  if (slot && slot.last >= position) return
  wheel.put(time, withUnit(slot, position, unit))
}

/** The slot with one unit more. */
export function withUnit(slot: WheelSlot | undefined, position: number, unit: TimerUnit): WheelSlot {
  const count = (slot?.count ?? 0) + (takesBack(unit) ? -1 : 1)
  return { first: slot?.first ?? position, last: position, count }
}

/** The whole wheel from the whole log. */
async function rebuild({ log, wheel, logger }: TimerRecovery, readTimeMs: number): Promise<void> {
  let units = 0
  for (let at = log.start; ; ) {
    const found = await log.next(at)
    if (found === undefined) break
    if (slotTimeOf(found.unit) >= readTimeMs) link(wheel, found.position, found.unit)
    at = found.position + log.unitBytes
    units++
  }
  if (units > 0) logger.warn(`The timer wheel was missing and is made from ${units} units of the timer log.`)
}

/** Slots that point at or behind the end get their last unit before it. */
async function repair({ log, wheel, logger }: TimerRecovery, end: number, readTimeMs: number): Promise<void> {
  const beyond = new Set<number>()
  let from = end
  await wheel.scan((timeMs, slot) => {
    if (timeMs < readTimeMs || slot.last < end) return
    beyond.add(timeMs)
    from = Math.min(from, slot.first)
  })
  if (beyond.size === 0) return
  for (const time of beyond) wheel.clear(time)
  const first = log.lastBefore(Math.max(from, log.start) + log.unitBytes) ?? log.start
  for (let at = first; ; ) {
    const found = await log.next(at)
    if (found === undefined) break
    if (beyond.has(slotTimeOf(found.unit))) link(wheel, found.position, found.unit)
    at = found.position + log.unitBytes
  }
  logger.warn(`${beyond.size} slots of the timer wheel pointed beyond the timer log and were mended.`)
}
