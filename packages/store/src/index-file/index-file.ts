import { type FileSystem, type OpenFile, writeInt64 } from '@aerobee/base'
import {
  encodeHeader,
  entryBytes,
  entryPosition,
  fileBytes,
  headerBytes,
  type IndexHeader,
  type IndexLayout,
  indexFileName,
  slotBytes,
} from './layout.js'

/** Entries go to the page cache in pieces of this size: 3,276 entries a system call. */
const pieceBytes = 64 * 1024
/** While the disk refuses, so much waits in memory; the broker takes no more messages by then. */
const pendingLimitBytes = 4 * 1024 * 1024
const slotPieceBytes = 1024 * 1024

export interface IndexFilePlace {
  fileSystem: FileSystem
  directory: string
  layout: IndexLayout
}

/**
 * One index file that takes entries. Slots live in memory (20 MB at RocketMQ's size) and reach the disk once, when the
 * file is sealed; until then they can be computed from the entries. The header on disk covers only entries that were
 * synced before it was written, and says whether the slots can be trusted:
 *
 *   flush:  entries ─► datasync ─► header(usedSlots 0)
 *   seal:   flush ─► datasync ─► slots ─► datasync ─► header(usedSlots n) ─► datasync
 */
export class IndexFile {
  readonly path: string
  readonly name: string
  readonly layout: IndexLayout
  readonly header: IndexHeader
  readonly file: OpenFile
  #slots: DataView | undefined
  #pending = new DataView(new ArrayBuffer(pieceBytes))
  #pendingFirst: number
  #writtenHeader: IndexHeader
  #durableEnd: number
  #headerSynced = true
  #sealed: boolean
  #writeError: unknown
  #syncError: unknown
  #readers = 0
  #closing = false

  /** `slots` is the whole slot table, undefined for a sealed file that takes no more entries. */
  constructor(
    path: string,
    file: OpenFile,
    layout: IndexLayout,
    header: IndexHeader,
    slots: DataView | undefined,
    sealed: boolean,
  ) {
    this.path = path
    this.name = path.slice(path.lastIndexOf('/') + 1)
    this.layout = layout
    this.file = file
    this.header = header
    this.#slots = slots
    this.#pendingFirst = header.nextEntry
    this.#writtenHeader = { ...header, usedSlots: sealed ? header.usedSlots : 0 }
    this.#durableEnd = header.nextEntry > 1 ? header.endPhysical : -1
    this.#sealed = sealed
  }

  /** A new file named after the wall time, above `previous` and beside whatever lies in the directory. */
  static create(
    { fileSystem, directory, layout }: IndexFilePlace,
    wallMs: number,
    previous: string | undefined,
  ): IndexFile {
    let name = indexFileName(wallMs, previous)
    while (fileSystem.infoSync(`${directory}/${name}`)) name = indexFileName(wallMs, name)
    const path = `${directory}/${name}`
    const file = fileSystem.openSync(path, { create: true, sizeBytes: fileBytes(layout) })
    const header: IndexHeader = {
      beginTimestamp: 0,
      endTimestamp: 0,
      beginPhysical: 0,
      endPhysical: 0,
      usedSlots: 0,
      nextEntry: 1,
    }
    // Zeroed lazily by the operating system: an untouched page costs nothing.
    const slots = new DataView(new ArrayBuffer(layout.slotCount * slotBytes))
    return new IndexFile(path, file, layout, header, slots, false)
  }

  /** Else it is full, or complete from an earlier run. */
  get takesEntries(): boolean {
    return this.#slots !== undefined && this.header.nextEntry < this.layout.entryCapacity
  }

  get empty(): boolean {
    return this.header.nextEntry <= 1
  }

  /** Whether the slots on disk are right, so that none are needed in memory. */
  get sealed(): boolean {
    return this.#sealed
  }

  /** Physical offset up to which the header on disk provably reaches; -1 when it holds nothing. */
  get durableEnd(): number {
    return this.#durableEnd
  }

  /** Why entries wait in memory; undefined when they do not. */
  get writeError(): unknown {
    return this.#writeError
  }

  /** Set for good: what was not synced by then must be taken as lost, and no later sync says otherwise. */
  get syncError(): unknown {
    return this.#syncError
  }

