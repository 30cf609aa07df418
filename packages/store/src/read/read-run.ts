import { decodeRecord, type MessageRecord } from '@aerobee/wire'
import type { ConsumeQueue } from '../consume-queue/consume-queue.js'
import {
  isBlank,
  isExtensionAddress,
  unitBytes,
  unitPhysical,
  unitSize,
  unitTagsCode,
} from '../consume-queue/unit.js'
import type { UnitBlocks } from '../consume-queue/unit-blocks.js'
import type { ReadOutcome, ReadRequest, ReadStatus } from '../contracts.js'
import type { StoreOptions } from '../options.js'
import { entryOf } from '../record-entry.js'
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
  readonly #end: number
  #offset: number
  #count = 0
  #lost = 0
  #lastPhysical = -1
  /** Of the present entry. */
  #physical = 0
  #size = 0
  #tagsCode = 0
  /** The entry whose tag code was taken from its record, since it lies in an extension file. */
  #extended = -1

  constructor(parts: ReadParts, request: ReadRequest, queue: ConsumeQueue) {
    this.#parts = parts
    this.#request = request
    this.#queue = queue
    this.#offset = request.offset
    const bytes = Math.max(parts.options.maxFilterMessageSize, request.maxCount * unitBytes)
    this.#end = Math.min(queue.maxOffset, request.offset + Math.ceil(bytes / unitBytes))
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

  /** A promise: something is being read. */
  #advance(): Promise<unknown> | undefined {
    const { matchTagsCode, stopBefore, matchProperties, maxCount, maxBytes } = this.#request
    const { records, budget } = this.#parts
    const { queueId } = this.#queue
    const found = this.#found
    while (this.#offset < this.#end) {
      const loading = this.#loadEntry()
      if (loading !== undefined) return loading
      const physical = this.#physical
      const size = this.#size
      if (stopBefore?.(this.#tagsCode)) return undefined
      if (isBlank(physical, size) || !records.holds(physical, size)) {
        this.#lost += 1
      } else if (matchTagsCode === undefined || matchTagsCode(this.#tagsCode)) {
        if (this.#count > 0 && found.sizeBytes + size > maxBytes) return undefined
        if (matchProperties !== undefined && !budget.spend(lookCost + matchProperties.cost))
          return budget.nextTurn()
        const collected = records.collect(found, physical, size, queueId, this.#offset, matchProperties)
        if (typeof collected === 'object') return collected
        if (collected === 'added') this.#count += 1
        else if (collected === 'damaged') this.#lost += 1
      }
      this.#lastPhysical = physical
      this.#offset += 1
      if (this.#count >= maxCount) return undefined
    }
    return undefined
  }

  #loadEntry(): Promise<unknown> | undefined {
    const queue = this.#queue
    const offset = this.#offset
    if (queue.inTail(offset)) {
      this.#physical = queue.physicalAt(offset)
      this.#size = queue.sizeAt(offset)
      this.#tagsCode = queue.tagsCodeAt(offset)
      return undefined
    }
    if (this.#extended === offset) return undefined
    const block = this.#parts.units.find(queue, offset)
    if (block === undefined) return this.#parts.units.load(queue, offset)
    const at = (offset - block.start) * unitBytes
    this.#physical = unitPhysical(block.view, at)
    this.#size = unitSize(block.view, at)
    this.#tagsCode = unitTagsCode(block.view, at)
    return isExtensionAddress(this.#tagsCode) ? this.#readTagsCode(offset) : undefined
  }

  async #readTagsCode(offset: number): Promise<void> {
    const bytes = await this.#parts.records.read(this.#physical)
    const record = bytes && decodeRecord(bytes)
    this.#tagsCode = record?.ok ? tagsCodeOf(record.value, this.#parts.delayLevels) : 0
    this.#extended = offset
  }

  #outcome(): ReadOutcome {
    const { minOffset, maxOffset } = this.#queue
    const found = this.#count > 0
    return {
      status: found ? 'FOUND' : this.#lost > 0 ? 'MESSAGE_WAS_REMOVING' : 'NO_MATCHED_MESSAGE',
      nextOffset: this.#offset,
      minOffset,
      maxOffset,
      count: this.#count,
      records: found ? this.#found : undefined,
      behindBytes: this.#lastPhysical < 0 ? 0 : this.#parts.visibleEnd() - this.#lastPhysical,
    }
  }
}

function tagsCodeOf({ topic, properties, storeTimestamp }: MessageRecord, delayLevels: readonly number[]) {
  return entryOf(topic, properties, storeTimestamp, delayLevels).tagsCode
}
