import type { ConnectionGroup } from './connection-group.js'

/** Answers already given are sent for this long after close(). */
const closeTicks = 5

export type Overdue = 'silent' | 'frame' | 'end'

/**
 * What a connection has a limited time for, in seconds of its group: to say something, to complete a frame that is here
 * in part, to take the rest of what it is sent after close().
 */
export class ConnectionTimes {
  readonly #group: ConnectionGroup
  #activeTick: number
  #frameTick = 0
  #endTick = Number.POSITIVE_INFINITY

  constructor(group: ConnectionGroup) {
    this.#group = group
    this.#activeTick = group.now()
  }

  /** Something came, or went. */
  active(): void {
    this.#activeTick = this.#group.now()
  }

  /** A frame that is here in part has its time from now on. */
  beginFrame(): void {
    this.#frameTick = this.#group.tick
    this.#group.checkBy(this.#frameTick + this.#group.frameTicks + 1)
  }

  beginEnd(): void {
    this.#endTick = this.#group.now() + closeTicks
    this.#group.checkBy(this.#endTick)
  }

  /** `midFrame`: whether the rest of a frame is waited for. */
  overdue(tick: number, midFrame: boolean): Overdue | undefined {
    const { idleTicks, frameTicks } = this.#group
    if (this.#endTick < Number.POSITIVE_INFINITY) return tick >= this.#endTick ? 'end' : undefined
    if (tick - this.#activeTick > idleTicks) return 'silent'
    return midFrame && tick - this.#frameTick > frameTicks ? 'frame' : undefined
  }

  /** The first second in which something can be overdue. */
  nextTick(midFrame: boolean): number {
    const { idleTicks, frameTicks } = this.#group
    if (this.#endTick < Number.POSITIVE_INFINITY) return this.#endTick
    const silentAtTick = this.#activeTick + idleTicks + 1
    return midFrame ? Math.min(silentAtTick, this.#frameTick + frameTicks + 1) : silentAtTick
  }
}
