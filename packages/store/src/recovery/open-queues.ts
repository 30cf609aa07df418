import { errorText, type FileSystem, isAerobeeError, type Logger } from '@aerobee/base'
import type { ConsumeQueue } from '../consume-queue/consume-queue.js'
import type { QueueFiles } from '../consume-queue/queue-files.js'
import { isTopicDirectory, type QueueTable } from '../consume-queue/queue-table.js'
import { isBlank } from '../consume-queue/unit.js'
import { correctMin, foreignEnd } from './foreign-queue.js'
import type { QueuePosition, StorePositions } from './positions.js'

export interface OpenQueuesParts {
  fileSystem: FileSystem
  logger: Logger
  queues: QueueTable
  files: QueueFiles
  /** Oldest record of the log. */
  logStart: number
  clean: boolean
  /** Undefined: nothing is known but what lies on disk. */
  positions: StorePositions | undefined
  /**
   * Before damaged queues are discarded: from now on nobody may believe what the positions say of them, however often
   * recovery is begun again before they are durable once more.
   */
  distrust: (queues: readonly ConsumeQueue[], rebuildFrom: number) => void
}

/**
 * Puts every queue into the table with the entries that can be believed: with positions those that were durable then,
 * else what looks right. Returns the physical offset from which damaged queues need the log, undefined when none does.
 */
export function openQueues(parts: OpenQueuesParts): number | undefined {
  const { fileSystem, queues, positions } = parts
  let need = positions?.rebuildFrom
  const discarded: ConsumeQueue[] = []
  const damaged = (queue: ConsumeQueue, from: number, reason: string) => {
    parts.logger.warn(`${queue.topic} queue ${queue.queueId} is built again from the log, because ${reason}.`)
    discarded.push(queue)
    need = Math.min(need ?? from, from)
  }
  for (const layout of Object.values(queues.layouts)) {
    for (const topic of fileSystem.listSync(layout.directory).filter(isTopicDirectory)) {
      if (queues.layoutOf(topic, layout) !== layout) {
        parts.logger.warn(
          `${layout.directory}/${topic} is left alone: the topic's queues are of the other type.`,
        )
        continue
      }
      for (const name of fileSystem.listSync(`${layout.directory}/${topic}`)) {
        if (!/^\d{1,10}$/.test(name)) continue
        const queue = queues.findOrAdd(topic, Number(name), layout)
        const known = positions?.queues.get(topic)?.get(queue.queueId)
        if (positions && !known) {
          discard(parts, queue)
          queues.remove(queue)
          continue
        }
        const reason = attempt(() => (known ? openKnown(parts, queue, known) : openForeign(parts, queue)))
        if (reason !== undefined) damaged(queue, known ? startOf(known, parts) : parts.logStart, reason)
      }
    }
  }
  for (const [topic, ofTopic] of positions?.queues ?? []) {
    for (const [queueId, known] of ofTopic) {
      if (queues.find(topic, queueId)) continue
      const { simple, batch } = queues.layouts
      const queue = queues.findOrAdd(topic, queueId, known.units ? batch : simple)
      if (known.maxPhysical < parts.logStart) keepEnd(queue, known)
      else damaged(queue, startOf(known, parts), 'its directory is missing')
    }
  }
  if (discarded.length > 0) parts.distrust(discarded, need ?? parts.logStart)
  for (const queue of discarded) discard(parts, queue)
  return need
}

const startOf = (known: QueuePosition, parts: OpenQueuesParts) => Math.max(known.minPhysical, parts.logStart)

/** All records of the queue are deleted: its offsets still go on where they were. */
function keepEnd(queue: ConsumeQueue, known: QueuePosition): void {
  const { max } = unitsOf(known)
  queue.beginAt(max, known.maxOffset)
  queue.continueAt(max, known.maxOffset)
  queue.maxPhysical = known.maxPhysical
}

/** The number of an entry is its offset, unless entries are counted. */
const unitsOf = (known: QueuePosition) => known.units ?? { min: known.minOffset, max: known.maxOffset }

function discard(parts: OpenQueuesParts, queue: ConsumeQueue): void {
  parts.files.removeQueue(queue)
  queue.beginAt(0, 0)
  queue.continueAt(0, 0)
  queue.minPhysical = -1
  queue.maxPhysical = -1
}

