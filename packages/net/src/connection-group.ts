import { type Clock, type Logger, limits, type Timer } from '@aerobee/base'
import type { RemotingConnection } from './connection.js'
import { DeadlineWheel } from './deadline-wheel.js'
import { OutboundBudget } from './outbound-budget.js'
import { BufferPool } from './outbox.js'
import { TurnFlusher } from './turn-flusher.js'

const tickMs = 1000
/** Log lines about peers' faults per second; a hostile peer must not fill the disk through the log. */
const faultLinesPerSecond = 5

export interface GroupOptions {
  clock: Clock
  logger: Logger
  /** Default 120 s. */
  idleCloseMs?: number
  /** Default 15 s. */
  frameDeadlineMs?: number
}

/**
 * What the connections of one server or client share: buffers, the flush at the end of a callback, the deadlines of
 * calls, and one coarse tick that looks after idle connections and slow frames. Connections read the tick's number
 * instead of a clock. Without connections no timer runs.
 */
export class ConnectionGroup {
  readonly clock: Clock
  readonly logger: Logger
  readonly buffers = new BufferPool()
  readonly outbound = new OutboundBudget(() => this.tick)
  readonly flusher = new TurnFlusher()
  readonly deadlines: DeadlineWheel
  readonly idleTicks: number
  readonly frameTicks: number
  /** Counts seconds while there are connections. */
  tick = 0
  readonly #connections = new Set<RemotingConnection>()
  #timer: Timer | undefined
  #nextId = 1
  #faultLines = 0
  #faultsUnlogged = 0
  #faultSecondEndsMs = 0
  #whenEmpty: (() => void)[] = []

  constructor(options: GroupOptions) {
    this.clock = options.clock
    this.logger = options.logger
    this.deadlines = new DeadlineWheel(options.clock)
    this.idleTicks = Math.ceil((options.idleCloseMs ?? limits.idleCloseMs) / tickMs)
    this.frameTicks = Math.ceil((options.frameDeadlineMs ?? limits.frameDeadlineMs) / tickMs)
  }

  get connections(): ReadonlySet<RemotingConnection> {
    return this.#connections
  }

  nextId(): number {
    return this.#nextId++
  }

  add(connection: RemotingConnection): void {
    this.#connections.add(connection)
    this.#timer ??= this.clock.every(tickMs, this.#onTick, { background: true })
  }

  remove(connection: RemotingConnection): void {
    if (!this.#connections.delete(connection) || this.#connections.size > 0) return
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.deadlines.size === 0) this.deadlines.stop()
    for (const resolve of this.#whenEmpty.splice(0)) resolve()
  }

  /** Resolves when no connection is left. */
  whenEmpty(): Promise<void> {
    if (this.#connections.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#whenEmpty.push(resolve))
  }

  closeAll(reason: string): void {
    for (const connection of [...this.#connections]) connection.close(reason)
  }

  /** A line about what a peer did wrong, unless there were many of late. */
  noteFault(message: string): void {
    this.#tellUnlogged()
    if (this.#faultLines++ < faultLinesPerSecond) this.logger.warn(message)
    else this.#faultsUnlogged++
  }

  #tellUnlogged(): void {
    const now = this.clock.monoMs()
    if (now < this.#faultSecondEndsMs) return
    this.#faultSecondEndsMs = now + 1000
    if (this.#faultsUnlogged > 0) this.logger.warn(`${this.#faultsUnlogged} more faults of peers not logged`)
    this.#faultLines = 0
    this.#faultsUnlogged = 0
  }

  readonly #onTick = () => {
    this.tick++
    this.#tellUnlogged()
    for (const connection of this.#connections) connection.onTick(this.tick)
  }
}
