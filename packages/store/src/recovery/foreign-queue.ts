import { KiB } from '@aerobee/base'
import type { ConsumeQueue } from '../consume-queue/consume-queue.js'
import { isBlank, type UnitEntry } from '../consume-queue/unit.js'
import type { OpenQueuesParts } from './open-queues.js'

/** As RocketMQ: this many files at the end of a queue are looked at after a crash. */
const lastFiles = 3
/** Most queues are short: reading begins with little and goes on with more. */
const firstChunkBytes = 4 * KiB
const chunkBytes = 64 * KiB

/** Finds begin and end of a queue that RocketMQ wrote. Returns why it has to be built again. */
export function foreignEnd(parts: OpenQueuesParts, queue: ConsumeQueue): string | undefined {
  const { clean } = parts
  const { unitsPerFile } = queue.layout
  if (queue.filesEnd === queue.filesStart) return undefined
  const from = clean
    ? queue.filesEnd - unitsPerFile
    : Math.max(queue.filesStart, queue.filesEnd - lastFiles * unitsPerFile)
  const end = clean ? searchEnd(parts, queue, from) : scanEnd(parts, queue, from)
  // A file made ahead, or emptied by a crash.
  if (end === from && from > queue.filesStart)
    return noteEnd(parts, queue, scanEnd(parts, queue, queue.filesStart))
  return noteEnd(parts, queue, end)
}

function noteEnd(parts: OpenQueuesParts, queue: ConsumeQueue, end: number): string | undefined {
  const { files, clean } = parts
  if (end === queue.filesStart && end > 0) return 'its entries are lost'
  const filled = end > queue.filesStart
  const last = filled ? files.entrySync(queue, end - 1) : undefined
  queue.beginAt(queue.filesStart, filled ? files.entrySync(queue, queue.filesStart).offset : 0)
  queue.continueAt(end, last ? last.offset + last.count : 0)
  queue.maxPhysical = lastPhysical(parts, queue, end)
  queue.minPhysical = -1
  correctMin(parts, queue)
  if (!clean) files.cut(queue, end)
  return undefined
}

const isEntry = ({ physical, size, offset, count }: UnitEntry) =>
  physical >= 0 && size > 0 && offset >= 0 && count > 0

/** Entries fill a file from its start: the first empty one, found by halving. */
function searchEnd(parts: OpenQueuesParts, queue: ConsumeQueue, from: number): number {
  let low = from
  let high = queue.filesEnd
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2)
    if (isEntry(parts.files.entrySync(queue, middle))) low = middle + 1
    else high = middle
  }
  return low
}

/** One by one: a power cut may leave holes. */
function scanEnd(parts: OpenQueuesParts, queue: ConsumeQueue, from: number): number {
  const { files } = parts
  const { unitsPerFile, unitBytes } = queue.layout
  const chunkUnits = Math.floor(chunkBytes / unitBytes)
  const bytes = Buffer.alloc(chunkUnits * unitBytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let before = -1
  let behind = -1
  let chunk = Math.floor(firstChunkBytes / unitBytes)
  for (let unit = from; unit < queue.filesEnd; ) {
    const fileEnd = unit - (unit % unitsPerFile) + unitsPerFile
    const count = Math.min(chunk, fileEnd - unit)
    chunk = Math.min(chunkUnits, chunk * 4)
    files.readSync(queue, unit, bytes.subarray(0, count * unitBytes))
    for (let i = 0; i < count; i++) {
      const entry = queue.entryIn(view, i * unitBytes, unit + i)
      if (!isEntry(entry)) return unit + i
      if (isBlank(entry.physical, entry.size)) continue
      if (entry.physical <= before || entry.offset < behind) return unit + i
      before = entry.physical
      behind = entry.offset + entry.count
    }
    unit += count
  }
  return queue.filesEnd
}

function lastPhysical(parts: OpenQueuesParts, queue: ConsumeQueue, end: number): number {
  for (let unit = end - 1; unit >= queue.filesStart; unit--) {
    const { physical, size } = parts.files.entrySync(queue, unit)
    if (!isBlank(physical, size)) return physical
  }
  return -1
}

/** In [from, to]; entries without one stand at a queue's head, but also where the log is damaged. */
function lastWithRecord(parts: OpenQueuesParts, queue: ConsumeQueue, from: number, to: number) {
  for (let unit = to; unit >= from; unit--) {
    const { physical, size } = parts.files.entrySync(queue, unit)
    if (!isBlank(physical, size)) return { unit, physical }
  }
  return undefined
}

/** The first entry whose record the log still holds; those before it were deleted with their segments. */
export function correctMin(parts: OpenQueuesParts, queue: ConsumeQueue): void {
  let low = queue.minUnit
  let high = queue.maxUnit
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2)
    const last = lastWithRecord(parts, queue, low, middle)
    if (last !== undefined && last.physical >= parts.logStart) high = last.unit
    else low = middle + 1
  }
  const first = low < queue.maxUnit ? parts.files.entrySync(queue, low) : undefined
  queue.beginAt(low, first?.offset ?? queue.maxOffset)
  queue.minPhysical = first?.physical ?? -1
}
