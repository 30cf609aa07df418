import type { Clock, FileSystem, Logger } from '@aerobee/base'
import { checkRecord, readPhysicalOffset, readStoreTimestamp, smallestRecordBytes } from '@aerobee/wire'
import type { CheckpointValues } from '../checkpoint.js'
import type { SegmentList } from '../commit-log/segment-list.js'
import type { QueueFiles } from '../consume-queue/queue-files.js'
import type { QueueTable } from '../consume-queue/queue-table.js'
import type { QueueWriter } from '../consume-queue/queue-writer.js'
import type { MessageIndex } from '../index-file/index.js'
import type { OpenFiles } from '../open-files.js'
import { openQueues } from './open-queues.js'
import { planRecovery, type RecoveryPlan } from './plan.js'
import { deletedUpTo, deletesBeyond, type StorePositions, without } from './positions.js'
import { cutAt, trimQueues } from './queue-cut.js'
import { GapFound, Replay } from './replay.js'
import { scanLog } from './scan.js'

export interface RecoveryParts {
  fileSystem: FileSystem
  clock: Clock
  logger: Logger
  files: OpenFiles
  segments: SegmentList
  queues: QueueTable
  queueFiles: QueueFiles
  queueWriter: QueueWriter
  index: MessageIndex | undefined
  /** No abort marker was there. */
  clean: boolean
  /** Only when nobody else wrote to the store since. */
  positions: StorePositions | undefined
  /** Makes changed positions durable at once. */
  savePositions: (positions: StorePositions) => void
  checkpoint: CheckpointValues
  appendedCrc: boolean
  delayLevels: readonly number[]
  /** Whether light message queues are kept. */
  multiDispatch: boolean
}

export interface Damage {
  from: number
  to: number
}

export interface Recovered {
  /** Where the log goes on. */
  end: number
  /** What lies before is durable for certain. */
  durableEnd: number
  lastStoreTime: number
  records: number
  damages: Damage[]
  /** As they count now. */
  positions: StorePositions | undefined
  /** Records that are passed over for good. */
  torn: ReadonlySet<number>
}

/** More lines than this about one log help nobody. */
const damageLines = 20

/**
 * Brings queues, index and the end of the log to one state (reference: storage 2.6):
 *
 *   queues opened ─► plan ─► log read from there, records given to queues and index ─► torn tail cut ─► queues trimmed
 *
 * Doing it again, also after a crash in the midst of it, gives the same. Rejects with STORE_CORRUPT, IO_FAILED.
 */
export async function recover(parts: RecoveryParts): Promise<Recovered> {
  const { segments, queues, logger } = parts
  let { positions } = parts
  const logStart = segments.first?.base ?? 0
  const queuesNeed = openQueues({
    fileSystem: parts.fileSystem,
    logger,
    queues,
    files: parts.queueFiles,
    logStart,
    clean: parts.clean,
    positions,
    distrust: (damaged, rebuildFrom) => {
      if (positions === undefined) return
      positions = without(positions, damaged, rebuildFrom)
      parts.savePositions(positions)
    },
  })
  const plan = planRecovery(factsOf(parts, queuesNeed))
  if (plan.endsThere) plan.endsThere = isEnd(parts, plan.knownEnd)
  const recovered = await readAgainWhileGaps(parts, plan, logStart)
  trimQueues(queues, parts.queueFiles, recovered.end)
  parts.index?.truncateBeyond(recovered.end)
  for (const queue of queues.all()) queue.nextOffset = queue.maxOffset
  if (positions && deletesBeyond(positions, recovered.end)) {
    // What comes to lie there is not what was deleted.
    positions = { ...positions, deletedTopics: deletedUpTo(positions, recovered.end) }
    parts.savePositions(positions)
  }
  return { ...recovered, positions }
}

function factsOf(parts: RecoveryParts, queuesNeed: number | undefined) {
  const { checkpoint, index, positions, segments } = parts
  const times = [checkpoint.physicMsgTimestamp, checkpoint.logicsMsgTimestamp]
  return {
    clean: parts.clean,
    segments: segments.all.map(({ base }) => ({
      base,
      firstStoreTime: positions === undefined ? firstStoreTime(parts, base) : undefined,
    })),
    positions,
    checkpointTime: Math.min(...times),
    indexedUpTo: index?.indexedUpTo,
    queuesNeed,
  }
}

/** Of the record with which a segment begins. */
function firstStoreTime(parts: RecoveryParts, base: number): number | undefined {
  const head = headAt(parts, base)
  if (head === undefined || head.kind !== 'other' || !(head.storeTime > 0)) return undefined
  return head.storeTime
}

