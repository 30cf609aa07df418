// Installs what is missing and builds what changed. Uses nothing but Node and npm.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Aerobee needs Node 20.19 or newer; this is ${process.version}.`)
  process.exit(1)
}

/** Runs a step, quiet when it succeeds. */
function step(title, command, args) {
  process.stderr.write(`${title} … `)
  const startedAt = performance.now()
  const run = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`)
  if (run.status === 0) return
  process.stderr.write(`${run.stdout ?? ''}${run.stderr ?? ''}${run.error ? `${run.error.message}\n` : ''}`)
  process.exit(run.status || 1)
}

const changedAt = (path) => (existsSync(`${root}${path}`) ? statSync(`${root}${path}`).mtimeMs : 0)

export function installMissing() {
  const installed = changedAt('node_modules/.package-lock.json')
  if (installed > 0 && installed >= changedAt('package-lock.json')) return
  const npm = process.env.npm_execpath
  if (npm?.endsWith('.js')) step('installing packages', process.execPath, [npm, 'ci'])
  else step('installing packages', process.platform === 'win32' ? 'npm.cmd' : 'npm', ['ci'])
}

export function build() {
  step('building', process.execPath, ['node_modules/typescript/bin/tsc', '-b'])
}

export function prepare() {
  installMissing()
  build()
}
