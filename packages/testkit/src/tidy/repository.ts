import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository as text, for the tests that lint it. */
export const repositoryRoot = fileURLToPath(new URL('../../../..', import.meta.url))

export interface SourceFile {
  /** From the repository root, with slashes. */
  path: string
  /** Package folder, e.g. `wire`. */
  packageName: string
  text: string
  lines: readonly string[]
  isTest: boolean
}

export function sourceFiles(): SourceFile[] {
  const packages = join(repositoryRoot, 'packages')
  return readdirSync(packages).flatMap((packageName) =>
    walk(join(packages, packageName, 'src'))
      .filter((file) => file.endsWith('.ts'))
      .map((file) => sourceFile(file, packageName)),
  )
}

function sourceFile(file: string, packageName: string): SourceFile {
  const text = readFileSync(file, 'utf8')
  return {
    path: relative(repositoryRoot, file).replaceAll('\\', '/'),
    packageName,
    text,
    lines: text.split('\n'),
    isTest: file.endsWith('.test.ts'),
  }
}

export function walk(folder: string): string[] {
  let names: string[]
  try {
    names = readdirSync(folder).sort()
  } catch {
    return []
  }
  return names.flatMap((name) => {
    if (name === 'node_modules' || name === 'dist' || name.startsWith('.git')) return []
    const path = join(folder, name)
    return statSync(path).isDirectory() ? walk(path) : [path]
  })
}

/** Module specifiers of static and dynamic imports and re-exports. */
export function importsOf(file: SourceFile): string[] {
  const statement =
    /^(?:import|export)\b[^'"]*?\bfrom\s+'([^']+)'|^import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm
  return [...file.text.matchAll(statement)].map((match) => (match[1] ?? match[2] ?? match[3])!)
}

/** Source lines without comments, with their numbers from 1. */
export function codeLines(file: SourceFile): { number: number; code: string }[] {
  let inComment = false
  return file.lines.flatMap((line, i) => {
    let code = line
    if (inComment) {
      const end = code.indexOf('*/')
      if (end < 0) return []
      code = code.slice(end + 2)
      inComment = false
    }
    code = code.replace(/\/\*.*?\*\//g, '')
    const start = code.indexOf('/*')
    if (start >= 0 && !code.slice(0, start).includes("'")) {
      inComment = true
      code = code.slice(0, start)
    }
    code = code.replace(/(^|[^:'"`])\/\/.*$/, '$1')
    return code.trim() === '' ? [] : [{ number: i + 1, code }]
  })
}
