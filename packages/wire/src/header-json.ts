import { bad, good, limits, type Result } from '@aerobee/base'
import { type ExtFields, type Frame, serializeTypes } from './frame.js'
import { quotedUpperBound, writeInteger, writePlain, writeQuoted } from './json-text-writer.js'
import { languageByte, languageName } from './languages.js'

/**
 * JSON header (reference: wire 3.2). Java writes the keys in this order, without spaces, and leaves out nulls:
 *
 *   {"code":310,"extFields":{"a":"PG","b":"T"},"flag":0,"language":"JAVA","opaque":3,"remark":"text",
 *    "serializeTypeCurrentRPC":"JSON","version":479}
 *
 * Values of ext fields are text. Numbers and booleans in their place are taken as their text, null as absent.
 * A missing code, flag, opaque or version is 0.
 *
 * Reading has two ways with one result: a scan for headers in compact form (all that clients send), several times
 * faster than JSON.parse on them, and JSON.parse for everything else.
 */
export function decodeJsonHeader(header: string, body: Uint8Array): Result<Frame> {
  const frame = scanHeader(header, body)
  return frame === undefined ? parseHeader(header, body) : good(frame)
}

const quote = 0x22
const comma = 0x2c
const colon = 0x3a
const backslash = 0x5c
const open = 0x7b
const close = 0x7d

/** Scanner state; one header is scanned at a time and nothing in between can call back. */
let text = ''
let at = 0
/** Position of the first backslash not before the last string read, or beyond the end. */
let escapeAt = -1

/** undefined when the header is not in compact form. */
function scanHeader(header: string, body: Uint8Array): Frame | undefined {
  text = header
  at = 1
  escapeAt = -1
  let code = 0
  let language: string | null = null
  let version = 0
  let opaque = 0
  let flag = 0
  let remark: string | null = null
  let extFields: ExtFields | null = null
  if (header.charCodeAt(0) !== open) return undefined
  for (;;) {
    let value: string | undefined
    switch (header.charCodeAt(at + 1)) {
      case 0x63:
        if (!skip('"code":')) return undefined
        code = scanInteger()
        break
      case 0x65:
        if (!skip('"extFields":{')) return undefined
        extFields = scanExtFields()
        if (extFields === null) return undefined
        break
      case 0x66:
        if (!skip('"flag":')) return undefined
        flag = scanInteger()
        break
      case 0x6c:
        if (!skip('"language":')) return undefined
        value = scanString()
        if (value === undefined) return undefined
        language = knownLanguage(value)
        break
      case 0x6f:
        if (!skip('"opaque":')) return undefined
        opaque = scanInteger()
        break
      case 0x72:
        if (!skip('"remark":')) return undefined
        value = scanString()
        if (value === undefined) return undefined
        remark = value
        break
      case 0x73:
        if (!skip('"serializeTypeCurrentRPC":')) return undefined
        if (scanString() === undefined) return undefined
        break
      case 0x76:
        if (!skip('"version":')) return undefined
        version = scanInteger()
        break
      default:
        return undefined
    }
    const next = header.charCodeAt(at++)
    if (next === comma) continue
    if (next !== close || at !== header.length) return undefined
    break
  }
  // NaN, from what is no int32, differs from its own truncation.
  if ((code | 0) !== code || (flag | 0) !== flag || (opaque | 0) !== opaque || (version | 0) !== version)
    return undefined
  return {
    code,
    language,
    version,
    opaque,
    flag,
    remark,
    extFields,
    body,
    serializeType: serializeTypes.JSON,
  }
}

function skip(expected: string): boolean {
  if (!text.startsWith(expected, at)) return false
  at += expected.length
  return true
}

/** NaN when there is no integer of at most 10 digits. */
function scanInteger(): number {
  const negative = text.charCodeAt(at) === 0x2d
  if (negative) at++
  const start = at
  let value = 0
  for (; ; at++) {
    const digit = text.charCodeAt(at) - 0x30
    if (!(digit >= 0 && digit <= 9)) break
    value = value * 10 + digit
  }
  if (at === start || at - start > 10) return Number.NaN
  return negative && value !== 0 ? -value : value
}

/** `at` stands behind the opening brace. */
function scanExtFields(): ExtFields | null {
  const fields: ExtFields = {}
  if (text.charCodeAt(at) === close) {
    at++
    return fields
  }
  for (let count = 0; count < limits.extFields; count++) {
    const key = scanString()
    if (key === undefined || key === '__proto__' || text.charCodeAt(at++) !== colon) return null
    const value = scanString()
    if (value === undefined) return null
    fields[key] = value
    const next = text.charCodeAt(at++)
    if (next === close) return fields
    if (next !== comma) return null
  }
  return null
}

