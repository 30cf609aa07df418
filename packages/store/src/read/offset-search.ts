import type { ConsumeQueue } from '../consume-queue/consume-queue.js'
import { isBlank, unitBytes, unitPhysical, unitSize } from '../consume-queue/unit.js'
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

  /** Physical offset of an entry in [minOffset, maxOffset); -1 when it has no record. Rejects with IO_FAILED. */
  async physicalAt(queue: ConsumeQueue, offset: number): Promise<number> {
    if (queue.inTail(offset)) return placeOf(queue.physicalAt(offset), queue.sizeAt(offset))
    const { units } = this.#parts
    const block = units.find(queue, offset) ?? (await units.load(queue, offset))
    const at = (offset - block.start) * unitBytes
    return placeOf(unitPhysical(block.view, at), unitSize(block.view, at))
  }

  /** Store time of the record at a queue offset; -1 when there is none. Rejects with IO_FAILED. */
  async storeTimeAt(queue: ConsumeQueue, offset: number): Promise<number> {
    if (offset < queue.minOffset || offset >= queue.maxOffset) return -1
    const physical = await this.physicalAt(queue, offset)
    return physical < 0 ? -1 : this.#parts.records.storeTime(physical)
  }

  /**
   * LOWER: the first offset stored at or after `wallMs`, the end when none is. UPPER: the last one stored at or before
   * it, the first when none is (reference: broker-behaviour 11). Store times are taken to rise along the queue.
   */
  async offsetByTime(queue: ConsumeQueue, wallMs: number, boundary: 'LOWER' | 'UPPER'): Promise<number> {
    const { minOffset, maxOffset } = queue
    const isBehind = (time: number) => (boundary === 'LOWER' ? time >= wallMs : time > wallMs)
    const behind = await firstOffset(minOffset, maxOffset, async (offset) =>
      isBehind(await this.#timeAtOrBefore(queue, offset, minOffset)),
    )
    return boundary === 'LOWER' ? behind : Math.max(minOffset, behind - 1)
  }

  /** First offset in [from, maxOffset) whose record lies at or behind a physical offset. Rejects with IO_FAILED. */
  firstFrom(queue: ConsumeQueue, from: number, physicalOffset: number): Promise<number> {
    return firstOffset(from, queue.maxOffset, async (offset) => {
      for (let at = offset; at >= from; at--) {
        const physical = await this.physicalAt(queue, at)
        if (physical >= 0) return physical >= physicalOffset
      }
      return false
    })
  }

  /** An entry without a record counts as stored together with the one before it. */
  async #timeAtOrBefore(queue: ConsumeQueue, offset: number, minOffset: number): Promise<number> {
    for (let at = offset; at >= minOffset; at--) {
      const time = await this.storeTimeAt(queue, at)
      if (time >= 0) return time
    }
    return -1
  }
}

const placeOf = (physical: number, size: number): number =>
  size <= 0 || isBlank(physical, size) ? -1 : physical

/** The first of [from, to) for which `holds`, which is false up to some point and true from there on; `to` if none. */
async function firstOffset(
  from: number,
  to: number,
  holds: (offset: number) => Promise<boolean>,
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
