/**
 * Runs one scenario against our broker under V8's profiler and prints where its event loop spent the measured time.
 *
 *   node bench/profile.mjs [--scenario send-64] [--seconds 5] [--top 30] [--bare] [--keep DIR]
 *
 * --keep leaves the .cpuprofile in DIR, to open in a browser's developer tools. The profiler itself costs some CPU:
 * take shares from here and absolute figures from `npm run bench`.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { killChildren } from './lib/children.mjs'
import { selfTimes } from './lib/cpu-profile.mjs'
import { table } from './lib/report.mjs'
import { runScenarios } from './lib/run.mjs'
import { barePeer, oursPeer } from './peers/index.mjs'
import { scenarios } from './scenarios/index.mjs'

const root = fileURLToPath(new URL('../', import.meta.url))
const limitMs = 10 * 60_000

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'send-64' },
    seconds: { type: 'string', default: '5' },
    warmup: { type: 'string', default: '2' },
    top: { type: 'string', default: '30' },
    bare: { type: 'boolean', default: false },
    keep: { type: 'string' },
  },
})

/** @param {string} text @returns {never} */
function leave(text) {
  console.error(text)
  process.exit(1)
}

/** @param {string} directory @returns {string} the largest profile: threads write their own, smaller ones */
function mainProfile(directory) {
  const files = readdirSync(directory).filter((name) => name.endsWith('.cpuprofile'))
  if (files.length === 0) leave('the broker wrote no profile: it did not end by itself')
  const sized = files.map((name) => ({
    path: join(directory, name),
    size: statSync(join(directory, name)).size,
  }))
  return sized.sort((a, b) => b.size - a.size)[0].path
}

/** @param {ReturnType<typeof selfTimes>} times @param {number} messages */
function topTable({ functions, busyMs }, messages) {
  const rows = [['share', 'ns per message', 'function', 'place']]
  for (const { name, place, selfMs } of functions.slice(0, Number(values.top))) {
    const share = `${((selfMs / busyMs) * 100).toFixed(1)} %`
    rows.push([share, ((selfMs * 1e6) / messages).toFixed(0), name, place])
  }
  return table(rows)
}

async function main() {
  const scenario = scenarios.find(({ name, ownBrokers }) => name === values.scenario && !ownBrokers)
  if (scenario === undefined) leave(`there is no scenario ${values.scenario} to profile`)
  const workDir = mkdtempSync(join(tmpdir(), 'aerobee-profile-'))
  const profiles = values.keep === undefined ? join(workDir, 'profiles') : resolve(values.keep)
  mkdirSync(profiles, { recursive: true })
  process.once('exit', () => {
    killChildren()
    rmSync(workDir, { recursive: true, force: true })
  })
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))
  setTimeout(() => leave('the profile did not end in time'), limitMs).unref()

  const flags = ['--cpu-prof', `--cpu-prof-dir=${profiles}`, '--cpu-prof-interval', '200']
  const peer = values.bare ? barePeer(workDir, flags) : oursPeer(workDir, flags)
  const missing = peer.missing()
  if (missing !== null) leave(missing)
  const timing = {
    measureMs: Number(values.seconds) * 1000,
    warmupMs: Number(values.warmup) * 1000,
    attempts: 1,
    quietMs: 0,
  }
  /** @type {Record<string, any>} */
  let result = {}
  await runScenarios([peer], [scenario], timing, (_scenario, _peer, measured) => {
    result = measured
  })
  if (result.error) leave(`the scenario failed: ${result.error}`)
  const times = selfTimes(mainProfile(profiles), result, root)
  console.log(
    `${peer.label}, ${scenario.title}: ${Math.round(result.perSecond)} messages/s under the profiler`,
  )
  console.log(`event loop busy ${times.busyMs.toFixed(0)} ms, idle ${times.idleMs.toFixed(0)} ms\n`)
  console.log(topTable(times, result.messages))
}

await main()
process.exit(0)
