import { isAerobeeError } from './errors.js'
import type { FileSystem } from './file-system.js'

/**
 * Makes a directory that is still there after a power cut, with those above it. Existing ones are synced too: the run
 * that made them may have died before it did. Throws IO_FAILED.
 */
export function makeDurableDirectory(fileSystem: FileSystem, directory: string): void {
  fileSystem.makeDirectorySync(directory)
  fileSystem.syncDirectorySync(parentOf(directory))
  for (let at = parentOf(directory); parentOf(at) !== at; at = parentOf(at)) {
    try {
      fileSystem.syncDirectorySync(parentOf(at))
    } catch (thrown) {
      // Not ours to open: then an administrator made it, long ago.
      if (!isAerobeeError(thrown, 'IO_FAILED')) throw thrown
    }
  }
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash < 0 ? '.' : path.slice(0, slash) || '/'
}
