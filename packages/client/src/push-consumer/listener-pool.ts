/** Calls of one kind that wait: a pull brings many, and one entry stands for all of them. */
interface Calls {
  readonly count: number
  next: number
  readonly run: (index: number) => Promise<void>
}

/** Runs listeners, at most `limit` at once, in the order given; the bound of what waits is the pull's flow control. */
export class ListenerPool {
  #limit: number
  #waiting: Calls[] = []
  #head = 0
  #running = 0
  #idle: (() => void)[] = []
  #stopped = false

  constructor(limit: number) {
    this.#limit = limit
  }

  get running(): number {
    return this.#running
  }

  get limit(): number {
    return this.#limit
  }

  /** Takes effect at once when it grows, else as listeners end. */
  resize(limit: number): void {
    this.#limit = limit
    this.#fill()
  }

  /** `run` is called `count` times, with 0, 1, …, and must not reject. Dropped after drain(). */
  submit(count: number, run: (index: number) => Promise<void>): void {
    if (this.#stopped || count === 0) return
    this.#waiting.push({ count, next: 0, run })
    this.#fill()
  }

  /** Drops what waits and what comes; resolves when nothing runs. */
  drain(): Promise<void> {
    this.#stopped = true
    this.#waiting = []
    this.#head = 0
    if (this.#running === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  readonly #ended = () => {
    this.#running--
    this.#fill()
    if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }

  #fill(): void {
    while (this.#running < this.#limit) {
      const calls = this.#waiting[this.#head]
      if (calls === undefined) return
      const index = calls.next++
      if (calls.next === calls.count) this.#toNext()
      this.#running++
      calls.run(index).then(this.#ended)
    }
  }

  #toNext(): void {
    this.#head++
    if (this.#head === this.#waiting.length) {
      this.#waiting = []
      this.#head = 0
    } else if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting.splice(0, this.#head)
      this.#head = 0
    }
  }
}
