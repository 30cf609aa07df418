import { assert, utf8 } from '@aerobee/base'
import { systemTopicNames } from '@aerobee/wire'
import { blankSize, unitBytes, unitPhysical, unitSize, unitTagsCode, writeUnit } from './unit.js'

const smallestTail = 16
/** Entries kept in memory by a queue at most, but for a disk that takes none. */
const largestTail = 8192

/**
 * One queue of one topic. Its newest entries lie in memory, the older ones in files:
 *
 *   minOffset        tailStart        writtenEnd        maxOffset        nextOffset
 *      |  files only     |  both           |  memory only   |  in the log     |
 *                                                           |  not yet visible
 */
export class ConsumeQueue {
  readonly topic: string
  readonly topicBytes: Uint8Array
  readonly queueId: number
  /** Of the schedule topic: codes are the times when messages are due. */
  readonly delays: boolean
  minOffset = 0
  maxOffset = 0
  /** Given to the next message. */
  nextOffset = 0
  /** Entries before this offset are in the file, durable or not. */
  writtenEnd = 0
  /** Of the first entry; -1 while not known. */
  minPhysical = -1
  /** Of the newest entry; -1 when there is none. */
  maxPhysical = -1
  /** Files exist for the offsets [filesStart, filesEnd); both 0 when there is none. */
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

  constructor(topic: string, queueId: number) {
    this.topic = topic
    this.topicBytes = utf8(topic)
    this.queueId = queueId
    this.delays = topic === systemTopicNames.schedule
    this.#bytes = empty
    this.#view = emptyView
    this.#capacity = 0
  }

  get tailStart(): number {
    return this.#tailStart
  }

  get unwritten(): number {
    return this.maxOffset - this.writtenEnd
  }

  /** The next entry. Its offset is `maxOffset` as it was. */
  push(physical: number, size: number, tagsCode: number): void {
    const index = this.maxOffset - this.#tailStart
    if (index === this.#capacity) {
      this.#makeRoom()
      this.push(physical, size, tagsCode)
      return
    }
    writeUnit(this.#view, index * unitBytes, physical, size, tagsCode)
    this.maxOffset += 1
    this.maxPhysical = physical
    if (this.minPhysical < 0 && this.maxOffset - this.minOffset === 1) this.minPhysical = physical
  }

  /** An offset whose record is lost: nobody gets a message there. */
  pushBlank(): void {
    const known = this.maxPhysical
    this.push(0, blankSize, 0)
    this.maxPhysical = known
    if (this.maxOffset - this.minOffset === 1) this.minPhysical = -1
  }

  /** Whether an entry lies in memory; `offset` is below `maxOffset`. */
  inTail(offset: number): boolean {
    return offset >= this.#tailStart
  }

  physicalAt(offset: number): number {
    return unitPhysical(this.#view, (offset - this.#tailStart) * unitBytes)
  }

  sizeAt(offset: number): number {
    return unitSize(this.#view, (offset - this.#tailStart) * unitBytes)
  }

  tagsCodeAt(offset: number): number {
    return unitTagsCode(this.#view, (offset - this.#tailStart) * unitBytes)
  }

  /** A copy-free view of entries in memory; valid until the next push. */
  tailBytes(from: number, to: number): Buffer {
    assert(from >= this.#tailStart && to <= this.maxOffset, 'entries lie in memory')
    return this.#bytes.subarray((from - this.#tailStart) * unitBytes, (to - this.#tailStart) * unitBytes)
  }

  /** Begins or goes on at `offset`, with all before it in files or nowhere. */
  continueAt(offset: number): void {
    this.maxOffset = offset
    this.nextOffset = offset
    this.writtenEnd = offset
    this.#tailStart = offset
    this.#capacity = 0
    this.#bytes = empty
    this.#view = emptyView
    if (this.minOffset > offset) this.minOffset = offset
  }

  /** Gives memory of entries that are in the file back, when the queue was idle. */
  shrink(): void {
    if (this.unwritten > 0 || this.#capacity <= smallestTail * 4) return
    this.#move(Math.max(this.#tailStart, this.maxOffset - smallestTail), smallestTail)
  }

  #makeRoom(): void {
    const held = this.maxOffset - this.#tailStart
    const { unwritten } = this
    const small = this.#capacity < largestTail && unwritten * 2 > this.#capacity
    const capacity = Math.max(smallestTail, small || unwritten === held ? this.#capacity * 2 : this.#capacity)
    // A quarter stays for readers that are a little behind.
    const keep = Math.min(held, Math.max(unwritten, Math.floor(this.#capacity / 4)))
    this.#move(this.maxOffset - keep, capacity)
  }

  #move(from: number, capacity: number): void {
    const bytes = Buffer.allocUnsafeSlow(capacity * unitBytes)
    this.#bytes.copy(
      bytes,
      0,
      (from - this.#tailStart) * unitBytes,
      (this.maxOffset - this.#tailStart) * unitBytes,
    )
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#tailStart = from
    this.#capacity = capacity
  }
}

const empty = Buffer.alloc(0)
const emptyView = new DataView(new ArrayBuffer(0))
