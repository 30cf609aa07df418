import { type FileSystem, utf8, utf8Text } from '@aerobee/base'
import type { DocumentFile } from './kv-config.js'

/**
 * A document kept with its content before as `.bak`:
 *
 *   x.tmp written ─► datasync ─► x renamed to x.bak ─► x.tmp renamed to x ─► directory synced
 *
 * At any moment x, or x.bak where x is missing, is complete.
 */
export function documentFile(fileSystem: FileSystem, path: string): DocumentFile {
  const directory = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.'
  return {
    load() {
      const content = fileSystem.readFileSync(path) ?? fileSystem.readFileSync(`${path}.bak`)
      return content && utf8Text(content)
    },
    save(text) {
      fileSystem.makeDirectorySync(directory)
      const file = fileSystem.openSync(`${path}.tmp`, { create: true })
      try {
        const content = utf8(text)
        file.truncateSync(0)
        file.writeSync(content, 0)
        file.datasyncSync()
      } finally {
        file.closeSync()
      }
      if (fileSystem.infoSync(path)) fileSystem.renameSync(path, `${path}.bak`)
      fileSystem.renameSync(`${path}.tmp`, path)
      fileSystem.syncDirectorySync(directory)
    },
  }
}
