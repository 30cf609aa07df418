import { errorText, type FileSystem, type Logger, type OpenFile, parentOf } from '@aerobee/base'
import type { OpenFiles } from '../open-files.js'
import type { ConsumeQueue } from './consume-queue.js'
import { fillBlank, isBlank, unitBytes, unitPhysical, unitSize } from './unit.js'

export interface QueueFilesPlace {
  fileSystem: FileSystem
  files: OpenFiles
  logger: Logger
  /** `<store>/consumequeue`. */
  directory: string
  /** `mappedFileSizeConsumeQueue`. */
  fileBytes: number
}

const namePattern = /^\d{20}$/
const syncsAtOnce = 4

/**
 * The files of all consume queues: `<topic>/<queue id>/<byte offset in the queue, 20 digits>`, of equal size and made
 * sparse, without a gap within a queue (reference: storage 2.2). What is written here is derived from the log.
 */
export class QueueFiles {
  readonly unitsPerFile: number
  readonly directory: string
  readonly #place: QueueFilesPlace
  readonly #fileBytes: number
  /** Written since the last sync. */
  #dirty = new Map<string, ConsumeQueue>()
  /** Directories with names made or removed since the last sync. */
  #changedDirectories = new Set<string>()

  constructor(place: QueueFilesPlace) {
    this.#place = place
    this.directory = place.directory
    this.unitsPerFile = Math.ceil(place.fileBytes / unitBytes)
    this.#fileBytes = this.unitsPerFile * unitBytes
  }

  directoryOf(topic: string, queueId: number): string {
    return `${this.directory}/${topic}/${queueId}`
  }

  /** The file in which an offset lies, existing or not. */
  pathOf(queue: ConsumeQueue, offset: number): string {
    const start = (offset - (offset % this.unitsPerFile)) * unitBytes
    return `${this.directoryOf(queue.topic, queue.queueId)}/${String(start).padStart(20, '0')}`
  }

  /** First offsets of the files in a queue's directory, sorted. */
  startsIn(directory: string): number[] {
    const names = this.#place.fileSystem.listSync(directory).filter((name) => namePattern.test(name))
    return names.map((name) => Number(name) / unitBytes)
  }

  /** Puts entries in memory into their files, up to `maxOffset`. Throws IO_FAILED; what was written then is kept. */
  write(queue: ConsumeQueue): void {
    while (queue.writtenEnd < queue.maxOffset && !queue.deleted) {
      const from = queue.writtenEnd
      const to = Math.min(queue.maxOffset, from - (from % this.unitsPerFile) + this.unitsPerFile)
      const path = this.pathOf(queue, from)
      if (to > queue.filesEnd || queue.filesEnd === queue.filesStart) this.#create(queue, path, from)
      const position = (from % this.unitsPerFile) * unitBytes
      this.#place.files.use(path, (file) => file.writeSync(queue.tailBytes(from, to), position))
      this.#dirty.set(path, queue)
      queue.writtenEnd = to
    }
  }

  /** Reads entries from one file. Throws IO_FAILED. */
  readSync(queue: ConsumeQueue, offset: number, target: Buffer): number {
    const position = (offset % this.unitsPerFile) * unitBytes
    return this.#place.files.use(this.pathOf(queue, offset), (file) => file.readSync(target, position))
  }

  /** One entry; size 0 where none was written. Throws IO_FAILED. */
  entrySync(queue: ConsumeQueue, offset: number): { physical: number; size: number } {
    const bytes = Buffer.alloc(unitBytes)
    this.readSync(queue, offset, bytes)
    const view = new DataView(bytes.buffer, bytes.byteOffset, unitBytes)
    return { physical: unitPhysical(view, 0), size: unitSize(view, 0) }
  }

