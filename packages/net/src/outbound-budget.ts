import { limits } from '@aerobee/base'

export interface BudgetLimits {
  /** What may wait for all peers together. */
  totalBytes: number
  /** Of what is left of it, a peer may have this part waiting and is still served. */
  shareOfRest: number
  /** A peer that has so many times that waiting is greedy … */
  greedyTimes: number
  /** … but never with less than this. */
  greedyLeastBytes: number
  /** Above this whoever has taken nothing for the longest goes: the room for peers with less than `greedyLeastBytes`. */
  endBytes: number
}

const serverLimits: BudgetLimits = {
  totalBytes: limits.outboundTotalBytes,
  shareOfRest: limits.outboundPauseBytes / limits.outboundTotalBytes,
  greedyTimes: limits.outboundCloseBytes / limits.outboundPauseBytes,
  greedyLeastBytes: limits.outboundGreedyBytes,
  endBytes: limits.outboundEndBytes,
}

/** Who has bytes waiting. */
export interface OutboundOwner {
  /** Must make its share 0. */
  onFault(reason: string): void
}

/**
 * Bytes that wait for the peers of one side. Many that do not read may each stay within a bound of their own and still
 * cost more memory than there is, so the bound of each is a part of what is left for all, as in a switch:
 *
 *   own bytes   0 ───── part of the rest ───── 4 times that ──►
 *                served │ not before it reads  │ whoever has stalled goes, or itself when nobody has
 */
export class OutboundBudget {
  readonly #tick: () => number
  readonly #limits: BudgetLimits
  /** Those with bytes waiting; who has taken nothing for the longest comes first. */
  readonly #waiting = new Set<OutboundShare>()
  #bytes = 0

  /** `tick` counts seconds. */
  constructor(tick: () => number, budget: BudgetLimits = serverLimits) {
    this.#tick = tick
    this.#limits = budget
  }

  get bytes(): number {
    return this.#bytes
  }

  /** A peer with more bytes waiting is not served before it reads. */
  get pauseBytes(): number {
    const { totalBytes, shareOfRest } = this.#limits
    return Math.max(0, totalBytes - this.#bytes) * shareOfRest
  }

  share(owner: OutboundOwner): OutboundShare {
    return new OutboundShare(this, owner)
  }

  /** Of a share: it has `grewBy` bytes more. */
  changed(share: OutboundShare, grewBy: number): void {
    this.#bytes += grewBy
    if (share.bytes === 0) this.#waiting.delete(share)
    else if (!this.#waiting.has(share)) this.#begin(share)
    if (grewBy < 0) return
    while (this.#bytes > this.#limits.endBytes) this.#longest().giveUp()
    while (share.bytes > this.#greedyBytes) {
      const longest = this.#longest()
      if (longest.since < this.#tick()) longest.giveUp()
      else share.giveUp()
    }
  }

  /** Of a share: its peer has taken something. */
  progressed(share: OutboundShare): void {
    if (this.#waiting.delete(share)) this.#begin(share)
  }

  get #greedyBytes(): number {
    const { greedyTimes, greedyLeastBytes } = this.#limits
    return Math.max(greedyLeastBytes, this.pauseBytes * greedyTimes)
  }

  #begin(share: OutboundShare): void {
    share.since = this.#tick()
    this.#waiting.add(share)
  }

  /** There is one while bytes wait. */
  #longest(): OutboundShare {
    const [longest] = this.#waiting
    return longest!
  }
}

/** What waits for one peer. */
export class OutboundShare {
  bytes = 0
  /** Tick since which the peer has taken nothing. */
  since = 0
  readonly #budget: OutboundBudget
  readonly #owner: OutboundOwner

  constructor(budget: OutboundBudget, owner: OutboundOwner) {
    this.#budget = budget
    this.#owner = owner
  }

  get pauseBytes(): number {
    return this.#budget.pauseBytes
  }

  set(bytes: number): void {
    const grewBy = bytes - this.bytes
    if (grewBy === 0) return
    this.bytes = bytes
    this.#budget.changed(this, grewBy)
  }

  taken(): void {
    this.#budget.progressed(this)
  }

  giveUp(): void {
    const { bytes } = this
    this.#owner.onFault(
      `it does not read: ${bytes} bytes wait for it, and ${this.#budget.bytes} for all peers together`,
    )
    this.set(0)
  }
}
