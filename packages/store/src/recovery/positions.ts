import { crc32 } from 'node:zlib'
import { bad, good, type Result } from '@aerobee/base'
import type { CheckpointValues } from '../checkpoint.js'

/** Of one queue at the moment of the positions. */
export interface QueuePosition {
  minOffset: number
  maxOffset: number
  /** Of the entry at `minOffset`, -1 when there is none. */
  minPhysical: number
  /** Of the newest entry that has a record, -1 when there is none. */
  maxPhysical: number
  /** Numbers of the first entry and behind the last one, for a queue whose entries are counted. */
  units?: { min: number; max: number }
}

/**
 * What is provably on the device: the log and every queue entry for records before `dispatched`. Written after their
 * datasync, so that recovery starts there and believes nothing that came later.
 */
export interface StorePositions {
  /** Start of the oldest segment: one that is missing from there on was lost, not deleted by retention. */
  minPhysicalOffset: number
  dispatched: number
  /** Whether the message index held entries; when it has none and had none, it need not be built again. */
  indexed: boolean
  /** What the file `checkpoint` said before and after; other values there mean that RocketMQ ran meanwhile. */
  checkpoints: readonly CheckpointValues[]
  /** Records of these topics before the offset belong to no queue any more. */
  deletedTopics: ReadonlyMap<string, number>
  /** From here on the log holds the entries of queues that were found damaged and are no longer among `queues`. */
  rebuildFrom?: number
  /** Records that recovery found torn, and passed over: whoever reads the log later passes over them too. */
  torn: readonly number[]
  queues: ReadonlyMap<string, ReadonlyMap<number, QueuePosition>>
}

const format = 1

/**
 * The file `positions.json`, which RocketMQ does not know and leaves alone:
 *
 *   {"format":1, "crc32":…, "positions":{"minPhysicalOffset":…, "dispatched":…, "indexed":…, "checkpoints":[{…},{…}],
 *    "deletedTopics":{"T":offset}, "rebuildFrom":…, "torn":[offset],
 *    "queues":{"T":{"0":[minOffset,maxOffset,minPhysical,maxPhysical]}}}}
 *
 * A queue of type BatchCQ has [minUnit,maxUnit] behind these four; `rebuildFrom` and `torn` are mostly missing.
 *
 * The CRC is that of the text of `positions` as JSON.stringify gives it.
 */
export function positionsText(positions: StorePositions): string {
  // A topic may be named __proto__.
  const queues: Record<string, Record<string, number[]>> = Object.create(null)
  for (const [topic, ofTopic] of positions.queues) {
    const entries: Record<string, number[]> = {}
    for (const [queueId, at] of ofTopic) {
      const units = at.units ? [at.units.min, at.units.max] : []
      entries[queueId] = [at.minOffset, at.maxOffset, at.minPhysical, at.maxPhysical, ...units]
    }
    queues[topic] = entries
  }
  const { minPhysicalOffset, dispatched, indexed, checkpoints, rebuildFrom } = positions
  const deletedTopics = Object.fromEntries(positions.deletedTopics)
  const text = JSON.stringify({
    minPhysicalOffset,
    dispatched,
    indexed,
    checkpoints,
    deletedTopics,
    rebuildFrom,
    torn: positions.torn.length > 0 ? positions.torn : undefined,
    queues,
  })
  return `{"format":${format},"crc32":${crc32(text)},"positions":${text}}`
}

export function parsePositions(text: string): Result<StorePositions> {
  let parsed: Record<string, unknown>
  try {
    parsed = JSON.parse(text)
  } catch {
    return bad('no JSON')
  }
  if (!isObject(parsed) || parsed.format !== format) return bad(`not of format ${format}`)
  const { positions } = parsed
  if (!isObject(positions) || crc32(JSON.stringify(positions)) !== parsed.crc32) return bad('without its CRC')
  const { minPhysicalOffset, dispatched, indexed, checkpoints, deletedTopics, queues } = positions
  const { rebuildFrom, torn = [] } = positions
  if (!isOffset(minPhysicalOffset) || !isOffset(dispatched) || typeof indexed !== 'boolean') {
    return bad('without its offsets')
  }
  if (rebuildFrom !== undefined && !isOffset(rebuildFrom)) return bad('without the place to build from')
  if (!Array.isArray(torn) || !torn.every(isOffset)) return bad('without the torn records')
  if (!Array.isArray(checkpoints) || !isObject(deletedTopics) || !isObject(queues)) {
    return bad('without its tables')
  }
  const topics = new Map<string, Map<number, QueuePosition>>()
  for (const [topic, entries] of Object.entries(queues)) {
    const ofTopic = new Map<number, QueuePosition>()
    for (const [queueId, at] of Object.entries(isObject(entries) ? entries : {})) {
      const known = readQueue(at)
      if (!known) return bad(`without the offsets of ${topic} queue ${queueId}`)
      ofTopic.set(Number(queueId), known)
    }
    topics.set(topic, ofTopic)
  }
  const deleted = Object.entries(deletedTopics).filter((entry): entry is [string, number] =>
    isOffset(entry[1]),
  )
  return good({
    minPhysicalOffset,
    dispatched,
    indexed,
    checkpoints: checkpoints as CheckpointValues[],
    deletedTopics: new Map(deleted),
    ...(rebuildFrom !== undefined && { rebuildFrom }),
    torn,
    queues: topics,
  })
}

/** The same without what it says of these queues, of which the log has the entries from `rebuildFrom` on. */
export function without(
  positions: StorePositions,
  queues: Iterable<{ topic: string; queueId: number }>,
  rebuildFrom: number,
): StorePositions {
  const known = new Map([...positions.queues].map(([topic, ofTopic]) => [topic, new Map(ofTopic)]))
  for (const { topic, queueId } of queues) known.get(topic)?.delete(queueId)
  return { ...positions, rebuildFrom, queues: known }
}

/** Whether a topic was deleted together with records that the log has lost since. */
export const deletesBeyond = ({ deletedTopics }: StorePositions, end: number): boolean =>
  [...deletedTopics.values()].some((offset) => offset > end)

/** The deleted topics of a log that ends there. */
export const deletedUpTo = ({ deletedTopics }: StorePositions, end: number): ReadonlyMap<string, number> =>
  new Map([...deletedTopics].map(([topic, offset]) => [topic, Math.min(offset, end)]))

function readQueue(at: unknown): QueuePosition | undefined {
  if (!Array.isArray(at) || (at.length !== 4 && at.length !== 6) || !at.every(Number.isSafeInteger)) {
    return undefined
  }
  const [minOffset, maxOffset, minPhysical, maxPhysical, min, max] = at
  const known = { minOffset, maxOffset, minPhysical, maxPhysical }
  return at.length === 4 ? known : { ...known, units: { min, max } }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isOffset = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** Whether the checkpoint file is as these positions knew it: nobody else has written to the store since. */
export function agreesWith(positions: StorePositions, checkpoint: CheckpointValues): boolean {
  return positions.checkpoints.some((known) =>
    (Object.keys(checkpoint) as (keyof CheckpointValues)[]).every((key) => known[key] === checkpoint[key]),
  )
}
