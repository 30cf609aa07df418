import { KiB } from '@aerobee/base'
import type { ConsumeQueue } from '../consume-queue/consume-queue.js'
import { isBlank, unitBytes, unitPhysical, unitSize } from '../consume-queue/unit.js'
import type { OpenQueuesParts } from './open-queues.js'

/** As RocketMQ: this many files at the end of a queue are looked at after a crash. */
const lastFiles = 3
/** Most queues are short: reading begins with little and goes on with more. */
const firstChunkUnits = Math.floor((4 * KiB) / unitBytes)
const chunkUnits = Math.floor((64 * KiB) / unitBytes)

/** Finds begin and end of a queue that RocketMQ wrote. Returns why it has to be built again. */
export function foreignEnd(parts: OpenQueuesParts, queue: ConsumeQueue): string | undefined {
  const { files, clean } = parts
  if (queue.filesEnd === queue.filesStart) return undefined
  const from = clean
    ? queue.filesEnd - files.unitsPerFile
    : Math.max(queue.filesStart, queue.filesEnd - lastFiles * files.unitsPerFile)
  const end = clean ? searchEnd(parts, queue, from) : scanEnd(parts, queue, from)
  // A file made ahead, or emptied by a crash.
  if (end === from && from > queue.filesStart)
    return noteEnd(parts, queue, scanEnd(parts, queue, queue.filesStart))
  return noteEnd(parts, queue, end)
}

function noteEnd(parts: OpenQueuesParts, queue: ConsumeQueue, end: number): string | undefined {
  const { files, clean } = parts
  if (end === queue.filesStart && end > 0) return 'its entries are lost'
  queue.minOffset = queue.filesStart
  queue.continueAt(end)
  queue.maxPhysical = lastPhysical(parts, queue, end)
  queue.minPhysical = -1
  correctMin(parts, queue)
  if (!clean) files.cut(queue, end)
  return undefined
}

/** Entries fill a file from its start: the first empty one, found by halving. */
function searchEnd(parts: OpenQueuesParts, queue: ConsumeQueue, from: number): number {
  let low = from
  let high = queue.filesEnd
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2)
    if (parts.files.entrySync(queue, middle).size <= 0) high = middle
    else low = middle + 1
  }
  return low
}

/** One by one: a power cut may leave holes. */
function scanEnd(parts: OpenQueuesParts, queue: ConsumeQueue, from: number): number {
  const { files } = parts
  const bytes = Buffer.alloc(chunkUnits * unitBytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let before = -1
  let chunk = firstChunkUnits
  for (let offset = from; offset < queue.filesEnd; ) {
    const fileEnd = offset - (offset % files.unitsPerFile) + files.unitsPerFile
    const count = Math.min(chunk, fileEnd - offset)
    chunk = Math.min(chunkUnits, chunk * 4)
    files.readSync(queue, offset, bytes.subarray(0, count * unitBytes))
    for (let i = 0; i < count; i++) {
      const physical = unitPhysical(view, i * unitBytes)
      const size = unitSize(view, i * unitBytes)
      if (size <= 0) return offset + i
      if (isBlank(physical, size)) continue
      if (physical <= before) return offset + i
      before = physical
    }
    offset += count
  }
  return queue.filesEnd
}

function lastPhysical(parts: OpenQueuesParts, queue: ConsumeQueue, end: number): number {
  for (let offset = end - 1; offset >= queue.filesStart; offset--) {
    const { physical, size } = parts.files.entrySync(queue, offset)
    if (!isBlank(physical, size)) return physical
  }
  return -1
}

/** The first entry whose record the log still holds; those before it were deleted with their segments. */
export function correctMin(parts: OpenQueuesParts, queue: ConsumeQueue): void {
  let low = queue.minOffset
  let high = queue.maxOffset
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2)
    const { physical, size } = parts.files.entrySync(queue, middle)
    if (!isBlank(physical, size) && physical >= parts.logStart) high = middle
    else low = middle + 1
  }
  queue.minOffset = low
  queue.minPhysical = low < queue.maxOffset ? parts.files.entrySync(queue, low).physical : -1
}
