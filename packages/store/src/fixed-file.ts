import { errorText, type FileSystem, type Logger, type OpenFile, parentOf } from '@aerobee/base'

export interface FixedFilePlace {
  fileSystem: FileSystem
  logger: Logger
  path: string
  sizeBytes: number
}

/** Bytes that lie within one sector, so that no kernel and no device tears them. */
export interface FixedFilePiece {
  bytes: Uint8Array
  at: number
}

/**
 * A file of one size that is overwritten in place, made when it is missing. After a failed write or sync nobody knows
 * what of it is on the disk, and no later sync would tell: then the next write makes a new file beside it, which takes
 * its place once it is durable. Until then the old one says what it said.
 */
export class FixedFile {
  readonly #place: FixedFilePlace
  #file: OpenFile | undefined
  /** A write failed since the file was last replaced. */
  #failed = false
  /** The name leads to this file, durably. */
  #named = false

  constructor(place: FixedFilePlace) {
    this.#place = place
  }

  /** undefined when it is missing. Throws IO_FAILED. */
  read(): Uint8Array | undefined {
    return this.#place.fileSystem.readFileSync(this.#place.path)
  }

  /** Each piece is durable before the next one is written. Rejects with IO_FAILED. */
  async write(pieces: readonly FixedFilePiece[]): Promise<void> {
    try {
      const file = this.#opened()
      for (const { bytes, at } of pieces) {
        await file.write(bytes, at)
        await file.datasync()
      }
      this.#rename()
      if (!this.#named) await this.#place.fileSystem.syncDirectory(parentOf(this.#place.path))
      this.#named = true
    } catch (thrown) {
      this.#abandon()
      throw thrown
    }
  }

  /** As `write`, for the end of recovery and for the stop. */
  writeSync(pieces: readonly FixedFilePiece[]): void {
    try {
      const file = this.#opened()
      for (const { bytes, at } of pieces) {
        file.writeSync(bytes, at)
        file.datasyncSync()
      }
      this.#rename()
      if (!this.#named) this.#place.fileSystem.syncDirectorySync(parentOf(this.#place.path))
      this.#named = true
    } catch (thrown) {
      this.#abandon()
      throw thrown
    }
  }

  close(): void {
    this.#file?.closeSync()
    this.#file = undefined
  }

  get #newPath(): string {
    return `${this.#place.path}.new`
  }

  #opened(): OpenFile {
    if (this.#file) return this.#file
    const { fileSystem, path, sizeBytes } = this.#place
    this.#named = false
    if (this.#failed && fileSystem.infoSync(this.#newPath)) fileSystem.removeSync(this.#newPath)
    const file = fileSystem.openSync(this.#failed ? this.#newPath : path, { create: true, sizeBytes })
    this.#file = file
    if (file.sizeBytes() !== sizeBytes) file.truncateSync(sizeBytes)
    return file
  }

  #rename(): void {
    if (!this.#failed) return
    this.#place.fileSystem.renameSync(this.#newPath, this.#place.path)
    this.#failed = false
  }

  #abandon(): void {
    this.#failed = true
    try {
      this.close()
    } catch (thrown) {
      this.#file = undefined
      this.#place.logger.warn(`${this.#place.path} could not be closed: ${errorText(thrown)}`)
    }
  }
}