/** Reasons to build the queue again are answers; only a broken disk throws. */
function attempt(open: () => string | undefined): string | undefined {
  try {
    return open()
  } catch (thrown) {
    if (!isAerobeeError(thrown, 'IO_FAILED')) throw thrown
    return `it cannot be read (${errorText(thrown)})`
  }
}

/** Returns why the files are not what the positions say. */
function openKnown(parts: OpenQueuesParts, queue: ConsumeQueue, known: QueuePosition): string | undefined {
  const { files, clean, logStart } = parts
  const { minOffset, maxOffset, minPhysical, maxPhysical } = known
  if ((known.units !== undefined) !== queue.layout.batch) return "its topic's queue.type is another one now"
  const fault = noteFiles(parts, queue)
  if (maxOffset === minOffset && maxPhysical < logStart) {
    keepEnd(queue, known)
    return fault
  }
  if (fault !== undefined) return fault
  const { min, max } = unitsOf(known)
  if (queue.filesEnd < max) return 'its last file is missing'
  const deletedBelow = queue.filesStart > min && minPhysical < logStart
  if (queue.filesStart > min && !deletedBelow) return 'its first file is missing'
  const first = Math.max(min, queue.filesStart)
  queue.beginAt(first, first === min ? minOffset : files.entrySync(queue, first).offset)
  queue.continueAt(max, maxOffset)
  queue.maxPhysical = maxPhysical
  queue.minPhysical = deletedBelow ? -1 : minPhysical
  const wrong = checkEnds(parts, queue, known, deletedBelow)
  if (wrong !== undefined) return wrong
  // What was not durable may be anything; the log gives it again.
  if (!clean) files.cut(queue, max)
  // Retention went on since.
  if (minPhysical < logStart) correctMin(parts, queue)
  return undefined
}

/** First and last entry of every file: offsets in the log rise along a queue, to the one known. */
function checkEnds(
  parts: OpenQueuesParts,
  queue: ConsumeQueue,
  known: QueuePosition,
  deletedBelow: boolean,
): string | undefined {
  const { files } = parts
  const { unitsPerFile } = queue.layout
  const { min, max } = unitsOf(known)
  let before = deletedBelow ? -1 : known.minPhysical - 1
  let behind = -1
  for (let start = queue.filesStart; start < max; start += unitsPerFile) {
    const last = Math.min(start + unitsPerFile, max) - 1
    for (const unit of [Math.max(start, queue.minUnit), last]) {
      const entry = files.entrySync(queue, unit)
      if (entry.size <= 0 || entry.count <= 0) return `its entry ${unit} is empty`
      if (isBlank(entry.physical, entry.size)) continue
      if (unit === min && known.minPhysical >= 0 && entry.physical !== known.minPhysical) {
        return `its entry ${unit} is another one`
      }
      if (entry.physical < before || entry.offset < behind) return `its entry ${unit} is out of order`
      before = entry.physical
      behind = entry.offset
    }
  }
  return before > known.maxPhysical ? 'it ends with another entry' : undefined
}

/** Notes which files there are; returns why they cannot be a queue's. */
function noteFiles(parts: OpenQueuesParts, queue: ConsumeQueue): string | undefined {
  const { files, fileSystem } = parts
  const { unitsPerFile, unitBytes } = queue.layout
  const starts = files.startsOf(queue)
  for (const [i, start] of starts.entries()) {
    if (start % unitsPerFile !== 0) return 'a file has a name that cannot be'
    if (i > 0 && start !== starts[i - 1]! + unitsPerFile) return 'a file in the middle is missing'
    const sizeBytes = fileSystem.infoSync(files.pathOf(queue, start))?.sizeBytes
    if (sizeBytes !== unitsPerFile * unitBytes) return `a file has ${sizeBytes} bytes`
  }
  queue.filesStart = starts[0] ?? 0
  queue.filesEnd = starts.length === 0 ? 0 : starts.at(-1)! + unitsPerFile
  return undefined
}

function openForeign(parts: OpenQueuesParts, queue: ConsumeQueue): string | undefined {
  parts.files.noteNames(queue)
  return noteFiles(parts, queue) ?? foreignEnd(parts, queue)
}
