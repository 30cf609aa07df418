import { bad, good, limits, type Result } from '@aerobee/base'
import { type ExtFields, type Frame, serializeTypes } from './frame.js'
import { scanHeader } from './header-scan.js'
import { plainBytes, quotedUpperBound, writeInteger, writePlain, writeQuoted } from './json-text-writer.js'
import { knownLanguage } from './languages.js'

/**
 * JSON header (reference: wire 3.2). Java writes the keys in this order, without spaces, and leaves out nulls:
 *
 *   {"code":310,"extFields":{"a":"PG","b":"T"},"flag":0,"language":"JAVA","opaque":3,"remark":"text",
 *    "serializeTypeCurrentRPC":"JSON","version":479}
 *
 * Values of ext fields are text. Numbers and booleans in their place are taken as their text, null as absent.
 * A missing code, flag, opaque or version is 0.
 *
 * Reading has two ways with one result: a scan for headers in compact form, and JSON.parse for everything else.
 */
export function decodeJsonHeader(bytes: Buffer, start: number, end: number, body: Uint8Array): Result<Frame> {
  const header = bytes.toString('utf8', start, end)
  const frame = scanHeader(bytes, start, end, header, body)
  return frame === undefined ? parseHeader(header, body) : good(frame)
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

const codeText = plainBytes('{"code":')
const extFieldsText = plainBytes(',"extFields":{')
const flagText = plainBytes(',"flag":')
const languageText = plainBytes(',"language":')
const opaqueText = plainBytes(',"opaque":')
const remarkText = plainBytes(',"remark":')
const versionText = plainBytes(',"serializeTypeCurrentRPC":"JSON","version":')

/** Writes the header and returns its end. */
export function writeJsonHeader(target: Buffer, start: number, frame: Frame): number {
  let end = writeInteger(target, writePlain(target, start, codeText), frame.code)
  const fields = frame.extFields
  if (fields !== null) {
    end = writePlain(target, end, extFieldsText)
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
  end = writeInteger(target, writePlain(target, end, flagText), frame.flag)
  if (frame.language !== null)
    end = writeQuoted(target, writePlain(target, end, languageText), frame.language)
  end = writeInteger(target, writePlain(target, end, opaqueText), frame.opaque)
  if (frame.remark !== null) end = writeQuoted(target, writePlain(target, end, remarkText), frame.remark)
  end = writeInteger(target, writePlain(target, end, versionText), frame.version)
  target[end++] = close
  return end
}

const comma = 0x2c
const colon = 0x3a
const close = 0x7d
