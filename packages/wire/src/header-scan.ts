import { limits } from '@aerobee/base'
import { type ExtFields, type Frame, serializeTypes } from './frame.js'
import { knownLanguage } from './languages.js'

/**
 * Scans JSON headers in the compact form that all clients send: ASCII, no blanks, values of ext fields in quotes. Costs
 * about half of JSON.parse on a send, and yields objects of few shapes. Structure is read from the bytes, which is
 * several times cheaper than from a string; values are cut out of the header's text, cheaper than making each anew.
 */
let bytes: Buffer = Buffer.alloc(0)
let text = ''
/** Where the header starts in `bytes`; text and bytes run in step, all being ASCII. */
let base = 0
let at = 0
/** Scanner state above: one header is scanned at a time, and nothing in between can call back. */

const quote = 0x22
const comma = 0x2c
const minus = 0x2d
const colon = 0x3a
const backslash = 0x5c
const open = 0x7b
const close = 0x7d

/** ASCII text as bytes. */
const plainBytes = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0))

const codeKey = plainBytes('"code":')
const extFieldsKey = plainBytes('"extFields":{')
const flagKey = plainBytes('"flag":')
const languageKey = plainBytes('"language":')
const java = plainBytes('"JAVA"')
const opaqueKey = plainBytes('"opaque":')
const remarkKey = plainBytes('"remark":')
const serializeKey = plainBytes('"serializeTypeCurrentRPC":"JSON"')
const versionKey = plainBytes('"version":')
const falseText = plainBytes('false"')
const trueText = plainBytes('true"')