/** Whether nothing was ever written at an offset or, where a file ends there, at the start of the next. */
function isEnd(parts: RecoveryParts, offset: number): boolean {
  const head = headAt(parts, offset)
  if (head === undefined || head.kind === 'unwritten') return true
  if (head.kind !== 'fileEnd') return false
  const { segmentBytes } = parts.segments
  return isEnd(parts, (Math.floor(offset / segmentBytes) + 1) * segmentBytes)
}

/** What the first bytes at an offset look like; undefined where no file is. */
function headAt(parts: RecoveryParts, offset: number) {
  const segment = parts.segments.holding(offset)
  if (segment === undefined) return undefined
  const head = Buffer.alloc(smallestRecordBytes)
  parts.files.use(segment.path, (file) => file.readSync(head, offset - segment.base))
  const view = new DataView(head.buffer, head.byteOffset, head.length)
  const { kind } = checkRecord(head, view, 0, head.length, { bodyCrc: false })
  if (kind === 'unwritten' || kind === 'fileEnd') return { kind, storeTime: 0 }
  const storeTime = readPhysicalOffset(view, 0) === offset ? readStoreTimestamp(view, 0) : 0
  return { kind: 'other', storeTime } as const
}

async function readAgainWhileGaps(
  parts: RecoveryParts,
  plan: RecoveryPlan,
  logStart: number,
): Promise<Omit<Recovered, 'positions'>> {
  let { scanFrom } = plan
  for (let attempt = 0; ; attempt++) {
    try {
      return await read(parts, { ...plan, scanFrom }, logStart)
    } catch (thrown) {
      if (!(thrown instanceof GapFound)) throw thrown
      scanFrom = attempt === 0 ? thrown.scanFrom : logStart
      parts.logger.warn(`Queue entries are missing: the log is read again from ${scanFrom}.`)
    }
  }
}

async function read(
  parts: RecoveryParts,
  plan: RecoveryPlan,
  logStart: number,
): Promise<Omit<Recovered, 'positions'>> {
  const { segments, files, queues, queueFiles, queueWriter, index, logger, positions, clock } = parts
  const begun = clock.monoMs()
  const damages: Damage[] = []
  const torn = new Set(positions?.torn)
  const replay = new Replay({
    queues,
    writer: queueWriter,
    index,
    logger,
    deletedTopics: positions?.deletedTopics ?? new Map(),
    delayLevels: parts.delayLevels,
    multiDispatch: parts.multiDispatch,
    cut: (queue, offset) => cutAt(queueFiles, queue, offset),
    scanFrom: plan.scanFrom,
    logStart,
    complete: positions !== undefined,
  })
  const damage = (from: number, to: number, reason: string) => {
    damages.push({ from, to })
    if (damages.length > damageLines) return
    logger.error(
      `The commit log is damaged from offset ${from} to ${to}: ${reason}. ` +
        'What lies there is not served; nothing was deleted.',
    )
  }
  const scanned = await scanLog(
    {
      segments,
      files,
      appendedCrc: parts.appendedCrc,
      sureEnd: parts.clean ? Number.POSITIVE_INFINITY : plan.knownEnd,
      torn,
      foundTorn: (physicalOffset) => torn.add(physicalOffset),
      record: (window, at, shape) => replay.record(window, at, shape),
      damage,
    },
    plan.scanFrom,
    plan.endsThere ? plan.knownEnd : undefined,
  )
  replay.finish()
  const { end, zeros } = scanned
  if (end < plan.knownEnd) damage(end, plan.knownEnd, 'no record lies there')
  const logEnd = Math.max(end, plan.knownEnd)
  // What is cut off is written anew.
  for (const physicalOffset of torn) if (physicalOffset >= logEnd) torn.delete(physicalOffset)
  if (scanned.torn)
    logger.warn(`The commit log ends at ${logEnd}: an incomplete record behind it is cut off.`)
  if (!zeros) segments.cut(logEnd, true)
  const { records, lastStoreTime } = replay
  const ms = Math.round(clock.monoMs() - begun)
  if (records > 0)
    logger.info(`Recovery read ${records} records from ${plan.scanFrom} to ${logEnd} in ${ms} ms.`)
  const durableEnd = parts.clean ? logEnd : Math.min(logEnd, positions?.dispatched ?? plan.scanFrom)
  return { end: logEnd, durableEnd, lastStoreTime, records, damages, torn }
}
