import { AerobeeError, type FileSystem, type OpenFile } from '@aerobee/base'

interface Entry {
  readonly path: string
  readonly file: OpenFile
  users: number
  lastUse: number
  /** Closes as soon as nobody uses it. */
  dropped: boolean
}

/**
 * Files kept open, of which the least recently used close when there are more than `limit`. A file is only closed when
 * no call runs on it: the system may give its number to another file at once.
 */
export class OpenFiles {
  readonly #fileSystem: FileSystem
  readonly #limit: number
  readonly #entries = new Map<string, Entry>()
  #uses = 0
  #closed = false

  constructor(fileSystem: FileSystem, limit: number) {
    this.#fileSystem = fileSystem
    this.#limit = limit
  }

  /** `sizeBytes`: create it, sparse, when it is missing. Throws IO_FAILED. */
  use<T>(path: string, run: (file: OpenFile) => T, sizeBytes?: number): T {
    const entry = this.#enter(path, sizeBytes)
    try {
      return run(entry.file)
    } finally {
      this.#leave(entry)
    }
  }

  /** Keeps it open until the promise has settled. */
  async useAsync<T>(path: string, run: (file: OpenFile) => Promise<T>): Promise<T> {
    const entry = this.#enter(path, undefined)
    try {
      return await run(entry.file)
    } finally {
      this.#leave(entry)
    }
  }

  /** After the file was removed or replaced: nobody meets the old one any more. */
  drop(path: string): void {
    const entry = this.#entries.get(path)
    if (!entry) return
    this.#entries.delete(path)
    entry.dropped = true
    if (entry.users === 0) entry.file.closeSync()
  }

  /** Every file below a directory. */
  dropTree(directory: string): void {
    for (const path of [...this.#entries.keys()]) if (path.startsWith(`${directory}/`)) this.drop(path)
  }

  /** For good. */
  close(): void {
    this.#closed = true
    for (const path of [...this.#entries.keys()]) this.drop(path)
  }

  #enter(path: string, sizeBytes: number | undefined): Entry {
    let entry = this.#entries.get(path)
    if (!entry) {
      if (this.#closed) throw new AerobeeError('CLOSED', `The store is stopped: ${path} is not opened again.`)
      this.#makeRoom()
      const options = sizeBytes === undefined ? {} : { create: true, sizeBytes }
      entry = { path, file: this.#fileSystem.openSync(path, options), users: 0, lastUse: 0, dropped: false }
      this.#entries.set(path, entry)
    }
    entry.users += 1
    this.#uses += 1
    entry.lastUse = this.#uses
    return entry
  }

  #leave(entry: Entry): void {
    entry.users -= 1
    if (entry.dropped && entry.users === 0) entry.file.closeSync()
  }

  /** Closes the older half of the idle ones, so that the search for them is paid once for many. */
  #makeRoom(): void {
    if (this.#entries.size < this.#limit) return
    const idle = [...this.#entries.values()].filter((entry) => entry.users === 0)
    idle.sort((a, b) => a.lastUse - b.lastUse)
    for (const entry of idle.slice(0, Math.ceil(idle.length / 2))) this.drop(entry.path)
  }
}
