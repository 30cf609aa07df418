import { type FileSystem, parentOf, utf8 } from '@aerobee/base'

/**
 * The file `abort`: there while a broker runs, so that its presence at a start says the run before died. Its text is
 * the process id, as RocketMQ's. All calls throw IO_FAILED.
 */
export class AbortMarker {
  readonly #fileSystem: FileSystem
  readonly #path: string

  constructor(fileSystem: FileSystem, path: string) {
    this.#fileSystem = fileSystem
    this.#path = path
  }

  exists(): boolean {
    return this.#fileSystem.infoSync(this.#path) !== undefined
  }

  /** Durable before the first write to the store. */
  set(pid: number): void {
    const file = this.#fileSystem.openSync(this.#path, { create: true })
    try {
      file.truncateSync(0)
      file.writeSync(utf8(String(pid)), 0)
      file.datasyncSync()
    } finally {
      file.closeSync()
    }
    this.#fileSystem.syncDirectorySync(parentOf(this.#path))
  }

  /** After everything else was synced. */
  clear(): void {
    if (this.exists()) this.#fileSystem.removeSync(this.#path)
    this.#fileSystem.syncDirectorySync(parentOf(this.#path))
  }
}
