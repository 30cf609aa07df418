import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** @typedef {{name: string, place: string, selfMs: number}} FunctionTime */

/**
 * Self time of each function in a V8 .cpuprofile, between two moments of the monotonic clock.
 *
 * @param {string} file @param {{beginMs: number, endMs: number}} span @param {string} root paths are shown from here
 * @returns {{busyMs: number, idleMs: number, functions: FunctionTime[]}} functions, most expensive first
 */
export function selfTimes(file, { beginMs, endMs }, root) {
  const profile = JSON.parse(readFileSync(file, 'utf8'))
  const frames = new Map(profile.nodes.map((/** @type {any} */ node) => [node.id, node.callFrame]))
  /** @type {Map<string, FunctionTime>} */
  const byFunction = new Map()
  let idleMs = 0
  let at = profile.startTime
  for (let index = 0; index < profile.samples.length; index++) {
    at += profile.timeDeltas[index]
    const lasted = (profile.timeDeltas[index + 1] ?? 0) / 1000
    if (at / 1000 < beginMs || at / 1000 > endMs) continue
    const frame = frames.get(profile.samples[index])
    if (frame.functionName === '(idle)') {
      idleMs += lasted
      continue
    }
    const place = frame.url === '' ? '' : `${shortPath(frame.url, root)}:${frame.lineNumber + 1}`
    const key = `${frame.functionName} ${place}`
    const entry = byFunction.get(key) ?? { name: frame.functionName || '(anonymous)', place, selfMs: 0 }
    entry.selfMs += lasted
    byFunction.set(key, entry)
  }
  const functions = [...byFunction.values()].sort((a, b) => b.selfMs - a.selfMs)
  return { busyMs: functions.reduce((sum, { selfMs }) => sum + selfMs, 0), idleMs, functions }
}

/** @param {string} url @param {string} root */
function shortPath(url, root) {
  return url.startsWith('file:') ? relative(root, fileURLToPath(url)) : url
}
