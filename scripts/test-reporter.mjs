// A quiet reporter for node:test: failures in full, one summary at the end.
import { relative } from 'node:path'

export default async function* report(source) {
  const startedAt = performance.now()
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const files = new Set()
  const failures = []
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue
    if (data.details?.type === 'suite') continue
    const file = data.file
      ? relative(process.cwd(), data.file).replace('/dist/', '/src/').replace(/\.js$/, '.ts')
      : ''
    const isFile = data.name === data.file || data.name.endsWith('.test.js')
    if (isFile && type === 'test:pass') continue
    files.add(file)
    if (data.skip !== undefined || data.todo !== undefined) {
      counts.skipped++
      yield `skipped  ${file}: ${data.name}${typeof data.skip === 'string' ? ` (${data.skip})` : ''}\n`
    } else if (type === 'test:pass') counts.passed++
    else {
      const error = data.details?.error
      if (error?.failureType === 'subtestsFailed') continue
      counts.failed++
      const cause = error?.cause ?? error
      failures.push(`${file}: ${data.name}\n${indent(cause?.stack ?? String(cause))}`)
      yield `FAILED   ${failures.at(-1)}\n`
    }
  }
  if (failures.length > 0)
    yield `\n${failures.length} failed:\n${failures.map((f) => `  ${f.split('\n')[0]}\n`).join('')}`
  yield `\n${files.size} test files in ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`
  yield `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`
}

const indent = (text) =>
  text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')
