import { readInt64, writeInt64 } from '@aerobee/base'

/**
 * A slot of the timer wheel (reference: storage 2.4), big endian; all zeros when it was never used:
 *
 *   time int64, ms / precision | firstPosition int64 | lastPosition int64 | count int32 | magic int32, 0
 *
 * It holds the timers of one time; its place is (time in ms / precision) % 1,209,600. A slot with another time is one of
 * an earlier turn of the wheel.
 */
export const slotBytes = 32
/** Seven days of seconds, whatever the precision: so far ahead a timer is placed at most. */
export const windowSlots = 604_800
export const wheelSlots = windowSlots * 2
export const wheelBytes = wheelSlots * slotBytes

export interface WheelSlot {
  /** Positions in the timer log: the first unit, and the last one, from which the others are found. */
  first: number
  last: number
  /** Units, less those that take another one back. */
  count: number
}

export const slotIndex = (timeMs: number, precisionMs: number): number =>
  Math.floor(timeMs / precisionMs) % wheelSlots

/** The time that a slot serves. */
export const floorTo = (timeMs: number, precisionMs: number): number => timeMs - (timeMs % precisionMs)

/** In units of the precision. NaN beyond 2^53-1. */
export const readSlotTime = (view: DataView, at: number): number => readInt64(view, at)

export function readSlot(view: DataView, at: number): WheelSlot {
  return { first: readInt64(view, at + 8), last: readInt64(view, at + 16), count: view.getInt32(at + 24) }
}

export function writeSlot(view: DataView, at: number, time: number, slot: WheelSlot): void {
  writeInt64(view, at, time)
  writeInt64(view, at + 8, slot.first)
  writeInt64(view, at + 16, slot.last)
  view.setInt32(at + 24, slot.count)
  view.setInt32(at + 28, 0)
}
