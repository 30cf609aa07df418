import { assert } from '@aerobee/base'

/**
 * JSON bodies are described once, as shapes; a shape reads parsed JSON and writes text (reference: wire 3.4).
 * Reading is as lenient as Java's fastjson: unknown keys are passed over, numbers may be text, enum constants may be
 * ordinals, map keys may be numbers or objects. Writing is fastjson's text byte for byte, where Java's own order of
 * keys is fixed: fields in the order of their declaration, which is Java's alphabetical one; undefined left out.
 */
export interface Shape<T> {
  /** Throws BodyFault. `value` is undefined when the key is absent; `at` says where, for the reason. */
  read(value: unknown, at: string): T
  write(value: T, form: JsonForm): string
}

/**
 * `fastjson`: keys that are numbers or objects stand unquoted, as old Java peers and the Go client's reset want it.
 * `standard`: every key quoted, ASCII only, `/` as `\/`: what 105 sends to clients that want standard JSON.
 */
export type JsonForm = 'fastjson' | 'standard'

/** Why a body is not of its shape; becomes the reason of a Result at the codec. */
export class BodyFault extends Error {}

function fault(at: string, expected: string): never {
  throw new BodyFault(`${at === '' ? 'the body' : at} is not ${expected}`)
}

/** Text in quotes as the form wants it. */
export function quoted(text: string, form: JsonForm): string {
  const json = JSON.stringify(text)
  if (form === 'fastjson') return json
  return json.replace(/[/\u007f-\uffff]/g, (unit) =>
    unit === '/' ? '\\/' : `\\u${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`,
  )
}

export const text: Shape<string> = {
  read(value, at) {
    if (typeof value === 'string') return value
    if (typeof value === 'number' || typeof value === 'boolean') return String(value)
    return fault(at, 'text')
  },
  write: quoted,
}

