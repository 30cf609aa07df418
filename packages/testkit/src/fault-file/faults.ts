import { AerobeeError, assert, type Random } from '@aerobee/base'

export type DiskCall =
  | 'open'
  | 'create'
  | 'read'
  | 'write'
  | 'truncate'
  | 'datasync'
  | 'rename'
  | 'remove'
  | 'make-directory'
  | 'sync-directory'

/** Thrown by every call after the kill: no operating error, so that nothing takes it for one and goes on. */
export class ProcessKilled extends Error {
  constructor() {
    super('the process was killed at this point of the test')
    this.name = 'ProcessKilled'
  }
}

export interface FaultRule {
  /** Undefined: any changing call and any read. */
  call?: DiskCall
  /** Matched against the clean absolute path; a string matches as a part of it. */
  path?: RegExp | string
  /** Default EIO. */
  errno?: string
  /** The how-manieth matching call fails first, counted from now. Default 1. */
  nth?: number
  /** How many matching calls fail from there on. Default 1. */
  times?: number
  /** A failing write leaves a part of its bytes, of seeded length. */
  torn?: boolean
}

interface ActiveRule extends FaultRule {
  seen: number
}

export interface Hold {
  /** Calls that wait now. */
  readonly waiting: number
  /** Resolves when a call waits. */
  reached(): Promise<void>
  /** Lets the waiting calls and all later ones pass. */
  release(): void
}

interface ActiveHold extends Hold {
  call: DiskCall
  path: RegExp | string
  enter(): Promise<void>
}

/** What goes wrong, and when. Kill: after the n-th changing call ("step"), counted from the start of this disk. */
export class Faults {
  readonly whenKilled: Promise<void>
  killed = false
  steps = 0
  #killAt = Number.POSITIVE_INFINITY
  #tornKill = false
  #rules: ActiveRule[] = []
  #holds = new Set<ActiveHold>()
  #announceKill: () => void = () => {}
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
    this.whenKilled = new Promise((resolve) => {
      this.#announceKill = resolve
    })
  }

  killAfterStep(step: number, torn: boolean): void {
    this.#killAt = step
    this.#tornKill = torn
  }

  kill(): void {
    this.killed = true
    this.#announceKill()
    for (const hold of this.#holds) hold.release()
  }

  add(rule: FaultRule): () => void {
    const active = { ...rule, seen: 0 }
    this.#rules.push(active)
    return () => {
      this.#rules = this.#rules.filter((other) => other !== active)
    }
  }

  hold(call: DiskCall, path: RegExp | string): Hold {
    let open: () => void = () => {}
    let announce: () => void = () => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    let reached = new Promise<void>((resolve) => {
      announce = resolve
    })
    let waiting = 0
    const holds = this.#holds
    const hold: ActiveHold = {
      call,
      path,
      get waiting() {
        return waiting
      },
      reached: () => reached,
      release() {
        holds.delete(hold)
        reached = Promise.resolve()
        open()
      },
      async enter() {
        waiting += 1
        announce()
        await gate
        waiting -= 1
      },
    }
    holds.add(hold)
    return hold
  }

  /** For asynchronous calls: one microtask, or as long as a test holds it. */
  async pass(call: DiskCall, path: string): Promise<void> {
    for (const hold of this.#holds) {
      if (hold.call === call && matches(hold.path, path)) await hold.enter()
    }
  }

  checkAlive(): void {
    if (this.killed) throw new ProcessKilled()
  }

  /** Throws when a rule hits; `tear` is told first how many of `bytes` still reach the disk. */
  check(call: DiskCall, path: string, bytes = 0, tear?: (keptBytes: number) => void): void {
    for (const rule of this.#rules) {
      if (rule.call !== undefined && rule.call !== call) continue
      if (rule.path !== undefined && !matches(rule.path, path)) continue
      rule.seen += 1
      const first = rule.nth ?? 1
      if (rule.seen < first || rule.seen >= first + (rule.times ?? 1)) continue
      if (rule.torn && bytes > 0) tear?.(this.#random.below(bytes))
      throw ioFailed(call, path, rule.errno ?? 'EIO')
    }
  }

  /** Counts a changing call; `apply` is the change, for a torn kill of a write only the given part of it. */
  step(bytes: number, apply: (keptBytes: number) => void): void {
    assert(!this.killed, 'a killed process takes no step')
    this.steps += 1
    const last = this.steps >= this.#killAt
    const torn = last && this.#tornKill && bytes > 1
    try {
      apply(torn ? 1 + this.#random.below(bytes - 1) : bytes)
    } finally {
      if (last) this.kill()
    }
    if (torn) throw new ProcessKilled()
  }
}

function matches(pattern: RegExp | string, path: string): boolean {
  return typeof pattern === 'string' ? path.includes(pattern) : pattern.test(path)
}

export function ioFailed(call: string, path: string, errno: string): AerobeeError {
  const cause = Object.assign(new Error(`${errno}: ${call} '${path}'`), { code: errno })
  return new AerobeeError('IO_FAILED', `The ${call} of ${path} failed with ${errno}.`, { cause })
}
