import { errorText, type FileSystem, isAerobeeError, type Logger } from '@aerobee/base'
import type { ConsumeQueue } from '../consume-queue/consume-queue.js'
import type { QueueFiles } from '../consume-queue/queue-files.js'
import { isTopicDirectory, type QueueTable } from '../consume-queue/queue-table.js'
import { isBlank, unitBytes } from '../consume-queue/unit.js'
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
}

/**
 * Puts every queue into the table with the entries that can be believed: with positions those that were durable then,
 * else what looks right. Returns the physical offset from which damaged queues need the log, undefined when none does.
 */
export function openQueues(parts: OpenQueuesParts): number | undefined {
  const { fileSystem, files, queues, positions } = parts
  let need: number | undefined
  const damaged = (queue: ConsumeQueue, from: number, reason: string) => {
    parts.logger.warn(`${queue.topic} queue ${queue.queueId} is built again from the log, because ${reason}.`)
    discard(parts, queue)
    need = Math.min(need ?? from, from)
  }
  for (const topic of fileSystem.listSync(files.directory).filter(isTopicDirectory)) {
    for (const name of fileSystem.listSync(`${files.directory}/${topic}`)) {
      if (!/^\d{1,10}$/.test(name)) continue
      const queue = queues.findOrAdd(topic, Number(name))
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
  for (const [topic, ofTopic] of positions?.queues ?? []) {
    for (const [queueId, known] of ofTopic) {
      if (queues.find(topic, queueId)) continue
      const queue = queues.findOrAdd(topic, queueId)
      if (known.maxPhysical < parts.logStart) keepEnd(queue, known)
      else damaged(queue, startOf(known, parts), 'its directory is missing')
    }
  }
  return need
}

const startOf = (known: QueuePosition, parts: OpenQueuesParts) => Math.max(known.minPhysical, parts.logStart)

/** All records of the queue are deleted: its offsets still go on where they were. */
function keepEnd(queue: ConsumeQueue, known: QueuePosition): void {
  queue.minOffset = known.maxOffset
  queue.continueAt(known.maxOffset)
  queue.maxPhysical = known.maxPhysical
}

function discard(parts: OpenQueuesParts, queue: ConsumeQueue): void {
  parts.files.removeQueue(queue)
  queue.minOffset = 0
  queue.continueAt(0)
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
  if (maxOffset === minOffset && maxPhysical < logStart) {
    keepEnd(queue, known)
    return noteFiles(parts, queue)
  }
  const fault = noteFiles(parts, queue)
  if (fault !== undefined) return fault
  if (queue.filesEnd < maxOffset) return 'its last file is missing'
  const deletedBelow = queue.filesStart > minOffset && minPhysical < logStart
  if (queue.filesStart > minOffset && !deletedBelow) return 'its first file is missing'
  queue.minOffset = Math.max(minOffset, queue.filesStart)
  queue.continueAt(maxOffset)
  queue.maxPhysical = maxPhysical
  queue.minPhysical = deletedBelow ? -1 : minPhysical
  const wrong = checkEnds(parts, queue, known, deletedBelow)
  if (wrong !== undefined) return wrong
  // What was not durable may be anything; the log gives it again.
  if (!clean) files.cut(queue, maxOffset)
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
  let before = deletedBelow ? -1 : known.minPhysical - 1
  for (let start = queue.filesStart; start < known.maxOffset; start += files.unitsPerFile) {
    const last = Math.min(start + files.unitsPerFile, known.maxOffset) - 1
    for (const offset of [Math.max(start, queue.minOffset), last]) {
      const entry = files.entrySync(queue, offset)
      if (entry.size <= 0) return `its entry ${offset} is empty`
      if (isBlank(entry.physical, entry.size)) continue
      if (offset === known.minOffset && known.minPhysical >= 0 && entry.physical !== known.minPhysical) {
        return `its entry ${offset} is another one`
      }
      if (entry.physical < before) return `its entry ${offset} is out of order`
      before = entry.physical
    }
  }
  return before > known.maxPhysical ? 'it ends with another entry' : undefined
}

/** Notes which files there are; returns why they cannot be a queue's. */
function noteFiles(parts: OpenQueuesParts, queue: ConsumeQueue): string | undefined {
  const { files, fileSystem } = parts
  const starts = files.startsIn(files.directoryOf(queue.topic, queue.queueId))
  for (const [i, start] of starts.entries()) {
    if (start % files.unitsPerFile !== 0) return 'a file has a name that cannot be'
    if (i > 0 && start !== starts[i - 1]! + files.unitsPerFile) return 'a file in the middle is missing'
    const sizeBytes = fileSystem.infoSync(files.pathOf(queue, start))?.sizeBytes
    if (sizeBytes !== files.unitsPerFile * unitBytes) return `a file has ${sizeBytes} bytes`
  }
  queue.filesStart = starts[0] ?? 0
  queue.filesEnd = starts.length === 0 ? 0 : starts.at(-1)! + files.unitsPerFile
  return undefined
}

function openForeign(parts: OpenQueuesParts, queue: ConsumeQueue): string | undefined {
  parts.files.noteNames(queue)
  return noteFiles(parts, queue) ?? foreignEnd(parts, queue)
}