  /** False unless `takesEntries`, or when the disk refused for so long that no more may wait in memory. */
  put(keyHash: number, physicalOffset: number, storeTimestamp: number): boolean {
    const { header, layout } = this
    const slots = this.#slots
    const entry = header.nextEntry
    if (slots === undefined || entry >= layout.entryCapacity) return false
    let at = (entry - this.#pendingFirst) * entryBytes
    if (at + entryBytes > this.#pending.byteLength) {
      if (!this.#makeRoom()) return false
      at = (entry - this.#pendingFirst) * entryBytes
    }
    if (entry === 1) {
      header.beginPhysical = physicalOffset
      header.beginTimestamp = storeTimestamp
    }
    const slotAt = (keyHash % layout.slotCount) * slotBytes
    const before = slots.getInt32(slotAt)
    if (before === 0) header.usedSlots += 1
    const seconds = Math.floor((storeTimestamp - header.beginTimestamp) / 1000)
    const pending = this.#pending
    pending.setInt32(at, keyHash)
    writeInt64(pending, at + 4, physicalOffset)
    pending.setInt32(at + 12, seconds < 0 ? 0 : Math.min(seconds, 0x7fff_ffff))
    pending.setInt32(at + 16, before)
    slots.setInt32(slotAt, entry)
    header.endPhysical = physicalOffset
    header.endTimestamp = storeTimestamp
    header.nextEntry = entry + 1
    return true
  }

  /** A record without keys: only moves the end. */
  advance(physicalOffset: number): void {
    if (!this.empty && physicalOffset > this.header.endPhysical) this.header.endPhysical = physicalOffset
  }

  /** The newest entry's number; undefined when only the disk knows. */
  slotInMemory(slot: number): number | undefined {
    return this.#slots?.getInt32(slot * slotBytes)
  }

  /** Entries not yet written to the file, as one view from entry number `first` on. */
  entriesInMemory(): { first: number; view: DataView } {
    return { first: this.#pendingFirst, view: this.#pending }
  }

  /** Hands waiting entries to the page cache. Keeps them, and the reason, when the disk refuses. */
  writePending(): boolean {
    const count = this.header.nextEntry - this.#pendingFirst
    if (count > 0) {
      const bytes = new Uint8Array(this.#pending.buffer, 0, count * entryBytes)
      try {
        this.file.writeSync(bytes, entryPosition(this.layout, this.#pendingFirst))
      } catch (thrown) {
        this.#writeError = thrown
        return false
      }
      this.#pendingFirst = this.header.nextEntry
      if (this.#pending.byteLength > pieceBytes) this.#pending = new DataView(new ArrayBuffer(pieceBytes))
    }
    this.#writeError = undefined
    return true
  }

  /** Rejects with IO_FAILED; may be called again unless `syncError` is set. */
  async flush(): Promise<void> {
    const changed = this.#changed()
    if (!changed && this.#headerSynced) return
    if (!this.writePending()) throw this.#writeError
    const next = { ...this.header, usedSlots: 0 }
    await this.#datasync()
    // The header written by the flush before became durable with this sync.
    this.#durableEnd = this.#writtenHeader.nextEntry > 1 ? this.#writtenHeader.endPhysical : -1
    this.#headerSynced = true
    if (changed) this.#writeHeader(next)
  }

  /** Makes the file complete on disk; it takes no entries afterwards and frees its slots. */
  async seal(): Promise<void> {
    await this.flush()
    await this.flush()
    const slots = this.#slots
    if (!slots) return
    if (!this.#sealed && !this.empty) {
      const bytes = new Uint8Array(slots.buffer, slots.byteOffset, slots.byteLength)
      for (let at = 0; at < bytes.length; at += slotPieceBytes) {
        await this.file.write(bytes.subarray(at, at + slotPieceBytes), headerBytes + at)
      }
      await this.#datasync()
      this.#writeHeader(this.header)
      await this.#datasync()
      this.#headerSynced = true
      this.#sealed = true
    }
    this.#slots = undefined
  }

  /** For the time before serving: writes and syncs a header that covers less than before. */
  writeHeaderSync(): void {
    this.#writeHeader({ ...this.header, usedSlots: 0 })
    this.file.datasyncSync()
    this.#headerSynced = true
    this.#durableEnd = this.empty ? -1 : this.header.endPhysical
  }

  /** False when the file is closed: then there is nothing to read. Each true needs its `leave`. */
  enter(): boolean {
    if (this.#closing) return false
    this.#readers += 1
    return true
  }

  leave(): void {
    this.#readers -= 1
    if (this.#closing && this.#readers === 0) this.file.closeSync()
  }

  /** Waits for readers on their way, since a descriptor must not be closed, and used again, under them. */
  close(): void {
    if (this.#closing) return
    this.#closing = true
    if (this.#readers === 0) this.file.closeSync()
  }

  async #datasync(): Promise<void> {
    if (this.#syncError !== undefined) throw this.#syncError
    try {
      await this.file.datasync()
    } catch (thrown) {
      this.#syncError = thrown
      throw thrown
    }
  }

  #changed(): boolean {
    const { nextEntry, endPhysical } = this.#writtenHeader
    return nextEntry !== this.header.nextEntry || endPhysical !== this.header.endPhysical
  }

  #writeHeader(header: IndexHeader): void {
    this.file.writeSync(encodeHeader(header), 0)
    this.#writtenHeader = { ...header }
    this.#headerSynced = false
    this.#sealed = false
  }

  #makeRoom(): boolean {
    if (this.writePending()) return true
    const grown = this.#pending.byteLength * 2
    if (grown > pendingLimitBytes) return false
    const larger = new Uint8Array(grown)
    larger.set(new Uint8Array(this.#pending.buffer))
    this.#pending = new DataView(larger.buffer)
    return true
  }
}