/** A whole number; beyond ±(2^53-1) it is taken as that bound, a fraction is cut. */
export const integer: Shape<number> = {
  read(value, at) {
    const isNumber = typeof value === 'number' || (typeof value === 'string' && value.trim() !== '')
    const whole = isNumber ? Math.trunc(Number(value)) : Number.NaN
    if (Number.isNaN(whole)) return fault(at, 'an integer')
    return Math.min(Math.max(whole, -Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER) + 0
  },
  write: (value) => String(value),
}

export const flag: Shape<boolean> = {
  read(value, at) {
    if (typeof value === 'boolean') return value
    if (value === 'true' || value === 1 || value === '1') return true
    if (value === 'false' || value === 0 || value === '0') return false
    return fault(at, 'true or false')
  },
  write: (value) => String(value),
}

/** A Java double, written as Double.toString does. */
export const decimal: Shape<number> = {
  read(value, at) {
    const number = typeof value === 'string' ? Number(value) : value
    return typeof number === 'number' && Number.isFinite(number) ? number : fault(at, 'a number')
  },
  write(value) {
    assert(Number.isFinite(value), 'JSON has no NaN and no infinity')
    return doubleText(value)
  },
}

/** Double.toString: `0.0`, `1.0E-5`, `1.2345678E7`. */
function doubleText(value: number): string {
  const size = Math.abs(value)
  if (size === 0 || (size >= 1e-3 && size < 1e7))
    return Number.isInteger(value) ? `${value}.0` : String(value)
  const [digits, exponent] = value.toExponential().split('e') as [string, string]
  return `${digits.includes('.') ? digits : `${digits}.0`}E${Number(exponent)}`
}

/** A Java enum: by name, or by its place in `names`. Absent or unknown becomes `otherwise`. */
export function oneOf<const Name extends string>(names: readonly Name[], otherwise: Name): Shape<Name> {
  return {
    read: (value) =>
      typeof value === 'number'
        ? (names[value] ?? otherwise)
        : (names.find((name) => name === value) ?? otherwise),
    write: quoted,
  }
}

export function list<T>(item: Shape<T>): Shape<readonly T[]> {
  return {
    read(value, at) {
      if (!Array.isArray(value)) return fault(at, 'a list')
      return value.map((element, i) => item.read(element, `${at}[${i}]`))
    },
    write: (value, form) => `[${value.map((element) => item.write(element, form)).join(',')}]`,
  }
}

/** A key of a map: from the text it stands as after parsing, and back to what stands before the colon. */
export interface KeyShape<K> {
  readKey(key: string, at: string): K
  writeKey(key: K, form: JsonForm): string
}

export const textKey: KeyShape<string> = { readKey: (key) => key, writeKey: quoted }

export const integerKey: KeyShape<number> = {
  readKey: (key, at) => integer.read(key, at),
  writeKey: (key, form) => (form === 'fastjson' ? String(key) : `"${key}"`),
}

export function mapOf<K, V>(key: KeyShape<K>, item: Shape<V>): Shape<ReadonlyMap<K, V>> {
  return {
    read(value, at) {
      const map = new Map<K, V>()
      for (const [name, element] of entriesOf(value, at)) {
        const where = `${at}.${name.slice(0, 64)}`
        map.set(key.readKey(name, where), item.read(element, where))
      }
      return map
    },
    write: (value, form) =>
      object([...value].map(([name, element]) => `${key.writeKey(name, form)}:${item.write(element, form)}`)),
  }
}

/** Text to text, as a plain object. */
export const textTable: Shape<Readonly<Record<string, string>>> = {
  read: (value, at) =>
    Object.fromEntries(
      entriesOf(value, at).flatMap(([name, element]) =>
        element === null ? [] : [[name, text.read(element, `${at}.${name.slice(0, 64)}`)]],
      ),
    ),
  write: (value, form) =>
    object(Object.entries(value).map(([name, element]) => `${quoted(name, form)}:${quoted(element, form)}`)),
}

export function entriesOf(value: unknown, at: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fault(at, 'an object')
  return Object.entries(value)
}

const object = (members: readonly string[]): string => `{${members.join(',')}}`

/** Absent or null becomes `value`. A function, so that nobody shares a list or table. */
export function or<T>(shape: Shape<T>, value: () => T): Shape<T> {
  return {
    read: (json, at) => (json === undefined || json === null ? value() : shape.read(json, at)),
    write: shape.write,
  }
}

/** Absent or null becomes undefined, and undefined is left out. */
export function maybe<T>(shape: Shape<T>): Shape<T | undefined> {
  return {
    read: (json, at) => (json === undefined || json === null ? undefined : shape.read(json, at)),
    write: (value, form) => (value === undefined ? '' : shape.write(value, form)),
  }
}

/** Java's primitive fields: 0, false or null when absent. */
export const integerOr = (value: number): Shape<number> => or(integer, () => value)
export const flagOr = (value: boolean): Shape<boolean> => or(flag, () => value)
export const maybeText: Shape<string | undefined> = maybe(text)

/** Fields in the order they are written; under Java's names. */
export function record<T extends object>(fields: { readonly [K in keyof T]-?: Shape<T[K]> }): Shape<T> {
  const members = Object.entries(fields) as [string, Shape<unknown>][]
  return {
    read(value, at) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return fault(at, 'an object')
      const source = value as Record<string, unknown>
      const result: Record<string, unknown> = {}
      for (const [name, shape] of members) {
        const json = Object.hasOwn(source, name) ? source[name] : undefined
        result[name] = shape.read(json, at === '' ? name : `${at}.${name}`)
      }
      return result as T
    },
    write(value, form) {
      const source = value as Record<string, unknown>
      const written: string[] = []
      for (const [name, shape] of members)
        if (source[name] !== undefined) written.push(`"${name}":${shape.write(source[name], form)}`)
      return object(written)
    },
  }
}

/** Any JSON, passed through as it was parsed. */
export const json: Shape<unknown> = {
  read: (value) => value ?? null,
  write: writeAny,
}

function writeAny(value: unknown, form: JsonForm): string {
  if (typeof value === 'string') return quoted(value, form)
  if (Array.isArray(value)) return `[${value.map((element) => writeAny(element, form)).join(',')}]`
  if (typeof value === 'object' && value !== null)
    return object(
      Object.entries(value).map(([name, element]) => `${anyKey(name, form)}:${writeAny(element, form)}`),
    )
  return value === undefined ? 'null' : String(value)
}

/** Java's numeric keys come back bare; which keys were objects is not kept. */
const anyKey = (name: string, form: JsonForm): string =>
  form === 'fastjson' && /^(0|[1-9]\d{0,8})$/.test(name) ? name : quoted(name, form)
