import type { Clock } from '@aerobee/base'
import type { bodies } from '@aerobee/wire'

/** The version of a table that is changed in place. */
export type DataVersion = { -readonly [K in keyof bodies.DataVersion]: bodies.DataVersion[K] }

export const newDataVersion = (clock: Clock): DataVersion => ({
  stateVersion: 0,
  timestamp: clock.wallMs(),
  counter: 0,
})

export function advance(version: DataVersion, clock: Clock): void {
  version.timestamp = clock.wallMs()
  version.counter++
}

/** The version in a configuration file, or a new one when the file says none. */
export function readDataVersion(value: unknown, clock: Clock): DataVersion {
  const version = newDataVersion(clock)
  if (typeof value !== 'object' || value === null) return version
  const { stateVersion, timestamp, counter } = value as Record<string, unknown>
  if (Number.isSafeInteger(stateVersion)) version.stateVersion = stateVersion as number
  if (Number.isSafeInteger(timestamp)) version.timestamp = timestamp as number
  if (Number.isSafeInteger(counter)) version.counter = counter as number
  return version
}
