import { ConsumeQueue } from './consume-queue.js'
import { blankSize } from './unit.js'

/** `queue.type=SimpleCQ`: an entry for every offset, so that the offset of a message is the number of its entry. */
export class SimpleQueue extends ConsumeQueue {
  get minOffset(): number {
    return this.minUnit
  }

  get maxOffset(): number {
    return this.maxUnit
  }

  push(physical: number, size: number, tagsCode: number): void {
    this.add(physical, size, tagsCode)
  }

  skipTo(offset: number): void {
    while (this.maxUnit < offset) {
      const known = this.maxPhysical
      this.add(0, blankSize, 0)
      this.maxPhysical = known
      if (this.maxUnit - this.minUnit === 1) this.minPhysical = -1
    }
  }

  unitOf(offset: number): number {
    return offset
  }

  offsetIn(_view: DataView, _at: number, unit: number): number {
    return unit
  }

  countIn(): number {
    return 1
  }

  continueAt(unit: number): void {
    this.forgetTail(unit)
    this.nextOffset = unit
  }

  beginAt(unit: number): void {
    this.minUnit = unit
  }

  restartAt(offset: number): void {
    this.minUnit = offset
    this.continueAt(offset)
  }
}
