import {
  type Clock,
  errorText,
  type FileSystem,
  type Logger,
  makeDurableDirectory,
  type Timer,
} from '@aerobee/base'
import { GapFiller, type IndexGap } from './gap-filler.js'
import { IndexFile } from './index-file.js'
import { defaultIndexLayout, type IndexLayout, keyHash, topicHash } from './layout.js'
import { type IndexOpenFacts, type IndexPlace, openIndexFiles, remove } from './open-files.js'
import { containsEntry, overlaps, queryFile } from './query.js'
import { scanEntries } from './scan.js'

export interface MessageIndexOptions {
  fileSystem: FileSystem
  clock: Clock
  logger: Logger
  /** `<store>/index`. */
  directory: string
  /** `maxHashSlotNum`, `maxIndexNum`. */
  layout?: IndexLayout
  /** How often entries are made durable: how much of the log is indexed again after a crash. Default 3 s. */
  flushIntervalMs?: number
}

export interface IndexQueryOutcome {
  /** Newest first. Some may belong to another key of the same hash, or lie up to a second outside the times. */
  physicalOffsets: number[]
  /** Store time and offset of the newest record indexed; 0 when there is none. */
  lastUpdateTimestamp: number
  lastUpdatePhysicalOffset: number
}

/** Entries kept in memory while no file takes them: as many as the sends of the turn in which the disk filled up. */
const waitingLimit = 100_000

/** The index over message keys: a list of index files, of which the last one takes entries. */
export class MessageIndex {
  readonly #options: MessageIndexOptions
  readonly #place: IndexPlace
  #files: IndexFile[] = []
  /** The record indexed last, wholly or in part. */
  #end = -1
  #topic = ''
  #topicHash = topicHash('')
  /** hash, offset, time of entries that found no file. */
  #waiting: number[] = []
  #refusal: string | undefined
  #gaveUp = false
  #directoryChanged = false
  #flushing: Promise<void> | undefined
  #timer: Timer | undefined
  #sealedTimestamp = 0

  constructor(options: MessageIndexOptions) {
    this.#options = options
    const { fileSystem, directory, logger, layout = defaultIndexLayout } = options
    this.#place = { fileSystem, directory, logger, layout }
  }

  /** Reads the directory; once, before anything else. Never fails for the sake of a damaged file. */
  open(facts: IndexOpenFacts): void {
    const { fileSystem, directory } = this.#options
    makeDurableDirectory(fileSystem, directory)
    this.#files = openIndexFiles(this.#place, facts)
    this.#end = this.#files.at(-1)?.header.endPhysical ?? -1
    this.#noteSealed()
  }

  start(): void {
    const period = this.#options.flushIntervalMs ?? 3000
    this.#timer = this.#options.clock.every(period, () => void this.flush(), { background: true })
  }