/** `header` is the text of `source[start, end)`. undefined when it is not in compact form. */
export function scanHeader(
  source: Buffer,
  start: number,
  end: number,
  header: string,
  body: Uint8Array,
): Frame | undefined {
  if (header.length !== end - start || source[start] !== open || source[end - 1] !== close) return undefined
  bytes = source
  text = header
  base = start
  at = start + 1
  let code = 0
  let language: string | null = null
  let version = 0
  let opaque = 0
  let flag = 0
  let remark: string | null = null
  let extFields: ExtFields | null = null
  for (;;) {
    switch (source[at + 1]) {
      case 0x63:
        if (!skip(codeKey)) return undefined
        code = scanInteger()
        break
      case 0x65:
        if (!skip(extFieldsKey)) return undefined
        extFields = scanExtFields()
        if (extFields === null) return undefined
        break
      case 0x66:
        if (!skip(flagKey)) return undefined
        flag = scanInteger()
        break
      case 0x6c:
        if (!skip(languageKey)) return undefined
        if (skip(java)) language = 'JAVA'
        else {
          const name = scanString()
          if (name === undefined) return undefined
          language = knownLanguage(name)
        }
        break
      case 0x6f:
        if (!skip(opaqueKey)) return undefined
        opaque = scanInteger()
        break
      case 0x72:
        if (!skip(remarkKey)) return undefined
        remark = scanString() ?? null
        if (remark === null) return undefined
        break
      case 0x73:
        if (!skip(serializeKey)) return undefined
        break
      case 0x76:
        if (!skip(versionKey)) return undefined
        version = scanInteger()
        break
      default:
        return undefined
    }
    const next = source[at++]
    if (next === comma && at < end) continue
    if (next !== close || at !== end) return undefined
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

/**
 * Reads may run past the header into the body, never past what is allocated (then they are undefined): the header
 * ends in a brace outside of all strings, or else a later check of the position finds out.
 */
function skip(expected: Uint8Array): boolean {
  const source = bytes
  const from = at
  const length = expected.length
  for (let i = 0; i < length; i++) if (source[from + i] !== expected[i]) return false
  at = from + length
  return true
}

/** NaN when there is no integer of at most 10 digits. */
function scanInteger(): number {
  const source = bytes
  let position = at
  const negative = source[position] === minus
  if (negative) position++
  const start = position
  let value = 0
  for (; ; position++) {
    const digit = source[position]! - 0x30
    if (!(digit >= 0 && digit <= 9)) break
    value = value * 10 + digit
  }
  at = position
  if (position === start || position - start > 10) return Number.NaN
  return negative && value !== 0 ? -value : value
}

/** `at` stands behind the opening brace. */
function scanExtFields(): ExtFields | null {
  if (bytes[at] === close) {
    at++
    return {}
  }
  if (bytes[at + 1] === firstLetter && bytes[at + 2] === quote) return scanLetterFields()
  return scanFurtherFields({}, 0)
}

/** `at` stands on the quote of a key. */
function scanFurtherFields(fields: ExtFields, already: number): ExtFields | null {
  for (let count = already; count < limits.extFields; count++) {
    const expected = expectedKeys[count]
    let key: string | undefined
    if (expected !== undefined && skip(expected.bytes)) key = expected.key
    else {
      key = scanKey(count)
      if (key === undefined || bytes[at++] !== colon) return null
    }
    const value = scanString()
    if (value === undefined) return null
    fields[key] = value
    const next = bytes[at++]
    if (next === close) return fields
    if (next !== comma) return null
  }
  return null
}

interface SeenKey {
  key: string
  /** `"key":` */
  bytes: Uint8Array
}

/**
 * Keys seen before, by hash: the few dozen that peers send meet here as one string each, which an object takes as a key
 * several times faster than a string just cut out.
 */
const seenKeys: (SeenKey | undefined)[] = Array.from({ length: 256 }, () => undefined)
const longestSeenKey = 32

/** Those of the header before, by their place: headers of one kind come one after the other, answers to sends mostly. */
const expectedKeys: (SeenKey | undefined)[] = Array.from({ length: 16 }, () => undefined)

/**
 * As scanString, for the key at a place among the others. Also undefined for keys that are escaped, and for the one that
 * is no plain field of an object.
 */
function scanKey(place: number): string | undefined {
  const source = bytes
  if (source[at] !== quote) return undefined
  const start = at + 1
  let hash = 0
  let end = start
  for (; ; end++) {
    const byte = source[end]
    if (byte === quote) break
    if (byte === undefined || byte === backslash) return undefined
    hash = (hash * 31 + byte) | 0
  }
  at = end + 1
  const slot = hash & 255
  const seen = seenKeys[slot]
  if (seen !== undefined && seen.key.length === end - start && text.startsWith(seen.key, start - base)) {
    if (place < expectedKeys.length) expectedKeys[place] = seen
    return seen.key
  }
  const key = text.substring(start - base, end - base)
  if (key === '__proto__') return undefined
  // The key of an object is V8's one copy of the string.
  if (key.length <= longestSeenKey)
    seenKeys[slot] = { key: Object.keys({ [key]: 0 })[0]!, bytes: plainBytes(`"${key}":`) }
  return key
}

const firstLetter = 0x61
const letters = 14
const letterValues: string[] = Array.from({ length: letters }, () => '')

/**
 * The one-letter fields of sends, in alphabetical order as all clients write them: collected first and then put into an
 * object of few shapes at once, because adding them one by one costs as much as everything else in the header.
 */
function scanLetterFields(): ExtFields | null {
  const source = bytes
  let seen = 0
  let lowest = 0
  for (;;) {
    const letter = source[at + 1]! - firstLetter
    const isField =
      letter >= lowest &&
      letter < letters &&
      source[at] === quote &&
      source[at + 2] === quote &&
      source[at + 3] === colon
    // A signature, a namespace or the like: what is collected so far goes first, the rest follows.
    if (!isField) return scanFurtherFields(letterFields(seen), letters)
    at += 4
    const value = scanString()
    if (value === undefined) return null
    letterValues[letter] = value
    seen |= 1 << letter
    lowest = letter + 1
    const next = source[at++]
    if (next === close) return letterFields(seen)
    if (next !== comma) return null
  }
}

const withoutL = 0b11_0111_1111_1111
const complete = 0b11_1111_1111_1111
const withoutN = 0b01_1111_1111_1111

// biome-ignore format: a line a shape
function letterFields(seen: number): ExtFields {
  const v = letterValues
  const [a, b, c, d, e, f, g] = [v[0]!, v[1]!, v[2]!, v[3]!, v[4]!, v[5]!, v[6]!]
  const [h, i, j, k, l, m, n] = [v[7]!, v[8]!, v[9]!, v[10]!, v[11]!, v[12]!, v[13]!]
  if (seen === withoutL) return { a, b, c, d, e, f, g, h, i, j, k, m, n }
  if (seen === complete) return { a, b, c, d, e, f, g, h, i, j, k, l, m, n }
  if (seen === withoutN) return { a, b, c, d, e, f, g, h, i, j, k, l, m }
  const fields: ExtFields = {}
  for (let letter = 0; letter < letters; letter++)
    if ((seen & (1 << letter)) !== 0) fields[String.fromCharCode(firstLetter + letter)] = v[letter]!
  return fields
}

/** `at` stands on the opening quote, and afterwards behind the closing one. undefined where there is no string. */
function scanString(): string | undefined {
  const source = bytes
  if (source[at] !== quote) return undefined
  const start = at + 1
  const first = source[start]
  // Half of the fields of a send are one digit or a boolean: these need no new string.
  if (source[start + 1] === quote && first !== quote && first !== backslash) {
    at = start + 2
    return text.charAt(start - base)
  }
  if (first === 0x66 || first === 0x74) {
    at = start
    if (skip(falseText)) return 'false'
    if (skip(trueText)) return 'true'
  }
  let end = start
  for (; ; end++) {
    const byte = source[end]
    if (byte === quote) break
    if (byte === backslash) return scanEscaped(start)
    if (byte === undefined) return undefined
  }
  at = end + 1
  return text.substring(start - base, end - base)
}

/** Fits the properties of any message; text beyond it takes the slower way. */
const plain = Buffer.allocUnsafe(limits.propertiesBytes)

/** Properties have a control character between names and values, so that most sends come here. */
function scanEscaped(start: number): string | undefined {
  const source = bytes
  let length = 0
  let from = start
  for (; length < plain.length; from++) {
    let byte = source[from]
    if (byte === quote) break
    if (byte === backslash) {
      byte = unescaped(from)
      from += source[from + 1] === 0x75 ? 5 : 1
    }
    if (byte === undefined || byte > 0x7f) return undefined
    plain[length++] = byte
  }
  if (length === plain.length) return undefined
  at = from + 1
  return plain.toString('latin1', 0, length)
}

/** undefined, or beyond ASCII, for escapes that are rare or none: JSON.parse knows. */
function unescaped(from: number): number | undefined {
  switch (bytes[from + 1]) {
    case 0x75:
      if (bytes[from + 2] !== 0x30 || bytes[from + 3] !== 0x30) return undefined
      return (hexDigit(bytes[from + 4]!) << 4) | hexDigit(bytes[from + 5]!)
    case quote:
      return quote
    case backslash:
      return backslash
    case 0x2f:
      return 0x2f
    case 0x6e:
      return 0x0a
    default:
      return undefined
  }
}

/** Beyond ASCII for what is no hexadecimal digit. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : 0x1000
}
