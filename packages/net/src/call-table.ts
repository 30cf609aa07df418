/** Calls under way on one connection, by the number that their answers carry (reference: wire 3.2, opaque). */
export class CallTable<Call extends { opaque: number }> {
  readonly #calls = new Map<number, Call>()
  #lastNumber = 0

  get size(): number {
    return this.#calls.size
  }

  /** A number that no call under way has: the next in [0, 2^31). */
  nextNumber(): number {
    do this.#lastNumber = (this.#lastNumber + 1) & 0x7fff_ffff
    while (this.#calls.has(this.#lastNumber))
    return this.#lastNumber
  }

  /** The next number is the one after `number`, when it is free. */
  continueAfter(number: number): void {
    this.#lastNumber = number
  }

  /** Numbers the call. */
  add(call: Call): void {
    call.opaque = this.nextNumber()
    this.#calls.set(call.opaque, call)
  }

  /** undefined: its call was given up, or there never was one. */
  find(opaque: number): Call | undefined {
    return this.#calls.get(opaque)
  }

  remove(call: Call): void {
    this.#calls.delete(call.opaque)
  }

  /** All of them; the table may change meanwhile. */
  list(): Call[] {
    return [...this.#calls.values()]
  }
}
