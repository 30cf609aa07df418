import { windowSlots } from '@aerobee/store'

export interface Placement {
  slotMs: number
  /** It is not due there, but is placed anew. */
  roll: boolean
}

/** RocketMQ leaves so much of the window free. */
const spareSlots = 60

/** `timerRollWindowSlot`, in ms. */
export function rollWindowMs(slots: number, precisionMs: number): number {
  const most = windowSlots - spareSlots
  return (slots < 2 || slots > most ? most : slots) * precisionMs
}

/**
 * Where a timer goes that is written at `writeMs` (reference: broker-behaviour 8.3, roll). A slot that is overdue takes
 * timers until it was delivered, so that a timer and the marker that takes it back meet in it whenever each is written;
 * one whose slot is gone goes to `firstMs`, the first slot left. Who is a little beyond the window rolls in its middle, so
 * that the last part is not short.
 */
export function placeOf(
  outMs: number,
  { writeMs, firstMs }: { writeMs: number; firstMs: number },
  windowMs: number,
  precisionMs: number,
): Placement {
  const aheadMs = outMs - writeMs
  if (aheadMs < windowMs) return { slotMs: Math.max(outMs, firstMs), roll: false }
  const slots = windowMs / precisionMs
  const third = Math.floor(slots / 3) * precisionMs
  const middle = Math.floor(slots / 2) * precisionMs
  return { slotMs: writeMs + (aheadMs - windowMs < third ? middle : windowMs), roll: true }
}
