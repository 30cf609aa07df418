import {
  AerobeeError,
  assert,
  errorText,
  type FileSystem,
  KiB,
  type Logger,
  makeDurableDirectory,
  type OpenFile,
} from '@aerobee/base'
import type { OpenFiles } from '../open-files.js'

export interface Segment {
  /** Physical offset of its first byte; the file's name says the same. */
  readonly base: number
  readonly path: string
}

export interface SegmentPlace {
  fileSystem: FileSystem
  files: OpenFiles
  logger: Logger
  directory: string
  /** `mappedFileSizeCommitLog`, or what `what` says. */
  segmentBytes: number
  /** For what is said about it. Default: the commit log. */
  what?: { name: string; sizeKey: string }
}

const commitLog = { name: 'commit log', sizeKey: 'mappedFileSizeCommitLog' }

const namePattern = /^\d{20}$/
const pageBytes = 4096
/** For the last page, and for a file system's own blocks, which some count. */
const overheadBytes = 64 * KiB

export const segmentName = (base: number): string => String(base).padStart(20, '0')

/**
 * The files of a log, oldest first, without a gap (reference: storage 2):
 *
 *   00000000000000000000 | 00000000001073741824 | …      each `segmentBytes` long, made sparse
 */
export class SegmentList {
  readonly segmentBytes: number
  readonly #place: SegmentPlace
  #segments: Segment[] = []
  /** Segments made until now, and how many of them have a durable directory entry for certain. */
  #made = 0
  #durable = 0
  #nameSync: Promise<void> | undefined

  constructor(place: SegmentPlace) {
    this.#place = place
    this.segmentBytes = place.segmentBytes
  }

  /** Reads the directory. Throws STORE_CORRUPT when a file is missing or of another size, IO_FAILED. */
  open(): void {
    const { fileSystem, directory } = this.#place
    makeDurableDirectory(fileSystem, directory)
    const names = fileSystem.listSync(directory).filter((name) => namePattern.test(name))
    this.#segments = names.map((name) => ({ base: Number(name), path: `${directory}/${name}` }))
    this.#segments.forEach((segment, i) => {
      this.#check(segment, this.#segments[i - 1])
    })
    // Whoever made the last ones may have died before he synced.
    this.#made = this.#segments.length
  }

  get all(): readonly Segment[] {
    return this.#segments
  }

  get first(): Segment | undefined {
    return this.#segments[0]
  }

  get last(): Segment | undefined {
    return this.#segments.at(-1)
  }

  /** The segment in whose range an offset lies; undefined when there is no such file. */
  holding(offset: number): Segment | undefined {
    const first = this.#segments[0]
    return first && this.#segments[Math.floor((offset - first.base) / this.segmentBytes)]
  }

  /**
   * Whether the device holds next to nothing from an offset on to the end of its segment: no more is allocated than lies
   * before it, but for what a file system keeps of its own. False where that cannot be told.
   */
  isSparseFrom(offset: number): boolean {
    const segment = this.holding(offset)
    const allocated = segment && this.#place.fileSystem.infoSync(segment.path)?.allocatedBytes
    if (segment === undefined || allocated === undefined) return false
    const before = offset - segment.base
    return allocated >= before - (before % pageBytes) && allocated <= before + overheadBytes
  }

  /** Makes the segment with this base, which must follow the last one. Throws IO_FAILED. */
  create(base: number): Segment {
    const { fileSystem, files, directory } = this.#place
    const { last } = this
    assert(!last || last.base + this.segmentBytes === base, 'segments follow one another')
    const path = `${directory}/${segmentName(base)}`
    // A power cut must not take the one before and leave this one.
    if (this.#made > this.#durable) {
      fileSystem.syncDirectorySync(directory)
      this.#durable = this.#made
    }
    files.use(path, (file) => this.#restoreSize(file), this.segmentBytes)
    const segment = { base, path }
    this.#segments.push(segment)
    this.#made += 1
    return segment
  }

  /** The names of new segments durable. Rejects with IO_FAILED. */
  async syncNames(): Promise<void> {
    while (this.#made > this.#durable) {
      const { fileSystem, directory } = this.#place
      const made = this.#made
      this.#nameSync ??= fileSystem.syncDirectory(directory).then(
        () => {
          this.#durable = Math.max(this.#durable, made)
          this.#nameSync = undefined
        },
        (thrown: unknown) => {
          this.#nameSync = undefined
          throw thrown
        },
      )
      await this.#nameSync
    }
  }

  /** Cuts everything at and beyond `end` away, on disk; the files keep their size. Throws IO_FAILED. */
  cut(end: number, durable: boolean): void {
    const { files } = this.#place
    for (const segment of this.#segments) {
      if (segment.base + this.segmentBytes <= end) continue
      files.use(segment.path, (file) => {
        file.truncateSync(Math.max(0, end - segment.base))
        file.truncateSync(this.segmentBytes)
        if (durable) file.datasyncSync()
      })
    }
  }

  /** Removes the oldest segment, which must not be the only one. Throws IO_FAILED. */
  removeFirst(): Segment {
    const { fileSystem, files } = this.#place
    const [first] = this.#segments
    assert(first && this.#segments.length > 1, 'the last segment stays')
    fileSystem.removeSync(first.path)
    this.#segments.shift()
    files.drop(first.path)
    return first
  }

  #check(segment: Segment, before: Segment | undefined): void {
    const { fileSystem, directory, logger, what = commitLog } = this.#place
    const { segmentBytes } = this
    const sizeBytes = fileSystem.infoSync(segment.path)?.sizeBytes ?? 0
    if (sizeBytes > segmentBytes || segment.base % segmentBytes !== 0) {
      throw new AerobeeError(
        'STORE_CORRUPT',
        `${segment.path} has ${sizeBytes} bytes, which does not agree with ${what.sizeKey}=${segmentBytes}. ` +
          'Set the key to the size the log was written with.',
      )
    }
    if (before && segment.base !== before.base + segmentBytes) {
      throw new AerobeeError(
        'STORE_CORRUPT',
        `The ${what.name} segment ${directory}/${segmentName(before.base + segmentBytes)} is missing: ` +
          'put it back, or move the segments before it away to go on without them.',
      )
    }
    if (sizeBytes === segmentBytes) return
    // A crash while it was made, or while a torn tail was cut; what is missing reads as zeros.
    logger.warn(`${segment.path} has only ${sizeBytes} bytes and is given its full size again.`)
    this.#place.files.use(segment.path, (file) => this.#restoreSize(file))
  }

  #restoreSize(file: OpenFile): void {
    if (file.sizeBytes() < this.segmentBytes) file.truncateSync(this.segmentBytes)
  }

  /** Makes the next segment before it is needed; a failure is only logged, since it may be gone by then. */
  prepareAfter(base: number): void {
    if (this.last?.base !== base) return
    try {
      this.create(base + this.segmentBytes)
    } catch (thrown) {
      this.#place.logger.warn(`The next commit log segment could not be made ahead: ${errorText(thrown)}`)
      return
    }
    this.syncNames().catch((thrown: unknown) => {
      this.#place.logger.warn(`The commit log directory could not be synced: ${errorText(thrown)}`)
    })
  }
}
