export interface Flushable {
  flush(): void
}

/**
 * Writes of one event-loop callback leave together, in that same turn:
 *
 *   callback (socket data, or end of turn in which the store acknowledges)
 *     └► its microtasks (continuations that answer or call)
 *          └► flush: one write per connection
 *
 * A microtask that schedules a tick gets behind all of them: Node runs ticks when the microtask queue is empty.
 */
export class TurnFlusher {
  #waiting: Flushable[] = []
  #scheduled = false

  /** `target.flush()` runs once before the turn ends. The caller sees to it that a target is added only once. */
  add(target: Flushable): void {
    this.#waiting.push(target)
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(this.#behindMicrotasks)
  }

  readonly #behindMicrotasks = () => {
    process.nextTick(this.#flush)
  }

  readonly #flush = () => {
    this.#scheduled = false
    const waiting = this.#waiting
    this.#waiting = []
    for (const target of waiting) target.flush()
  }
}
