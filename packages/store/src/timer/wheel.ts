import type { FileSystem, OpenFile } from '@aerobee/base'
import { parentOf } from '@aerobee/base'
import {
  readSlot,
  readSlotTime,
  slotBytes,
  slotIndex,
  type WheelSlot,
  wheelBytes,
  writeSlot,
} from './slot.js'

const pageBytes = 4096
const slotsPerPage = pageBytes / slotBytes
/** Pages kept in memory at most, 8 MiB: a million timers spread over three days lie in 2,025 pages. */
const defaultPages = 2048
/** Neighbouring pages written by one call. */
const pagesPerWrite = 64
const scanBytes = 1024 * 1024

interface Page {
  bytes: Buffer
  view: DataView
  /** Changes since it was read; as many are in the file. */
  changes: number
  written: number
}

const isDirty = (page: Page): boolean => page.changes !== page.written

export interface TimerWheelPlace {
  fileSystem: FileSystem
  /** `<store>/timerwheel`. */
  path: string
  precisionMs: number
  /** Default 2048, of 4 KiB. */
  pages?: number
}

/**
 * The file `timerwheel`: 38,707,200 bytes, sparse, of which only the pages in use are in memory. What is put is in the
 * file after `flush`; some of it may be there before. Throws IO_FAILED.
 */
export class TimerWheel {
  readonly precisionMs: number
  readonly #place: TimerWheelPlace
  readonly #limit: number
  readonly #pages = new Map<number, Page>()
  #last: Page | undefined
  #lastNumber = -1
  #file: OpenFile | undefined

  constructor(place: TimerWheelPlace) {
    this.#place = place
    this.precisionMs = place.precisionMs
    this.#limit = place.pages ?? defaultPages
  }

  /** Whether it was there, at its full size; a new one is empty. */
  open(): boolean {
    const { fileSystem, path } = this.#place
    const found = fileSystem.infoSync(path)?.sizeBytes === wheelBytes
    this.#file = fileSystem.openSync(path, { create: true, sizeBytes: wheelBytes })
    if (found) return true
    this.#file.truncateSync(0)
    this.#file.truncateSync(wheelBytes)
    fileSystem.syncDirectorySync(parentOf(path))
    return false
  }

  close(): void {
    this.#file?.closeSync()
    this.#file = undefined
  }

  /** The slot of this very time, undefined when nothing was put for it. */
  find(timeMs: number): WheelSlot | undefined {
    const index = slotIndex(timeMs, this.precisionMs)
    const { view } = this.#page(Math.floor(index / slotsPerPage))
    const at = (index % slotsPerPage) * slotBytes
    if (readSlotTime(view, at) !== Math.floor(timeMs / this.precisionMs)) return undefined
    const slot = readSlot(view, at)
    // Zeros are a slot of the year 1970.
    return slot.last >= 0 && slot.first >= 0 ? slot : undefined
  }

  put(timeMs: number, slot: WheelSlot): void {
    const index = slotIndex(timeMs, this.precisionMs)
    const page = this.#page(Math.floor(index / slotsPerPage))
    writeSlot(page.view, (index % slotsPerPage) * slotBytes, Math.floor(timeMs / this.precisionMs), slot)
    page.changes += 1
  }

  /** As if nothing was ever put for this time. */
  clear(timeMs: number): void {
    const index = slotIndex(timeMs, this.precisionMs)
    const page = this.#page(Math.floor(index / slotsPerPage))
    const at = (index % slotsPerPage) * slotBytes
    page.bytes.fill(0, at, at + slotBytes)
    page.changes += 1
  }

  /** What was put until now durable. Rejects with IO_FAILED: then the next call writes it again. */
  async flush(): Promise<void> {
    const dirty = [...this.#pages].filter(([, page]) => isDirty(page)).map(([number]) => number)
    dirty.sort((a, b) => a - b)
    for (let i = 0; i < dirty.length; ) {
      let end = i + 1
      while (end < dirty.length && end - i < pagesPerWrite && dirty[end] === dirty[end - 1]! + 1) end++
      await this.#writePages(dirty.slice(i, end))
      i = end
    }
    await this.#opened.datasync()
  }

  /** Every slot that was ever used, of whatever time; from the file, so only after `open` or `flush`. */
  async scan(visit: (timeMs: number, slot: WheelSlot) => void): Promise<void> {
    const bytes = Buffer.allocUnsafeSlow(scanBytes)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    for (let from = 0; from < wheelBytes; from += scanBytes) {
      const count = await this.#opened.read(bytes, from)
      for (let at = 0; at + slotBytes <= count; at += slotBytes) {
        const time = readSlotTime(view, at)
        if (time > 0) visit(time * this.precisionMs, readSlot(view, at))
      }
    }
  }

  get #opened(): OpenFile {
    if (this.#file) return this.#file
    throw new Error('the wheel is not open')
  }

  /** Neighbours. Those that left the memory meanwhile are in the file. */
  async #writePages(numbers: readonly number[]): Promise<void> {
    const pages = numbers.map((number) => this.#pages.get(number) ?? this.#load(number))
    const changes = pages.map((page) => page.changes)
    await this.#opened.write(Buffer.concat(pages.map((page) => page.bytes)), numbers[0]! * pageBytes)
    for (const [i, page] of pages.entries()) page.written = changes[i]!
  }

  #page(number: number): Page {
    if (number === this.#lastNumber) return this.#last!
    let page = this.#pages.get(number)
    if (page) this.#pages.delete(number)
    else page = this.#load(number)
    this.#pages.set(number, page)
    this.#last = page
    this.#lastNumber = number
    return page
  }

  /** A page in the page cache, or a hole of the file, is read in 5 µs. */
  #load(number: number): Page {
    if (this.#pages.size >= this.#limit) this.#makeRoom()
    const bytes = Buffer.alloc(pageBytes)
    this.#opened.readSync(bytes, number * pageBytes)
    const view = new DataView(bytes.buffer, bytes.byteOffset, pageBytes)
    return { bytes, view, changes: 0, written: 0 }
  }

  /** The least recently used page. */
  #makeRoom(): void {
    const [oldest] = this.#pages
    if (!oldest) return
    const [number, page] = oldest
    if (isDirty(page)) this.#opened.writeSync(page.bytes, number * pageBytes)
    this.#pages.delete(number)
  }
}
