import { assert } from '@aerobee/base'
import {
  appendedCrcBytes,
  encodeFileEnd,
  encodeRecord,
  fileEndBytes,
  recordSizeBytes,
  recordSizeUpperBound,
  sealRecord,
  storedPropertiesBytes,
} from '@aerobee/wire'
import type { NewMessage } from '../contracts.js'
import type { OpenFiles } from '../open-files.js'
import type { LogBlock, LogBlocks } from './log-blocks.js'
import type { SegmentList } from './segment-list.js'

export interface LogWriterParts {
  segments: SegmentList
  blocks: LogBlocks
  files: OpenFiles
  appendCrc: boolean
}

/**
 * The end of the log. Records are encoded straight into its blocks; `write` puts all that came since the last one into
 * the files:
 *
 *   … | written | encoded, not written | free …      a run that leaves a segment ends with the mark of the file's end
 *               ^writtenEnd            ^end
 */
export class LogWriter {
  readonly #parts: LogWriterParts
  readonly #segmentBytes: number
  end: number
  writtenEnd: number
  #block: LogBlock | undefined
  /** Behind the last byte of the segment in which `end` lies. */
  #segmentEnd: number
  /** Whether that segment's file is there. */
  #ready: boolean
  /** Where the part of `end`'s segment begins that is not written. */
  #runStart: number
  /** Pairs of offsets in earlier segments that are not written. */
  #runs: number[] = []
  #scratch = Buffer.alloc(0)

  /** `end`: where the log goes on, in a segment or at the end of the last one. */
  constructor(parts: LogWriterParts, end: number) {
    this.#parts = parts
    this.#segmentBytes = parts.segments.segmentBytes
    this.end = end
    this.writtenEnd = end
    this.#runStart = end
    this.#segmentEnd = this.#segmentEndOf(end)
    this.#ready = parts.segments.holding(end) !== undefined
    this.#block = parts.blocks.openTail(end)
    parts.blocks.pinnedFrom = end
  }

  /**
   * Makes sure that so many bytes of records fit into one segment, on to the next one if need be. False: they never do.
   * Throws IO_FAILED when the next segment cannot be made.
   */
  reserve(bytes: number): boolean {
    if (bytes + fileEndBytes > this.#segmentBytes) return false
    if (!this.#ready) this.#openSegment(this.end)
    if (!this.fits(bytes)) this.#roll()
    return true
  }

  /** Whether records of at most this size go into the present segment. */
  fits(bytes: number): boolean {
    return this.#ready && this.end + bytes + fileEndBytes <= this.#segmentEnd
  }

  /** An upper bound of `sizeOf` that costs nothing. */
  boundOf(message: NewMessage, topic: Uint8Array): number {
    return recordSizeUpperBound(message, topic.length)
  }

  /** Exact. */
  sizeOf(message: NewMessage, topic: Uint8Array): number {
    const properties = storedPropertiesBytes(message.properties, this.#parts.appendCrc)
    return recordSizeBytes(message.sysFlag, topic.length, message.body.length, properties)
  }

  /** Puts a record at `end`, for which there is room; returns its size. `bound`: its size at most. */
  add(
    message: NewMessage,
    topic: Uint8Array,
    queueOffset: number,
    storeTimestamp: number,
    bound: number,
  ): number {
    const { appendCrc } = this.#parts
    const block = this.#currentBlock()
    const at = this.end
    const within = at - block.start
    if (at + bound <= block.end) {
      const size = encodeRecord(
        block.bytes,
        block.view,
        within,
        message,
        topic,
        queueOffset,
        at,
        storeTimestamp,
        appendCrc,
      )
      if (appendCrc) sealRecord(block.bytes, within, size)
      this.end = at + size
      return size
    }
    const scratch = this.#scratchOf(bound)
    const view = new DataView(scratch.buffer, scratch.byteOffset, scratch.length)
    const size = encodeRecord(scratch, view, 0, message, topic, queueOffset, at, storeTimestamp, appendCrc)
    if (appendCrc) sealRecord(scratch, 0, size)
    this.#put(scratch.subarray(0, size))
    return size
  }

  /** Everything encoded into the files. Throws IO_FAILED; then call `rollBack`. */
  write(): void {
    for (let i = 0; i < this.#runs.length; i += 2) this.#writeRun(this.#runs[i]!, this.#runs[i + 1]!)
    this.#writeRun(this.#runStart, this.end)
    this.#runs.length = 0
    this.#runStart = this.end
    this.writtenEnd = this.end
    this.#parts.blocks.pinnedFrom = this.end
  }

  /** Forgets what could not be written, here and in the files. Throws IO_FAILED. */
  rollBack(): void {
    this.end = this.writtenEnd
    this.#runs.length = 0
    this.#runStart = this.end
    this.#segmentEnd = this.#segmentEndOf(this.end)
    this.#ready = this.#parts.segments.holding(this.end) !== undefined
    this.#block = undefined
    this.#parts.blocks.forgetFrom(this.end)
    this.#parts.segments.cut(this.end, false)
  }

  /** On to the next segment, whose file must be there before the mark says so. */
  #roll(): void {
    const base = this.#segmentEnd
    const remaining = base - this.end
    if (!this.#parts.segments.holding(base)) this.#openSegment(base)
    const mark = this.#scratchOf(fileEndBytes)
    encodeFileEnd(new DataView(mark.buffer, mark.byteOffset, fileEndBytes), 0, remaining)
    this.#put(mark.subarray(0, fileEndBytes))
    this.#runs.push(this.#runStart, this.end)
    this.end = base
    this.#runStart = base
    this.#segmentEnd = base + this.#segmentBytes
  }

  /** Makes the segment around an offset. */
  #openSegment(offset: number): void {
    this.#parts.segments.create(Math.floor(offset / this.#segmentBytes) * this.#segmentBytes)
    this.#ready = true
  }

  #segmentEndOf(offset: number): number {
    return (Math.floor(offset / this.#segmentBytes) + 1) * this.#segmentBytes
  }

  #currentBlock(): LogBlock {
    let block = this.#block
    if (block === undefined || this.end < block.start || this.end >= block.end) {
      const { blocks } = this.#parts
      block = blocks.find(this.end) ?? blocks.make(this.end)
      this.#block = block
    }
    return block
  }

  #put(bytes: Buffer): void {
    for (let done = 0; done < bytes.length; ) {
      const block = this.#currentBlock()
      const within = this.end - block.start
      const part = Math.min(bytes.length - done, block.bytes.length - within)
      bytes.copy(block.bytes, within, done, done + part)
      this.end += part
      done += part
    }
  }

  #writeRun(from: number, to: number): void {
    const { segments, blocks, files } = this.#parts
    for (let at = from; at < to; ) {
      const block = blocks.find(at)
      const segment = segments.holding(at)
      assert(block && segment, 'what is not written is in memory')
      const end = Math.min(to, block.end)
      const bytes = block.bytes.subarray(at - block.start, end - block.start)
      const position = at - segment.base
      files.use(segment.path, (file) => file.writeSync(bytes, position))
      at = end
    }
  }

  #scratchOf(bytes: number): Buffer {
    const needed = bytes + appendedCrcBytes
    if (this.#scratch.length < needed) this.#scratch = Buffer.allocUnsafeSlow(Math.max(needed, 4096))
    return this.#scratch
  }
}
