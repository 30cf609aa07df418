import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Linux only: everything here reads /proc. */
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })) || 100

/**
 * CPU time of a process with all its threads, user and system.
 * @param {number} pid @returns {number} milliseconds, NaN when the process is gone
 */
export function processCpuMs(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond
  } catch {
    return Number.NaN
  }
}

/** CPU time the whole machine spent working. @returns {number} milliseconds */
export function machineCpuMs() {
  const line = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0].split(/\s+/).slice(1).map(Number)
  const [user, nice, system, , , irq, softIrq, steal] = line
  return ((user + nice + system + irq + softIrq + steal) * 1000) / ticksPerSecond
}

/**
 * @param {number} pid
 * @returns {{rssMiB: number, anonMiB: number}} resident memory, and the part of it that no file backs
 */
export function processMemory(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  /** @param {string} key */
  const mib = (key) =>
    Math.round(Number(status.match(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm'))?.[1] ?? 0) / 102.4) / 10
  return { rssMiB: mib('VmRSS'), anonMiB: mib('RssAnon') }
}

/** @param {number} pid */
export function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
