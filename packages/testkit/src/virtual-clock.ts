import { type Clock, endOfTurn, type MonoMs, systemClock, type Timer, type WallMs } from '@aerobee/base'

interface Task {
  atMs: MonoMs
  /** Order among tasks of one time. */
  order: number
  run: () => void
  periodMs: number | undefined
  cancelled: boolean
}

/** 2024-01-01T00:00:00Z */
const defaultStartMs = 1_704_067_200_000
/** Turns without progress of time after which a run is taken for an endless loop. */
const mostTurnsPerInstant = 100_000
/** After so many timers the event loop turns in earnest, so that real input has its chance. */
const timersPerTurn = 1024

/**
 * Time that moves only when a test says so. Timers run in order of time, then of their making. Before the next one runs,
 * the promises and ticks of one are given the time they need, and so is each of the end-of-turn tasks made meanwhile.
 */
export class VirtualClock implements Clock {
  #nowMs: MonoMs = 0
  #wallOffsetMs: number
  #tasks: Task[] = []
  #endOfTurn: (() => void)[] = []
  #order = 0
  #timersRun = 0

  constructor(startWallMs: WallMs = defaultStartMs) {
    this.#wallOffsetMs = startWallMs
  }

  wallMs(): WallMs {
    return this.#wallOffsetMs + this.#nowMs
  }

  monoMs(): MonoMs {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#add(delayMs, run, undefined)
  }

  every(periodMs: number, run: () => void): Timer {
    return this.#add(periodMs, run, Math.max(1, periodMs))
  }

  endOfTurn(run: () => void): void {
    this.#endOfTurn.push(run)
  }

  /** Timers waiting, background ones included: zero after everything was closed. */
  get timers(): number {
    return this.#tasks.length
  }

  /** Moves the wall clock only, as an operator may. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs
  }

  /** Lets promises, ticks and end-of-turn tasks run until none is left, without time passing. */
  async settle(): Promise<void> {
    await endOfTurn(systemClock)
    await this.#settle()
  }

  async #settle(): Promise<void> {
    for (let turn = 0; turn < mostTurnsPerInstant; turn++) {
      await drainMicrotasks()
      const tasks = this.#endOfTurn
      if (tasks.length === 0) return
      this.#endOfTurn = []
      for (const run of tasks) {
        run()
        await drainMicrotasks()
      }
    }
    throw new Error('end-of-turn tasks follow one another without end')
  }

  /** Runs everything that is due within the next `ms`. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    await this.settle()
    for (let task = this.#nextDue(untilMs); task; task = this.#nextDue(untilMs)) await this.#runTask(task)
    this.#nowMs = untilMs
  }

  /** Advances from timer to timer until `done()`, for at most `limitMs`; throws when it is not done by then. */
  async runUntil(done: () => boolean, limitMs = 60_000): Promise<void> {
    const untilMs = this.#nowMs + limitMs
    await this.settle()
    while (!done()) {
      const task = this.#nextDue(untilMs)
      if (!task) throw new Error(`not done within ${limitMs} ms of virtual time; ${this.timers} timers wait`)
      await this.#runTask(task)
    }
  }

  /** Advances until the promise settles, and settles the same way. */
  async resolve<T>(promise: Promise<T>, limitMs = 60_000): Promise<T> {
    let settled = false
    const settle = () => {
      settled = true
    }
    promise.then(settle, settle)
    await this.runUntil(() => settled, limitMs)
    return promise
  }

  #add(delayMs: number, run: () => void, periodMs: number | undefined): Timer {
    const atMs = this.#nowMs + Math.max(0, delayMs)
    const task: Task = { atMs, order: this.#order++, run, periodMs, cancelled: false }
    this.#insert(task)
    return {
      cancel: () => {
        task.cancelled = true
        const at = this.#tasks.indexOf(task)
        if (at >= 0) this.#tasks.splice(at, 1)
      },
    }
  }

  #insert(task: Task): void {
    let low = 0
    let high = this.#tasks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const other = this.#tasks[middle]!
      if (other.atMs < task.atMs || (other.atMs === task.atMs && other.order < task.order)) low = middle + 1
      else high = middle
    }
    this.#tasks.splice(low, 0, task)
  }

  #nextDue(untilMs: MonoMs): Task | undefined {
    const first = this.#tasks[0]
    return first && first.atMs <= untilMs ? first : undefined
  }

  async #runTask(task: Task): Promise<void> {
    this.#tasks.shift()
    this.#nowMs = Math.max(this.#nowMs, task.atMs)
    task.run()
    if (task.periodMs !== undefined && !task.cancelled) {
      task.atMs += task.periodMs
      task.order = this.#order++
      this.#insert(task)
    }
    if (++this.#timersRun % timersPerTurn === 0) await this.settle()
    else await this.#settle()
  }
}

/**
 * A tick runs when no promise continuation is left. Continuations may make ticks, and those more continuations: a few
 * rounds of that are waited for, at a small part of what a turn of the event loop costs.
 */
function drainMicrotasks(): Promise<void> {
  return new Promise((resolve) => {
    let rounds = 4
    const round = () => {
      if (--rounds === 0) resolve()
      else process.nextTick(round)
    }
    process.nextTick(round)
  })
}
