import { readInt64, writeInt64 } from '@aerobee/base'

/**
 * A unit of the timer log (reference: storage 2.4): one timer, in one slot of the wheel. Big endian:
 *
 *    0  size         int32   52
 *    4  previous     int64   position of the slot's unit before it, -1 for none
 *   12  magic        int32   bits: 1 always, 2 roll over, 4 takes another timer back
 *   16  writeTime    int64   wall ms, floored to the precision
 *   24  delay        int32   ms from writeTime to the slot's time
 *   28  physical     int64   where its message lies in the commit log
 *   36  messageSize  int32
 *   40  topicHash    int32   Java hash of the topic that it will be delivered to
 *   44  due          int64   reserved, 0 in RocketMQ; ours: the time wanted, wall ms, 0 when it is not known
 *
 * Where 16 bytes would not be left behind another unit, the rest of the file is blank:
 *
 *    0  remaining    int32   bytes up to the end of the file
 *    4  zero         int64
 *   12  blank magic  int32
 */
export const timerUnitBytes = 52
export const blankBytes = 16
const blankMagic = -875286124
export const unitMagics = { usual: 1, roll: 2, takeBack: 4 } as const

export interface TimerUnit {
  previous: number
  magic: number
  writeTimeMs: number
  delayMs: number
  physicalOffset: number
  sizeBytes: number
  topicHash: number
  dueMs: number
}

export const slotTimeOf = (unit: TimerUnit): number => unit.writeTimeMs + unit.delayMs
export const rolls = (unit: TimerUnit): boolean => (unit.magic & unitMagics.roll) !== 0
export const takesBack = (unit: TimerUnit): boolean => (unit.magic & unitMagics.takeBack) !== 0

export function writeTimerUnit(view: DataView, at: number, unit: TimerUnit): void {
  view.setInt32(at, timerUnitBytes)
  writeInt64(view, at + 4, unit.previous)
  view.setInt32(at + 12, unit.magic)
  writeInt64(view, at + 16, unit.writeTimeMs)
  view.setInt32(at + 24, unit.delayMs)
  writeInt64(view, at + 28, unit.physicalOffset)
  view.setInt32(at + 36, unit.sizeBytes)
  view.setInt32(at + 40, unit.topicHash)
  writeInt64(view, at + 44, unit.dueMs)
}

/** undefined where no sound unit lies. */
export function readTimerUnit(view: DataView, at: number): TimerUnit | undefined {
  const magic = view.getInt32(at + 12)
  if (view.getInt32(at) !== timerUnitBytes || magic <= 0 || magic > 0xf) return undefined
  const unit = {
    previous: readInt64(view, at + 4),
    magic,
    writeTimeMs: readInt64(view, at + 16),
    delayMs: view.getInt32(at + 24),
    physicalOffset: readInt64(view, at + 28),
    sizeBytes: view.getInt32(at + 36),
    topicHash: view.getInt32(at + 40),
    dueMs: readInt64(view, at + 44),
  }
  const sound = unit.previous >= -1 && unit.writeTimeMs >= 0 && unit.physicalOffset >= 0 && unit.sizeBytes > 0
  if (!sound) return undefined
  if (!(unit.dueMs > 0)) unit.dueMs = 0
  return unit
}

export function writeBlank(view: DataView, at: number, remainingBytes: number): void {
  view.setInt32(at, remainingBytes)
  writeInt64(view, at + 4, 0)
  view.setInt32(at + 12, blankMagic)
}
