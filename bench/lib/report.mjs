import { targets } from './targets.mjs'

/** @typedef {Record<string, Record<string, any>>} ByPeer results of one scenario by peer name */

/** @param {number | null | undefined} value @param {number} [digits] */
function number(value, digits = 0) {
  if (value === null || value === undefined || Number.isNaN(value)) return '–'
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** @param {number | null | undefined} micros */
function duration(micros) {
  if (micros === null || micros === undefined) return '–'
  return micros < 1000 ? `${number(micros)} µs` : `${number(micros / 1000, 2)} ms`
}

/** @param {string[][]} rows the first is the head @returns {string} a Markdown table, columns padded */
export function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const line = (/** @type {string[]} */ row) =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  return [line(rows[0]), rule, ...rows.slice(1).map(line)].join('\n')
}

/** Each scenario and broker on a line. @param {import('./run.mjs').Results} results */
export function measuredTable({ scenarios, peers }) {
  const head = [
    'scenario',
    'broker',
    'per second',
    'CPU µs/message',
    'p50',
    'p99',
    'broker cores',
    'generator cores',
  ]
  const rows = [[...head, 'other cores', 'RSS MiB', 'anon MiB']]
  for (const { name, title, byPeer } of scenarios) {
    if (name === 'start') continue
    for (const peer of peers) {
      const result = byPeer[peer.name]
      if (result === undefined) continue
      const faults = faultsOf(result)
      rows.push([
        title,
        peer.label + (faults === '' ? '' : ` (${faults})`),
        number(result.perSecond),
        number(result.brokerCpuUsPerMessage, 2),
        duration(result.p50Us),
        duration(result.p99Us),
        number(result.brokerCores, 2),
        number(result.generatorCores, 2),
        number(result.otherCores, 2),
        number(result.rssMiB),
        number(result.anonMiB),
      ])
    }
  }
  return table(rows)
}

/** What went wrong inside a measurement; a figure with faults is not a figure. @param {Record<string, any>} result */
export function faultsOf(result) {
  const faults = []
  for (const key of ['refused', 'unanswered', 'strays', 'missing', 'early', 'closedByBroker']) {
    if (result[key] > 0) faults.push(`${number(result[key])} ${key}`)
  }
  if (result.failure) faults.push(result.failure)
  if (result.error) faults.push(`failed: ${result.error}`)
  return faults.join(', ')
}

/** @param {import('./run.mjs').Results} results */
export function startTable({ scenarios, peers }) {
  const found = scenarios.find((scenario) => scenario.name === 'start')
  if (found === undefined) return ''
  const rows = [['broker', 'start min ms', 'start median ms', 'RSS MiB', 'anon MiB']]
  for (const peer of peers) {
    const result = found.byPeer[peer.name]
    if (result === undefined) continue
    const times = [number(result.startMinMs), number(result.startMedianMs)]
    rows.push([peer.label, ...times, number(result.rssMiB), number(result.anonMiB)])
  }
  return table(rows)
}

/** Ratios of Aerobee to Apache. @param {import('./run.mjs').Results} results */
export function ratioTable({ scenarios }) {
  const rows = [['scenario', 'rate', 'messages per CPU second', 'p50', 'p99', 'RSS', 'anon']]
  for (const { name, title, byPeer } of scenarios) {
    const { ours, apache } = byPeer
    if (ours === undefined || apache === undefined || ours.error || apache.error) continue
    const times = (/** @type {number} */ a, /** @type {number} */ b) =>
      a > 0 && b > 0 ? `${number(a / b, 2)} ×` : '–'
    rows.push([
      name === 'start' ? `${title} (time ${times(ours.startMedianMs, apache.startMedianMs)})` : title,
      times(ours.perSecond, apache.perSecond),
      times(apache.brokerCpuUsPerMessage, ours.brokerCpuUsPerMessage),
      times(ours.p50Us, apache.p50Us),
      times(ours.p99Us, apache.p99Us),
      times(ours.rssMiB, apache.rssMiB),
      times(ours.anonMiB, apache.anonMiB),
    ])
  }
  return rows.length === 1 ? '' : table(rows)
}

/** @param {import('./run.mjs').Results} results */
export function targetTable({ scenarios }) {
  const rows = [['scenario', 'target', 'bound', 'measured', '']]
  for (const target of targets) {
    const found = scenarios.find((scenario) => scenario.name === target.scenario)
    const ours = found?.byPeer.ours
    if (found === undefined || ours === undefined || ours.error) continue
    const measured = target.measured(ours, found.byPeer.apache?.error ? undefined : found.byPeer.apache)
    if (measured === null || Number.isNaN(measured)) continue
    const met = target.sense === 'atMost' ? measured <= target.bound : measured >= target.bound
    const bound = `${target.sense === 'atMost' ? '≤' : '≥'} ${target.bound}`
    rows.push([found.title, target.text, bound, number(measured, 2), met ? 'reached' : 'MISSED'])
  }
  return rows.length === 1 ? '' : table(rows)
}

/** @param {import('./run.mjs').Results} results */
export function report(results) {
  const sections = [
    ['Start', startTable(results)],
    ['Measured', measuredTable(results)],
    ['Aerobee to Apache', ratioTable(results)],
    ['Targets', targetTable(results)],
  ]
  const shown = sections.filter(([, text]) => text !== '').map(([title, text]) => `## ${title}\n\n${text}\n`)
  const head = [
    `Command: \`${results.command}\``,
    `Machine: ${results.machine}`,
    ...results.peers.map((peer) => `${peer.label}: \`${peer.how}\``),
  ]
  return `${head.map((line) => `- ${line}`).join('\n')}\n\n${shown.join('\n')}`
}
