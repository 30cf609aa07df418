import { AtomicFile, type AtomicFileOptions, good, makeDurableDirectory, parentOf } from '@aerobee/base'
import type { DocumentFile } from './kv-config.js'

/** A document of the name server, replaced as a whole, with the content before kept as `.bak`. */
export function documentFile(options: AtomicFileOptions): DocumentFile {
  const file = new AtomicFile(options)
  return {
    load: () => file.load(good<string>),
    save(text) {
      makeDurableDirectory(options.fileSystem, parentOf(options.path))
      file.saveSync(text)
    },
  }
}
