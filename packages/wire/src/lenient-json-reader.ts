import { bad, good, type Result } from '@aerobee/base'

export type LenientValue = null | boolean | number | string | LenientValue[] | LenientObject
export interface LenientObject {
  [key: string]: LenientValue
}

class Fault extends Error {}

const words: ReadonlyMap<string, LenientValue> = new Map<string, LenientValue>([
  ['true', true],
  ['false', false],
  ['null', null],
])
const numberForm = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/
/** Only text by hand has escapes that JSON.parse does not take; each costs 0.3 µs. */
const mostEscapes = 100_000
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

/** Recursive descent over text whose depth was bounded before. The grammar stands at parseLenientJson. */
export class LenientReader {
  readonly #text: string
  readonly #word = /[^\s,:{}[\]"']+/y
  #at = 0
  /** Object keys do not nest: each level would escape the text of the one inside again. */
  #inKey = false
  #escapes = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): Result<LenientValue> {
    try {
      const value = this.#value()
      if (this.#next() !== '') this.#fault('the end')
      return good(value)
    } catch (thrown) {
      if (thrown instanceof Fault) return bad(thrown.message)
      throw thrown
    }
  }

  #value(): LenientValue {
    switch (this.#next()) {
      case '{':
        return this.#object()
      case '[':
        return this.#list()
      case '"':
      case "'":
        return this.#string()
      default:
        return this.#literal()
    }
  }

  #object(): LenientObject {
    const object = Object.create(null) as LenientObject
    this.#at++
    while (!this.#leaves('}')) {
      const key = this.#key()
      if (this.#next() !== ':') this.#fault('":"')
      this.#at++
      object[key] = this.#value()
      this.#separator('}')
    }
    return object
  }

  #list(): LenientValue[] {
    const list: LenientValue[] = []
    this.#at++
    while (!this.#leaves(']')) {
      list.push(this.#value())
      this.#separator(']')
    }
    return list
  }

  #key(): string {
    const first = this.#next()
    if (first === '"' || first === "'") return this.#string()
    if (first !== '{') return this.#takeWord('a key')
    if (this.#inKey) this.#fault('a key that is no object')
    this.#inKey = true
    const key = JSON.stringify(this.#object())
    this.#inKey = false
    return key
  }

  #literal(): LenientValue {
    const start = this.#at
    const text = this.#takeWord('a value')
    const known = words.get(text)
    if (known !== undefined) return known
    const number = Number(text)
    if (numberForm.test(text) && Number.isFinite(number)) return number
    this.#at = start
    return this.#fault('a value')
  }

  #takeWord(expected: string): string {
    this.#word.lastIndex = this.#at
    const found = this.#word.exec(this.#text)
    if (!found) return this.#fault(expected)
    this.#at = this.#word.lastIndex
    return found[0]
  }

  #string(): string {
    const end = closingQuote(this.#text, this.#at)
    if (end < 0) this.#fault('a closing quote')
    const raw = this.#text.slice(this.#at + 1, end)
    const text = raw.includes('\\') ? this.#unescaped(raw, this.#text[end]!) : raw
    this.#at = end + 1
    return text
  }

  /** JSON.parse is many times faster, but wants escapes and quotes to be strict. */
  #unescaped(raw: string, mark: string): string {
    if (mark === '"') {
      try {
        return JSON.parse(`"${raw}"`) as string
      } catch {
        // A raw control character or \': taken one by one below.
      }
    }
    let text = ''
    let from = 0
    for (let at = raw.indexOf('\\'); at >= 0; at = raw.indexOf('\\', from)) {
      if (++this.#escapes > mostEscapes) this.#fault('a text with fewer escapes')
      const code = raw[at + 1]!
      const four = code === 'u' ? /^[0-9a-fA-F]{4}/.exec(raw.slice(at + 2, at + 6))?.[0] : undefined
      const unit = four === undefined ? escapes[code] : String.fromCharCode(Number.parseInt(four, 16))
      if (unit === undefined) this.#fault('a string of legal escapes')
      text += raw.slice(from, at) + unit
      from = at + 2 + (four?.length ?? 0)
    }
    return text + raw.slice(from)
  }

  /** Passes the closing bracket if it is next, and commas that stand for nothing. */
  #leaves(close: '}' | ']'): boolean {
    while (this.#next() === ',') this.#at++
    if (this.#next() !== close) return false
    this.#at++
    return true
  }

  #separator(close: '}' | ']'): void {
    const next = this.#next()
    if (next === ',') this.#at++
    else if (next !== close) this.#fault(`"," or "${close}"`)
  }

  /** The next character behind blanks; empty at the end. */
  #next(): string {
    while (this.#text.charCodeAt(this.#at) <= 0x20) this.#at++
    return this.#text[this.#at] ?? ''
  }

  #fault(expected: string): never {
    throw new Fault(`${expected} was expected at character ${this.#at}`)
  }
}

/** Index of the quote that ends the string opened at `at`; -1 when there is none. */
export function closingQuote(text: string, at: number): number {
  const mark = text[at]!
  for (let end = text.indexOf(mark, at + 1); end >= 0; end = text.indexOf(mark, end + 1)) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes++
    if (slashes % 2 === 0) return end
  }
  return -1
}
