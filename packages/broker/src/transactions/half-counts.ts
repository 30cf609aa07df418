import type { Clock } from '@aerobee/base'
import { advance, type DataVersion, readDataVersion } from '../data-version.js'
import type { TableFile } from '../table-file.js'

interface Count {
  count: number
  /** Wall ms of the last change. */
  timeStamp: number
}

/**
 * How many halves wait, by real topic: RocketMQ's `config/transactionMetrics`. What the file says is not believed:
 * each start counts the halves that wait.
 */
export class HalfCounts {
  readonly #clock: Clock
  readonly #file: TableFile
  readonly #counts = new Map<string, Count>()
  readonly #version: DataVersion
  #dirty = false

  constructor(clock: Clock, file: TableFile) {
    this.#clock = clock
    this.#file = file
    const document = file.load() as { dataVersion?: unknown } | undefined
    this.#version = readDataVersion(document?.dataVersion, clock)
  }

  add(topic: string, change: 1 | -1): void {
    const known = this.#counts.get(topic)
    const count = (known?.count ?? 0) + change
    this.#dirty = true
    if (count <= 0) this.#counts.delete(topic)
    else if (known) {
      known.count = count
      known.timeStamp = this.#clock.wallMs()
    } else this.#counts.set(topic, { count, timeStamp: this.#clock.wallMs() })
  }

  of(topic: string): number {
    return this.#counts.get(topic)?.count ?? 0
  }

  /** Nothing is written when nothing changed. Durable when the file has settled. */
  save(): void {
    if (!this.#dirty) return
    this.#dirty = false
    advance(this.#version, this.#clock)
    this.#file.saveSoon(() => ({
      dataVersion: this.#version,
      transactionCount: Object.fromEntries(this.#counts),
    }))
  }
}
