import { segmentName } from '../commit-log/segment-list.js'

/** What is known before the log is read. Offsets are physical. */
export interface RecoveryFacts {
  /** No abort marker: whoever ran before stopped in order. */
  clean: boolean
  /** Oldest first; `firstStoreTime` undefined: no record begins there. */
  segments: readonly { base: number; firstStoreTime: number | undefined }[]
  /** From `positions.json`; undefined when there is none, or when RocketMQ wrote to the store since. */
  positions: { dispatched: number; indexed: boolean } | undefined
  /** The least time of RocketMQ's checkpoint, ms; 0 when there is none. */
  checkpointTime: number
  /** Records before it are in the index; -1: none is; undefined: no index is kept. */
  indexedUpTo: number | undefined
  /** The record from which on a damaged queue needs the log again; undefined: all queues are sound. */
  queuesNeed: number | undefined
}

export interface RecoveryPlan {
  /** Where reading begins: every record from here on is given to queues and index, which pass over what they have. */
  scanFrom: number
  /** The log is known to reach to here: what is not readable before it is damage, never a torn tail. */
  knownEnd: number
  /** Nothing can be behind `knownEnd`, so that nothing is read to look for it. */
  endsThere: boolean
}

/** RocketMQ's margin around the times of its checkpoint. */
const checkpointMarginMs = 3000

/** Where recovery begins. */
export function planRecovery(facts: RecoveryFacts): RecoveryPlan {
  const { segments, positions, clean } = facts
  const start = segments[0]?.base ?? 0
  const from = Math.min(
    positions?.dispatched ?? foreignStart(facts, start),
    indexStart(facts),
    facts.queuesNeed ?? Number.POSITIVE_INFINITY,
  )
  return {
    scanFrom: Math.max(start, from),
    knownEnd: positions?.dispatched ?? start,
    endsThere: clean && positions !== undefined,
  }
}

/**
 * What the positions say must be there and is not: why the store must not be opened, in a sentence with the next step.
 * The queues are left as they are, so that nothing is lost when the segment is put back.
 */
export function missingSegment(
  positions: { minPhysicalOffset: number; dispatched: number },
  segments: readonly { base: number }[],
  segmentBytes: number,
): string | undefined {
  const { minPhysicalOffset, dispatched } = positions
  const first = segments[0]
  const advice = 'put it back, or move positions.json away to go on with the segments that are there.'
  if (dispatched > minPhysicalOffset && (first === undefined || first.base > minPhysicalOffset)) {
    return `The first commit log segment ${segmentName(minPhysicalOffset)} is missing: ${advice}`
  }
  if (first !== undefined && dispatched > segments.at(-1)!.base + segmentBytes) {
    const last = Math.floor((dispatched - 1) / segmentBytes) * segmentBytes
    return `The last commit log segment ${segmentName(last)} is missing: ${advice}`
  }
  return undefined
}

/** The store of a RocketMQ broker: its queues are complete after a clean stop, else as its checkpoint says. */
function foreignStart({ segments, clean, checkpointTime }: RecoveryFacts, start: number): number {
  const filled = segments.filter((segment) => segment.firstStoreTime !== undefined)
  if (clean) return filled.at(-1)?.base ?? start
  const before = checkpointTime - checkpointMarginMs
  return filled.findLast((segment) => segment.firstStoreTime! <= before)?.base ?? start
}

/** An index without an entry is complete when it had none before, and new when nobody knows. */
function indexStart({ indexedUpTo, positions }: RecoveryFacts): number {
  if (indexedUpTo === undefined) return Number.POSITIVE_INFINITY
  if (indexedUpTo < 0) return positions !== undefined && !positions.indexed ? Number.POSITIVE_INFINITY : 0
  return indexedUpTo
}
