import { errorText, type FileSystem, type Logger, type OpenFile, parentOf } from '@aerobee/base'
import type { OpenFiles } from '../open-files.js'
import type { ConsumeQueue } from './consume-queue.js'
import { fillBlank, isBlank, type QueueLayout, type UnitEntry } from './unit.js'

export interface QueueFilesPlace {
  fileSystem: FileSystem
  files: OpenFiles
  logger: Logger
}

const namePattern = /^\d{20}$/
const syncsAtOnce = 4

/**
 * The files of all consume queues: `<topic>/<queue id>/<byte offset in the queue, 20 digits>` in the directory of their
 * type, of equal size and made sparse, without a gap within a queue (reference: storage 2.2). What is written here is
 * derived from the log.
 */
export class QueueFiles {
  readonly #place: QueueFilesPlace
  /** Written since the last sync. */
  #dirty = new Map<string, ConsumeQueue>()
  /** Directories with names made or removed since the last sync. */
  #changedDirectories = new Set<string>()

  constructor(place: QueueFilesPlace) {
    this.#place = place
  }

  directoryOf({ layout, topic, queueId }: ConsumeQueue): string {
    return `${layout.directory}/${topic}/${queueId}`
  }

  /** The file in which an entry lies, existing or not. */
  pathOf(queue: ConsumeQueue, unit: number): string {
    const { unitsPerFile, unitBytes } = queue.layout
    const start = (unit - (unit % unitsPerFile)) * unitBytes
    return `${this.directoryOf(queue)}/${String(start).padStart(20, '0')}`
  }

  /** First entries of a queue's files, sorted. */
  startsOf(queue: ConsumeQueue): number[] {
    const names = this.#place.fileSystem.listSync(this.directoryOf(queue))
    return names.filter((name) => namePattern.test(name)).map((name) => Number(name) / queue.layout.unitBytes)
  }

  /** Puts entries in memory into their files, up to `maxUnit`. Throws IO_FAILED; what was written then is kept. */
  write(queue: ConsumeQueue): void {
    const { unitsPerFile } = queue.layout
    while (queue.writtenEnd < queue.maxUnit && !queue.deleted) {
      const from = queue.writtenEnd
      const to = Math.min(queue.maxUnit, from - (from % unitsPerFile) + unitsPerFile)
      const path = this.pathOf(queue, from)
      if (to > queue.filesEnd || queue.filesEnd === queue.filesStart) this.#create(queue, path, from)
      const position = positionOf(queue, from)
      this.#place.files.use(path, (file) => file.writeSync(queue.tailBytes(from, to), position))
      this.#dirty.set(path, queue)
      queue.writtenEnd = to
    }
  }

  /** Reads entries from one file. Throws IO_FAILED. */
  readSync(queue: ConsumeQueue, unit: number, target: Buffer): number {
    const position = positionOf(queue, unit)
    return this.#place.files.use(this.pathOf(queue, unit), (file) => file.readSync(target, position))
  }

  /** One entry; size 0 where none was written. Throws IO_FAILED. */
  entrySync(queue: ConsumeQueue, unit: number): UnitEntry {
    const bytes = Buffer.alloc(queue.layout.unitBytes)
    this.readSync(queue, unit, bytes)
    return queue.entryIn(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, unit)
  }

