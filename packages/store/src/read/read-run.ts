import { decodeRecord, type MessageRecord } from '@aerobee/wire'
import type { ConsumeQueue } from '../consume-queue/consume-queue.js'
import { isBlank, isExtensionAddress, unitPhysical, unitSize, unitTagsCode } from '../consume-queue/unit.js'
import type { UnitBlock, UnitBlocks } from '../consume-queue/unit-blocks.js'
import type { ReadOutcome, ReadRequest, ReadStatus } from '../contracts.js'
import type { StoreOptions } from '../options.js'
import { entryOf } from '../record-entry.js'
import type { OffsetSearch } from './offset-search.js'
import type { RecordReader } from './record-reader.js'
import { RecordSlices } from './record-slices.js'
import type { TurnBudget } from './turn-budget.js'

export interface ReadParts {
  options: StoreOptions
  delayLevels: readonly number[]
  units: UnitBlocks
  records: RecordReader
  /** For looks into properties. */
  budget: TurnBudget
  search: OffsetSearch
  visibleEnd(): number
}

/** Finding the properties of a record, in comparisons. */
const lookCost = 10

/** What is asked for cannot be read: says where to go on (reference: broker-behaviour 4.2). */
export function readRefusal(queue: ConsumeQueue | undefined, request: ReadRequest): ReadOutcome | undefined {
  const { offset } = request
  if (queue === undefined) return nothing('NO_MATCHED_LOGIC_QUEUE', 0, 0, 0)
  const { minOffset, maxOffset } = queue
  if (maxOffset === 0) return nothing('NO_MESSAGE_IN_QUEUE', 0, minOffset, maxOffset)
  if (offset < minOffset) return nothing('OFFSET_TOO_SMALL', minOffset, minOffset, maxOffset)
  if (offset === maxOffset) return nothing('OFFSET_OVERFLOW_ONE', offset, minOffset, maxOffset)
  if (offset > maxOffset) return nothing('OFFSET_OVERFLOW_BADLY', maxOffset, minOffset, maxOffset)
  return undefined
}

function nothing(status: ReadStatus, nextOffset: number, minOffset: number, maxOffset: number): ReadOutcome {
  return { status, nextOffset, minOffset, maxOffset, count: 0, records: undefined, behindBytes: 0 }
}

/**
 * One read, entry by entry. It stops where something has to be read from disk and goes on when that is there; at the
 * tail of a queue that never happens.
 */
export class ReadRun {
  readonly #parts: ReadParts
  readonly #request: ReadRequest
  readonly #queue: ConsumeQueue
  readonly #found = new RecordSlices()
  /** Entries looked at, at most. */
  readonly #mostUnits: number
  /** -1 until it was looked for. */
  #unit: number
  #end = 0
  /** Where the next read goes on. */
  #nextOffset: number
  #count = 0
  #lost = 0
  #lastPhysical = -1
  /** Of the entry before. */
  #block: UnitBlock | undefined
  /** Of the present entry. */
  #physical = 0
  #size = 0
  #tagsCode = 0
  #offset = 0
  #messages = 0
  /** The entry whose tag code was taken from its record, since it lies in an extension file. */
  #extended = -1

  constructor(parts: ReadParts, request: ReadRequest, queue: ConsumeQueue) {
    this.#parts = parts
    this.#request = request
    this.#queue = queue
    this.#nextOffset = request.offset
    const { unitBytes } = queue.layout
    const bytes = Math.max(parts.options.maxFilterMessageSize, request.maxCount * unitBytes)
    this.#mostUnits = Math.ceil(bytes / unitBytes)
    this.#unit = queue.unitOf(request.offset)
    this.#limit()
  }

  run(): ReadOutcome | Promise<ReadOutcome> {
    const waiting = this.#advance()
    return waiting === undefined ? this.#outcome() : this.#runLater(waiting)
  }

