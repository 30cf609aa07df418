import { type DiskSpace, type FileInfo, type FileSystem, type OpenFile, seededRandom } from '@aerobee/base'
import { type DiskCall, type FaultRule, Faults, type Hold, ioFailed } from './fault-file/faults.js'
import { cleanPath, Directory, NameTree, splitPath } from './fault-file/name-tree.js'
import { FaultOpenFile } from './fault-file/open-file.js'
import { coin, pageBytes, SparseFile } from './fault-file/sparse-file.js'

const unlimitedBytes = 2 ** 40

export interface DiskCounters {
  reads: number
  writes: number
  bytesRead: number
  bytesWritten: number
  datasyncs: number
}

export interface FaultFileSystemOptions {
  /** For torn lengths and for what survives a power cut. Default 1. */
  seed?: number
  /** Default 1 TiB. Only pages ever written count, so a sparse file is free. */
  capacityBytes?: number
  /** For modification times. Default: a clock that stands still. */
  wallMs?: () => number
}

/**
 * A disk in memory that fails as told. `steps` counts every changing call (create, write, truncate, datasync, rename,
 * remove, make directory, sync directory). Un-synced writes are visible to readers, survive `afterKill` and survive
 * `afterPowerCut` only by chance; names likewise until their directory is synced.
 */
export class FaultFileSystem implements FileSystem {
  readonly faults: Faults
  readonly #tree: NameTree
  readonly #seed: number
  readonly #wallMs: () => number
  readonly #counters = new Map<string, DiskCounters>()
  #capacityBytes: number
  #imagesMade = 0

