import { bad, good, type Result } from '@aerobee/base'

/** `messageDelayLevel` of a broker that sets nothing else. */
export const defaultDelayLevels = '1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h'

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
/** A queue of the schedule topic for each level. */
const mostLevels = 1000
/** A hundred years: with it a time is still far below 2^53. */
const longestMs = 36_525 * 86_400_000

/** Delays in ms; level 1 stands at index 0. The text is blank-separated numbers with unit s, m, h or d. */
export function parseDelayLevels(text: string): Result<readonly number[]> {
  const parts = text.trim().split(/\s+/)
  if (parts.length > mostLevels) return bad(`${parts.length} delay levels, at most ${mostLevels} are allowed`)
  const levels: number[] = []
  for (const part of parts) {
    const found = /^(\d{1,9})([smhd])$/.exec(part)
    if (!found)
      return bad(`delay level ${JSON.stringify(part.slice(0, 20))} is no number with unit s, m, h or d`)
    const delayMs = Number(found[1]) * unitMs[found[2]!]!
    if (delayMs > longestMs) return bad(`delay level ${part} is more than a hundred years`)
    levels.push(delayMs)
  }
  return good(levels)
}

/**
 * When a message of a level is due: the tags code of its entry in the schedule topic's queue `level - 1` (reference:
 * storage 2.2). Levels above the highest count as the highest. `level` is at least 1.
 */
export function deliverTimestamp(levels: readonly number[], level: number, storeTimestamp: number): number {
  return storeTimestamp + (levels[Math.min(level, levels.length) - 1] ?? 0)
}
