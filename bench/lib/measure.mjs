import { machineCpuMs, processCpuMs } from './process-stats.mjs'

/** Monotonic milliseconds, the same clock in every process of the machine. */
export function nowMs() {
  return Number(process.hrtime.bigint()) / 1e6
}

/** @param {number} brokerPid */
function edge(brokerPid) {
  const own = process.cpuUsage()
  return {
    atMs: nowMs(),
    brokerMs: processCpuMs(brokerPid),
    ownMs: (own.user + own.system) / 1000,
    machineMs: machineCpuMs(),
  }
}

/**
 * The two edges of the measured time; CPU of the broker, of this process and of the rest of the machine between them.
 */
export class Measurement {
  /** @param {number} brokerPid */
  constructor(brokerPid) {
    this.brokerPid = brokerPid
    this.running = false
    /** @type {ReturnType<typeof edge> | null} */
    this.first = null
    /** @type {ReturnType<typeof edge> | null} */
    this.last = null
  }

  begin() {
    this.first = edge(this.brokerPid)
    this.running = true
  }

  end() {
    this.running = false
    this.last = edge(this.brokerPid)
  }

  /**
   * @param {number} messages
   * Shares are of one core: 1 is one core busy all the time.
   */
  summary(messages) {
    if (this.first === null || this.last === null) throw new Error('the measurement has no two edges')
    const elapsedMs = this.last.atMs - this.first.atMs
    const brokerMs = this.last.brokerMs - this.first.brokerMs
    const ownMs = this.last.ownMs - this.first.ownMs
    const machineMs = this.last.machineMs - this.first.machineMs
    return {
      messages,
      seconds: elapsedMs / 1000,
      perSecond: (messages * 1000) / elapsedMs,
      brokerCpuUsPerMessage: messages === 0 ? null : (brokerMs * 1000) / messages,
      brokerCores: brokerMs / elapsedMs,
      generatorCores: ownMs / elapsedMs,
      otherCores: Math.max(0, machineMs - brokerMs - ownMs) / elapsedMs,
      beginMs: this.first.atMs,
      endMs: this.last.atMs,
    }
  }
}

/** @param {number} ms */
export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/**
 * Waits until `done()` holds. @param {() => boolean} done @param {number} limitMs @returns {Promise<boolean>} whether it did
 */
export async function waitUntil(done, limitMs) {
  const deadline = nowMs() + limitMs
  while (!done()) {
    if (nowMs() > deadline) return false
    await sleep(5)
  }
  return true
}
