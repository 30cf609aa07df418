import type { FileSystem, Logger } from '@aerobee/base'
import { SegmentList } from '../commit-log/segment-list.js'
import { OpenFiles } from '../open-files.js'
import { LogReads } from './log-reads.js'
import {
  blankBytes,
  readTimerUnit,
  type TimerUnit,
  timerUnitBytes,
  writeBlank,
  writeTimerUnit,
} from './unit.js'

export interface TimerLogPlace {
  fileSystem: FileSystem
  logger: Logger
  /** `<store>/timerlog`. */
  directory: string
  /** `mappedFileSizeTimerLog`. */
  segmentBytes: number
}

/** Units held back for one write at most. */
const pendingUnits = 1024
const openFiles = 16

/**
 * The directory `timerlog`: units one after the other, by position from the first one ever. An appended unit can be read
 * at once; it is in the file after `write`, and durable after `sync`.
 *
 *   start        writtenEnd      end
 *     |  files       |  memory    |
 */
export class TimerLog {
  readonly unitBytes = timerUnitBytes
  readonly segmentBytes: number
  readonly #place: TimerLogPlace
  readonly #files: OpenFiles
  readonly #segments: SegmentList
  readonly #reads: LogReads
  readonly #pending = Buffer.allocUnsafeSlow(pendingUnits * timerUnitBytes)
  readonly #pendingView = new DataView(this.#pending.buffer, this.#pending.byteOffset, this.#pending.length)
  #writtenEnd = 0
  #end = 0
  /** Bases of segments written to since the last sync. */
  readonly #unsynced = new Set<number>()

