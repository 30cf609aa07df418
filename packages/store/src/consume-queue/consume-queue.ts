import { assert, utf8 } from '@aerobee/base'
import { isLmqTopic, systemTopicNames } from '@aerobee/wire'
import { type QueueLayout, type UnitEntry, unitPhysical, unitSize, unitTagsCode, writeUnit } from './unit.js'

const smallestTail = 16
/** Entries kept in memory by a queue at most, but for a disk that takes none. */
const largestTail = 8192

/**
 * One queue of one topic, whatever its type. It is a row of entries ("units") counted from the start of its first file;
 * the newest lie in memory, the older ones in files:
 *
 *   minUnit          tailStart        writtenEnd        maxUnit
 *      |  files only     |  both           |  memory only   |  in the log, not yet visible …
 *
 * A queue's type says which messages an entry stands for, and so between which offsets the queue reaches.
 */
export abstract class ConsumeQueue {
  readonly topic: string
  readonly topicBytes: Uint8Array
  readonly queueId: number
  readonly layout: QueueLayout
  /** Of the schedule topic: codes are the times when messages are due. */
  readonly delays: boolean
  /** Its records belong to other topics, which dispatched them here too. */
  readonly lmq: boolean
  minUnit = 0
  maxUnit = 0
  /** Offset given to the next message. */
  nextOffset = 0
  /** Entries before this one are in the file, durable or not. */
  writtenEnd = 0
  /** Of the first entry; -1 while not known. */
  minPhysical = -1
  /** Of the newest entry; -1 when there is none. */
  maxPhysical = -1
  /** Files exist for the entries [filesStart, filesEnd); both 0 when there is none. */
  filesStart = 0
  filesEnd = 0
  /** Removed with its topic: nothing is written for it any more. */
  deleted = false
  /** Marks for the sets of queues to announce and to write. */
  announced = false
  dirty = false
  #tailStart = 0
  #bytes: Buffer
  #view: DataView
  #capacity: number
  readonly #unitBytes: number

  constructor(topic: string, queueId: number, layout: QueueLayout) {
    this.topic = topic
    this.topicBytes = utf8(topic)
    this.queueId = queueId
    this.layout = layout
    this.delays = topic === systemTopicNames.schedule
    this.lmq = isLmqTopic(topic)
    this.#unitBytes = layout.unitBytes
    this.#bytes = empty
    this.#view = emptyView
    this.#capacity = 0
  }

  /** Of the first message that is there. */
  abstract get minOffset(): number
  /** Behind the last visible message. */
  abstract get maxOffset(): number
  /** The next entry, for `count` messages from `offset` on, which is `maxOffset` but for lost ones. */
  abstract push(
    physical: number,
    size: number,
    tagsCode: number,
    storeTime: number,
    offset: number,
    count: number,
  ): void
  /** Offsets up to `offset` have no record: nobody gets a message there. */
  abstract skipTo(offset: number): void
  /** The entry of an offset in [minOffset, maxOffset); -1: it is not in memory and has to be looked for. */
  abstract unitOf(offset: number): number
  /** Offset of the first message of an entry. */
  abstract offsetIn(view: DataView, at: number, unit: number): number
  abstract countIn(view: DataView, at: number): number
  /** Begins or goes on at an entry, with all before it in files or nowhere. `offset`: behind the last message. */
  abstract continueAt(unit: number, offset: number): void
  /** What is before an entry is gone. `offset`: of its first message. */
  abstract beginAt(unit: number, offset: number): void
  /** Without an entry: the next message has this offset. */
  abstract restartAt(offset: number): void

  get tailStart(): number {
    return this.#tailStart
  }

  get unwritten(): number {
    return this.maxUnit - this.writtenEnd
  }

  get empty(): boolean {
    return this.maxUnit === this.minUnit
  }

  /** Whether an entry lies in memory; `unit` is below `maxUnit`. */
  inTail(unit: number): boolean {
    return unit >= this.#tailStart
  }

  /** Of all entries in memory; `placeOf` tells where one lies in it. Valid until the next push. */
  get view(): DataView {
    return this.#view
  }

  placeOf(unit: number): number {
    return (unit - this.#tailStart) * this.#unitBytes
  }

  physicalAt(unit: number): number {
    return unitPhysical(this.#view, this.placeOf(unit))
  }

  sizeAt(unit: number): number {
    return unitSize(this.#view, this.placeOf(unit))
  }

  tagsCodeAt(unit: number): number {
    return unitTagsCode(this.#view, this.placeOf(unit))
  }

  /** Of an entry in memory. */
  entryAt(unit: number): UnitEntry {
    return this.entryIn(this.#view, this.placeOf(unit), unit)
  }

  entryIn(view: DataView, at: number, unit: number): UnitEntry {
    return {
      physical: unitPhysical(view, at),
      size: unitSize(view, at),
      tagsCode: unitTagsCode(view, at),
      offset: this.offsetIn(view, at, unit),
      count: this.countIn(view, at),
    }
  }

  /** A copy-free view of entries in memory; valid until the next push. */
  tailBytes(from: number, to: number): Buffer {
    assert(from >= this.#tailStart && to <= this.maxUnit, 'entries lie in memory')
    return this.#bytes.subarray(this.placeOf(from), this.placeOf(to))
  }

  /** Gives memory of entries that are in the file back, when the queue was idle. */
  shrink(): void {
    if (this.unwritten > 0 || this.#capacity <= smallestTail * 4) return
    this.#move(Math.max(this.#tailStart, this.maxUnit - smallestTail), smallestTail)
  }

  /** Writes the fields of every type behind the last entry; returns where it lies in `view`. */
  protected add(physical: number, size: number, tagsCode: number): number {
    if (this.maxUnit - this.#tailStart === this.#capacity) this.#makeRoom()
    const at = this.placeOf(this.maxUnit)
    writeUnit(this.#view, at, physical, size, tagsCode)
    this.maxUnit += 1
    this.maxPhysical = physical
    if (this.minPhysical < 0 && this.maxUnit - this.minUnit === 1) this.minPhysical = physical
    return at
  }

  protected forgetTail(unit: number): void {
    this.maxUnit = unit
    this.writtenEnd = unit
    this.#tailStart = unit
    this.#capacity = 0
    this.#bytes = empty
    this.#view = emptyView
    if (this.minUnit > unit) this.minUnit = unit
  }

  #makeRoom(): void {
    const held = this.maxUnit - this.#tailStart
    const { unwritten } = this
    const small = this.#capacity < largestTail && unwritten * 2 > this.#capacity
    const capacity = Math.max(smallestTail, small || unwritten === held ? this.#capacity * 2 : this.#capacity)
    // A quarter stays for readers that are a little behind.
    const keep = Math.min(held, Math.max(unwritten, Math.floor(this.#capacity / 4)))
    this.#move(this.maxUnit - keep, capacity)
  }

  #move(from: number, capacity: number): void {
    const bytes = Buffer.allocUnsafeSlow(capacity * this.#unitBytes)
    this.#bytes.copy(bytes, 0, this.placeOf(from), this.placeOf(this.maxUnit))
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#tailStart = from
    this.#capacity = capacity
  }
}

const empty = Buffer.alloc(0)
const emptyView = new DataView(new ArrayBuffer(0))
