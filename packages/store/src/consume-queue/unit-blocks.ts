import { queueBlockBytes } from '../options.js'
import { batchUnitHolding } from './batch-queue.js'
import type { ConsumeQueue } from './consume-queue.js'
import type { QueueFiles } from './queue-files.js'

/** Entries of a queue as they lie in a file. */
export interface UnitBlock {
  readonly queue: ConsumeQueue
  /** First entry of the block's range. */
  readonly start: number
  /** Entries before this one are in `view`; the file may hold more by now. */
  readonly end: number
  readonly bytes: Buffer
  readonly view: DataView
  lastUse: number
}

/** Entries that left the queues' memory, read in blocks off the event loop; few blocks are kept. */
export class UnitBlocks {
  readonly #files: QueueFiles
  readonly #limit: number
  #blocks: UnitBlock[] = []
  readonly #loading = new Map<string, Promise<UnitBlock>>()
  #uses = 0

  constructor(files: QueueFiles, cacheBytes: number) {
    this.#files = files
    this.#limit = Math.max(2, Math.floor(cacheBytes / queueBlockBytes))
  }

  find(queue: ConsumeQueue, unit: number): UnitBlock | undefined {
    for (const block of this.#blocks) {
      if (block.queue !== queue || unit < block.start || unit >= block.end) continue
      this.#uses += 1
      block.lastUse = this.#uses
      return block
    }
    return undefined
  }

  /** The entry of an offset, when a block here tells; -1 else. */
  unitOf(queue: ConsumeQueue, offset: number): number {
    const { unitBytes } = queue.layout
    for (const { queue: known, start, end, view } of this.#blocks) {
      if (known !== queue || offset < queue.offsetIn(view, 0, start)) continue
      const last = queue.entryIn(view, (end - 1 - start) * unitBytes, end - 1)
      if (offset < last.offset + last.count) {
        return start + batchUnitHolding(view, end - start, offset, unitBytes)
      }
      if (offset === last.offset + last.count) return end
    }
    return -1
  }

  /** `unit` is below `writtenEnd`. Rejects with IO_FAILED. */
  load(queue: ConsumeQueue, unit: number): Promise<UnitBlock> {
    const start = startOf(queue, unit)
    const key = `${queue.topic}/${queue.queueId}/${start}/${queue.writtenEnd}`
    let loading = this.#loading.get(key)
    if (!loading) {
      loading = this.#read(queue, start).finally(() => this.#loading.delete(key))
      this.#loading.set(key, loading)
    }
    return loading
  }

  /** After entries of the queue changed on disk. */
  forget(queue: ConsumeQueue): void {
    this.#blocks = this.#blocks.filter((block) => block.queue !== queue)
  }

  async #read(queue: ConsumeQueue, start: number): Promise<UnitBlock> {
    const { unitsPerFile, unitBytes } = queue.layout
    const fileEnd = start - (start % unitsPerFile) + unitsPerFile
    const end = Math.min(start + blockUnits(queue), fileEnd, queue.writtenEnd)
    const bytes = Buffer.alloc((end - start) * unitBytes)
    await this.#files.read(queue, start, bytes)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#uses += 1
    const block = { queue, start, end, bytes, view, lastUse: this.#uses }
    this.#blocks = this.#blocks.filter((known) => known.queue !== queue || known.start !== start)
    if (this.#blocks.length >= this.#limit) this.#dropOldest()
    this.#blocks.push(block)
    return block
  }

  #dropOldest(): void {
    const oldest = this.#blocks.reduce((a, b) => (b.lastUse < a.lastUse ? b : a))
    this.#blocks = this.#blocks.filter((block) => block !== oldest)
  }
}

const blockUnits = ({ layout }: ConsumeQueue) => Math.floor(queueBlockBytes / layout.unitBytes)

function startOf(queue: ConsumeQueue, unit: number): number {
  const within = unit % queue.layout.unitsPerFile
  return unit - (within % blockUnits(queue))
}