  /** Completes every file, so that RocketMQ and the next start can use them as they are. */
  async stop(): Promise<void> {
    this.#timer?.cancel()
    await this.flush()
    try {
      for (const file of this.#files) if (file.syncError === undefined) await file.seal()
      this.#noteSealed()
    } catch (thrown) {
      this.#options.logger.error(`The message index could not be completed: ${errorText(thrown)}`)
    }
    for (const file of this.#files) file.close()
  }

  /** Every record before this physical offset is durably indexed; the one at it perhaps in part. -1: none. */
  get indexedUpTo(): number {
    for (let i = this.#files.length - 1; i >= 0; i--) {
      const end = this.#files[i]!.durableEnd
      if (end >= 0) return end
    }
    return -1
  }

  /** Whether no key was ever indexed. */
  get empty(): boolean {
    return this.#waiting.length === 0 && this.#files.every((file) => file.empty)
  }

  /** For the checkpoint: the end time up to which files are complete on disk. */
  get sealedTimestamp(): number {
    return this.#sealedTimestamp
  }

  /** Why no message may be stored now, since it could not be indexed. */
  get refusal(): string | undefined {
    return this.#refusal
  }

  /**
   * Indexes one record under its unique key and each blank-separated key. Records come in order of offsets; what is
   * indexed already is passed over, so recovery may give records again. Not for rollback records.
   */
  put(
    topic: string,
    uniqKey: string | undefined,
    keys: string | undefined,
    physicalOffset: number,
    storeTimestamp: number,
  ): void {
    if (physicalOffset < this.#end || this.#gaveUp) return
    const seam = physicalOffset === this.#end
    this.#end = physicalOffset
    if (topic !== this.#topic) {
      this.#topic = topic
      this.#topicHash = topicHash(topic)
    }
    if (uniqKey) this.#putKey(keyHash(this.#topicHash, uniqKey), physicalOffset, storeTimestamp, seam)
    if (!keys) {
      if (!uniqKey && this.#waiting.length === 0) this.#files.at(-1)?.advance(physicalOffset)
      return
    }
    for (let from = 0; from < keys.length; ) {
      const blank = keys.indexOf(' ', from)
      const to = blank < 0 ? keys.length : blank
      if (to > from) {
        this.#putKey(keyHash(this.#topicHash, keys, from, to), physicalOffset, storeTimestamp, seam)
      }
      from = to + 1
    }
  }

  /** Reads off the event loop. Rejects with IO_FAILED. */
  async query(
    topic: string,
    key: string,
    maxCount: number,
    beginMs: number,
    endMs: number,
  ): Promise<IndexQueryOutcome> {
    const hash = keyHash(topicHash(topic), key)
    const physicalOffsets: number[] = []
    const files = this.#files.slice()
    for (let i = files.length - 1; i >= 0 && physicalOffsets.length < maxCount; i--) {
      const file = files[i]!
      if (overlaps(file, beginMs, endMs)) {
        await queryFile(file, hash, beginMs, endMs, maxCount, physicalOffsets)
      }
      if (file.header.beginTimestamp < beginMs) break
    }
    const last = this.#files.at(-1)?.header
    return {
      physicalOffsets,
      lastUpdateTimestamp: last?.endTimestamp ?? 0,
      lastUpdatePhysicalOffset: last?.endPhysical ?? 0,
    }
  }

  /**
   * Makes durable what was indexed until now and completes full files. Never rejects: a full disk sets `refusal` until
   * a later flush succeeds; a failed datasync ends all flushing, and the next start indexes from `indexedUpTo` again.
   */
  flush(): Promise<void> {
    this.#flushing ??= this.#flushAll().finally(() => {
      this.#flushing = undefined
    })
    return this.#flushing
  }

  /** Recovery found the log to end here: drops entries at and beyond it, durably. Before `start`. */
  truncateBeyond(physicalOffset: number): void {
    const { logger } = this.#place
    for (let i = this.#files.length - 1; i >= 0; i--) {
      const file = this.#files[i]!
      if (file.header.endPhysical < physicalOffset) break
      this.#files.pop()
      const { file: handle, layout, header, path } = file
      const scan = scanEntries(handle, layout, header, physicalOffset)
      if (scan.header.nextEntry === 1) {
        file.close()
        remove(this.#place, path)
        // Before the file ahead of it gets shorter, or a power cut would bring this one back behind a gap.
        this.#syncDirectory()
        continue
      }
      const dropped = header.nextEntry - scan.header.nextEntry
      logger.info(`The index file ${path} lost ${dropped} entries beyond the log's end ${physicalOffset}.`)
      const kept = new IndexFile(path, handle, layout, scan.header, scan.slots, false)
      kept.writeHeaderSync()
      this.#files.push(kept)
      break
    }
    this.#end = this.#files.at(-1)?.header.endPhysical ?? -1
    this.#noteSealed()
  }

  /** Removes complete files, but never the last, whose records are all below the log's start. Returns how many. */
  deleteBelow(minPhysicalOffset: number): number {
    let removed = 0
    while (this.#files.length > 1 && this.#files[0]!.sealed) {
      const oldest = this.#files[0]!
      if (oldest.header.endPhysical >= minPhysicalOffset) break
      this.#files.shift()
      oldest.close()
      remove(this.#place, oldest.path)
      removed += 1
    }
    if (removed > 0) this.#directoryChanged = true
    return removed
  }

  /**
   * Stretches of the log that no index file knows, because one was dropped or because their records have no keys.
   * After `open`, before records of the log's start are asked for.
   */
  gaps(): IndexGap[] {
    return this.#files.flatMap((file, i) => {
      const afterPhysical = i === 0 ? -1 : this.#files[i - 1]!.header.endPhysical
      const beforePhysical = file.header.beginPhysical
      return beforePhysical > afterPhysical ? [{ afterPhysical, beforePhysical }] : []
    })
  }

  /** To be given the gap's records from the log, while the index serves. */
  fillGap(gap: IndexGap): GapFiller {
    const { fileSystem, directory, layout } = this.#place
    const previous = this.#files.findLast((file) => file.header.endPhysical <= gap.afterPhysical)?.name
    return new GapFiller(gap, {
      fileSystem,
      directory,
      layout,
      previous,
      knows: (hash, physicalOffset) => this.#knows(hash, physicalOffset),
      insert: (files) => {
        const at = this.#files.findIndex((file) => file.header.beginPhysical >= gap.beforePhysical)
        this.#files.splice(Math.max(at, 0), 0, ...files)
      },
    })
  }

  #putKey(hash: number, physicalOffset: number, storeTimestamp: number, seam: boolean): void {
    if (seam && this.#knows(hash, physicalOffset)) return
    if (this.#waiting.length === 0) {
      const last = this.#files.at(-1)
      if (last?.put(hash, physicalOffset, storeTimestamp)) {
        if (last.writeError !== undefined) this.#refuse(last.writeError)
        return
      }
      if (this.#roll(last)?.put(hash, physicalOffset, storeTimestamp)) return
    }
    if (this.#gaveUp) return
    if (this.#waiting.length >= waitingLimit * 3) {
      this.#giveUp('messages came on while the index could not be written')
      return
    }
    this.#waiting.push(hash, physicalOffset, storeTimestamp)
  }

  #knows(hash: number, physicalOffset: number): boolean {
    for (let i = this.#files.length - 1; i >= 0; i--) {
      const file = this.#files[i]!
      if (file.header.endPhysical < physicalOffset) break
      if (file.header.beginPhysical <= physicalOffset && containsEntry(file, hash, physicalOffset))
        return true
    }
    return false
  }

  /** The next file, when the last is full. */
  #roll(last: IndexFile | undefined): IndexFile | undefined {
    if (this.#gaveUp || last?.takesEntries) return undefined
    if (last?.syncError !== undefined) {
      this.#giveUp('its last file could not be synced')
      return undefined
    }
    try {
      const next = IndexFile.create(this.#place, this.#options.clock.wallMs(), last?.name)
      this.#files.push(next)
      this.#directoryChanged = true
      if (last) void this.flush()
      return next
    } catch (thrown) {
      this.#refuse(thrown)
      return undefined
    }
  }

  async #flushAll(): Promise<void> {
    if (this.#gaveUp) return
    try {
      this.#putWaiting()
      if (this.#directoryChanged) this.#syncDirectory()
      for (const file of this.#files.slice()) {
        if (file.sealed && file !== this.#files.at(-1)) continue
        if (file.syncError !== undefined) return
        if (file === this.#files.at(-1)) await file.flush()
        else await file.seal()
      }
      this.#noteSealed()
      if (this.#waiting.length === 0) this.#accept()
    } catch (thrown) {
      const failed = this.#files.find((file) => file.syncError !== undefined)
      if (!failed) return this.#refuse(thrown)
      const text = `A sync of ${failed.path} failed (${errorText(thrown)}): keys indexed from here on`
      this.#options.logger.error(
        `${text} are found until the broker stops; the next start indexes them again.`,
      )
    }
  }

  #putWaiting(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (let i = 0; i < waiting.length; i += 3) {
      this.#putKey(waiting[i]!, waiting[i + 1]!, waiting[i + 2]!, false)
    }
  }

  #syncDirectory(): void {
    this.#place.fileSystem.syncDirectorySync(this.#place.directory)
    this.#directoryChanged = false
  }

  #noteSealed(): void {
    for (const file of this.#files) {
      if (!file.sealed) break
      this.#sealedTimestamp = file.header.endTimestamp
    }
  }

  #refuse(thrown: unknown): void {
    const first = this.#refusal === undefined
    this.#refusal = `the message index cannot be written: ${errorText(thrown)}`
    if (first) this.#options.logger.error(`No messages are taken, because ${this.#refusal}`)
  }

  #accept(): void {
    if (this.#refusal !== undefined) this.#options.logger.info('The message index can be written again.')
    this.#refusal = undefined
  }

  #giveUp(why: string): void {
    if (this.#gaveUp) return
    this.#gaveUp = true
    this.#options.logger.error(`Indexing ends until the next start, because ${why}.`)
  }
}