  /** Off the event loop. */
  read(queue: ConsumeQueue, offset: number, target: Buffer): Promise<number> {
    const position = (offset % this.unitsPerFile) * unitBytes
    return this.#place.files.useAsync(this.pathOf(queue, offset), (file) => file.read(target, position))
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

  /** Ends a queue at an offset, in memory and in files. Before serving. Throws IO_FAILED. */
  cutQueue(queue: ConsumeQueue, end: number): void {
    this.write(queue)
    this.cut(queue, end)
    queue.continueAt(end)
    queue.maxPhysical = -1
    for (let at = end - 1; at >= queue.minOffset && queue.maxPhysical < 0; at--) {
      const { physical, size } = this.entrySync(queue, at)
      if (!isBlank(physical, size)) queue.maxPhysical = physical
    }
    if (queue.maxOffset === queue.minOffset) queue.minPhysical = -1
  }

  /** Drops all entries at and beyond an offset from the files. Throws IO_FAILED. */
  cut(queue: ConsumeQueue, end: number): void {
    const { fileSystem, files } = this.#place
    while (queue.filesEnd > queue.filesStart && queue.filesEnd - this.unitsPerFile >= end) {
      const path = this.pathOf(queue, queue.filesEnd - 1)
      files.drop(path)
      fileSystem.removeSync(path)
      this.#dirty.delete(path)
      this.#changedDirectories.add(parentOf(path))
      queue.filesEnd -= this.unitsPerFile
    }
    if (queue.filesEnd <= queue.filesStart) {
      queue.filesStart = queue.filesEnd = 0
      return
    }
    if (end >= queue.filesEnd) return
    const path = this.pathOf(queue, end)
    files.use(path, (file) => {
      file.truncateSync((end % this.unitsPerFile) * unitBytes)
      file.truncateSync(this.#fileBytes)
    })
    this.#dirty.set(path, queue)
  }

  /** Removes files whose entries are all below an offset, but never the last file. */
  removeBelow(queue: ConsumeQueue, offset: number): void {
    const { fileSystem, files, logger } = this.#place
    while (queue.filesStart + this.unitsPerFile <= offset) {
      if (queue.filesStart + this.unitsPerFile >= queue.filesEnd) return
      const path = this.pathOf(queue, queue.filesStart)
      files.drop(path)
      this.#dirty.delete(path)
      try {
        fileSystem.removeSync(path)
      } catch (thrown) {
        logger.warn(`${path} could not be removed: ${errorText(thrown)}`)
        return
      }
      queue.filesStart += this.unitsPerFile
      this.#changedDirectories.add(parentOf(path))
    }
  }

  removeTopic(topic: string): void {
    const directory = `${this.directory}/${topic}`
    this.#place.files.dropTree(directory)
    for (const path of [...this.#dirty.keys()]) if (path.startsWith(`${directory}/`)) this.#dirty.delete(path)
    this.#place.fileSystem.removeTreeSync(directory)
    this.#changedDirectories.add(this.directory)
  }

  /** Removes every file of a queue: the log gives its entries again. */
  removeQueue(queue: ConsumeQueue): void {
    const directory = this.directoryOf(queue.topic, queue.queueId)
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
    const directory = this.directoryOf(queue.topic, queue.queueId)
    for (const name of [directory, parentOf(directory), this.directory]) this.#changedDirectories.add(name)
  }

  #create(queue: ConsumeQueue, path: string, from: number): void {
    const { fileSystem, files } = this.#place
    const start = from - (from % this.unitsPerFile)
    const none = queue.filesEnd === queue.filesStart
    if (!none && start < queue.filesEnd) return
    const directory = parentOf(path)
    if (none) fileSystem.makeDirectorySync(directory)
    files.use(path, (file) => this.#prepare(file, none ? from - start : 0), this.#fileBytes)
    if (none) queue.filesStart = start
    if (none) this.noteNames(queue)
    else this.#changedDirectories.add(directory)
    queue.filesEnd = start + this.unitsPerFile
  }

  /** A queue that begins in the midst of a file: RocketMQ wants its head marked as blank. */
  #prepare(file: OpenFile, blankUnits: number): void {
    if (file.sizeBytes() !== this.#fileBytes) file.truncateSync(this.#fileBytes)
    if (blankUnits === 0) return
    const head = Buffer.alloc(blankUnits * unitBytes)
    fillBlank(head, 0, head.length)
    file.writeSync(head, 0)
  }
}
