import { KiB } from '@aerobee/base'
import type { SegmentList } from '../commit-log/segment-list.js'
import type { OpenFiles } from '../open-files.js'
import { timerUnitBytes } from './unit.js'

/** Of the timer log in memory: 315 units, none of which lies across two blocks. */
const unitsPerBlock = Math.floor((16 * KiB) / timerUnitBytes)
const blockBytes = unitsPerBlock * timerUnitBytes
/** 4 MiB. */
const blocksKept = 256

export interface TimerBlock {
  /** Position of the first byte. */
  start: number
  /** What was in the file when it was read. */
  end: number
  view: DataView
}

/** Reads of the timer log off the event loop, and the blocks that were read last. */
export class LogReads {
  readonly #segments: SegmentList
  readonly #files: OpenFiles
  readonly #blocks = new Map<number, TimerBlock>()
  /** The one that was used last. */
  #latest: TimerBlock | undefined

  constructor(segments: SegmentList, files: OpenFiles) {
    this.#segments = segments
    this.#files = files
  }

  /** The block that holds the unit at `position`; undefined when it must be read. */
  find(position: number, writtenEnd: number): TimerBlock | undefined {
    const latest = this.#latest
    const end = position + timerUnitBytes
    if (latest && position >= latest.start && end <= Math.min(latest.end, writtenEnd)) return latest
    const start = this.#startOf(position)
    const block = this.#blocks.get(start)
    if (block === undefined || Math.min(block.end, writtenEnd) < end) return undefined
    this.#blocks.delete(start)
    this.#blocks.set(start, block)
    this.#latest = block
    return block
  }

  /** undefined where no file is. Rejects with IO_FAILED. */
  async load(position: number, writtenEnd: number): Promise<TimerBlock | undefined> {
    const segment = this.#segments.holding(position)
    if (segment === undefined) return undefined
    const start = this.#startOf(position)
    const bytes = Buffer.alloc(blockBytes)
    const count = await this.#files.useAsync(segment.path, (file) => file.read(bytes, start - segment.base))
    const view = new DataView(bytes.buffer, bytes.byteOffset, blockBytes)
    const block = { start, end: Math.min(start + count, writtenEnd), view }
    this.#blocks.delete(start)
    this.#blocks.set(start, block)
    this.#latest = block
    if (this.#blocks.size > blocksKept) {
      const [oldest] = this.#blocks.keys()
      this.#blocks.delete(oldest!)
    }
    return block
  }

  forget(): void {
    this.#latest = undefined
    this.#blocks.clear()
  }

  #startOf(position: number): number {
    const used = position % this.#segments.segmentBytes
    return position - (used % blockBytes)
  }
}
