import { AerobeeError, type FileSystem, isAerobeeError, makeDurableDirectory, utf8 } from '@aerobee/base'
import type { ProcessProbe } from './process-probe.js'

/**
 * One process per store directory, without native code: Node cannot take the kernel lock that RocketMQ takes.
 *
 *   <store>/lock.holders/<pid>-<start time>-<boot id>     an empty file for each process that wants the store
 *
 * A process first makes its own file and then looks at the others; whose process runs keeps the store. Of two that
 * start together each sees the other's file, since both made theirs before looking: then both may refuse, but never
 * both go on. A killed holder's file names a process that is gone, or another machine start, and is removed by the next.
 * RocketMQ's own lock, on the file `lock`, is looked up in /proc/locks before; the reverse is not possible: a Java
 * broker does not see that we run. Processes in containers of their own that share a volume do not see each other.
 */
export class StoreLock {
  readonly #fileSystem: FileSystem
  readonly #probe: ProcessProbe
  readonly #root: string
  #own: string | undefined

  constructor(fileSystem: FileSystem, probe: ProcessProbe, storeRoot: string) {
    this.#fileSystem = fileSystem
    this.#probe = probe
    this.#root = storeRoot
  }

  /** Throws STORE_LOCKED, naming the process that holds the store, or IO_FAILED. */
  acquire(): void {
    makeDurableDirectory(this.#fileSystem, this.#directory)
    this.#refuseBesideJava()
    const own = this.#ownName()
    const path = `${this.#directory}/${own}`
    const mine = this.#fileSystem.infoSync(path) !== undefined
    if (mine && this.#probe.startTime(this.#probe.pid) !== undefined) this.#refuse(this.#probe.pid)
    this.#fileSystem.openSync(path, { create: true }).closeSync()
    this.#own = path
    for (const name of this.#fileSystem.listSync(this.#directory)) {
      if (name === own) continue
      const holder = this.#liveHolder(name)
      if (holder === undefined) {
        this.#remove(`${this.#directory}/${name}`)
        continue
      }
      this.release()
      this.#refuse(holder)
    }
    this.#writeLockFile()
  }

  /** Idempotent. */
  release(): void {
    if (this.#own === undefined) return
    this.#remove(this.#own)
    this.#own = undefined
  }

  get #directory(): string {
    return `${this.#root}/lock.holders`
  }

  #ownName(): string {
    const { pid } = this.#probe
    return `${pid}-${this.#probe.startTime(pid) ?? '0'}-${this.#probe.bootId() ?? '0'}`
  }

  #liveHolder(name: string): number | undefined {
    const [, digits, start, boot] = /^(\d+)-(\d+)-(.+)$/.exec(name) ?? []
    if (digits === undefined) return undefined
    const pid = Number(digits)
    const bootNow = this.#probe.bootId()
    if (bootNow !== undefined && boot !== bootNow) return undefined
    if (!this.#probe.alive(pid)) return undefined
    const startNow = this.#probe.startTime(pid)
    return startNow !== undefined && startNow !== start ? undefined : pid
  }

  #refuseBesideJava(): void {
    const inode = this.#fileSystem.infoSync(`${this.#root}/lock`)?.inode
    const holder = inode === undefined ? undefined : this.#probe.javaLockHolder(inode)
    if (holder !== undefined) this.#refuse(holder, ', a Java process')
  }

  #refuse(pid: number, what = ''): never {
    throw new AerobeeError(
      'STORE_LOCKED',
      `The store directory ${this.#root} is in use by process ${pid}${what}. ` +
        'Stop it first, or give this broker another storePathRootDir.',
    )
  }

  /** As RocketMQ leaves it. */
  #writeLockFile(): void {
    const path = `${this.#root}/lock`
    if (this.#fileSystem.infoSync(path)) return
    const file = this.#fileSystem.openSync(path, { create: true })
    file.writeSync(utf8('lock'), 0)
    file.closeSync()
  }

  #remove(path: string): void {
    try {
      this.#fileSystem.removeSync(path)
    } catch (thrown) {
      // Another starting process removed it first.
      if (!isAerobeeError(thrown, 'IO_FAILED')) throw thrown
    }
  }
}
