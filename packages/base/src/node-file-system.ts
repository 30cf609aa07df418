import * as fs from 'node:fs'
import { dirname } from 'node:path'
import { AerobeeError, errorText } from './errors.js'
import type { DiskSpace, FileInfo, FileSystem, OpenFile } from './file-system.js'

/** The machine's disk: the one home of node:fs for everything that serves. */
export const nodeFileSystem: FileSystem = {
  openSync(path, options = {}) {
    const { create = false, sizeBytes, readOnly = false } = options
    const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL } = fs.constants
    return attempt('open', path, () => {
      const mode = readOnly ? O_RDONLY : O_RDWR
      if (create) {
        try {
          const fd = fs.openSync(path, mode | O_CREAT | O_EXCL, 0o644)
          if (sizeBytes !== undefined) sized(fd, path, sizeBytes)
          return new NodeOpenFile(path, fd)
        } catch (thrown) {
          if (errnoOf(thrown) !== 'EEXIST') throw thrown
        }
      }
      return new NodeOpenFile(path, fs.openSync(path, mode))
    })
  },

  infoSync(path): FileInfo | undefined {
    return attempt('stat', path, () => {
      const stats = fs.statSync(path, { throwIfNoEntry: false })
      return (
        stats && {
          sizeBytes: stats.size,
          modifiedMs: stats.mtimeMs,
          directory: stats.isDirectory(),
          inode: stats.ino,
          allocatedBytes: stats.blocks * 512,
        }
      )
    })
  },

  listSync(directory) {
    return attempt('list', directory, () => {
      try {
        return fs.readdirSync(directory).sort()
      } catch (thrown) {
        if (errnoOf(thrown) === 'ENOENT') return []
        throw thrown
      }
    })
  },

  makeDirectorySync(directory) {
    attempt('make-directory', directory, () => makeDirectories(directory))
  },

  removeSync(path) {
    attempt('remove', path, () => fs.unlinkSync(path))
  },

  removeTreeSync(path) {
    attempt('remove', path, () => fs.rmSync(path, { recursive: true, force: true }))
  },

  renameSync(from, to) {
    attempt('rename', from, () => fs.renameSync(from, to))
  },

  syncDirectorySync(directory) {
    attempt('sync-directory', directory, () => {
      const fd = fs.openSync(directory, fs.constants.O_RDONLY)
      try {
        fs.fsyncSync(fd)
      } finally {
        fs.closeSync(fd)
      }
    })
  },

  async syncDirectory(directory) {
    try {
      const handle = await fs.promises.open(directory, fs.constants.O_RDONLY)
      try {
        await handle.sync()
      } finally {
        await handle.close()
      }
    } catch (thrown) {
      throw failed('sync-directory', directory, thrown)
    }
  },

  readFileSync(path) {
    return attempt('read', path, () => {
      try {
        return fs.readFileSync(path)
      } catch (thrown) {
        if (errnoOf(thrown) === 'ENOENT') return undefined
        throw thrown
      }
    })
  },

  spaceSync(path): DiskSpace {
    return attempt('statfs', path, () => {
      const stats = fs.statfsSync(path)
      const { bsize } = stats
      return {
        totalBytes: stats.blocks * bsize,
        usableBytes: stats.bavail * bsize,
        freeBytes: stats.bfree * bsize,
      }
    })
  },
}

/** Positions and counts are whole requests here: the kernel may serve a part, then the rest is asked for again. */
class NodeOpenFile implements OpenFile {
  readonly path: string
  #fd: number

  constructor(path: string, fd: number) {
    this.path = path
    this.#fd = fd
  }

  sizeBytes(): number {
    return attempt('stat', this.path, () => fs.fstatSync(this.#fd).size)
  }

  writeSync(data: Uint8Array, position: number): void {
    try {
      for (let done = 0; done < data.length; ) {
        done += fs.writeSync(this.#fd, data, done, data.length - done, position + done)
      }
    } catch (thrown) {
      throw failed('write', this.path, thrown)
    }
  }

  readSync(target: Uint8Array, position: number): number {
    try {
      let done = 0
      while (done < target.length) {
        const count = fs.readSync(this.#fd, target, done, target.length - done, position + done)
        if (count === 0) break
        done += count
      }
      return done
    } catch (thrown) {
      throw failed('read', this.path, thrown)
    }
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    let done = 0
    while (done < target.length) {
      const count = await this.#readSome(target, done, position + done)
      if (count === 0) break
      done += count
    }
    return done
  }

  async write(data: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < data.length; ) done += await this.#writeSome(data, done, position + done)
  }

  datasync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.#fd, (fault) => (fault ? reject(failed('datasync', this.path, fault)) : resolve()))
    })
  }

  datasyncSync(): void {
    attempt('datasync', this.path, () => fs.fdatasyncSync(this.#fd))
  }

  truncateSync(sizeBytes: number): void {
    attempt('truncate', this.path, () => fs.ftruncateSync(this.#fd, sizeBytes))
  }

  closeSync(): void {
    const fd = this.#fd
    if (fd < 0) return
    // A number given to another file meanwhile must never be used again.
    this.#fd = -1
    attempt('close', this.path, () => fs.closeSync(fd))
  }

  #readSome(target: Uint8Array, offset: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.#fd, target, offset, target.length - offset, position, (fault, count) =>
        fault ? reject(failed('read', this.path, fault)) : resolve(count),
      )
    })
  }

  #writeSome(data: Uint8Array, offset: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.write(this.#fd, data, offset, data.length - offset, position, (fault, count) =>
        fault ? reject(failed('write', this.path, fault)) : resolve(count),
      )
    })
  }
}

function sized(fd: number, path: string, sizeBytes: number): void {
  try {
    fs.ftruncateSync(fd, sizeBytes)
  } catch (thrown) {
    fs.closeSync(fd)
    fs.unlinkSync(path)
    throw thrown
  }
}

/** Node's own recursive mkdir never returns below a directory that takes none, as /proc. */
function makeDirectories(path: string): void {
  if (fs.statSync(path, { throwIfNoEntry: false })?.isDirectory()) return
  const parent = dirname(path)
  if (parent !== path) makeDirectories(parent)
  try {
    fs.mkdirSync(path)
  } catch (thrown) {
    // Somebody else was quicker.
    if (errnoOf(thrown) !== 'EEXIST' || !fs.statSync(path).isDirectory()) throw thrown
  }
}

function attempt<T>(call: string, path: string, run: () => T): T {
  try {
    return run()
  } catch (thrown) {
    throw failed(call, path, thrown)
  }
}

const errnoOf = (thrown: unknown): string | undefined => (thrown as NodeJS.ErrnoException)?.code

function failed(call: string, path: string, cause: unknown): AerobeeError {
  const errno = errnoOf(cause)
  const advice = advices[errno ?? ''] ?? ''
  return new AerobeeError(
    'IO_FAILED',
    `The ${call} of ${path} failed with ${errno ?? errorText(cause)}.${advice}`,
    { cause },
  )
}

const advices: Record<string, string> = {
  ENOSPC: ' Free space on its disk.',
  EACCES: ' Give this user access to it.',
  EPERM: ' Give this user access to it.',
  ENOTDIR: ' A part of this path is a file: name another one.',
  EMFILE: ' Raise the limit of open files (ulimit -n).',
  EROFS: ' Its file system is mounted read-only.',
}
