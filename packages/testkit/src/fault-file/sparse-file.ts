import type { Random } from '@aerobee/base'

/**
 * One file: its content as a process sees it (page cache) and as the device holds it, in pages of 4 KiB of which only
 * those ever written exist.
 *
 *   page      live bytes ──sync──► durable bytes
 *   per 512-byte sector:  clean ─write─► dirty ─sync begins─► syncing ─sync ends─► clean
 *                                                                 └─sync fails──► lost (readable until the power goes,
 *                                                                                 and no later sync saves it)
 * A page without a state entry is the same object on both sides and is copied before its first change.
 */
export const pageBytes = 4096
const sectorBytes = 512
const allSectors = 0xff

interface PageState {
  dirty: number
  syncing: number
  lost: number
}

/** What one sync carries to the device: the pages as they were when it began. */
export interface SyncBatch {
  sequence: number
  sizeBytes: number
  pages: Map<number, { sectors: number; bytes: Uint8Array | undefined }>
}

let lastInode = 0

export class SparseFile {
  readonly directory = false
  readonly inode = ++lastInode
  sizeBytes = 0
  modifiedMs = 0
  #durableSizeBytes = 0
  #live = new Map<number, Uint8Array>()
  #durable = new Map<number, Uint8Array>()
  #states = new Map<number, PageState>()
  #begun = 0
  #synced = 0

  get allocatedPages(): number {
    return this.#live.size
  }

  hasPage(index: number): boolean {
    return this.#live.has(index)
  }

  /** Returns bytes copied; short only at the end of the file. */
  read(target: Uint8Array, position: number): number {
    const count = Math.max(0, Math.min(target.length, this.sizeBytes - position))
    for (let done = 0; done < count; ) {
      const at = position + done
      const within = at % pageBytes
      const part = Math.min(pageBytes - within, count - done)
      const page = this.#live.get((at - within) / pageBytes)
      if (page) target.set(page.subarray(within, within + part), done)
      else target.fill(0, done, done + part)
      done += part
    }
    return count
  }

  write(data: Uint8Array, position: number): void {
    for (let done = 0; done < data.length; ) {
      const at = position + done
      const within = at % pageBytes
      const part = Math.min(pageBytes - within, data.length - done)
      const page = this.#changePage((at - within) / pageBytes, within, part)
      page.set(data.subarray(done, done + part), within)
      done += part
    }
    if (data.length > 0) this.sizeBytes = Math.max(this.sizeBytes, position + data.length)
  }

  truncate(sizeBytes: number): void {
    if (sizeBytes < this.sizeBytes) {
      const within = sizeBytes % pageBytes
      const boundary = (sizeBytes - within) / pageBytes
      if (within > 0 && this.#live.has(boundary)) {
        this.#changePage(boundary, within, pageBytes - within).fill(0, within)
      }
      for (const index of this.#live.keys()) {
        if (index < boundary || (index === boundary && within > 0)) continue
        this.#state(index).dirty = allSectors
        this.#state(index).lost = 0
        this.#live.delete(index)
      }
    }
    this.sizeBytes = sizeBytes
  }

