import type { OpenFile } from '@aerobee/base'
import { type Faults, ioFailed, ProcessKilled } from './faults.js'
import { pageBytes, type SparseFile } from './sparse-file.js'

export interface OpenFileContext {
  faults: Faults
  counters: { reads: number; writes: number; bytesRead: number; bytesWritten: number; datasyncs: number }
  readOnly: boolean
  wallMs: () => number
  freePages: () => number
}

/** A handle: outlives the removal of its name, as on POSIX. Asynchronous calls take effect when they resolve. */
export class FaultOpenFile implements OpenFile {
  readonly path: string
  readonly #file: SparseFile
  readonly #context: OpenFileContext
  #closed = false

  constructor(path: string, file: SparseFile, context: OpenFileContext) {
    this.path = path
    this.#file = file
    this.#context = context
  }

  sizeBytes(): number {
    this.#check('read')
    return this.#file.sizeBytes
  }

  writeSync(data: Uint8Array, position: number): void {
    this.#check('write')
    const { faults, counters } = this.#context
    const apply = (keptBytes: number) => this.#apply(data.subarray(0, keptBytes), position)
    faults.check('write', this.path, data.length, apply)
    faults.step(data.length, apply)
    counters.writes += 1
    counters.bytesWritten += data.length
  }

  readSync(target: Uint8Array, position: number): number {
    this.#check('read')
    const { faults, counters } = this.#context
    faults.check('read', this.path)
    const count = this.#file.read(target, position)
    counters.reads += 1
    counters.bytesRead += count
    return count
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    this.#check('read')
    await this.#context.faults.pass('read', this.path)
    return this.readSync(target, position)
  }

  async write(data: Uint8Array, position: number): Promise<void> {
    this.#check('write')
    await this.#context.faults.pass('write', this.path)
    this.writeSync(data, position)
  }

  /** Carries what was written before the call, however long it is held. */
  async datasync(): Promise<void> {
    this.#check('datasync')
    const batch = this.#file.beginSync()
    await this.#context.faults.pass('datasync', this.path)
    this.#finishSync(batch)
  }

  datasyncSync(): void {
    this.#check('datasync')
    this.#finishSync(this.#file.beginSync())
  }

  truncateSync(sizeBytes: number): void {
    this.#check('truncate')
    this.#context.faults.check('truncate', this.path)
    this.#context.faults.step(0, () => {
      this.#file.truncate(sizeBytes)
      this.#file.modifiedMs = this.#context.wallMs()
    })
  }

  closeSync(): void {
    this.#closed = true
  }

  #finishSync(batch: ReturnType<SparseFile['beginSync']>): void {
    const { faults, counters } = this.#context
    faults.checkAlive()
    counters.datasyncs += 1
    try {
      faults.check('datasync', this.path)
    } catch (thrown) {
      this.#file.failSync(batch)
      throw thrown
    }
    faults.step(0, () => this.#file.endSync(batch))
  }

  #check(call: 'read' | 'write' | 'truncate' | 'datasync'): void {
    if (this.#context.faults.killed) throw new ProcessKilled()
    if (this.#closed) throw ioFailed(call, this.path, 'EBADF')
    if (this.#context.readOnly && (call === 'write' || call === 'truncate')) {
      throw ioFailed(call, this.path, 'EBADF')
    }
  }

  /** What fits is written even when the rest does not, as the kernel does. */
  #apply(data: Uint8Array, position: number): void {
    const file = this.#file
    let needed = 0
    let fits = data.length
    const free = this.#context.freePages()
    const first = Math.floor(position / pageBytes)
    const last = Math.floor((position + data.length - 1) / pageBytes)
    for (let page = first; page <= last; page++) {
      if (file.hasPage(page)) continue
      needed += 1
      if (needed > free) {
        fits = Math.max(0, page * pageBytes - position)
        break
      }
    }
    file.write(data.subarray(0, fits), position)
    file.modifiedMs = this.#context.wallMs()
    if (fits < data.length) throw ioFailed('write', this.path, 'ENOSPC')
  }
}
