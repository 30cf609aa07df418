import type { Clock, PhysicalOffset, QueueOffset } from '@aerobee/base'
import { advance, type DataVersion, newDataVersion, readDataVersion } from '../data-version.js'
import type { TableFile } from '../table-file.js'

export interface DelayOffsetOptions {
  clock: Clock
  file: TableFile
  /** Deliveries per data version. */
  deliveriesPerVersion: number
}

/** All that was delivered before a place of the log, and nothing that was delivered behind it. */
export interface DelayProgress {
  /** level -> offset of the first message that waits. */
  offsets: ReadonlyMap<number, QueueOffset>
  logPosition: PhysicalOffset
}

/** So much new log makes a save worth it when nothing was delivered: it shortens the scan of a start after a kill. */
const savedSpanBytes = 16 * 1024 * 1024

/**
 * How far each delay level has come, in delayOffset.json as RocketMQ keeps it (reference: storage 2.5), with one field
 * more: `logPosition`, behind which the log has to be looked through after a kill. RocketMQ passes over that field and
 * writes the file without it; then its offsets count as they are.
 */
export class DelayOffsets {
  readonly #options: DelayOffsetOptions
  readonly #offsets = new Map<number, QueueOffset>()
  readonly #version: DataVersion
  #delivered = 0
  #saved: DelayProgress | undefined

  /** Reads the file. Entries that are no offsets are left out. */
  constructor(options: DelayOffsetOptions) {
    this.#options = options
    this.#version = newDataVersion(options.clock)
    this.#load(options.file.load())
  }

  /** Of the document last saved or read; undefined when there is none, or RocketMQ wrote it. */
  get logPosition(): PhysicalOffset | undefined {
    return this.#saved?.logPosition
  }

  get all(): ReadonlyMap<number, QueueOffset> {
    return this.#offsets
  }

  next(level: number): QueueOffset {
    return this.#offsets.get(level) ?? 0
  }

  move(level: number, offset: QueueOffset): void {
    this.#offsets.set(level, offset)
  }

  noteDelivered(count: number): void {
    const { clock, deliveriesPerVersion } = this.#options
    this.#delivered += count
    if (this.#delivered < deliveriesPerVersion) return
    this.#delivered = 0
    advance(this.#version, clock)
  }

  /** What is so now. The caller says up to where the log holds all deliveries. */
  progress(logPosition: PhysicalOffset): DelayProgress {
    return { offsets: new Map(this.#offsets), logPosition }
  }

  /** Whether a save of it would help the next start. */
  isNews({ offsets, logPosition }: DelayProgress): boolean {
    const saved = this.#saved
    if (!saved || logPosition - saved.logPosition >= savedSpanBytes) return true
    if (offsets.size !== saved.offsets.size) return true
    for (const [level, offset] of offsets) if (saved.offsets.get(level) !== offset) return true
    return false
  }

  /** Durable when it returns. Throws AerobeeError IO_FAILED. */
  save(progress: DelayProgress): void {
    this.#options.file.save(this.#document(progress))
    this.#saved = progress
  }

  /** The same off the event loop; a failure is tried again. */
  saveSoon(progress: DelayProgress): void {
    this.#options.file.saveSoon(() => this.#document(progress))
    this.#saved = progress
  }

  #document({ offsets, logPosition }: DelayProgress): object {
    const sorted = [...offsets].sort(([a], [b]) => a - b)
    return { dataVersion: this.#version, logPosition, offsetTable: Object.fromEntries(sorted) }
  }

  #load(content: unknown): void {
    if (typeof content !== 'object' || content === null) return
    const { dataVersion, offsetTable, logPosition } = content as Record<string, unknown>
    Object.assign(this.#version, readDataVersion(dataVersion, this.#options.clock))
    for (const [name, offset] of Object.entries((offsetTable ?? {}) as Record<string, unknown>)) {
      const level = Number(name)
      if (Number.isInteger(level) && level > 0 && isOffset(offset)) this.#offsets.set(level, offset)
    }
    if (isOffset(logPosition)) this.#saved = this.progress(logPosition)
  }
}

const isOffset = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
