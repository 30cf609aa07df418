import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { type Clock, type Random, seededRandom, systemClock } from '@aerobee/base'
import type { Endpoint } from '@aerobee/net'

/** up: from those who connect to the relay towards its target; down: back. */
export type Direction = 'up' | 'down'

/** How bytes of one direction fare; changes take effect at once, for open connections too. */
export interface DirectionRules {
  /** Every byte arrives this much later, in order. Default 0. */
  delayMs: number
  /** Nothing passes while true; bytes wait and follow when it is false again. */
  cut: boolean
  /** Default no limit. */
  bytesPerSecond: number
  /** Pieces of a random size in [1, this], each a packet of its own. Default 0: as they come. */
  splitBytes: number
}

const freeRules = (): DirectionRules => ({
  delayMs: 0,
  cut: false,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  splitBytes: 0,
})

/** The reader of a direction is paused above this, so that back-pressure reaches the sender. */
const holdBytes = 1024 * 1024

/**
 * A TCP relay before a real server that delays, throttles, splits, cuts one way, and resets.
 *
 *   client ──up──► relay ──up──► target
 *   client ◄─down─ relay ◄─down─ target
 */
export class ChaosRelay {
  readonly up: DirectionRules = freeRules()
  readonly down: DirectionRules = freeRules()
  readonly #clock: Clock
  readonly #random: Random
  readonly #target: Endpoint
  readonly #server: Server
  readonly #connections = new Set<Relayed>()
  #accepting = true

  private constructor(target: Endpoint, options: { clock?: Clock; random?: Random }) {
    this.#target = target
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? seededRandom(1)
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket))
  }

  /** `port` 0 takes any free one. `random` decides the sizes of pieces; the default is the same each time. */
  static async start(
    target: Endpoint,
    options: { clock?: Clock; random?: Random; port?: number } = {},
  ): Promise<ChaosRelay> {
    const relay = new ChaosRelay(target, options)
    await new Promise<void>((resolve, reject) => {
      relay.#server.once('error', reject)
      relay.#server.listen(options.port ?? 0, '127.0.0.1', resolve)
    })
    return relay
  }

  get endpoint(): Endpoint {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port }
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /** Changes rules of one direction, and lets go on what they no longer hold. */
  set(direction: Direction, rules: Partial<DirectionRules>): void {
    Object.assign(this[direction], rules)
    for (const relayed of this.#connections) relayed[direction].pump()
  }

  /** Both directions free again. */
  heal(): void {
    this.set('up', freeRules())
    this.set('down', freeRules())
  }

  /** Breaks every connection with RST on both sides; new ones are taken. */
  reset(): void {
    for (const relayed of [...this.#connections]) relayed.reset()
  }

  /** While refused, new connections are reset at once. */
  refuseNew(refuse: boolean): void {
    this.#accepting = !refuse
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.reset()
    await closed
  }

  #accept(near: Socket): void {
    near.on('error', () => {})
    if (!this.#accepting) {
      near.resetAndDestroy()
      return
    }
    const far = connect({
      host: this.#target.host,
      port: this.#target.port,
      noDelay: true,
      allowHalfOpen: true,
    })
    const relayed: Relayed = new Relayed(
      near,
      far,
      new RelayedDirection(near, far, this.up, this.#clock, this.#random),
      new RelayedDirection(far, near, this.down, this.#clock, this.#random),
      () => this.#connections.delete(relayed),
    )
    this.#connections.add(relayed)
  }
}

class Relayed {
  readonly up: RelayedDirection
  readonly down: RelayedDirection
  readonly #near: Socket
  readonly #far: Socket

  constructor(near: Socket, far: Socket, up: RelayedDirection, down: RelayedDirection, gone: () => void) {
    this.#near = near
    this.#far = far
    this.up = up
    this.down = down
    far.on('error', () => this.reset())
    near.on('error', () => this.reset())
    let open = 2
    const closed = () => {
      if (--open === 0) gone()
    }
    near.on('close', closed)
    far.on('close', closed)
  }

  reset(): void {
    this.up.stop()
    this.down.stop()
    this.#near.resetAndDestroy()
    this.#far.resetAndDestroy()
  }
}

/** One direction of one connection: a queue of pieces, each with the time it may leave. */
class RelayedDirection {
  readonly #from: Socket
  readonly #to: Socket
  readonly #rules: DirectionRules
  readonly #clock: Clock
  readonly #random: Random
  #queue: { bytes: Buffer; atMs: number }[] = []
  #queuedBytes = 0
  #endAtMs: number | undefined
  /** When the throttled line is free again. */
  #freeAtMs = 0
  #waiting = false
  #stopped = false

  constructor(from: Socket, to: Socket, rules: DirectionRules, clock: Clock, random: Random) {
    this.#from = from
    this.#to = to
    this.#rules = rules
    this.#clock = clock
    this.#random = random
    from.on('data', (chunk: Buffer) => this.#take(chunk))
    from.on('end', () => {
      this.#endAtMs = clock.monoMs() + rules.delayMs
      this.pump()
    })
  }

  stop(): void {
    this.#stopped = true
    this.#queue = []
  }

  /** Sends what may leave now and comes back when the next piece may. */
  pump(): void {
    if (this.#stopped || this.#rules.cut) return
    const now = this.#clock.monoMs()
    for (let piece = this.#queue[0]; piece; piece = this.#queue[0]) {
      const atMs = Math.max(piece.atMs, this.#freeAtMs)
      if (atMs > now) {
        this.#comeBack(atMs - now)
        return
      }
      this.#queue.shift()
      this.#queuedBytes -= piece.bytes.length
      this.#freeAtMs = now + (piece.bytes.length * 1000) / this.#rules.bytesPerSecond
      this.#to.write(piece.bytes)
      if (this.#rules.splitBytes > 0 && this.#queue.length > 0) {
        this.#comeBack(0)
        return
      }
    }
    if (this.#from.isPaused()) this.#from.resume()
    if (this.#endAtMs === undefined) return
    if (this.#endAtMs > now) this.#comeBack(this.#endAtMs - now)
    else this.#to.end()
  }

  #take(chunk: Buffer): void {
    const atMs = this.#clock.monoMs() + this.#rules.delayMs
    for (let at = 0; at < chunk.length; ) {
      const size = this.#pieceBytes(chunk.length - at)
      this.#queue.push({ bytes: chunk.subarray(at, at + size), atMs })
      at += size
    }
    this.#queuedBytes += chunk.length
    if (this.#queuedBytes > holdBytes) this.#from.pause()
    this.pump()
  }

  /** Throttled bytes leave in pieces of a tenth of a second at most. */
  #pieceBytes(left: number): number {
    const { splitBytes, bytesPerSecond } = this.#rules
    const split = splitBytes > 0 ? 1 + this.#random.below(splitBytes) : left
    return Math.max(1, Math.min(left, split, Math.ceil(bytesPerSecond / 10)))
  }

  #comeBack(inMs: number): void {
    if (this.#waiting) return
    this.#waiting = true
    const back = () => {
      this.#waiting = false
      this.pump()
    }
    if (inMs > 0) this.#clock.after(Math.ceil(inMs), back)
    else this.#clock.endOfTurn(back)
  }
}
