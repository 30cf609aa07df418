import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { codeLines, importsOf, repositoryRoot, type SourceFile, sourceFiles } from './repository.js'

const files = sourceFiles()
const sources = files.filter((file) => !file.isTest)
const none = (findings: string[]) => assert.deepEqual(findings, [])

/** A package imports only from the packages named here (ARCHITECTURE.md, Packages). */
const layers: Record<string, readonly string[]> = {
  base: [],
  wire: ['base'],
  filter: ['base', 'wire'],
  net: ['base', 'wire'],
  store: ['base', 'wire'],
  testkit: ['base', 'wire', 'net'],
  client: ['base', 'wire', 'net', 'filter'],
  namesrv: ['base', 'wire', 'net'],
  broker: ['base', 'wire', 'net', 'store', 'filter'],
  aerobee: ['base', 'wire', 'net', 'store', 'filter', 'client', 'namesrv', 'broker'],
}

/** Third-party packages, and the only package that may import each. */
const thirdParty: Record<string, readonly string[]> = {
  commander: ['aerobee'],
  pino: ['aerobee'],
}
/** Loaded on demand when a message needs them. */
const optionalCodecs = 'packages/wire/src/message/compression'

test('layer arrows point one way', () => {
  const wrong = sources.flatMap((file) =>
    importsOf(file)
      .filter((name) => name.startsWith('@aerobee/'))
      .filter((name) => !layers[file.packageName]?.includes(name.slice('@aerobee/'.length)))
      .map((name) => `${file.path} imports ${name}`),
  )
  none(wrong)
})

test('a package is imported by its public surface only', () => {
  none(
    files.flatMap((file) =>
      importsOf(file)
        .filter((n) => /^@aerobee\/[^/]+\//.test(n))
        .map((n) => `${file.path}: ${n}`),
    ),
  )
})

test('third-party packages are imported only where they belong', () => {
  const wrong = sources.flatMap((file) =>
    importsOf(file)
      .filter((name) => !name.startsWith('.') && !name.startsWith('node:') && !name.startsWith('@aerobee/'))
      .filter(
        (name) => !thirdParty[name]?.includes(file.packageName) && !file.path.startsWith(optionalCodecs),
      )
      .map((name) => `${file.path} imports ${name}`),
  )
  none(wrong)
})

test('no file is longer than 400 lines', () => {
  none(
    files
      .filter((file) => file.lines.length > 401)
      .map((file) => `${file.path}: ${file.lines.length - 1} lines`),
  )
})

/** What only one place may call, and that place. */
const homes: readonly { call: RegExp; allowed: readonly string[] }[] = [
  {
    call: /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b/,
    allowed: ['packages/base/src/system-clock.ts'],
  },
  { call: /\bset(Timeout|Interval|Immediate)\(/, allowed: ['packages/base/src/system-clock.ts'] },
  { call: /\bMath\.random\b/, allowed: [] },
  {
    call: /'node:crypto'/,
    allowed: ['packages/base/src/random.ts', 'packages/wire/src/', 'packages/client/src/'],
  },
  {
    call: /'(node:)?fs(\/promises)?'/,
    allowed: [
      'packages/base/src/node-file-system',
      'packages/testkit/src/tidy/',
      'packages/testkit/src/tls-front.ts',
      'packages/aerobee/src/commands/demo.ts',
    ],
  },
  {
    call: /'(node:)?(net|tls|dgram|http|https)'/,
    allowed: [
      'packages/net/src/tcp-transport.ts',
      'packages/net/src/tls-connect.ts',
      'packages/testkit/src/chaos-relay',
      'packages/testkit/src/tls-front.ts',
    ],
  },
  { call: /'(node:)?child_process'|\beval\(|\bnew Function\b|'(node:)?vm'/, allowed: [] },
  {
    call: /\bprocess\.(env|argv|exit|stdout|stderr)\b/,
    allowed: ['packages/testkit/src/seeds.ts', 'packages/aerobee/src/', 'packages/client/src/environment.ts'],
  },
  { call: /\bconsole\./, allowed: ['packages/aerobee/src/commands/dev.ts'] },
  {
    call: /\bimport\(/,
    allowed: [optionalCodecs, 'packages/net/src/tls-transport.ts', 'packages/aerobee/src/main.ts'],
  },
]

test('clock, disk, network, randomness and the process are reached only from their one home', () => {
  const wrong = sources.flatMap((file) =>
    codeLines(file).flatMap(({ number, code }) =>
      homes
        .filter(({ call, allowed }) => call.test(code) && !allowed.some((home) => file.path.startsWith(home)))
        .map(() => `${file.path}:${number}: ${code.trim()}`),
    ),
  )
  none(wrong)
})

test('no leftovers: TODO, suppressed errors, skipped or exclusive tests', () => {
  const leftover =
    /\b(TODO|FIXME|XXX)\b(?!X)|@ts-(ignore|expect-error|nocheck)|\b(test|it|describe)\.(skip|only|todo)\(/
  const wrong = files
    .filter((file) => !file.path.includes('/tidy/'))
    .flatMap((file) =>
      file.lines.flatMap((line, i) =>
        leftover.test(line.replace(/SCHEDULE_TOPIC_XXXX/g, ''))
          ? [`${file.path}:${i + 1}: ${line.trim()}`]
          : [],
      ),
    )
  none(wrong)
})

test('no test sleeps', () => {
  const wrong = files
    .filter((file) => file.isTest)
    .flatMap((file) =>
      codeLines(file)
        .filter(({ code }) => /\bset(Timeout|Interval)\(|'node:timers\/promises'/.test(code))
        .map(({ number, code }) => `${file.path}:${number}: ${code.trim()}`),
    )
  none(wrong)
})

test('no dead files: everything is reached from an index or an entry point', () => {
  const byPath = new Map(sources.map((file) => [file.path, file]))
  const reached = new Set<string>()
  const visit = (file: SourceFile) => {
    if (reached.has(file.path)) return
    reached.add(file.path)
    for (const name of importsOf(file)) {
      if (!name.startsWith('.')) continue
      const target = join(file.path, '..', name).replaceAll('\\', '/').replace(/\.js$/, '.ts')
      const found = byPath.get(target)
      if (found) visit(found)
    }
  }
  for (const file of sources) if (/^packages\/[^/]+\/src\/(index|main)\.ts$/.test(file.path)) visit(file)
  for (const file of files.filter((one) => one.isTest && one.path.includes('/tidy/'))) visit(file)
  none(sources.filter((file) => !reached.has(file.path)).map((file) => file.path))
})

test('enums and parameter properties do not occur: sources are erasable', () => {
  const wrong = files.flatMap((file) =>
    codeLines(file)
      .filter(({ code }) =>
        /^\s*(export\s+)?(const\s+)?enum\s|\bconstructor\(\s*(private|public|protected|readonly)\b/.test(
          code,
        ),
      )
      .map(({ number }) => `${file.path}:${number}`),
  )
  none(wrong)
})

test('the pages a newcomer is promised are there', () => {
  const pages = [
    'README.md',
    'ARCHITECTURE.md',
    'STYLE.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'CHANGELOG.md',
    'LICENSE',
    'NOTICE',
  ]
  none(pages.filter((page) => !existsSync(join(repositoryRoot, page))))
})

test('relative links in the pages lead somewhere', () => {
  const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/migration.md']
  const wrong = pages.flatMap((page) => {
    const path = join(repositoryRoot, page)
    const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
    return [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
      .map((match) => match[1]!)
      .filter((link) => !existsSync(join(path, '..', link)))
      .map((link) => `${page}: ${link}`)
  })
  none(wrong)
})