/** `at` stands on the opening quote, and afterwards behind the closing one. */
function scanString(): string | undefined {
  if (text.charCodeAt(at) !== quote) return undefined
  const start = at + 1
  const end = text.indexOf('"', start)
  if (end < 0) return undefined
  if (escapeAt < start) {
    escapeAt = text.indexOf('\\', start)
    if (escapeAt < 0) escapeAt = text.length
  }
  if (escapeAt > end) {
    at = end + 1
    return text.substring(start, end)
  }
  return scanEscaped(start)
}

function scanEscaped(start: number): string | undefined {
  let end = escapeAt
  for (; ; end++) {
    const unit = text.charCodeAt(end)
    if (unit === quote) break
    if (unit === backslash) end++
    else if (!(unit >= 0)) return undefined
  }
  at = end + 1
  try {
    return JSON.parse(text.substring(start - 1, at)) as string
  } catch {
    return undefined
  }
}

function knownLanguage(value: unknown): string | null {
  if (typeof value === 'string') return languageByte(value) === undefined ? null : value
  return typeof value === 'number' ? languageName(value) : null
}

function parseHeader(header: string, body: Uint8Array): Result<Frame> {
  let parsed: unknown
  try {
    parsed = JSON.parse(header)
  } catch {
    return bad('the JSON header is not valid JSON')
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    return bad('the JSON header is not an object')
  const fields = parsed as Record<string, unknown>
  const code = integerOf(fields, 'code')
  const flag = integerOf(fields, 'flag')
  const opaque = integerOf(fields, 'opaque')
  const version = integerOf(fields, 'version')
  if (code === undefined || flag === undefined || opaque === undefined || version === undefined)
    return bad('code, flag, opaque or version of the JSON header is not an int32')
  const remark = fields.remark ?? null
  if (remark !== null && typeof remark !== 'string') return bad('the remark of the JSON header is not text')
  const extFields = extFieldsOf(fields.extFields ?? null)
  if (typeof extFields === 'string') return bad(extFields)
  const language = knownLanguage(fields.language)
  return good({
    code,
    language,
    version,
    opaque,
    flag,
    remark,
    extFields,
    body,
    serializeType: serializeTypes.JSON,
  })
}

function integerOf(fields: Record<string, unknown>, key: string): number | undefined {
  const value = fields[key] ?? 0
  const number = typeof value === 'string' && /^[+-]?\d{1,10}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && (number | 0) === number ? number : undefined
}

/** The reason when it is a string. */
function extFieldsOf(parsed: unknown): ExtFields | null | string {
  if (parsed === null) return null
  if (typeof parsed !== 'object' || Array.isArray(parsed))
    return 'extFields of the JSON header is not an object'
  const entries = Object.entries(parsed)
  if (entries.length > limits.extFields) return `the header has more than ${limits.extFields} ext fields`
  const fields: [string, string][] = []
  for (const [key, value] of entries) {
    if (value === null) continue
    if (typeof value === 'object') return `the ext field <${key.slice(0, 64)}> is neither text nor a number`
    fields.push([key, String(value)])
  }
  return Object.fromEntries(fields)
}

/** Bytes that writeJsonHeader may need at most. */
export function jsonHeaderUpperBound(frame: Frame): number {
  let bound = 160
  if (frame.remark !== null) bound += quotedUpperBound(frame.remark)
  const fields = frame.extFields
  if (fields !== null)
    for (const key in fields) bound += 6 + quotedUpperBound(key) + quotedUpperBound(fields[key]!)
  return bound
}

/** Writes the header and returns its end. */
export function writeJsonHeader(target: Buffer, start: number, frame: Frame): number {
  let end = writePlain(target, start, '{"code":')
  end = writeInteger(target, end, frame.code)
  const fields = frame.extFields
  if (fields !== null) {
    end = writePlain(target, end, ',"extFields":{')
    let first = true
    for (const key in fields) {
      if (!first) target[end++] = comma
      first = false
      end = writeQuoted(target, end, key)
      target[end++] = colon
      end = writeQuoted(target, end, fields[key]!)
    }
    target[end++] = close
  }
  end = writeInteger(target, writePlain(target, end, ',"flag":'), frame.flag)
  if (frame.language !== null)
    end = writeQuoted(target, writePlain(target, end, ',"language":'), frame.language)
  end = writeInteger(target, writePlain(target, end, ',"opaque":'), frame.opaque)
  if (frame.remark !== null) end = writeQuoted(target, writePlain(target, end, ',"remark":'), frame.remark)
  end = writePlain(target, end, ',"serializeTypeCurrentRPC":"JSON","version":')
  end = writeInteger(target, end, frame.version)
  target[end++] = close
  return end
}
