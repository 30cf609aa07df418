import type { OpenFiles } from '../open-files.js'
import type { SegmentList } from './segment-list.js'

export interface LogFlushParts {
  segments: SegmentList
  files: OpenFiles
  /** After each flush, with the offset up to which the log is durable now. */
  flushed(offset: number): void
  /** Once; nothing is flushed afterwards. */
  failed(thrown: unknown): void
}

/**
 * Makes the log durable, one datasync at a time for all that asked meanwhile (group commit):
 *
 *   idle ──request──► syncing ──done, more asked──► syncing …
 *    ▲                  │ └──done──► idle
 *    └──────────────────┘   fails ──► broken, for ever
 *
 * A file whose datasync failed may have lost what was written, and says so only once: it is never asked again.
 */
export class LogFlush {
  flushedOffset: number
  broken = false
  readonly #parts: LogFlushParts
  #requested: number
  #running: Promise<void> | undefined
  #waiting: { end: number; settle: (durable: boolean) => void }[] = []

  constructor(parts: LogFlushParts, flushedOffset: number) {
    this.#parts = parts
    this.flushedOffset = flushedOffset
    this.#requested = flushedOffset
  }

  /** `end`: what is written up to. */
  request(end: number): void {
    if (end > this.#requested) this.#requested = end
    if (this.#running || this.broken || this.#requested <= this.flushedOffset) return
    this.#running = this.#run().finally(() => {
      this.#running = undefined
    })
  }

  /** Asks for it, and resolves to whether the log is durable up to there: false when it will never be. */
  reach(end: number): Promise<boolean> {
    if (end <= this.flushedOffset) return Promise.resolve(true)
    if (this.broken) return Promise.resolve(false)
    const reached = new Promise<boolean>((settle) => this.#waiting.push({ end, settle }))
    this.request(end)
    return reached
  }

  /** Resolves when everything asked for is durable, or will never be. */
  async settled(): Promise<void> {
    while (this.#running) await this.#running
  }

  async #run(): Promise<void> {
    while (this.#requested > this.flushedOffset) {
      const target = this.#requested
      try {
        await this.#sync(this.flushedOffset, target)
      } catch (thrown) {
        this.broken = true
        for (const { settle } of this.#waiting.splice(0)) settle(false)
        this.#parts.failed(thrown)
        return
      }
      this.flushedOffset = target
      if (this.#waiting.length > 0) this.#settle(target)
      this.#parts.flushed(target)
    }
  }

  #settle(durable: number): void {
    const waiting = this.#waiting
    this.#waiting = waiting.filter(({ end }) => end > durable)
    for (const { end, settle } of waiting) if (end <= durable) settle(true)
  }

  async #sync(from: number, to: number): Promise<void> {
    const { segments, files } = this.#parts
    await segments.syncNames()
    for (let at = from; at < to; ) {
      const segment = segments.holding(at)
      if (segment) await files.useAsync(segment.path, (file) => file.datasync())
      at = (Math.floor(at / segments.segmentBytes) + 1) * segments.segmentBytes
    }
  }
}
