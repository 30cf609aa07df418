import { AerobeeError, assert } from '@aerobee/base'
import type { OpenFiles } from '../open-files.js'
import type { SegmentList } from './segment-list.js'

/** Dropped blocks whose memory is kept for the next ones. */
const freeBlocks = 4

/** A piece of the log in memory. Bytes that were visible once never change, so views of it may be handed out. */
export interface LogBlock {
  /** Physical offset of the first byte. */
  readonly start: number
  /** Physical offset behind the last byte: of the block's range, not of what is written. */
  readonly end: number
  readonly bytes: Buffer
  readonly view: DataView
  /** What lies before was read from disk: its records are verified before anybody sees them. */
  readonly coldEnd: number
  lastUse: number
  /** Answers that will still copy out of it. */
  holders: number
}

export interface LogBlockLimits {
  /** Of one block; the last one of a segment may be shorter. */
  blockBytes: number
  /** Of all blocks. */
  cacheBytes: number
}

/**
 * Everything of the commit log that is in memory: fixed ranges of each segment. Appends go into the newest, readers at
 * the tail find them there, and cold ones are read off the event loop. The memory of a dropped block is filled again only
 * when no answer is on its way out of it; otherwise it is left to the garbage collector. (Leaving all of it there makes V8
 * collect everything for each 64 MiB read.)
 */
export class LogBlocks {
  readonly #segments: SegmentList
  readonly #files: OpenFiles
  readonly #limits: LogBlockLimits
  readonly #blocks = new Map<number, LogBlock>()
  readonly #loading = new Map<number, Promise<LogBlock>>()
  /** Memory of whole blocks that nobody looks at any more. */
  readonly #free: Buffer[] = []
  #bytes = 0
  #uses = 0
  #latest: LogBlock | undefined
  /** Blocks that reach beyond this physical offset stay: they hold what is not written yet. */
  pinnedFrom = Number.POSITIVE_INFINITY

  constructor(segments: SegmentList, files: OpenFiles, limits: LogBlockLimits) {
    this.#segments = segments
    this.#files = files
    this.#limits = limits
  }

  /** The block around an offset, when it is in memory. */
  find(offset: number): LogBlock | undefined {
    const latest = this.#latest
    if (latest !== undefined && offset >= latest.start && offset < latest.end) return latest
    const block = this.#blocks.get(this.#startOf(offset))
    if (block === undefined) return undefined
    this.#uses += 1
    block.lastUse = this.#uses
    this.#latest = block
    return block
  }

  /** A new block around an offset, to be appended to. */
  make(offset: number): LogBlock {
    const start = this.#startOf(offset)
    assert(!this.#blocks.has(start), 'a block is made once')
    const block = this.#newBlock(start, start)
    this.#add(block)
    return block
  }

  /** The block in which the log ends, with what it holds before `end`. Before serving; throws IO_FAILED. */
  openTail(end: number): LogBlock {
    const block = this.#newBlock(this.#startOf(end), end)
    const segment = this.#segments.holding(block.start)
    const known = block.bytes.subarray(0, end - block.start)
    if (segment && known.length > 0) {
      this.#files.use(segment.path, (file) => file.readSync(known, block.start - segment.base))
    }
    this.#add(block)
    return block
  }

  /** Drops what holds bytes at and beyond `end`, which are about to be written anew. */
  forgetFrom(end: number): void {
    for (const block of this.#blocks.values()) if (block.start > end) this.#remove(block)
  }

  /** Reads the block around an offset from disk, and the next one ahead when reading goes on in order. */
  load(offset: number): Promise<LogBlock> {
    const start = this.#startOf(offset)
    const inOrder = start > 0 && this.#blocks.has(this.#startOf(start - 1))
    const loading = this.#loadAt(start)
    if (inOrder) this.#readAhead(start)
    return loading
  }

  /** For tests and status. */
  get cachedBytes(): number {
    return this.#bytes
  }

  #readAhead(start: number): void {
    const next = start + this.#lengthAt(start)
    if (next >= this.pinnedFrom || this.#blocks.has(next) || !this.#segments.holding(next)) return
    // Whoever needs it meets the failure again.
    this.#loadAt(next).catch(() => {})
  }

  #loadAt(start: number): Promise<LogBlock> {
    const known = this.#blocks.get(start)
    if (known) return Promise.resolve(known)
    let loading = this.#loading.get(start)
    if (!loading) {
      loading = this.#read(start).finally(() => this.#loading.delete(start))
      this.#loading.set(start, loading)
    }
    return loading
  }

  async #read(start: number): Promise<LogBlock> {
    const segment = this.#segments.holding(start)
    if (!segment) throw new AerobeeError('STORE_CORRUPT', `The commit log holds nothing at ${start}.`)
    const block = this.#newBlock(start, start + this.#lengthAt(start))
    await this.#files.useAsync(segment.path, (file) => file.read(block.bytes, start - segment.base))
    this.#add(block)
    return block
  }

  #newBlock(start: number, coldEnd: number): LogBlock {
    const length = this.#lengthAt(start)
    const free = length === this.#limits.blockBytes ? this.#free.pop() : undefined
    const bytes = free ?? Buffer.allocUnsafeSlow(length)
    const view = new DataView(bytes.buffer, bytes.byteOffset, length)
    return { start, end: start + length, bytes, view, coldEnd, lastUse: 0, holders: 0 }
  }

  #add(block: LogBlock): void {
    this.#uses += 1
    block.lastUse = this.#uses
    this.#blocks.set(block.start, block)
    this.#bytes += block.bytes.length
    while (this.#bytes > this.#limits.cacheBytes && this.#dropOldest(block)) {}
  }

  #dropOldest(keep: LogBlock): boolean {
    let oldest: LogBlock | undefined
    for (const block of this.#blocks.values()) {
      if (block === keep || block.end > this.pinnedFrom) continue
      if (!oldest || block.lastUse < oldest.lastUse) oldest = block
    }
    if (oldest === undefined) return false
    this.#remove(oldest)
    const { bytes, holders } = oldest
    if (holders === 0 && bytes.length === this.#limits.blockBytes && this.#free.length < freeBlocks) {
      this.#free.push(bytes)
    }
    return true
  }

  #remove(block: LogBlock): void {
    this.#blocks.delete(block.start)
    this.#bytes -= block.bytes.length
    if (this.#latest === block) this.#latest = undefined
  }

  #startOf(offset: number): number {
    const { segmentBytes } = this.#segments
    const base = Math.floor(offset / segmentBytes) * segmentBytes
    const { blockBytes } = this.#limits
    return base + Math.floor((offset - base) / blockBytes) * blockBytes
  }

  #lengthAt(start: number): number {
    const { segmentBytes } = this.#segments
    return Math.min(this.#limits.blockBytes, segmentBytes - (start % segmentBytes))
  }
}
