import { readInt64 } from '@aerobee/base'
import type { IndexFile } from './index-file.js'
import { entryBytes, entryPosition, headerBytes, slotBytes } from './layout.js'

/** Where the reads of one chain start; a chain whose entries lie close together is read in larger pieces. */
const smallestWindow = 16
const largestWindow = 3_276

/**
 * Physical offsets of entries with this hash and, to the second, within the times, newest first, at most `maxCount`,
 * appended to `found`. Entries of other keys with the same hash are among them: the caller reads the record.
 * Reads what lies on disk off the event loop.
 */
export async function queryFile(
  index: IndexFile,
  hash: number,
  beginMs: number,
  endMs: number,
  maxCount: number,
  found: number[],
): Promise<void> {
  // Retention may have taken the file away.
  if (!index.enter()) return
  try {
    const reader = new EntryReader(index)
    let entry = await newestEntry(index, hash % index.layout.slotCount)
    let below = index.header.nextEntry
    // Numbers only fall along a chain: a damaged one ends instead of going round.
    while (entry > 0 && entry < below && found.length < maxCount) {
      below = entry
      const view = reader.inMemory(entry) ?? (await reader.load(entry))
      const at = reader.at
      const storedMs = index.header.beginTimestamp + view.getInt32(at + 12) * 1000
      if (storedMs + 999 < beginMs) break
      if (view.getInt32(at) === hash && storedMs <= endMs) found.push(readInt64(view, at + 4))
      entry = view.getInt32(at + 16)
    }
  } finally {
    index.leave()
  }
}

/** Whether the file's times touch [beginMs, endMs]. */
export function overlaps(index: IndexFile, beginMs: number, endMs: number): boolean {
  const { beginTimestamp, endTimestamp } = index.header
  return !index.empty && beginTimestamp <= endMs && endTimestamp + 999 >= beginMs
}

/** Whether an entry says exactly this, looked up synchronously: for the one record at the seam of a recovery. */
export function containsEntry(index: IndexFile, hash: number, physicalOffset: number): boolean {
  const reader = new EntryReader(index)
  let entry = newestEntrySync(index, hash % index.layout.slotCount)
  let below = index.header.nextEntry
  while (entry > 0 && entry < below) {
    below = entry
    const view = reader.inMemory(entry) ?? reader.loadSync(entry)
    const physical = readInt64(view, reader.at + 4)
    if (physical < physicalOffset) return false
    if (physical === physicalOffset && view.getInt32(reader.at) === hash) return true
    entry = view.getInt32(reader.at + 16)
  }
  return false
}

async function newestEntry(index: IndexFile, slot: number): Promise<number> {
  const known = index.slotInMemory(slot)
  if (known !== undefined) return known
  const bytes = new Uint8Array(slotBytes)
  await index.file.read(bytes, headerBytes + slot * slotBytes)
  return new DataView(bytes.buffer).getInt32(0)
}

function newestEntrySync(index: IndexFile, slot: number): number {
  const known = index.slotInMemory(slot)
  if (known !== undefined) return known
  const bytes = new Uint8Array(slotBytes)
  index.file.readSync(bytes, headerBytes + slot * slotBytes)
  return new DataView(bytes.buffer).getInt32(0)
}

/** Walks down in entry numbers: keeps the window of entries that ends at the last one loaded. */
class EntryReader {
  /** Position in the view given last. */
  at = 0
  readonly #index: IndexFile
  #first = 0
  #end = 0
  #window = new DataView(new ArrayBuffer(0))
  #size = smallestWindow

  constructor(index: IndexFile) {
    this.#index = index
  }

  inMemory(entry: number): DataView | undefined {
    const { first, view } = this.#index.entriesInMemory()
    if (entry >= first) {
      this.at = (entry - first) * entryBytes
      return view
    }
    if (entry < this.#first || entry >= this.#end) return undefined
    this.at = (entry - this.#first) * entryBytes
    return this.#window
  }

  async load(entry: number): Promise<DataView> {
    const bytes = this.#prepare(entry)
    await this.#index.file.read(bytes, entryPosition(this.#index.layout, this.#first))
    return this.#window
  }

  loadSync(entry: number): DataView {
    const bytes = this.#prepare(entry)
    this.#index.file.readSync(bytes, entryPosition(this.#index.layout, this.#first))
    return this.#window
  }

  #prepare(entry: number): Uint8Array {
    // The last window gave more than one hop when the next entry lies just below it.
    const near = this.#end > 0 && this.#first - entry < this.#size
    this.#size = near ? Math.min(largestWindow, this.#size * 4) : smallestWindow
    this.#end = entry + 1
    this.#first = Math.max(0, this.#end - this.#size)
    const bytes = new Uint8Array((this.#end - this.#first) * entryBytes)
    this.#window = new DataView(bytes.buffer)
    this.at = (entry - this.#first) * entryBytes
    return bytes
  }
}
