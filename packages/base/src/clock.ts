/**
 * Time as a parameter. Wall time says what o'clock it is and may jump; monotonic time only measures spans.
 * They are different types, so that no span is ever computed from a clock that an operator can set.
 */
declare const wallBrand: unique symbol
declare const monoBrand: unique symbol

/** Milliseconds since 1970-01-01 UTC. May jump in both directions. */
export type WallMs = number & { readonly [wallBrand]?: true }
/** Milliseconds since an arbitrary start. Never goes back. */
export type MonoMs = number & { readonly [monoBrand]?: true }

export interface Timer {
  /** Idempotent. */
  cancel(): void
}

export interface Clock {
  wallMs(): WallMs
  monoMs(): MonoMs
  /** Runs once. The timer keeps the process alive unless `background` is set. */
  after(delayMs: number, run: () => void, options?: { background?: boolean }): Timer
  /** Runs repeatedly, first after one period. */
  every(periodMs: number, run: () => void, options?: { background?: boolean }): Timer
  /** Runs after all input that has already arrived in this event-loop turn was handled. */
  endOfTurn(run: () => void): void
}

/** Lets the event loop turn. */
export const endOfTurn = (clock: Clock): Promise<void> => new Promise((resolve) => clock.endOfTurn(resolve))

/** Resolves after `delayMs`, or rejects with the signal's reason. Leaves no timer behind. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      timer.cancel()
      reject(signal?.reason)
    }
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
