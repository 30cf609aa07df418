import { errorText, type Logger, type PhysicalOffset } from '@aerobee/base'
import type { MessageStore } from '@aerobee/store'
import { decodeRecord, propertyNames, propertyText, type RecordShape, systemTopicNames } from '@aerobee/wire'
import { waitedAt } from '../delivery/mark.js'
import type { DelayOffsets } from './delay-offsets.js'

export interface DelayRecoveryParts {
  store: MessageStore
  logger: Logger
  offsets: DelayOffsets
  /** Levels 1 to this one are looked after. */
  levels: number
}

/**
 * For the start of a run, before its first delivery: the records behind the saved offsets that were delivered, by
 * their physical offset. What was delivered before `logPosition` is in the offsets; what was delivered behind it has
 * its mark. So a kill neither loses a message nor delivers one twice; nor does a power cut, since the file counts
 * durable deliveries only. Rejects with IO_FAILED.
 */
export async function deliveredBehind(parts: DelayRecoveryParts): Promise<Set<PhysicalOffset>> {
  const { store, offsets, logger, levels } = parts
  for (let level = 1; level <= levels; level++) clamp(parts, level)
  const delivered = new Set<PhysicalOffset>()
  const { logPosition } = offsets
  if (logPosition === undefined) {
    // RocketMQ's file, or none: from here on marks count.
    beginMarks(parts)
    return delivered
  }
  await store.scan(logPosition, (view, _at, shape) => {
    const offset = waitedAt(view, shape)
    if (offset !== undefined && hadLevel(view, shape)) delivered.add(offset)
  })
  if (delivered.size > 0)
    logger.info(`${delivered.size} delayed messages were delivered after delayOffset.json was saved`)
  return delivered
}

const levelPiece = propertyText(propertyNames.delayLevel, '').slice(0, -1)

/** Whether a copy is ours: what the timer delivered has no delay level. */
function hadLevel(view: DataView, { propertiesAt, propertiesBytes }: RecordShape): boolean {
  return Buffer.from(view.buffer, view.byteOffset + propertiesAt, propertiesBytes).includes(levelPiece)
}

/** A disk that takes no more must not keep the broker from serving what it has: then this is done as soon as it can be. */
function beginMarks({ store, offsets, logger }: DelayRecoveryParts): void {
  const progress = offsets.progress(store.status().maxPhysicalOffset)
  try {
    offsets.save(progress)
  } catch (thrown) {
    logger.error(`delayOffset.json could not be saved: ${errorText(thrown)}`)
    offsets.saveSoon(progress)
  }
}

/** Drops from the set what waits in no queue: a power cut took it, and left its copy. Rejects with IO_FAILED. */
export async function dropLost(store: MessageStore, delivered: Set<PhysicalOffset>): Promise<void> {
  for (const physicalOffset of delivered) {
    const bytes = await store.recordAt(physicalOffset)
    const record = bytes && decodeRecord(bytes)
    if (!record?.ok || record.value.topic !== systemTopicNames.schedule) delivered.delete(physicalOffset)
  }
}

/** Into what the queue has (reference: broker-behaviour 8.2). */
function clamp({ store, offsets, logger }: DelayRecoveryParts, level: number): void {
  const queueId = level - 1
  const least = store.minOffset(systemTopicNames.schedule, queueId)
  const most = store.maxOffset(systemTopicNames.schedule, queueId)
  const known = offsets.next(level)
  const offset = Math.min(Math.max(known, least), most)
  if (offset === known) return
  logger.warn(
    `delay level ${level} was at offset ${known}, its queue has ${least} to ${most}: goes on at ${offset}`,
  )
  offsets.move(level, offset)
}