  async #runLater(first: Promise<unknown>): Promise<ReadOutcome> {
    for (let waiting: Promise<unknown> | undefined = first; waiting !== undefined; ) {
      await waiting
      waiting = this.#advance()
    }
    return this.#outcome()
  }

  #limit(): void {
    this.#end = Math.min(this.#queue.maxUnit, this.#unit + this.#mostUnits)
  }

  async #findUnit(): Promise<void> {
    this.#unit = await this.#parts.search.unitOf(this.#queue, this.#request.offset)
    this.#limit()
  }

  /** A promise: something is being read. */
  #advance(): Promise<unknown> | undefined {
    if (this.#unit < 0) return this.#findUnit()
    const { offset, matchTagsCode, stopBefore, matchProperties, maxCount, maxBytes } = this.#request
    const { records, budget } = this.#parts
    const found = this.#found
    while (this.#unit < this.#end) {
      const loading = this.#loadEntry()
      if (loading !== undefined) return loading
      const physical = this.#physical
      const size = this.#size
      const behind = this.#offset + this.#messages
      if (behind <= offset) {
        // Behind the messages of the entry that was found others were lost.
        this.#unit += 1
        continue
      }
      if (stopBefore?.(this.#tagsCode)) return undefined
      if (isBlank(physical, size) || !records.holds(physical, size)) {
        this.#lost += 1
      } else if (matchTagsCode === undefined || matchTagsCode(this.#tagsCode)) {
        const full = isFull(this.#count + this.#messages, maxCount, found.sizeBytes + size, maxBytes)
        if (this.#count > 0 && full) return undefined
        if (matchProperties !== undefined && !budget.spend(lookCost + matchProperties.cost))
          return budget.nextTurn()
        const collected = records.collect(found, physical, size, this.#queue, this.#offset, matchProperties)
        if (typeof collected === 'object') return collected
        if (collected === 'added') this.#count += this.#messages
        else if (collected === 'damaged') this.#lost += 1
      }
      this.#lastPhysical = physical
      this.#unit += 1
      this.#nextOffset = behind
      if (this.#count >= maxCount) return undefined
    }
    return undefined
  }

  #loadEntry(): Promise<unknown> | undefined {
    const queue = this.#queue
    const unit = this.#unit
    if (queue.inTail(unit)) {
      this.#take(queue.view, queue.placeOf(unit))
      return undefined
    }
    if (this.#extended === unit) return undefined
    let block = this.#block
    if (block === undefined || unit < block.start || unit >= block.end) {
      block = this.#parts.units.find(queue, unit)
      if (block === undefined) return this.#parts.units.load(queue, unit)
      this.#block = block
    }
    this.#take(block.view, (unit - block.start) * queue.layout.unitBytes)
    return isExtensionAddress(this.#tagsCode) ? this.#readTagsCode(unit) : undefined
  }

  #take(view: DataView, at: number): void {
    this.#physical = unitPhysical(view, at)
    this.#size = unitSize(view, at)
    this.#tagsCode = unitTagsCode(view, at)
    this.#offset = this.#queue.offsetIn(view, at, this.#unit)
    this.#messages = this.#queue.countIn(view, at)
  }

  async #readTagsCode(unit: number): Promise<void> {
    const bytes = await this.#parts.records.read(this.#physical)
    const record = bytes && decodeRecord(bytes)
    this.#tagsCode = record?.ok ? tagsCodeOf(record.value, this.#parts.delayLevels) : 0
    this.#extended = unit
  }

  #outcome(): ReadOutcome {
    const { minOffset, maxOffset } = this.#queue
    const found = this.#count > 0
    return {
      status: found ? 'FOUND' : this.#lost > 0 ? 'MESSAGE_WAS_REMOVING' : 'NO_MATCHED_MESSAGE',
      nextOffset: this.#nextOffset,
      minOffset,
      maxOffset,
      count: this.#count,
      records: found ? this.#found : undefined,
      behindBytes: this.#lastPhysical < 0 ? 0 : this.#parts.visibleEnd() - this.#lastPhysical,
    }
  }
}

/** Whether a record goes beyond what one answer holds; its first record always passes. */
const isFull = (count: number, maxCount: number, bytes: number, maxBytes: number): boolean =>
  count > maxCount || bytes > maxBytes

function tagsCodeOf({ topic, properties, storeTimestamp }: MessageRecord, delayLevels: readonly number[]) {
  return entryOf(topic, properties, storeTimestamp, delayLevels).tagsCode
}
