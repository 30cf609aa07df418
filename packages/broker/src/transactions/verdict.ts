import type { Half } from './half-message.js'

/** What a check does with a half (reference: broker-behaviour 9.4). */
export type Verdict =
  /** Its producer is asked. */
  | 'check'
  /** Asked too often, or too old: nobody will ever say how it ended. */
  | 'giveUp'
  /** Too young; those behind it may be older. */
  | 'wait'
  /** Too young, as all behind it are. */
  | 'stop'

export interface VerdictSettings {
  transactionCheckMax: number
  /** ms. */
  transactionTimeOut: number
  /** Hours. */
  fileReservedTime: number
}

const hourMs = 3_600_000

/** Times are wall ms, of birth by the producer's clock: it may be ahead, and then the half is checked at once. */
export function verdictOf(
  half: Pick<Half, 'checkTimes' | 'immunitySeconds'>,
  { bornTimestamp, storeTimestamp }: { bornTimestamp: number; storeTimestamp: number },
  { nowMs, roundBeganMs }: { nowMs: number; roundBeganMs: number },
  settings: VerdictSettings,
): Verdict {
  const age = nowMs - bornTimestamp
  const { transactionCheckMax, transactionTimeOut, fileReservedTime } = settings
  if (half.checkTimes >= transactionCheckMax || age > fileReservedTime * hourMs) return 'giveUp'
  if (storeTimestamp >= roundBeganMs && storeTimestamp <= nowMs) return 'stop'
  if (half.immunitySeconds !== undefined)
    return age < immunityMs(half.immunitySeconds, transactionTimeOut) ? 'wait' : 'check'
  if (age < 0 || age >= transactionTimeOut) return 'check'
  // A producer's clock that is behind makes its halves look older than those before them, never a whole queue younger.
  const stored = nowMs - storeTimestamp
  return stored >= 0 && stored < transactionTimeOut ? 'stop' : 'wait'
}

/** How long a half is left alone; a property that is no number means the default. */
export const immunityMs = (seconds: number, transactionTimeOut: number): number =>
  seconds < 0 ? transactionTimeOut : seconds * 1000

/** Whether a producer that was not asked comes too late with its outcome (reference: broker-behaviour 9.2, 3). */
export function tooLate(
  { immunitySeconds }: Pick<Half, 'immunitySeconds'>,
  ageMs: number,
  transactionTimeOut: number,
): boolean {
  if (immunitySeconds === undefined) return false
  return ageMs > Math.max(immunityMs(immunitySeconds, transactionTimeOut), transactionTimeOut)
}
