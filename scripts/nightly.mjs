// `npm run nightly [-- seeds [test…]]`: the random tests with many seeds, 2,000 unless told; hours.
// Arguments behind the number are parts of file names, as with `npm test`.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './prepare.mjs'

const [count = '2000', ...wanted] = process.argv.slice(2)
if (!/^[1-9]\d{0,6}$/.test(count)) {
  console.error(`${count} is no number of seeds from 1 to 9999999`)
  process.exit(1)
}
const packages = join(root, 'packages')
const files = readdirSync(packages)
  .flatMap((name) =>
    readdirSync(join(packages, name, 'src'), { recursive: true }).map((file) => join(name, 'src', file)),
  )
  .filter((file) => file.endsWith('.test.ts') && isSeeded(file))
  .map((file) => file.replace('/src/', '/dist/').replace(/\.ts$/, '.js'))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
console.error(files.join('\n'))
if (files.length === 0) {
  console.error(`no random test matches ${wanted.join(' ')}`)
  process.exit(1)
}
console.error(`${count} seeds for ${files.length} test files`)
const run = spawn(process.execPath, [join(root, 'scripts/test.mjs'), ...files], {
  env: { ...process.env, AEROBEE_SEEDS: count },
  stdio: 'inherit',
})
run.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))

/** Whether it asks the test kit for seeds, or tells stories of the scenarios with several. */
function isSeeded(file) {
  const text = readFileSync(join(packages, file), 'utf8')
  return (
    /\b(forEachSeed|seeds)\b[^;]*'@aerobee\/testkit'/.test(text) || /^story\([\s\S]*\bseeds\b/m.test(text)
  )
}
