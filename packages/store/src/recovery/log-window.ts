import type { SegmentList } from '../commit-log/segment-list.js'
import type { OpenFiles } from '../open-files.js'

/** A part of one segment in memory, moved forwards over the log. Its buffer is used again and again. */
export class LogWindow {
  /** Physical offset of the first byte. */
  start = 0
  /** Bytes of `bytes` that are good. */
  length = 0
  bytes: Buffer
  view: DataView
  readonly #segments: SegmentList
  readonly #files: OpenFiles
  #zeros = Buffer.alloc(0)

  constructor(segments: SegmentList, files: OpenFiles, sizeBytes: number) {
    this.#segments = segments
    this.#files = files
    this.bytes = Buffer.allocUnsafeSlow(Math.min(sizeBytes, segments.segmentBytes))
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length)
  }

  /** Bytes from an offset on. */
  covered(offset: number): number {
    return offset < this.start ? 0 : this.start + this.length - offset
  }

  /** Reads so that `count` bytes from `offset` are in it, as far as the segment has them. Rejects with IO_FAILED. */
  async cover(offset: number, count: number): Promise<void> {
    if (offset >= this.start && this.covered(offset) >= count) return
    const segmentEnd = offset - (offset % this.#segments.segmentBytes) + this.#segments.segmentBytes
    if (offset >= this.start && offset < segmentEnd && this.start + this.length === segmentEnd) return
    if (count > this.bytes.length) {
      this.bytes = Buffer.allocUnsafeSlow(count)
      this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, count)
      this.length = 0
    }
    await this.fill(offset)
  }

  /** Starts at `offset`, which lies in a segment, and holds as much of it as fits. Rejects with IO_FAILED. */
  async fill(offset: number): Promise<void> {
    if (this.start === offset && this.length > 0) return
    const segment = this.#segments.holding(offset)
    this.length = 0
    if (!segment) return
    const left = segment.base + this.#segments.segmentBytes - offset
    const target = this.bytes.subarray(0, Math.min(left, this.bytes.length))
    const count = await this.#files.useAsync(segment.path, (file) => file.read(target, offset - segment.base))
    this.start = offset
    this.length = count
  }

  isZeroFrom(offset: number): boolean {
    const part = this.bytes.subarray(offset - this.start, this.length)
    if (this.#zeros.length < part.length) this.#zeros = Buffer.alloc(this.bytes.length)
    return part.equals(this.#zeros.subarray(0, part.length))
  }
}