  constructor(place: TimerLogPlace) {
    const { segmentBytes, directory } = place
    this.#place = place
    this.segmentBytes = segmentBytes
    this.#files = new OpenFiles(place.fileSystem, openFiles)
    this.#segments = new SegmentList({
      ...place,
      files: this.#files,
      directory,
      what: { name: 'timer log', sizeKey: 'mappedFileSizeTimerLog' },
    })
    this.#reads = new LogReads(this.#segments, this.#files)
  }

  /** Finds the files; where they end is said by `continueAt`. Throws STORE_CORRUPT, IO_FAILED. */
  open(): void {
    this.#segments.open()
    this.#end = this.#writtenEnd = this.fileEnd
  }

  /** Where the last file ends. */
  get fileEnd(): number {
    const { last } = this.#segments
    return last === undefined ? 0 : last.base + this.segmentBytes
  }

  /** Of the oldest unit. */
  get start(): number {
    return this.#segments.first?.base ?? 0
  }

  /** Where the next unit goes, unless it does not fit there. */
  get end(): number {
    return this.#end
  }

  close(): void {
    this.#files.close()
  }

  /**
   * Cuts everything at and behind `end` away, durably. What lies behind `sure` may not be durable: whoever wrote it may
   * have died before he synced. Throws IO_FAILED.
   */
  continueAt(end: number, sure: number): void {
    for (let at = sure; at < end; at += this.segmentBytes - (at % this.segmentBytes))
      this.#unsynced.add(at - (at % this.segmentBytes))
    this.#segments.cut(end, true)
    this.#reads.forget()
    this.#end = this.#writtenEnd = end
  }

  /** Returns its position. Throws IO_FAILED when there is no room, with nothing appended. */
  append(unit: TimerUnit): number {
    if (this.#end - this.#writtenEnd >= pendingUnits * timerUnitBytes) this.write()
    const used = this.#end % this.segmentBytes
    if (this.segmentBytes - used < timerUnitBytes + blankBytes) this.#endSegment(used)
    else if (this.#segments.holding(this.#end) === undefined) this.#create(this.#end)
    const position = this.#end
    writeTimerUnit(this.#pendingView, position - this.#writtenEnd, unit)
    this.#end += timerUnitBytes
    return position
  }

  /** What was appended into the file. Throws IO_FAILED: the next call writes the same again. */
  write(): void {
    if (this.#end === this.#writtenEnd) return
    this.#writeAt(this.#writtenEnd, this.#pending.subarray(0, this.#end - this.#writtenEnd))
    this.#writtenEnd = this.#end
  }

  /** Everything appended until now durable. Rejects with IO_FAILED: then nobody knows what is, for ever. */
  async sync(): Promise<void> {
    this.write()
    await this.#segments.syncNames()
    for (const base of this.#unsynced) {
      const segment = this.#segments.holding(base)
      this.#unsynced.delete(base)
      if (segment) await this.#files.useAsync(segment.path, (file) => file.datasync())
    }
  }

  /** The unit at a position; undefined when none lies there, a promise when the file must be read. */
  read(position: number): TimerUnit | undefined | Promise<TimerUnit | undefined> {
    if (position >= this.#writtenEnd) {
      if (position + timerUnitBytes > this.#end) return undefined
      return readTimerUnit(this.#pendingView, position - this.#writtenEnd)
    }
    if (position < this.start) return undefined
    const block = this.#reads.find(position, this.#writtenEnd)
    if (block) return readTimerUnit(block.view, position - block.start)
    return this.#reads
      .load(position, this.#writtenEnd)
      .then((loaded) => loaded && readTimerUnit(loaded.view, position - loaded.start))
  }

  /**
   * Position and unit of the next one at or behind `position`, from file to file; undefined where none lies. `position`
   * is that of a unit, or where one could be.
   */
  async next(position: number): Promise<{ position: number; unit: TimerUnit } | undefined> {
    for (let at = Math.max(position, this.start); at < this.#end; ) {
      const base = at - (at % this.segmentBytes)
      if (base + this.segmentBytes - at < timerUnitBytes + blankBytes) {
        at = base + this.segmentBytes
        continue
      }
      const unit = await this.read(at)
      return unit && { position: at, unit }
    }
    return undefined
  }

  /** Position of the last unit that lies whole before `end`; undefined when there is none. */
  lastBefore(end: number): number | undefined {
    if (end <= this.start) return undefined
    const base = end - (end % this.segmentBytes)
    if (end > base) {
      const units = Math.min(Math.floor((end - base) / timerUnitBytes), this.#unitsPerSegment)
      if (units > 0) return base + (units - 1) * timerUnitBytes
    }
    const before = base - this.segmentBytes
    return before < this.start ? undefined : before + (this.#unitsPerSegment - 1) * timerUnitBytes
  }

  /** Whether units may begin there. */
  isPlace(position: number): boolean {
    const used = position % this.segmentBytes
    return used % timerUnitBytes === 0 && used / timerUnitBytes <= this.#unitsPerSegment
  }

  /**
   * Removes the oldest files as long as their last timer's message lies before this offset of the commit log: messages
   * that are gone cannot be delivered. Rejects with IO_FAILED.
   */
  async removeBefore(minPhysicalOffset: number): Promise<void> {
    for (;;) {
      const { first, last } = this.#segments
      if (first === undefined || first === last) return
      const newest = await this.read(first.base + (this.#unitsPerSegment - 1) * timerUnitBytes)
      if (newest === undefined || newest.physicalOffset >= minPhysicalOffset) return
      this.#segments.removeFirst()
    }
  }

  get #unitsPerSegment(): number {
    return Math.floor((this.segmentBytes - blankBytes) / timerUnitBytes)
  }

  #endSegment(used: number): void {
    this.write()
    const next = this.#end - used + this.segmentBytes
    if (this.#segments.holding(next) === undefined) this.#create(next)
    const blank = Buffer.alloc(blankBytes)
    writeBlank(new DataView(blank.buffer, blank.byteOffset, blankBytes), 0, this.segmentBytes - used)
    this.#writeAt(this.#end, blank)
    this.#end = this.#writtenEnd = next
  }

  /** Its name is durable before the next one is made: a power cut must not leave a gap between two. */
  #create(base: number): void {
    this.#segments.create(base)
    this.#place.fileSystem.syncDirectorySync(this.#place.directory)
  }

  #writeAt(position: number, bytes: Uint8Array): void {
    const segment = this.#segments.holding(position)!
    this.#unsynced.add(segment.base)
    this.#files.use(segment.path, (file) => file.writeSync(bytes, position - segment.base))
  }
}
