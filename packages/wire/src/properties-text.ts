import { bad, good, type Result } from '@aerobee/base'

/**
 * Configuration as text: bodies of 25, 26, 318 and 319 and the configuration files, as java.util.Properties reads it.
 *
 *   line    = comment | [blanks] key [blanks] [ "=" | ":" ] [blanks] value
 *   comment = [blanks] ( "#" | "!" ) anything
 *   A backslash at the end of a line joins the next one, without its leading blanks; \uXXXX, \t, \n, \r and \f are
 *   escapes, before any other character a backslash falls away.
 */
export function parsePropertiesText(text: string): Result<Map<string, string>> {
  const properties = new Map<string, string>()
  for (const line of logicalLines(text)) {
    const keyEnd = endOfKey(line)
    const valueAt = /^[ \t\f]*[=:]?[ \t\f]*/.exec(line.slice(keyEnd))![0].length + keyEnd
    const key = unescaped(line.slice(0, keyEnd))
    const value = unescaped(line.slice(valueAt))
    if (key === undefined || value === undefined)
      return bad(`\\u must be followed by four hexadecimal digits: ${line.slice(0, 64)}`)
    properties.set(key, value)
  }
  return good(properties)
}

function logicalLines(text: string): string[] {
  const lines: string[] = []
  let joined: string | undefined
  for (const raw of text.split(/\r\n|\r|\n/)) {
    const line = raw.replace(/^[ \t\f]+/, '')
    if (joined === undefined && (line === '' || line[0] === '#' || line[0] === '!')) continue
    const trailing = /\\*$/.exec(line)![0].length
    const continues = trailing % 2 === 1
    joined = (joined ?? '') + (continues ? line.slice(0, -1) : line)
    if (continues) continue
    lines.push(joined)
    joined = undefined
  }
  if (joined !== undefined) lines.push(joined)
  return lines
}

/** First blank, `=` or `:` that no backslash stands before. */
function endOfKey(line: string): number {
  for (let at = 0; at < line.length; at++) {
    const char = line[at]!
    if (char === '\\') at++
    else if (char === '=' || char === ':' || char === ' ' || char === '\t' || char === '\f') return at
  }
  return line.length
}

const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

/** undefined when a \u is not followed by four hexadecimal digits. */
function unescaped(text: string): string | undefined {
  if (!text.includes('\\')) return text
  let result = ''
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== '\\') {
      result += text[at]
      continue
    }
    const char = text[++at] ?? ''
    if (char !== 'u') {
      result += escapes[char] ?? char
      continue
    }
    const digits = text.slice(at + 1, at + 5)
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) return undefined
    result += String.fromCharCode(Number.parseInt(digits, 16))
    at += 4
  }
  return result
}

/** `key=value` lines, sorted by key, as 26 and 319 answer them; escaped so that parsePropertiesText gives it back. */
export function propertiesText(properties: Iterable<readonly [string, string]>): string {
  return [...properties]
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, value]) => `${escapedKey(key)}=${escapedValue(value)}\n`)
    .join('')
}

const escapedKey = (key: string) => withEscapes(key).replace(/[ =:#!]/g, '\\$&')
const escapedValue = (value: string) => withEscapes(value).replace(/^ /, '\\ ')

const withEscapes = (text: string) =>
  text
    .replace(/\\/g, '\\\\')
    .replace(/\n/g, '\\n')
    .replace(/\r/g, '\\r')
    .replace(/\t/g, '\\t')
    .replace(/\f/g, '\\f')
