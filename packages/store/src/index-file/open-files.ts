import { errorText, isAerobeeError, type Logger, type OpenFile } from '@aerobee/base'
import { IndexFile, type IndexFilePlace } from './index-file.js'
import { decodeHeader, fileBytes, headerBytes, isIndexFileName } from './layout.js'
import { readSlots, scanEntries } from './scan.js'

export interface IndexOpenFacts {
  /** No abort marker was found: what RocketMQ wrote can be trusted. */
  clean: boolean
  /** The checkpoint's index time: files that end later were not finished when the process died. */
  sealedTimestamp: number
}

export interface IndexPlace extends IndexFilePlace {
  logger: Logger
}

/**
 * Every usable index file, in order of offsets. A damaged one is removed with a log line: the log can give its entries
 * again. Only the last may take more entries, and only then, or when its slots still have to be written, are the slots
 * in memory.
 */
export function openIndexFiles(place: IndexPlace, facts: IndexOpenFacts): IndexFile[] {
  const { fileSystem, directory } = place
  const files: IndexFile[] = []
  const names = fileSystem.listSync(directory).filter(isIndexFileName)
  for (const name of names) {
    const path = `${directory}/${name}`
    const opened = openOne(place, path, facts, name === names.at(-1))
    if (opened instanceof IndexFile) files.push(opened)
  }
  return inOrder(place, files)
}

function openOne(place: IndexPlace, path: string, facts: IndexOpenFacts, last: boolean) {
  const { fileSystem, logger } = place
  let file: OpenFile | undefined
  try {
    file = fileSystem.openSync(path)
    const opened = read(place, path, file, facts, last)
    if (opened instanceof IndexFile) return opened
    logger.warn(`The index file ${path} is dropped, because ${opened}; its entries come from the log again.`)
    file.closeSync()
    remove(place, path)
  } catch (thrown) {
    if (!isAerobeeError(thrown)) throw thrown
    logger.warn(`The index file ${path} is left aside, because it cannot be read: ${thrown.message}`)
    file?.closeSync()
  }
  return undefined
}

/** The file, or why it is none. */
function read(
  place: IndexPlace,
  path: string,
  file: OpenFile,
  facts: IndexOpenFacts,
  last: boolean,
): IndexFile | string {
  const { layout, logger } = place
  const sizeBytes = file.sizeBytes()
  if (sizeBytes !== fileBytes(layout)) return `it has ${sizeBytes} bytes instead of ${fileBytes(layout)}`
  const bytes = new Uint8Array(headerBytes)
  file.readSync(bytes, 0)
  const decoded = decodeHeader(bytes, layout)
  if (!decoded.ok) return decoded.reason
  const header = decoded.value
  if (header.nextEntry === 1) return 'it holds no entry'
  const slotsWritten = header.usedSlots > 0
  if (slotsWritten && (facts.clean || header.endTimestamp <= facts.sealedTimestamp)) {
    const takesMore = last && header.nextEntry < layout.entryCapacity
    const slots = takesMore ? readSlots(file, layout, headerBytes) : undefined
    return new IndexFile(path, file, layout, header, slots, true)
  }
  const scan = scanEntries(file, layout, header)
  if (scan.header.nextEntry === 1) return 'its first entry is damaged'
  const opened = new IndexFile(path, file, layout, scan.header, scan.slots, false)
  if (scan.damage !== undefined) {
    logger.warn(`The index file ${path} is used up to entry ${scan.header.nextEntry - 1}: ${scan.damage}.`)
    opened.writeHeaderSync()
  }
  return opened
}

/** Offsets decide the order; what overlaps the file before it is somebody's copy. */
function inOrder(place: IndexPlace, files: IndexFile[]): IndexFile[] {
  const kept: IndexFile[] = []
  files.sort((a, b) => a.header.beginPhysical - b.header.beginPhysical || (a.name < b.name ? -1 : 1))
  for (const file of files) {
    const before = kept.at(-1)
    if (!before || file.header.beginPhysical >= before.header.endPhysical) {
      kept.push(file)
      continue
    }
    place.logger.warn(`The index file ${file.path} is dropped, because it overlaps ${before.path}.`)
    file.close()
    remove(place, file.path)
  }
  return kept
}

export function remove(place: IndexPlace, path: string): void {
  try {
    place.fileSystem.removeSync(path)
  } catch (thrown) {
    place.logger.warn(`The index file ${path} could not be removed: ${errorText(thrown)}`)
  }
}