  beginSync(): SyncBatch {
    this.#begun += 1
    const pages: SyncBatch['pages'] = new Map()
    for (const [index, state] of this.#states) {
      const sectors = state.dirty | state.syncing
      if (sectors === 0) continue
      pages.set(index, { sectors, bytes: this.#live.get(index)?.slice() })
      state.syncing = sectors
      state.dirty = 0
    }
    return { sequence: this.#begun, sizeBytes: this.sizeBytes, pages }
  }

  endSync(batch: SyncBatch): void {
    // A sync that began later carried all of this one too: its newer bytes stay.
    if (batch.sequence < this.#synced) return
    this.#synced = batch.sequence
    this.#durableSizeBytes = batch.sizeBytes
    for (const [index, { sectors, bytes }] of batch.pages) {
      const state = this.#state(index)
      state.syncing &= ~sectors
      const complete = state.lost === 0
      put(this.#durable, index, complete ? bytes : mix(this.#durable.get(index), bytes, sectors))
      if (!complete || state.dirty !== 0 || state.syncing !== 0) continue
      put(this.#live, index, bytes)
      this.#states.delete(index)
    }
  }

  /** As Linux does: the pages count as clean afterwards, though the device never got them. */
  failSync(batch: SyncBatch): void {
    for (const [index, { sectors }] of batch.pages) {
      const state = this.#state(index)
      state.syncing &= ~sectors
      state.lost |= sectors & ~state.dirty
    }
  }

  /** The same file in both worlds, independent of this one. */
  copy(): SparseFile {
    const copy = new SparseFile()
    copy.sizeBytes = this.sizeBytes
    copy.modifiedMs = this.modifiedMs
    copy.#durableSizeBytes = this.#durableSizeBytes
    copy.#live = new Map(this.#live)
    copy.#durable = new Map(this.#durable)
    for (const [index, state] of this.#states) {
      copy.#states.set(index, { dirty: state.dirty | state.syncing, syncing: 0, lost: state.lost })
      const page = this.#live.get(index)
      if (page) copy.#live.set(index, page.slice())
    }
    return copy
  }

  /** What the device holds after the power went: durable bytes plus the un-synced sectors that `survives` says. */
  afterPowerCut(survives: () => boolean): SparseFile {
    const file = new SparseFile()
    const sizeBytes = this.sizeBytes === this.#durableSizeBytes || survives() ? this.sizeBytes : -1
    file.modifiedMs = this.modifiedMs
    file.#live = new Map(this.#durable)
    for (const [index, state] of this.#states) {
      let sectors = 0
      for (let bit = 1; bit <= allSectors; bit <<= 1) {
        if ((state.dirty | state.syncing | state.lost) & bit && survives()) sectors |= bit
      }
      put(file.#live, index, mix(this.#durable.get(index), this.#live.get(index), sectors))
    }
    file.#durable = new Map(file.#live)
    file.sizeBytes = Math.max(this.sizeBytes, this.#durableSizeBytes)
    file.truncate(sizeBytes < 0 ? this.#durableSizeBytes : sizeBytes)
    file.endSync(file.beginSync())
    return file
  }

  #state(index: number): PageState {
    let state = this.#states.get(index)
    if (!state) {
      state = { dirty: 0, syncing: 0, lost: 0 }
      this.#states.set(index, state)
    }
    return state
  }

  #changePage(index: number, from: number, count: number): Uint8Array {
    const known = this.#states.has(index)
    const state = this.#state(index)
    let page = this.#live.get(index)
    if (!page || !known) {
      page = page?.slice() ?? new Uint8Array(pageBytes)
      this.#live.set(index, page)
    }
    const first = Math.floor(from / sectorBytes)
    const last = Math.floor((from + count - 1) / sectorBytes)
    const sectors = ((1 << (last + 1)) - 1) & ~((1 << first) - 1)
    state.dirty |= sectors
    state.lost &= ~sectors
    return page
  }
}

function put(pages: Map<number, Uint8Array>, index: number, page: Uint8Array | undefined): void {
  if (page) pages.set(index, page)
  else pages.delete(index)
}

function mix(base: Uint8Array | undefined, over: Uint8Array | undefined, sectors: number) {
  if (sectors === 0) return base
  if (sectors === allSectors) return over?.slice()
  const page = base?.slice() ?? new Uint8Array(pageBytes)
  for (let sector = 0; sector < 8; sector++) {
    if ((sectors & (1 << sector)) === 0) continue
    const from = sector * sectorBytes
    if (over) page.set(over.subarray(from, from + sectorBytes), from)
    else page.fill(0, from, from + sectorBytes)
  }
  return page
}

/** A coin for each un-synced thing, from a seed. */
export function coin(random: Random): () => boolean {
  return () => random.below(2) === 1
}
