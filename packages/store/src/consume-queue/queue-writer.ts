import { type Clock, endOfTurn, errorText, type Logger, type Timer } from '@aerobee/base'
import type { ConsumeQueue } from './consume-queue.js'
import type { QueueFiles } from './queue-files.js'

/** Entries that wait in memory at most before they are written at once. */
const mostUnwritten = 4096
/** In one go, so that many queues do not hold up the event loop: 256 writes take about 6 ms. */
const mostAtOnce = 256
const ticksPerInterval = 10

/** Puts queue entries into their files some time after they were made. The log can give them again until then. */
export class QueueWriter {
  readonly #files: QueueFiles
  readonly #clock: Clock
  readonly #logger: Logger
  #waiting: ConsumeQueue[] = []
  #timer: Timer | undefined
  #refusal: string | undefined

  constructor(files: QueueFiles, clock: Clock, logger: Logger) {
    this.#files = files
    this.#clock = clock
    this.#logger = logger
  }

  /** Every entry is written within about `intervalMs`. */
  start(intervalMs: number): void {
    const period = Math.max(1, Math.floor(intervalMs / ticksPerInterval))
    this.#timer = this.#clock.every(period, () => this.#tick(), { background: true })
  }

  stop(): void {
    this.#timer?.cancel()
  }

  /** Why no message may be stored now: its entry would find no room. */
  get refusal(): string | undefined {
    return this.#refusal
  }

  /** The queue has become longer. */
  note(queue: ConsumeQueue): void {
    if (!queue.dirty) {
      queue.dirty = true
      this.#waiting.push(queue)
    }
    if (queue.unwritten >= mostUnwritten && this.#refusal === undefined) this.#write(queue)
  }

  /** Everything noted until now, with pauses for the event loop. Rejects with IO_FAILED. */
  async writeAll(): Promise<void> {
    const queues = [...this.#waiting]
    for (let i = 0; i < queues.length; i += mostAtOnce) {
      if (i > 0) await endOfTurn(this.#clock)
      for (const queue of queues.slice(i, i + mostAtOnce)) this.#files.write(queue)
    }
    this.#forgetWritten()
  }

  /** The same at once. Throws IO_FAILED. */
  writeAllSync(): void {
    for (const queue of this.#waiting) this.#files.write(queue)
    this.#forgetWritten()
  }

  #tick(): void {
    if (this.#waiting.length === 0) return
    const count = Math.min(mostAtOnce, Math.ceil(this.#waiting.length / ticksPerInterval))
    const queues = this.#waiting.splice(0, count)
    let failed = false
    for (const queue of queues) {
      queue.dirty = false
      if (!failed) failed = !this.#write(queue)
      if (queue.unwritten === 0 || queue.dirty || queue.deleted) continue
      queue.dirty = true
      this.#waiting.push(queue)
    }
  }

  /** False: the disk takes nothing now. */
  #write(queue: ConsumeQueue): boolean {
    try {
      this.#files.write(queue)
    } catch (thrown) {
      if (this.#refusal === undefined)
        this.#logger.error(`No messages are taken, because a consume queue fails: ${errorText(thrown)}`)
      this.#refusal = `consume queues cannot be written: ${errorText(thrown)}`
      return false
    }
    if (this.#refusal !== undefined) this.#logger.info('Consume queues can be written again.')
    this.#refusal = undefined
    return true
  }

  #forgetWritten(): void {
    this.#waiting = this.#waiting.filter((queue) => {
      queue.dirty = queue.unwritten > 0 && !queue.deleted
      return queue.dirty
    })
  }
}