  /** The entry of an offset in [minOffset, maxOffset), wherever it lies. Throws IO_FAILED. */
  unitOfSync(queue: ConsumeQueue, offset: number): number {
    const known = queue.unitOf(offset)
    if (known >= 0) return known
    let low = queue.minUnit
    let high = queue.tailStart - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (this.entrySync(queue, middle).offset <= offset) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Off the event loop. */
  read(queue: ConsumeQueue, unit: number, target: Buffer): Promise<number> {
    const position = positionOf(queue, unit)
    return this.#place.files.useAsync(this.pathOf(queue, unit), (file) => file.read(target, position))
  }

  /** Everything written until now durable. Rejects with IO_FAILED. */
  async sync(): Promise<void> {
    const dirty = [...this.#dirty]
    this.#dirty = new Map()
    const names = [...this.#changedDirectories]
    this.#changedDirectories = new Set()
    try {
      for (let i = 0; i < dirty.length; i += syncsAtOnce) {
        await Promise.all(dirty.slice(i, i + syncsAtOnce).map(([path, queue]) => this.#syncFile(path, queue)))
      }
      for (const name of names) {
        if (this.#place.fileSystem.infoSync(name)) await this.#place.fileSystem.syncDirectory(name)
      }
    } catch (thrown) {
      for (const name of names) this.#changedDirectories.add(name)
      throw thrown
    }
  }

  /** Ends a queue at an entry, in memory and in files. Before serving. Throws IO_FAILED. */
  cutQueue(queue: ConsumeQueue, end: number): void {
    this.write(queue)
    this.cut(queue, end)
    const last = end > queue.minUnit ? this.entrySync(queue, end - 1) : undefined
    queue.continueAt(end, last ? last.offset + last.count : queue.minOffset)
    queue.maxPhysical = -1
    for (let at = end - 1; at >= queue.minUnit && queue.maxPhysical < 0; at--) {
      const { physical, size } = this.entrySync(queue, at)
      if (!isBlank(physical, size)) queue.maxPhysical = physical
    }
    if (queue.empty) queue.minPhysical = -1
  }

  /** Drops all entries at and beyond one from the files. Throws IO_FAILED. */
  cut(queue: ConsumeQueue, end: number): void {
    const { fileSystem, files } = this.#place
    const { unitsPerFile, unitBytes } = queue.layout
    while (queue.filesEnd > queue.filesStart && queue.filesEnd - unitsPerFile >= end) {
      const path = this.pathOf(queue, queue.filesEnd - 1)
      files.drop(path)
      fileSystem.removeSync(path)
      this.#dirty.delete(path)
      this.#changedDirectories.add(parentOf(path))
      queue.filesEnd -= unitsPerFile
    }
    if (queue.filesEnd <= queue.filesStart) {
      queue.filesStart = queue.filesEnd = 0
      return
    }
    if (end >= queue.filesEnd) return
    const path = this.pathOf(queue, end)
    files.use(path, (file) => {
      file.truncateSync(positionOf(queue, end))
      file.truncateSync(unitsPerFile * unitBytes)
    })
    this.#dirty.set(path, queue)
  }

  /** Removes files whose entries are all before one, but never the last file. */
  removeBelow(queue: ConsumeQueue, unit: number): void {
    const { fileSystem, files, logger } = this.#place
    const { unitsPerFile } = queue.layout
    while (queue.filesStart + unitsPerFile <= unit) {
      if (queue.filesStart + unitsPerFile >= queue.filesEnd) return
      const path = this.pathOf(queue, queue.filesStart)
      files.drop(path)
      this.#dirty.delete(path)
      try {
        fileSystem.removeSync(path)
      } catch (thrown) {
        logger.warn(`${path} could not be removed: ${errorText(thrown)}`)
        return
      }
      queue.filesStart += unitsPerFile
      this.#changedDirectories.add(parentOf(path))
    }
  }

  removeTopic(topic: string, layout: QueueLayout): void {
    const directory = `${layout.directory}/${topic}`
    this.#place.files.dropTree(directory)
    for (const path of [...this.#dirty.keys()]) if (path.startsWith(`${directory}/`)) this.#dirty.delete(path)
    this.#place.fileSystem.removeTreeSync(directory)
    this.#changedDirectories.add(layout.directory)
  }

  /** Removes every file of a queue: the log gives its entries again. */
  removeQueue(queue: ConsumeQueue): void {
    const directory = this.directoryOf(queue)
    this.#place.files.dropTree(directory)
    this.#place.fileSystem.removeTreeSync(directory)
    queue.filesStart = queue.filesEnd = 0
  }

  async #syncFile(path: string, queue: ConsumeQueue): Promise<void> {
    try {
      await this.#place.files.useAsync(path, (file) => file.datasync())
    } catch (thrown) {
      // Removed meanwhile, with its topic or by retention.
      if (queue.deleted || this.#place.fileSystem.infoSync(path) === undefined) return
      throw thrown
    }
  }

  /** The names of a queue's files may not be durable yet. */
  noteNames(queue: ConsumeQueue): void {
    const { directory: ofType } = queue.layout
    const directory = this.directoryOf(queue)
    for (const name of [directory, parentOf(directory), ofType]) this.#changedDirectories.add(name)
    // Made with the first queue of its type.
    if (queue.layout.batch) this.#changedDirectories.add(parentOf(ofType))
  }

  #create(queue: ConsumeQueue, path: string, from: number): void {
    const { fileSystem, files } = this.#place
    const { unitsPerFile, unitBytes } = queue.layout
    const start = from - (from % unitsPerFile)
    const none = queue.filesEnd === queue.filesStart
    if (!none && start < queue.filesEnd) return
    const directory = parentOf(path)
    if (none) fileSystem.makeDirectorySync(directory)
    const fileBytes = unitsPerFile * unitBytes
    files.use(path, (file) => prepare(file, fileBytes, none ? (from - start) * unitBytes : 0), fileBytes)
    if (none) queue.filesStart = start
    if (none) this.noteNames(queue)
    else this.#changedDirectories.add(directory)
    queue.filesEnd = start + unitsPerFile
  }
}

const positionOf = ({ layout }: ConsumeQueue, unit: number) => (unit % layout.unitsPerFile) * layout.unitBytes

/** A queue that begins in the midst of a file: RocketMQ wants its head marked as blank. */
function prepare(file: OpenFile, fileBytes: number, blankBytes: number): void {
  if (file.sizeBytes() !== fileBytes) file.truncateSync(fileBytes)
  if (blankBytes === 0) return
  const head = Buffer.alloc(blankBytes)
  fillBlank(head, 0, head.length)
  file.writeSync(head, 0)
}
