import type { Clock } from './clock.js'

/** The machine's clock: the one home of Date.now and setTimeout. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monoMs: () => performance.now(),
  after(delayMs, run, options) {
    const handle = setTimeout(run, delayMs)
    if (options?.background) handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
  every(periodMs, run, options) {
    const handle = setInterval(run, periodMs)
    if (options?.background) handle.unref()
    return { cancel: () => clearInterval(handle) }
  },
  endOfTurn(run) {
    setImmediate(run)
  },
}