  constructor(options: FaultFileSystemOptions = {}, tree = new NameTree()) {
    this.#seed = options.seed ?? 1
    this.#capacityBytes = options.capacityBytes ?? unlimitedBytes
    this.#wallMs = options.wallMs ?? (() => 1_700_000_000_000)
    this.faults = new Faults(seededRandom(this.#seed))
    this.#tree = tree
  }

  // --- what a test does -------------------------------------------------------------------------------------------

  get steps(): number {
    return this.faults.steps
  }

  get killed(): boolean {
    return this.faults.killed
  }

  /** The `step`-th changing call from the disk's start is the last; with `torn` it is a write in part, and throws. */
  killAfterStep(step: number, torn = false): void {
    this.faults.killAfterStep(step, torn)
  }

  kill(): void {
    this.faults.kill()
  }

  /** Returns how to take the fault away again. */
  fail(rule: FaultRule): () => void {
    return this.faults.add(rule)
  }

  /** Asynchronous calls that match wait until the release. */
  hold(call: 'read' | 'write' | 'datasync' | 'sync-directory', path: RegExp | string): Hold {
    return this.faults.hold(call, path)
  }

  setCapacity(bytes: number): void {
    this.#capacityBytes = bytes
  }

  counters(path: string): DiskCounters {
    const clean = cleanPath(path)
    let counters = this.#counters.get(clean)
    if (!counters) {
      counters = { reads: 0, writes: 0, bytesRead: 0, bytesWritten: 0, datasyncs: 0 }
      this.#counters.set(clean, counters)
    }
    return counters
  }

  /** The sum over all paths that match. */
  totals(path: RegExp = /^/): DiskCounters {
    const total: DiskCounters = { reads: 0, writes: 0, bytesRead: 0, bytesWritten: 0, datasyncs: 0 }
    for (const [name, counters] of this.#counters) {
      if (!path.test(name)) continue
      for (const key of Object.keys(total) as (keyof DiskCounters)[]) total[key] += counters[key]
    }
    return total
  }

  /** Makes directories and the file, durably; no fault applies and nothing is counted. */
  place(path: string, content: Uint8Array, modifiedMs = this.#wallMs()): void {
    const { directory, name } = this.#tree.parent(cleanPath(path))
    const parent = directory ?? this.#makeDirectories(splitPath(path).slice(0, -1))
    const file = new SparseFile()
    file.write(content, 0)
    file.endSync(file.beginSync())
    file.modifiedMs = modifiedMs
    this.#tree.add(parent, name, file)
    this.#syncPath(path)
  }

  setModified(path: string, wallMs: number): void {
    const node = this.#tree.find(path)
    if (node) node.modifiedMs = wallMs
  }

  /** The disk that the next process finds: all that was written, un-synced or not. */
  afterKill(options: FaultFileSystemOptions = {}): FaultFileSystem {
    return new FaultFileSystem(this.#imageOptions(options), this.#tree.copy())
  }

  /**
   * The disk after a power cut: what was synced, and of the rest a subset chosen by the seed (`some`), nothing or all.
   * Every call without a seed gives another subset, in a fixed order.
   */
  afterPowerCut(options: FaultFileSystemOptions & { keep?: 'some' | 'none' | 'all' } = {}): FaultFileSystem {
    const { keep = 'some', ...own } = options
    this.#imagesMade += 1
    const random = seededRandom(options.seed ?? this.#seed * 7919 + this.#imagesMade)
    const survives = keep === 'some' ? coin(random) : () => keep === 'all'
    return new FaultFileSystem(this.#imageOptions(own), this.#tree.afterPowerCut(survives))
  }

  // --- FileSystem -------------------------------------------------------------------------------------------------

  openSync(
    path: string,
    options: { create?: boolean; sizeBytes?: number; readOnly?: boolean } = {},
  ): OpenFile {
    const clean = this.#enter('open', path)
    let node = this.#tree.find(clean)
    if (node instanceof Directory) throw ioFailed('open', clean, 'EISDIR')
    if (!node) {
      const { directory, name } = this.#tree.parent(clean)
      if (!options.create || !directory) throw ioFailed('open', clean, 'ENOENT')
      this.faults.check('create', clean)
      const file = new SparseFile()
      file.modifiedMs = this.#wallMs()
      node = file
      this.faults.step(0, () => {
        this.#tree.add(directory, name, file)
        if (options.sizeBytes) file.truncate(options.sizeBytes)
      })
    }
    return new FaultOpenFile(clean, node, {
      faults: this.faults,
      counters: this.counters(clean),
      readOnly: options.readOnly ?? false,
      wallMs: this.#wallMs,
      freePages: () => this.#freePages(),
    })
  }

  infoSync(path: string): FileInfo | undefined {
    this.faults.checkAlive()
    const node = this.#tree.find(path)
    if (!node) return undefined
    const { modifiedMs } = node
    if (node instanceof Directory) return { sizeBytes: 0, modifiedMs, directory: true }
    const allocatedBytes = node.allocatedPages * pageBytes
    return { sizeBytes: node.sizeBytes, modifiedMs, directory: false, inode: node.inode, allocatedBytes }
  }

  listSync(directory: string): string[] {
    this.faults.checkAlive()
    const node = this.#tree.find(directory)
    return node instanceof Directory ? [...node.names.keys()].sort() : []
  }

  makeDirectorySync(directory: string): void {
    const clean = this.#enter('make-directory', directory)
    if (this.#tree.find(clean) instanceof Directory) return
    this.faults.step(0, () => this.#makeDirectories(splitPath(clean)))
  }

  removeSync(path: string): void {
    const clean = this.#enter('remove', path)
    const { directory, name } = this.#tree.parent(clean)
    const node = directory?.names.get(name)
    if (!directory || !node) throw ioFailed('remove', clean, 'ENOENT')
    if (node instanceof Directory) throw ioFailed('remove', clean, 'EISDIR')
    this.faults.step(0, () => this.#tree.remove(directory, name))
  }

  removeTreeSync(path: string): void {
    const clean = this.#enter('remove', path)
    const node = this.#tree.find(clean)
    if (!node) return
    if (node instanceof SparseFile) {
      this.removeSync(clean)
      return
    }
    for (const name of [...node.names.keys()]) this.removeTreeSync(`${clean}/${name}`)
    const { directory, name } = this.#tree.parent(clean)
    this.faults.checkAlive()
    if (directory && name) this.faults.step(0, () => this.#tree.remove(directory, name))
  }

  renameSync(from: string, to: string): void {
    const cleanFrom = this.#enter('rename', from)
    const source = this.#tree.parent(cleanFrom)
    const target = this.#tree.parent(cleanPath(to))
    const node = source.directory?.names.get(source.name)
    if (!node || !source.directory || !target.directory) throw ioFailed('rename', cleanFrom, 'ENOENT')
    const replaced = target.directory.names.get(target.name)
    if (replaced instanceof Directory && replaced.names.size > 0) {
      throw ioFailed('rename', cleanPath(to), 'ENOTEMPTY')
    }
    const [fromDirectory, toDirectory] = [source.directory, target.directory]
    this.faults.step(0, () => {
      this.#tree.rename(fromDirectory, source.name, toDirectory, target.name, node)
    })
  }

  syncDirectorySync(directory: string): void {
    const clean = this.#enter('sync-directory', directory)
    const node = this.#tree.find(clean)
    if (!(node instanceof Directory)) throw ioFailed('sync-directory', clean, 'ENOENT')
    this.faults.step(0, () => this.#tree.sync(node))
  }

  async syncDirectory(directory: string): Promise<void> {
    this.faults.checkAlive()
    await this.faults.pass('sync-directory', cleanPath(directory))
    this.syncDirectorySync(directory)
  }

  readFileSync(path: string): Uint8Array | undefined {
    const clean = this.#enter('read', path)
    const node = this.#tree.find(clean)
    if (!node) return undefined
    if (node instanceof Directory) throw ioFailed('read', clean, 'EISDIR')
    const content = new Uint8Array(node.sizeBytes)
    node.read(content, 0)
    const counters = this.counters(clean)
    counters.reads += 1
    counters.bytesRead += content.length
    return content
  }

  spaceSync(_path: string): DiskSpace {
    this.faults.checkAlive()
    const usableBytes = Math.min(this.#capacityBytes, Math.max(0, this.#freePages() * pageBytes))
    return { totalBytes: this.#capacityBytes, usableBytes }
  }

  // --- within -----------------------------------------------------------------------------------------------------

  #enter(call: DiskCall, path: string): string {
    this.faults.checkAlive()
    const clean = cleanPath(path)
    this.faults.check(call, clean)
    return clean
  }

  #makeDirectories(names: readonly string[]): Directory {
    let at = this.#tree.root
    for (const name of names) {
      const child = at.names.get(name)
      if (child instanceof SparseFile) throw ioFailed('make-directory', name, 'EEXIST')
      const next = child ?? new Directory()
      if (!child) {
        next.modifiedMs = this.#wallMs()
        this.#tree.add(at, name, next)
      }
      at = next
    }
    return at
  }

  #syncPath(path: string): void {
    const names = splitPath(path)
    for (let depth = 0; depth < names.length; depth++) {
      const node = this.#tree.find(names.slice(0, depth).join('/'))
      if (node instanceof Directory) this.#tree.sync(node)
    }
  }

  #freePages(): number {
    let pages = 0
    const visit = (directory: Directory) => {
      for (const node of directory.names.values()) {
        if (node instanceof Directory) visit(node)
        else pages += node.allocatedPages
      }
    }
    // The walk is dear; who set no limit never meets it.
    if (this.#capacityBytes >= unlimitedBytes) return Number.POSITIVE_INFINITY
    visit(this.#tree.root)
    return Math.floor(this.#capacityBytes / pageBytes) - pages
  }

  #imageOptions(options: FaultFileSystemOptions): FaultFileSystemOptions {
    return { seed: this.#seed, capacityBytes: this.#capacityBytes, wallMs: this.#wallMs, ...options }
  }
}
