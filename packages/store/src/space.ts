import type { DiskSpace, FileSystem } from '@aerobee/base'
import { parentOf } from '@aerobee/base'
import type { StoreSpace } from './contracts.js'

/**
 * Used share of a partition in whole percent, rounded up, of what an unprivileged process could ever use: what `df`
 * prints and RocketMQ compares (reference: broker-behaviour 14, disk rules).
 */
export function usedPercent(space: DiskSpace): number {
  const used = space.totalBytes - (space.freeBytes ?? space.usableBytes)
  const entire = used + space.usableBytes
  return entire <= 0 ? 100 : Math.ceil((used * 100) / entire)
}

/** Percent that would be used after so many bytes were given back. */
export function usedPercentAfter(space: DiskSpace, freedBytes: number): number {
  const { totalBytes, usableBytes, freeBytes = usableBytes } = space
  return usedPercent({ totalBytes, usableBytes: usableBytes + freedBytes, freeBytes: freeBytes + freedBytes })
}

export interface DiskLevels {
  /** Percent above which expired files go at any hour (`diskMaxUsedSpaceRatio`). */
  cleanPercent: number
  /** Above this the oldest files go before their time (`diskSpaceCleanForciblyRatio`). */
  forcePercent: number
  /** Above this messages are refused (`diskSpaceWarningLevelRatio`). */
  refusePercent: number
}

export type DiskLevel = 'normal' | 'clean' | 'force' | 'refuse'

export function diskLevel(percent: number, levels: DiskLevels): DiskLevel {
  if (percent > levels.refusePercent) return 'refuse'
  if (percent > levels.forcePercent) return 'force'
  return percent > levels.cleanPercent ? 'clean' : 'normal'
}

/** Of the partition that holds the path, or will once it is made. Throws IO_FAILED. */
export function partitionSpace(fileSystem: FileSystem, path: string): DiskSpace {
  let at = path
  while (!fileSystem.infoSync(at) && parentOf(at) !== at) at = parentOf(at)
  return fileSystem.spaceSync(at)
}

export function storeSpace(commitLog: DiskSpace, consumeQueue: DiskSpace): StoreSpace {
  return {
    commitLogRatio: usedPercent(commitLog) / 100,
    consumeQueueRatio: usedPercent(consumeQueue) / 100,
    totalBytes: commitLog.totalBytes,
    usableBytes: commitLog.usableBytes,
  }
}
