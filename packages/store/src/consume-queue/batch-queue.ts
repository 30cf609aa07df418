import { ConsumeQueue } from './consume-queue.js'
import { batchUnitBase, batchUnitCount, writeBatchPart } from './unit.js'

/**
 * `queue.type=BatchCQ`: an entry for every record, with the offset of its first message and how many it holds. Entries
 * are counted from the first one ever written to the files, whatever its offset.
 */
export class BatchQueue extends ConsumeQueue {
  minOffset = 0
  maxOffset = 0

  push(
    physical: number,
    size: number,
    tagsCode: number,
    storeTime: number,
    offset: number,
    count: number,
  ): void {
    const at = this.add(physical, size, tagsCode)
    writeBatchPart(this.view, at, storeTime, offset, count)
    this.maxOffset = offset + count
  }

  /** The next entry says where it begins. */
  skipTo(offset: number): void {
    this.maxOffset = offset
  }

  unitOf(offset: number): number {
    const { tailStart, maxUnit } = this
    if (tailStart === maxUnit || offset < batchUnitBase(this.view, 0)) {
      return tailStart === this.minUnit ? tailStart : -1
    }
    return tailStart + batchUnitHolding(this.view, maxUnit - tailStart, offset, this.layout.unitBytes)
  }

  offsetIn(view: DataView, at: number): number {
    return batchUnitBase(view, at)
  }

  countIn(view: DataView, at: number): number {
    return batchUnitCount(view, at)
  }

  continueAt(unit: number, offset: number): void {
    // Without a file nothing is counted yet.
    this.forgetTail(this.filesEnd === this.filesStart ? 0 : unit)
    this.maxOffset = offset
    this.nextOffset = offset
    if (this.minOffset > offset) this.minOffset = offset
  }

  beginAt(unit: number, offset: number): void {
    this.minUnit = unit
    this.minOffset = offset
  }

  restartAt(offset: number): void {
    this.minOffset = offset
    this.continueAt(this.maxUnit, offset)
  }
}

/**
 * The one of `count` entries from the start of `view` that an offset, not before the first one's, belongs to. Behind its
 * messages others may be lost.
 */
export function batchUnitHolding(view: DataView, count: number, offset: number, unitBytes: number): number {
  let low = 0
  let high = count - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (batchUnitBase(view, middle * unitBytes) <= offset) low = middle
    else high = middle - 1
  }
  const at = low * unitBytes
  const lost = offset >= batchUnitBase(view, at) + batchUnitCount(view, at)
  return lost && low + 1 < count ? low + 1 : low
}
