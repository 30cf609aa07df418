/** Runs listeners, at most `limit` at once, in the order given; the bound of what waits is the pull's flow control. */
export class ListenerPool {
  #limit: number
  #waiting: (() => Promise<void>)[] = []
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

  /** `task` must not reject. Dropped after drain(). */
  submit(task: () => Promise<void>): void {
    if (this.#stopped) return
    if (this.#running >= this.#limit) this.#waiting.push(task)
    else this.#run(task)
  }

  /** Drops what waits and what comes; resolves when nothing runs. */
  drain(): Promise<void> {
    this.#stopped = true
    this.#waiting = []
    this.#head = 0
    if (this.#running === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  #run(task: () => Promise<void>): void {
    this.#running++
    task().then(this.#ended)
  }

  readonly #ended = () => {
    this.#running--
    this.#fill()
    if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }

  #fill(): void {
    while (this.#running < this.#limit) {
      const next = this.#waiting[this.#head]
      if (next === undefined) return
      this.#head++
      if (this.#head === this.#waiting.length) {
        this.#waiting = []
        this.#head = 0
      } else if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
        this.#waiting.splice(0, this.#head)
        this.#head = 0
      }
      this.#run(next)
    }
  }
}
