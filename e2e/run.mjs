// Runs the interop suites: real third-party clients and tools against our server, or against Apache RocketMQ 5.3.3.
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { killChildrenOnExit } from './lib/processes.mjs'
import { isBuilt, useBuild } from './lib/servers.mjs'
import { runSuites } from './lib/suite.mjs'
import { repository } from './lib/tools.mjs'
import { suites } from './suites/index.mjs'

const usage = `usage: node e2e/run.mjs [options]
  --target aerobee|apache   what to test (default aerobee); apache shows that the suites themselves are right
  --only TEXT               suites whose name is TEXT or starts with it, or "suite - case"; may be repeated
  --main FILE               another build of ours, by its main.js
  --list                    the suites and what each proves
  --kills N                 how often the kill suites kill the broker (default 20)
  --keep                    keep data and logs`

const { values } = parseArgs({
  options: {
    target: { type: 'string', default: 'aerobee' },
    only: { type: 'string', multiple: true, default: [] },
    list: { type: 'boolean', default: false },
    main: { type: 'string' },
    kills: { type: 'string', default: '20' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

/** @param {string} suite @param {string} name */
function wanted(suite, name) {
  return values.only.length === 0 || values.only.some((text) => `${suite} - ${name}`.startsWith(text))
}

/** The server is built when it is not there yet. */
function buildServer() {
  if (isBuilt()) return
  const built = spawnSync('npx', ['tsc', '-b'], { cwd: repository, stdio: 'inherit' })
  if (built.status !== 0) throw new Error('the server could not be built: npx tsc -b failed')
}

async function main() {
  if (values.help) return console.log(usage)
  if (values.list) {
    for (const suite of suites) console.log(`${suite.name.padEnd(14)} ${suite.proves}`)
    return
  }
  if (values.target !== 'aerobee' && values.target !== 'apache') throw new Error(`unknown --target\n${usage}`)
  const chosen = suites.filter(
    (suite) => wanted(suite.name, '') || values.only.some((text) => text.startsWith(`${suite.name} - `)),
  )
  if (chosen.length === 0) throw new Error(`no suite matches ${values.only.join(', ')}; see --list`)
  killChildrenOnExit()
  if (values.main) useBuild(values.main)
  if (values.target === 'aerobee') buildServer()
  const { target, keep } = values
  const report = await runSuites(chosen, { target, keep, kills: Number(values.kills), wanted })
  process.exitCode = report.failed > 0 ? 1 : 0
}

main().catch((error) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
