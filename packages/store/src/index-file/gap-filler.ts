import { assert } from '@aerobee/base'
import { IndexFile, type IndexFilePlace } from './index-file.js'
import { keyHash, topicHash } from './layout.js'

/** Records between two index files that no file knows: usually none, or what a dropped file knew. */
export interface IndexGap {
  /** The last record of the file before, which is indexed; -1 when there is no file before. */
  afterPhysical: number
  /** The first record of the file behind. */
  beforePhysical: number
}

export interface GapPlace extends IndexFilePlace {
  /** Name of the file before the gap. */
  previous: string | undefined
  /** Whether a file beside the gap has this entry: the records at its seams may be indexed in part. */
  knows: (hash: number, physicalOffset: number) => boolean
  /** Takes the complete files into the index. */
  insert: (files: readonly IndexFile[]) => void
}

/** Indexes the records of one gap into files of their own; they count once `finish` returns. */
export class GapFiller {
  readonly #gap: IndexGap
  readonly #place: GapPlace
  readonly #files: IndexFile[] = []

  constructor(gap: IndexGap, place: GapPlace) {
    this.#gap = gap
    this.#place = place
  }

  /** Records in order, with those at both ends; those outside are passed over. Throws IO_FAILED: then `abandon`. */
  put(
    topic: string,
    uniqKey: string | undefined,
    keys: string | undefined,
    physicalOffset: number,
    storeTimestamp: number,
  ): void {
    const { afterPhysical, beforePhysical } = this.#gap
    if (physicalOffset < afterPhysical || physicalOffset > beforePhysical) return
    const seam = physicalOffset === afterPhysical || physicalOffset === beforePhysical
    const fromTopic = topicHash(topic)
    const parts = keys ? keys.split(' ') : []
    for (const key of uniqKey ? [uniqKey, ...parts] : parts) {
      const hash = keyHash(fromTopic, key)
      if (key === '' || (seam && this.#place.knows(hash, physicalOffset))) continue
      this.#putKey(hash, physicalOffset, storeTimestamp)
    }
  }

  /** Makes the files complete and durable. Rejects with IO_FAILED: then `abandon`. */
  async finish(): Promise<void> {
    if (this.#files.length === 0) return
    await this.#place.fileSystem.syncDirectory(this.#place.directory)
    for (const file of this.#files) await file.seal()
    this.#place.insert(this.#files)
  }

  /** Takes the unfinished files away again. */
  abandon(): void {
    for (const file of this.#files.splice(0)) {
      file.close()
      this.#place.fileSystem.removeSync(file.path)
    }
  }

  #putKey(hash: number, physicalOffset: number, storeTimestamp: number): void {
    const last = this.#files.at(-1)
    if (last?.put(hash, physicalOffset, storeTimestamp)) return
    if (last?.writeError !== undefined) throw last.writeError
    const next = IndexFile.create(this.#place, 0, last?.name ?? this.#place.previous)
    this.#files.push(next)
    assert(next.put(hash, physicalOffset, storeTimestamp), 'a new index file takes an entry')
  }
}
