import { bad, good, limits, type Result } from '@aerobee/base'
import { plain } from './command.js'
import { type ExtFields, type Frame, serializeTypes } from './frame.js'
import { scanHeader } from './header-scan.js'
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

/** Bytes that writeJsonHeader may need at most: six for each UTF-16 unit (`\\u0001`). */
export function jsonHeaderUpperBound(frame: Frame): number {
  let bound = 160
  if (frame.remark !== null) bound += 2 + frame.remark.length * 6
  if (frame.extText !== undefined) return bound + frame.extText.length
  const fields = frame.extFields
  if (fields !== null) for (const key in fields) bound += 10 + (key.length + fields[key]!.length) * 6
  return bound
}

const quoted = (text: string): string => (plain.test(text) ? `"${text}"` : JSON.stringify(text))

/** Names of ext fields are few and come again and again: `"name":` for those that are plain. */
const openings = new Map<string, string>()
const mostOpenings = 1000

function openingOf(key: string): string {
  const known = openings.get(key)
  if (known !== undefined) return known
  const opening = `${quoted(key)}:`
  if (!plain.test(key)) wide = true
  else if (openings.size < mostOpenings) openings.set(key, opening)
  return opening
}

/**
 * Writes the header and returns its end. The text is joined first and copied by one native call: that is several times
 * cheaper than storing its characters one by one.
 */
export function writeJsonHeader(target: Buffer, start: number, frame: Frame): number {
  const text = headerText(frame)
  return start + (wide ? target.write(text, start, 'utf8') : target.write(text, start, 'latin1'))
}

/** Whether the last header text holds anything but ASCII. */
let wide = false

/** What frames of one side have in common, between their ext fields and the end, but for the opaque and the remark. */
let tailFlag = -1
let tailLanguage: string | null = null
let tailVersion = -1
let beforeOpaque = ''
let ending = ''

function rememberTail(frame: Frame): void {
  tailFlag = frame.flag
  tailLanguage = frame.language
  tailVersion = frame.version
  const language = frame.language === null ? '' : `,"language":${quoted(frame.language)}`
  beforeOpaque = `,"flag":${frame.flag}${language},"opaque":`
  ending = `,"serializeTypeCurrentRPC":"JSON","version":${frame.version}}`
}

function headerText(frame: Frame): string {
  wide = false
  if (frame.flag !== tailFlag || frame.language !== tailLanguage || frame.version !== tailVersion)
    rememberTail(frame)
  const { extText, remark } = frame
  const ext = extText === undefined ? extFieldsText(frame.extFields) : `,"extFields":${extText}`
  return `{"code":${frame.code}${ext}${beforeOpaque}${frame.opaque}${remarkText(remark)}${ending}`
}

function extFieldsText(fields: ExtFields | null): string {
  if (fields === null) return ''
  let text = ''
  for (const key in fields) {
    const value = fields[key]!
    if (!plain.test(value)) wide = true
    text += `${text === '' ? '' : ','}${openingOf(key)}${quoted(value)}`
  }
  return `,"extFields":{${text}}`
}

function remarkText(remark: string | null): string {
  if (remark === null) return ''
  if (!plain.test(remark)) wide = true
  return `,"remark":${quoted(remark)}`
}
