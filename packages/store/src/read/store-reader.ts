import type { Clock, Logger } from '@aerobee/base'
import type { LogBlocks } from '../commit-log/log-blocks.js'
import type { SegmentList } from '../commit-log/segment-list.js'
import type { ConsumeQueue } from '../consume-queue/consume-queue.js'
import type { QueueFiles } from '../consume-queue/queue-files.js'
import type { QueueTable } from '../consume-queue/queue-table.js'
import { UnitBlocks } from '../consume-queue/unit-blocks.js'
import type { ReadOutcome, ReadRequest } from '../contracts.js'
import type { OpenFiles } from '../open-files.js'
import type { StoreMemory, StoreOptions } from '../options.js'
import { OffsetSearch } from './offset-search.js'
import { ReadRun, readRefusal } from './read-run.js'
import { RecordReader } from './record-reader.js'
import { TurnBudget } from './turn-budget.js'

export interface StoreReaderParts {
  options: StoreOptions
  delayLevels: readonly number[]
  memory: StoreMemory
  logger: Logger
  clock: Clock
  segments: SegmentList
  blocks: LogBlocks
  files: OpenFiles
  queues: QueueTable
  queueFiles: QueueFiles
  /** Records end at or before this physical offset. */
  visibleEnd(): number
}

/** Everything that looks into a running store. */
export class StoreReader {
  readonly options: StoreOptions
  readonly delayLevels: readonly number[]
  readonly units: UnitBlocks
  readonly records: RecordReader
  readonly search: OffsetSearch
  readonly budget: TurnBudget
  readonly visibleEnd: () => number
  /** Records and entries that were found damaged. */
  damaged = 0
  readonly #parts: StoreReaderParts

  constructor(parts: StoreReaderParts) {
    const { options, segments, blocks, files, visibleEnd } = parts
    this.#parts = parts
    this.options = options
    this.delayLevels = parts.delayLevels
    this.visibleEnd = visibleEnd
    this.budget = new TurnBudget(parts.clock)
    this.units = new UnitBlocks(parts.queueFiles, parts.memory.queueCacheBytes)
    this.records = new RecordReader({
      segments,
      blocks,
      files,
      appendedCrc: options.enabledAppendPropCRC,
      visibleEnd,
      damaged: (offset, reason) => this.#damaged(offset, reason),
    })
    this.search = new OffsetSearch({ units: this.units, records: this.records })
  }

  read(request: ReadRequest): ReadOutcome | Promise<ReadOutcome> {
    const queue = this.#parts.queues.find(request.topic, request.queueId)
    const refusal = readRefusal(queue, request)
    if (queue === undefined || refusal !== undefined) return refusal!
    return new ReadRun(this, request, queue).run()
  }

  /** Whether a record counts as in memory (reference: broker-behaviour 5). `offset` has an entry. */
  isRecent(queue: ConsumeQueue, offset: number): boolean {
    const { memory, segments, queueFiles } = this.#parts
    const window = (memory.physicalBytes * this.options.accessMessageInMemoryMaxRatio) / 100
    const edge = this.visibleEnd() - window
    if (edge <= Math.max(segments.first?.base ?? 0, queue.minPhysical)) return true
    const known = queue.unitOf(offset)
    if (known >= 0 && queue.inTail(known)) return queue.physicalAt(known) >= edge
    // What lies before the queue's memory is no newer than that.
    if (queue.tailStart < queue.maxUnit && queue.physicalAt(queue.tailStart) < edge) return false
    return queueFiles.entrySync(queue, queueFiles.unitOfSync(queue, offset)).physical >= edge
  }

  #damaged(offset: number, reason: string): void {
    this.damaged += 1
    this.#parts.logger.error(`The record at ${offset} of the commit log is not served: ${reason}.`)
  }
}
