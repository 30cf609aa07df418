// `npm test`: installs, builds, runs every unit and scenario test, and ends with one summary line.
// Arguments are parts of file names: `npm test -- wire/` runs the tests of one package.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { prepare, root } from './prepare.mjs'

prepare()
const wanted = process.argv.slice(2)
const files = readdirSync(join(root, 'packages'))
  .flatMap((name) => testFiles(join(root, 'packages', name, 'dist')))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort()
if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(' ')}`)
  process.exit(1)
}
const run = spawn(
  process.execPath,
  [
    '--test',
    `--test-concurrency=${availableParallelism()}`,
    '--test-reporter=./scripts/test-reporter.mjs',
    '--test-reporter-destination=stdout',
    ...files,
  ],
  { cwd: root, stdio: 'inherit' },
)
run.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))

function testFiles(folder) {
  let names = []
  try {
    names = readdirSync(folder, { recursive: true })
  } catch {
    return []
  }
  // A test whose source is gone may still lie there, built.
  const hasSource = (name) => existsSync(join(folder, '../src', name.replace(/\.js$/, '.ts')))
  return names
    .filter((name) => name.endsWith('.test.js') && hasSource(name))
    .map((name) => join(folder, name))
}
