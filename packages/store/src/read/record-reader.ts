import {
  decodeRecord,
  readPhysicalOffset,
  readPropertiesAt,
  readQueueId,
  readQueueOffset,
  readStoreTimestamp,
  readTotalSize,
  recordFault,
  smallestRecordBytes,
} from '@aerobee/wire'
import type { LogBlock, LogBlocks } from '../commit-log/log-blocks.js'
import type { SegmentList } from '../commit-log/segment-list.js'
import type { ConsumeQueue } from '../consume-queue/consume-queue.js'
import type { PropertyMatch } from '../contracts.js'
import { lmqPlaces } from '../multi-dispatch.js'
import type { OpenFiles } from '../open-files.js'
import { RecordSlices } from './record-slices.js'

export interface RecordReaderParts {
  segments: SegmentList
  blocks: LogBlocks
  files: OpenFiles
  appendedCrc: boolean
  /** Records end at or before this physical offset. */
  visibleEnd(): number
  /** What a queue or an index names is not what the log holds there. */
  damaged(physicalOffset: number, reason: string): void
}

/** What became of a record: added, left out since nobody asked for it, or not what its queue entry says. */
export type Collected = 'added' | 'unwanted' | 'damaged'

/** Up to the end of the store time, whatever the hosts; every record is longer. */
const headBytes = 76

/** Records of the log one by one. What comes from disk is verified before anybody sees it. */
export class RecordReader {
  readonly #parts: RecordReaderParts

  constructor(parts: RecordReaderParts) {
    this.#parts = parts
  }

  /** Whether the log still holds, and already shows, a record in that place. */
  holds(physical: number, size: number): boolean {
    const { first } = this.#parts.segments
    return first !== undefined && physical >= first.base && physical + size <= this.#parts.visibleEnd()
  }

