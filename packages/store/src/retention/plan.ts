import { type DiskSpace, parseHours } from '@aerobee/base'
import { type DiskLevel, type DiskLevels, diskLevel, usedPercent, usedPercentAfter } from '../space.js'

/** RocketMQ's keys, with units. All may change at run time. */
export interface RetentionSettings extends DiskLevels {
  /** `deleteWhen`: local hours 0-23. */
  deleteHours: readonly number[]
  /** `fileReservedTime`, in ms. */
  reservedMs: number
  /** `deleteFileBatchMax`: segments a cycle. */
  batchMax: number
  /** `cleanFileForciblyEnable`: whether a full disk costs files before their time. */
  cleanForcibly: boolean
}

/** The keys as a broker configures them. */
export interface RetentionKeys {
  deleteWhen: string
  /** Hours. */
  fileReservedTime: number
  deleteFileBatchMax: number
  /** %, as all ratios. */
  diskMaxUsedSpaceRatio: number
  diskSpaceCleanForciblyRatio: number
  diskSpaceWarningLevelRatio: number
  cleanFileForciblyEnable: boolean
}

export function retentionSettings(keys: RetentionKeys): RetentionSettings {
  return {
    deleteHours: parseHours(keys.deleteWhen) ?? [],
    reservedMs: keys.fileReservedTime * 3_600_000,
    batchMax: keys.deleteFileBatchMax,
    cleanPercent: keys.diskMaxUsedSpaceRatio,
    forcePercent: keys.diskSpaceCleanForciblyRatio,
    refusePercent: keys.diskSpaceWarningLevelRatio,
    cleanForcibly: keys.cleanFileForciblyEnable,
  }
}

export interface RetainedSegment {
  startOffset: number
  sizeBytes: number
  /** Wall ms of the last write to the file. */
  modifiedMs: number
}

export interface RetentionFacts {
  wallMs: number
  localHour: number
  /** The wall clock jumped lately: then no age is believed. */
  clockJumped: boolean
  /** Somebody asked for deletion now (request 329). */
  asked: boolean
  /** All segments of the log, oldest first; the last one takes appends and always stays. */
  segments: readonly RetainedSegment[]
  commitLogSpace: DiskSpace
  consumeQueueSpace: DiskSpace
  /** Messages are refused for want of space since an earlier cycle. */
  refusing: boolean
}

export type RetentionReason = 'hour' | 'space' | 'asked'

export interface RetentionPlan {
  /** Oldest first. */
  deletions: readonly RetainedSegment[]
  /** Deletions that come before the reserved time, for want of space; the last ones of `deletions`. */
  early: number
  /** Why deletion was due; undefined when it was not. */
  reason: RetentionReason | undefined
  /** Whether messages are refused from now on. */
  refuse: boolean
  level: DiskLevel
  /** Used percent of the fuller partition. */
  percent: number
}

/**
 * What retention does now (reference: broker-behaviour 14). Two things are kinder than RocketMQ: a full disk costs only
 * as many early files as bring it below the level, not a whole batch; and after a jump of the clock age alone deletes
 * nothing.
 */
export function planRetention(facts: RetentionFacts, settings: RetentionSettings): RetentionPlan {
  const logPercent = usedPercent(facts.commitLogSpace)
  const queuePercent = usedPercent(facts.consumeQueueSpace)
  const percent = Math.max(logPercent, queuePercent)
  const level = diskLevel(percent, settings)
  const reason = reasonOf(facts, settings, level)
  const deletions = reason === undefined ? [] : expired(facts, settings)
  const due = deletions.length
  if ((level === 'force' || level === 'refuse') && settings.cleanForcibly) {
    const queuesFull = queuePercent > settings.forcePercent && !samePartition(facts)
    addEarly(deletions, facts, settings, queuesFull)
  }
  return {
    deletions,
    early: deletions.length - due,
    reason,
    refuse: level === 'refuse' || (level === 'force' && facts.refusing),
    level,
    percent,
  }
}

function reasonOf(
  facts: RetentionFacts,
  settings: RetentionSettings,
  level: DiskLevel,
): RetentionReason | undefined {
  if (facts.asked) return 'asked'
  if (level !== 'normal') return 'space'
  return settings.deleteHours.includes(facts.localHour) ? 'hour' : undefined
}

/** From the oldest on, up to the first young one. */
function expired(facts: RetentionFacts, settings: RetentionSettings): RetainedSegment[] {
  const found: RetainedSegment[] = []
  if (facts.clockJumped) return found
  for (const segment of facts.segments.slice(0, -1)) {
    if (facts.wallMs < segment.modifiedMs + settings.reservedMs) break
    if (found.length >= settings.batchMax) break
    found.push(segment)
  }
  return found
}

/** The next oldest ones, until the log's partition is below the level; a whole batch when the queues' is full. */
function addEarly(
  deletions: RetainedSegment[],
  facts: RetentionFacts,
  settings: RetentionSettings,
  queuesFull: boolean,
): void {
  let freed = deletions.reduce((sum, segment) => sum + segment.sizeBytes, 0)
  for (const segment of facts.segments.slice(deletions.length, -1)) {
    if (deletions.length >= settings.batchMax) return
    const enough = usedPercentAfter(facts.commitLogSpace, freed) <= settings.forcePercent
    if (enough && !queuesFull) return
    deletions.push(segment)
    freed += segment.sizeBytes
  }
}

function samePartition({ commitLogSpace, consumeQueueSpace }: RetentionFacts): boolean {
  return (
    commitLogSpace.totalBytes === consumeQueueSpace.totalBytes &&
    commitLogSpace.usableBytes === consumeQueueSpace.usableBytes
  )
}
