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
 * calls, and one coarse timer that looks after idle connections, slow frames and slow ends. It is set for the first
 * second in which any of them can be due, so that connections with nothing to do wake nobody. Without connections no
 * timer runs.
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
  /** The second, of the clock, in which something was last received or looked after. */
  tick: number
  readonly #connections = new Set<RemotingConnection>()
  #timer: Timer | undefined
  /** The second for which the timer is set. */
  #checkTick = Number.POSITIVE_INFINITY
  #nextId = 1
  #faultLines = 0
  #faultsUnlogged = 0
  #faultSecondEndsMs = 0
  #whenEmpty: (() => void)[] = []

  constructor(options: GroupOptions) {
    this.clock = options.clock
    this.logger = options.logger
    this.deadlines = new DeadlineWheel(options.clock)
    this.tick = this.now()
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
    this.checkBy(this.now() + this.idleTicks + 1)
  }

  /** The present second; `tick` follows. */
  now(): number {
    this.tick = Math.floor(this.clock.monoMs() / tickMs)
    return this.tick
  }

  /** Connections are looked after in this second, or before. */
  checkBy(tick: number): void {
    if (tick >= this.#checkTick) return
    this.#timer?.cancel()
    this.#checkTick = tick
    const inMs = Math.ceil(tick * tickMs - this.clock.monoMs())
    this.#timer = this.clock.after(Math.max(0, inMs), this.#check, { background: true })
  }

  remove(connection: RemotingConnection): void {
    if (!this.#connections.delete(connection) || this.#connections.size > 0) return
    this.#timer?.cancel()
    this.#checkTick = Number.POSITIVE_INFINITY
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
    if (this.#faultsUnlogged === 1) this.checkBy(this.now() + 1)
  }

  #tellUnlogged(): void {
    const now = this.clock.monoMs()
    if (now < this.#faultSecondEndsMs) return
    this.#faultSecondEndsMs = now + 1000
    if (this.#faultsUnlogged > 0) this.logger.warn(`${this.#faultsUnlogged} more faults of peers not logged`)
    this.#faultLines = 0
    this.#faultsUnlogged = 0
  }

  readonly #check = () => {
    const tick = this.now()
    this.#checkTick = Number.POSITIVE_INFINITY
    this.#tellUnlogged()
    let next = Number.POSITIVE_INFINITY
    for (const connection of this.#connections) next = Math.min(next, connection.check(tick))
    if (this.#connections.size > 0) this.checkBy(Math.max(next, tick + 1))
  }
}
