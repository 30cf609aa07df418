/** Runs listeners, at most `limit` at once, in the order given; the bound of what waits is the pull's flow control. */
export class ListenerPool {
  readonly #limit: number
  readonly #waiting: (() => Promise<void>)[] = []
  #head = 0
  #running = 0
  #idle: (() => void)[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  /** `task` must not reject. */
  submit(task: () => Promise<void>): void {
    if (this.#running >= this.#limit) this.#waiting.push(task)
    else this.#run(task)
  }

  /** Drops what waits; resolves when nothing runs. */
  drain(): Promise<void> {
    this.#waiting.length = 0
    this.#head = 0
    if (this.#running === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  #run(task: () => Promise<void>): void {
    this.#running++
    task().then(() => {
      this.#running--
      const next = this.#take()
      if (next) this.#run(next)
      else if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve()
    })
  }

  #take(): (() => Promise<void>) | undefined {
    const next = this.#waiting[this.#head]
    if (next === undefined) return undefined
    this.#head++
    if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting.splice(0, this.#head)
      this.#head = 0
    }
    return next
  }
}