  /**
   * Adds the record that a queue entry names to an answer. A promise: a block of it is being read, try again then.
   * What is damaged was reported.
   */
  collect(
    into: RecordSlices,
    physical: number,
    size: number,
    queue: ConsumeQueue,
    queueOffset: number,
    match: PropertyMatch | undefined,
  ): Collected | Promise<unknown> {
    const { blocks } = this.#parts
    const block = blocks.find(physical)
    if (block === undefined) return blocks.load(physical)
    const end = physical + size
    if (end > block.end) return this.#collectAcross(into, physical, end, queue, queueOffset, match)
    const at = physical - block.start
    if (!this.#isNamed(block.bytes, block.view, at, size, queue, queueOffset, physical)) return 'damaged'
    if (physical < block.coldEnd && !this.#isSound(block.bytes, block.view, at, size, physical))
      return 'damaged'
    if (match !== undefined && !isWanted(match, block.bytes, block.view, at, size)) return 'unwanted'
    into.add(block, physical, end)
    return 'added'
  }

  /** The whole record as a copy, undefined when there is none. Rejects with IO_FAILED. */
  async read(physical: number): Promise<Buffer | undefined> {
    const head = await this.bytes(physical, headBytes)
    if (head === undefined) return undefined
    const size = readTotalSize(viewOf(head), 0)
    if (size < headBytes || !this.holds(physical, size)) return undefined
    const bytes = await this.bytes(physical, size)
    if (bytes === undefined || readPhysicalOffset(viewOf(bytes), 0) !== physical) return undefined
    return this.#isSound(bytes, viewOf(bytes), 0, size, physical) ? bytes : undefined
  }

  /** A copy of the record of this size, when it lies within one block in memory. */
  readNow(physical: number, size: number): Buffer | undefined {
    const block = this.#parts.blocks.find(physical)
    if (block === undefined || physical + size > block.end || !this.holds(physical, size)) return undefined
    const at = physical - block.start
    if (size < smallestRecordBytes || readTotalSize(block.view, at) !== size) return undefined
    if (readPhysicalOffset(block.view, at) !== physical) return undefined
    if (physical < block.coldEnd && !this.#isSound(block.bytes, block.view, at, size, physical))
      return undefined
    return Buffer.from(block.bytes.subarray(at, at + size))
  }

  /** The record at `at` of bytes that were read at once; undefined when it is not of this place and size. */
  within(bytes: Buffer, at: number, physical: number, size: number): Buffer | undefined {
    const view = viewOf(bytes)
    if (size < smallestRecordBytes || readTotalSize(view, at) !== size) return undefined
    if (readPhysicalOffset(view, at) !== physical) return undefined
    return this.#isSound(bytes, view, at, size, physical) ? bytes.subarray(at, at + size) : undefined
  }

  /** Store time of the record there, -1 when there is none. Rejects with IO_FAILED. */
  async storeTime(physical: number): Promise<number> {
    const head = await this.bytes(physical, headBytes)
    if (head === undefined) return -1
    const view = viewOf(head)
    return readPhysicalOffset(view, 0) === physical ? readStoreTimestamp(view, 0) : -1
  }

  #collectAcross(
    into: RecordSlices,
    physical: number,
    end: number,
    queue: ConsumeQueue,
    queueOffset: number,
    match: PropertyMatch | undefined,
  ): Collected | Promise<unknown> {
    const { blocks } = this.#parts
    const parts: LogBlock[] = []
    for (let at = physical; at < end; ) {
      const block = blocks.find(at)
      if (block === undefined) return blocks.load(at)
      parts.push(block)
      at = block.end
    }
    const whole = new RecordSlices()
    for (const block of parts) whole.add(block, Math.max(physical, block.start), Math.min(end, block.end))
    const bytes = Buffer.allocUnsafe(end - physical)
    whole.copyTo(bytes, 0)
    const view = viewOf(bytes)
    if (!this.#isNamed(bytes, view, 0, bytes.length, queue, queueOffset, physical)) return 'damaged'
    const cold = parts.some((block) => physical < block.coldEnd)
    if (cold && !this.#isSound(bytes, view, 0, bytes.length, physical)) return 'damaged'
    if (match !== undefined && !isWanted(match, bytes, view, 0, bytes.length)) return 'unwanted'
    for (const block of parts) into.add(block, Math.max(physical, block.start), Math.min(end, block.end))
    return 'added'
  }

  /** A damaged entry must not make bytes of other records an answer. */
  #isNamed(
    bytes: Buffer,
    view: DataView,
    at: number,
    size: number,
    queue: ConsumeQueue,
    queueOffset: number,
    physical: number,
  ): boolean {
    if (
      size >= smallestRecordBytes &&
      readTotalSize(view, at) === size &&
      (queue.lmq
        ? isShownIn(queue, bytes.subarray(at, at + size), queueOffset)
        : readQueueOffset(view, at) === queueOffset && readQueueId(view, at) === queue.queueId)
    ) {
      return true
    }
    this.#parts.damaged(physical, `it is not the record of queue ${queue.queueId}, offset ${queueOffset}`)
    return false
  }

  #isSound(bytes: Uint8Array, view: DataView, at: number, size: number, physical: number): boolean {
    const reason = recordFault(bytes, view, at, size, physical, this.#parts.appendedCrc)
    if (reason === undefined) return true
    this.#parts.damaged(physical, reason)
    return false
  }

  /** A copy of bytes within one segment, from memory or by a read of just these. */
  async bytes(physical: number, length: number): Promise<Buffer | undefined> {
    if (!this.holds(physical, length)) return undefined
    const { segments, blocks, files } = this.#parts
    const block = blocks.find(physical)
    if (block !== undefined && physical + length <= block.end) {
      return Buffer.from(block.bytes.subarray(physical - block.start, physical - block.start + length))
    }
    const segment = segments.holding(physical)
    if (segment === undefined || physical + length > segment.base + segments.segmentBytes) return undefined
    const bytes = Buffer.allocUnsafe(length)
    const count = await files.useAsync(segment.path, (file) => file.read(bytes, physical - segment.base))
    return count === length ? bytes : undefined
  }
}

function isWanted(match: PropertyMatch, bytes: Uint8Array, view: DataView, at: number, size: number) {
  const from = readPropertiesAt(view, at)
  return from >= 0 && match.matches(bytes, from, at + size)
}

/** Whether a record was sent to a light message queue, or dispatched to it. */
function isShownIn(queue: ConsumeQueue, bytes: Buffer, queueOffset: number): boolean {
  const record = decodeRecord(bytes)
  if (!record.ok) return false
  const { topic, properties, queueId, queueOffset: ownOffset } = record.value
  if (topic === queue.topic) return queueId === queue.queueId && ownOffset === queueOffset
  return lmqPlaces(topic, properties).some(
    ({ topic: name, offset }) => name === queue.topic && offset === queueOffset,
  )
}

const viewOf = (bytes: Buffer) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
