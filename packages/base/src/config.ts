import { AerobeeError } from './errors.js'
import { bad, good, type Result } from './result.js'

/**
 * Configuration as one typed table: key, type, range, unit, default, whether it may change at run time, doc.
 * The mechanism knows no key; programs declare theirs. A key declared `used: false` is accepted with a warning.
 */
export type ConfigValue = string | number | boolean

export interface ConfigKey<T extends ConfigValue = ConfigValue> {
  readonly type: 'string' | 'integer' | 'decimal' | 'boolean' | 'choice'
  readonly default: T
  readonly min?: number
  readonly max?: number
  readonly choices?: readonly T[]
  /** For strings: the whole value must match; `patternText` says it in words. */
  readonly pattern?: RegExp
  readonly patternText?: string
  /** May be changed at run time over the network. Paths, ports, addresses, credentials and roles never are. */
  readonly dynamic: boolean
  /** False: a key of RocketMQ that is known and has no effect here. */
  readonly used: boolean
  readonly about: string
}

export type ConfigTable = Readonly<Record<string, ConfigKey>>
export type ConfigOf<T extends ConfigTable> = {
  -readonly [K in keyof T]: T[K] extends ConfigKey<infer V> ? V : never
}

interface Options {
  dynamic?: boolean
}

const maxInt = 0x7fff_ffff

export const textKey = (
  about: string,
  value: string,
  options: Options & { pattern?: RegExp; patternText?: string } = {},
): ConfigKey<string> => ({
  type: 'string',
  default: value,
  dynamic: options.dynamic ?? false,
  used: true,
  about,
  ...(options.pattern && {
    pattern: options.pattern,
    patternText: options.patternText ?? String(options.pattern),
  }),
})

export const integerKey = (
  about: string,
  value: number,
  [min, max]: readonly [number, number] = [0, maxInt],
  options: Options = {},
): ConfigKey<number> => ({
  type: 'integer',
  default: value,
  min,
  max,
  dynamic: options.dynamic ?? false,
  used: true,
  about,
})

export const flagKey = (about: string, value: boolean, options: Options = {}): ConfigKey<boolean> => ({
  type: 'boolean',
  default: value,
  dynamic: options.dynamic ?? false,
  used: true,
  about,
})

export const choiceKey = <const C extends string>(
  about: string,
  choices: readonly C[],
  value: C,
  options: Options = {},
): ConfigKey<C> => ({
  type: 'choice',
  default: value,
  choices,
  dynamic: options.dynamic ?? false,
  used: true,
  about,
})

/** `name=default` lines: keys that are known, typed by their default, and without effect. */
export function unusedKeys(lines: string): Record<string, ConfigKey> {
  const table: Record<string, ConfigKey> = {}
  for (const line of lines.trim().split('\n')) {
    const at = line.indexOf('=')
    const name = line.slice(0, at)
    const value = line.slice(at + 1)
    const about = 'RocketMQ key without effect here'
    if (value === 'true' || value === 'false')
      table[name] = { ...flagKey(about, value === 'true'), used: false }
    else if (/^-?\d+$/.test(value) && !value.startsWith('0', value.length > 1 ? 0 : 1))
      table[name] = {
        ...integerKey(about, Number(value), [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]),
        used: false,
      }
    else if (/^-?\d+\.\d+$/.test(value))
      table[name] = { type: 'decimal', default: Number(value), dynamic: false, used: false, about }
    else table[name] = { ...textKey(about, value), used: false }
  }
  return table
}

/** What a key takes, in words: for messages and for the reference page. */
export function rangeText(key: ConfigKey): string {
  if (key.type === 'choice') return `one of ${key.choices!.join(', ')}`
  if (key.type === 'boolean') return 'true or false'
  if (key.type === 'string') return key.patternText ?? 'text'
  const word = key.type === 'integer' ? 'an integer' : 'a number'
  return key.min === undefined ? word : `${word} in [${key.min}, ${key.max}]`
}

export function parseConfigValue(name: string, key: ConfigKey, value: string): Result<ConfigValue> {
  const refused = () => bad(`${name}=${value} is not acceptable: expected ${rangeText(key)}`)
  const trimmed = value.trim()
  switch (key.type) {
    case 'string':
      return key.pattern && !key.pattern.test(trimmed) ? refused() : good(trimmed)
    case 'boolean':
      return trimmed === 'true' || trimmed === 'false' ? good(trimmed === 'true') : refused()
    case 'choice':
      return key.choices!.includes(trimmed) ? good(trimmed) : refused()
    default: {
      const number = Number(trimmed)
      if (
        trimmed === '' ||
        !(key.type === 'integer' ? Number.isSafeInteger(number) : Number.isFinite(number))
      )
        return refused()
      if ((key.min !== undefined && number < key.min) || (key.max !== undefined && number > key.max))
        return refused()
      return good(number)
    }
  }
}

export interface ConfigSource {
  /** E.g. `broker.conf`, `command line`, `environment`: named in messages. */
  name: string
  values: Readonly<Record<string, string>>
}

export interface LoadedConfig<T extends ConfigTable> {
  config: ConfigOf<T>
  /** One line each, for keys that are known and have no effect. */
  warnings: string[]
}

/**
 * Sources in rising precedence. Throws AerobeeError INVALID_CONFIG with one line naming source, key, value,
 * range or the nearest known key.
 */
export function loadConfig<T extends ConfigTable>(
  table: T,
  sources: readonly ConfigSource[],
): LoadedConfig<T> {
  const config: Record<string, ConfigValue> = {}
  for (const [name, key] of Object.entries(table)) config[name] = key.default
  const warnings: string[] = []
  for (const source of sources) {
    for (const [name, value] of Object.entries(source.values)) {
      const key = Object.hasOwn(table, name) ? table[name]! : undefined
      if (!key)
        throw new AerobeeError(
          'INVALID_CONFIG',
          `${source.name}: unknown key ${name}=${value}${suggestion(table, name)}`,
        )
      const parsed = parseConfigValue(name, key, value)
      if (!parsed.ok) throw new AerobeeError('INVALID_CONFIG', `${source.name}: ${parsed.reason}`)
      config[name] = parsed.value
      if (!key.used)
        warnings.push(`${source.name}: ${name}=${value} is a key of RocketMQ without effect here`)
    }
  }
  return { config: config as ConfigOf<T>, warnings }
}

function suggestion(table: ConfigTable, name: string): string {
  let best = ''
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const known of Object.keys(table)) {
    const distance = editDistance(name.toLowerCase(), known.toLowerCase())
    if (distance < bestDistance) [best, bestDistance] = [known, distance]
  }
  return best === '' ? '' : `; did you mean ${best}?`
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
    row = next
  }
  return row[b.length]!
}

/** `key=value` lines, sorted by key. */
export function configText(config: Readonly<Record<string, ConfigValue>>): string {
  return Object.keys(config)
    .sort()
    .map((name) => `${name}=${config[name]}\n`)
    .join('')
}
