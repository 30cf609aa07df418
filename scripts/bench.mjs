/**
 * Measures the broker, and Apache RocketMQ beside it in the same run when Java and Maven are present.
 * See bench/README.md; `npm run bench -- --help` for the options.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { killChildren } from '../bench/lib/children.mjs'
import { faultsOf, report } from '../bench/lib/report.mjs'
import { runScenarios } from '../bench/lib/run.mjs'
import { apache, barePeer, oursPeer } from '../bench/peers/index.mjs'
import { scenarios } from '../bench/scenarios/index.mjs'

const help = `npm run bench -- [options]

  --only a,b        scenarios: ${scenarios.map((scenario) => scenario.name).join(', ')}
  --ours --apache --bare   which brokers; without any of them ours, and Apache when Java and Maven are present
  --seconds N       measured time of each scenario (5)
  --warmup N        seconds of load before it (2)
  --attempts N      measure again, up to N times, while others use more than 0.3 cores (3)
  --quiet N         seconds to wait for a quiet machine before each (20)
  --json FILE       raw results
  --markdown FILE   the tables
  --dir DIR         where the brokers keep their data while they run (the system's temporary folder)
  --max-minutes N   end everything after so long (45)

Examples:
  npm run bench -- --only send-64,send-1 --ours --bare
  npm run bench -- --seconds 10 --json bench/results/today.json`

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    ours: { type: 'boolean', default: false },
    apache: { type: 'boolean', default: false },
    bare: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '5' },
    warmup: { type: 'string', default: '2' },
    attempts: { type: 'string', default: '3' },
    quiet: { type: 'string', default: '20' },
    json: { type: 'string' },
    markdown: { type: 'string' },
    dir: { type: 'string', default: tmpdir() },
    'max-minutes': { type: 'string', default: '45' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

/** @param {string} text @returns {never} */
function leave(text) {
  console.error(text)
  process.exit(1)
}

/** @param {'seconds' | 'warmup' | 'max-minutes' | 'attempts' | 'quiet'} name @param {number} least @param {number} most */
function amount(name, least, most) {
  const value = Number(values[name])
  if (!(value >= least && value <= most)) leave(`--${name} must be a number from ${least} to ${most}`)
  return value
}

function chosenScenarios() {
  if (values.only === undefined) return scenarios
  const names = values.only.split(',')
  const unknown = names.find((name) => !scenarios.some((scenario) => scenario.name === name))
  if (unknown !== undefined) leave(`there is no scenario ${unknown}; see npm run bench -- --help`)
  return scenarios.filter((scenario) => names.includes(scenario.name))
}

/** @param {string} workDir */
function chosenPeers(workDir) {
  const asked = values.ours || values.apache || values.bare
  const candidates = [
    { peer: oursPeer(workDir), wanted: values.ours },
    { peer: apache(workDir), wanted: values.apache },
    { peer: barePeer(workDir), wanted: values.bare },
  ]
  const peers = []
  for (const { peer, wanted } of candidates) {
    if (asked ? !wanted : peer.name === 'bare') continue
    const missing = peer.missing()
    if (missing !== null && asked) leave(`${peer.label}: ${missing}`)
    if (missing !== null) console.error(`${peer.label} is left out: ${missing}`)
    else peers.push(peer)
  }
  return peers
}

/** @param {Record<string, any>} result one line for the terminal while it runs */
function short(result) {
  const faults = faultsOf(result)
  const parts = []
  if (result.startMedianMs !== undefined) parts.push(`ready in ${Math.round(result.startMedianMs)} ms`)
  if (result.perSecond !== undefined) parts.push(`${Math.round(result.perSecond).toLocaleString('en-US')}/s`)
  if (result.brokerCpuUsPerMessage != null)
    parts.push(`${result.brokerCpuUsPerMessage.toFixed(2)} µs CPU each`)
  if (result.p50Us != null) parts.push(`p50 ${result.p50Us} µs, p99 ${result.p99Us} µs`)
  if (result.brokerCores !== undefined) {
    const shares = [result.brokerCores, result.generatorCores, result.otherCores].map((cores) =>
      cores.toFixed(2),
    )
    parts.push(`cores: broker ${shares[0]}, generator ${shares[1]}, other ${shares[2]}`)
  }
  if (result.rssMiB !== undefined) parts.push(`RSS ${result.rssMiB} MiB (${result.anonMiB} anon)`)
  if (faults !== '') parts.push(`FAULTS: ${faults}`)
  return parts.join('; ')
}

async function main() {
  if (values.help) return console.log(help)
  const timing = {
    measureMs: amount('seconds', 0.5, 600) * 1000,
    warmupMs: amount('warmup', 0, 600) * 1000,
    attempts: amount('attempts', 1, 100),
    quietMs: amount('quiet', 0, 3600) * 1000,
  }
  const limitMs = amount('max-minutes', 0.1, 600) * 60_000
  const chosen = chosenScenarios()
  const workDir = mkdtempSync(join(values.dir, 'aerobee-bench-'))
  process.once('exit', () => {
    killChildren()
    rmSync(workDir, { recursive: true, force: true })
  })
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))
  setTimeout(() => leave(`the bench did not end within ${limitMs / 60_000} minutes`), limitMs).unref()

  const peers = chosenPeers(workDir)
  /** @type {import('../bench/lib/run.mjs').Results} */
  const results = {
    at: new Date().toISOString(),
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    machine: `${cpus().length} × ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}`,
    peers: peers.map(({ name, label, describe }) => ({ name, label, how: describe() })),
    scenarios: chosen.map(({ name, title }) => ({ name, title, byPeer: {} })),
  }
  for (const peer of peers) console.error(`${peer.label}: ${peer.describe()}`)
  const seen = new WeakSet()
  await runScenarios(peers, chosen, timing, (scenario, peer, result) => {
    const found = results.scenarios.find(({ name }) => name === scenario)
    if (found === undefined || found.byPeer[peer] === result) return
    if (!seen.has(result)) console.error(`  ${scenario}, ${peer}: ${short(result)}`)
    seen.add(result)
    found.byPeer[peer] = result
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`)
  })
  for (const peer of peers) await peer.close()
  const text = report(results)
  if (values.markdown !== undefined) writeFileSync(values.markdown, text)
  console.log(text)
}

await main()
process.exit(0)
