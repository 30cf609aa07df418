import type { ConsumeQueue } from '../consume-queue/consume-queue.js'
import { isBlank, type UnitEntry } from '../consume-queue/unit.js'
import type { UnitBlocks } from '../consume-queue/unit-blocks.js'
import type { RecordReader } from './record-reader.js'

export interface OffsetSearchParts {
  units: UnitBlocks
  records: RecordReader
}

/** Looks entries of one queue up, wherever they lie. */
export class OffsetSearch {
  readonly #parts: OffsetSearchParts

  constructor(parts: OffsetSearchParts) {
    this.#parts = parts
  }

  /** The entry of an offset in [minOffset, maxOffset). Rejects with IO_FAILED. */
  unitOf(queue: ConsumeQueue, offset: number): number | Promise<number> {
    const known = queue.unitOf(offset)
    if (known >= 0) return known
    const cached = this.#parts.units.unitOf(queue, offset)
    return cached >= 0 ? cached : this.#searchUnit(queue, offset)
  }

  /** Of [minUnit, maxUnit). Rejects with IO_FAILED. */
  async entryOf(queue: ConsumeQueue, unit: number): Promise<UnitEntry> {
    if (queue.inTail(unit)) return queue.entryAt(unit)
    const { units } = this.#parts
    const block = units.find(queue, unit) ?? (await units.load(queue, unit))
    return queue.entryIn(block.view, (unit - block.start) * queue.layout.unitBytes, unit)
  }

  /** Store time of the record at a queue offset; -1 when there is none. Rejects with IO_FAILED. */
  async storeTimeAt(queue: ConsumeQueue, offset: number): Promise<number> {
    if (offset < queue.minOffset || offset >= queue.maxOffset) return -1
    return this.#storeTimeOf(queue, await this.unitOf(queue, offset))
  }

  /**
   * LOWER: the first offset stored at or after `wallMs`, the end when none is. UPPER: the last one stored at or before
   * it, the first when none is (reference: broker-behaviour 11). Store times are taken to rise along the queue. Of a
   * record with several messages it is the first one's.
   */
  async offsetByTime(queue: ConsumeQueue, wallMs: number, boundary: 'LOWER' | 'UPPER'): Promise<number> {
    const { minUnit, maxUnit, maxOffset } = queue
    const isBehind = (time: number) => (boundary === 'LOWER' ? time >= wallMs : time > wallMs)
    const behind = await firstUnit(minUnit, maxUnit, async (unit) =>
      isBehind(await this.#timeAtOrBefore(queue, unit, minUnit)),
    )
    const unit = boundary === 'LOWER' ? behind : Math.max(minUnit, behind - 1)
    return unit < maxUnit ? (await this.entryOf(queue, unit)).offset : maxOffset
  }

  /** First entry whose record lies at or behind a physical offset. Rejects with IO_FAILED. */
  firstFrom(queue: ConsumeQueue, physicalOffset: number): Promise<number> {
    const { minUnit } = queue
    return firstUnit(minUnit, queue.maxUnit, async (unit) => {
      for (let at = unit; at >= minUnit; at--) {
        const physical = await this.#physicalOf(queue, at)
        if (physical >= 0) return physical >= physicalOffset
      }
      return false
    })
  }

  async #searchUnit(queue: ConsumeQueue, offset: number): Promise<number> {
    const behind = await firstUnit(
      queue.minUnit,
      queue.tailStart,
      async (unit) => (await this.entryOf(queue, unit)).offset > offset,
    )
    return Math.max(queue.minUnit, behind - 1)
  }

  /** -1 when it has no record. */
  async #physicalOf(queue: ConsumeQueue, unit: number): Promise<number> {
    const { physical, size } = await this.entryOf(queue, unit)
    return size <= 0 || isBlank(physical, size) ? -1 : physical
  }

  async #storeTimeOf(queue: ConsumeQueue, unit: number): Promise<number> {
    const physical = await this.#physicalOf(queue, unit)
    return physical < 0 ? -1 : this.#parts.records.storeTime(physical)
  }

  /** An entry without a record counts as stored together with the one before it. */
  async #timeAtOrBefore(queue: ConsumeQueue, unit: number, minUnit: number): Promise<number> {
    for (let at = unit; at >= minUnit; at--) {
      const time = await this.#storeTimeOf(queue, at)
      if (time >= 0) return time
    }
    return -1
  }
}

/** The first of [from, to) for which `holds`, which is false up to some point and true from there on; `to` if none. */
async function firstUnit(
  from: number,
  to: number,
  holds: (unit: number) => Promise<boolean>,
): Promise<number> {
  let low = from
  let high = to
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2)
    if (await holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}
