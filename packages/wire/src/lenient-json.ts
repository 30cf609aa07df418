import { bad, good, limits, type Result } from '@aerobee/base'

/**
 * JSON as fastjson writes it (reference: wire 3.4): strict JSON, and besides
 *
 *   key    = string | 'string' | number | bare word | object
 *   string = "…" | '…'
 *
 * A number as key becomes its text, an object as key the strict JSON text of that object. Objects have no prototype.
 * Of a key that comes twice the later value counts. Integers beyond ±(2^53-1) lose their low digits, as in JSON.parse.
 */
export function parseLenientJson(text: string): Result<unknown> {
  const depth = nestingDepth(text)
  if (depth > limits.jsonDepth) return bad(`it is nested deeper than ${limits.jsonDepth}`)
  if (!looksLenient(text)) {
    try {
      return good(JSON.parse(text))
    } catch {
      // Not strict after all: read it leniently, for the reason or the value.
    }
  }
  const reader = new LenientReader(text)
  try {
    return good(reader.document())
  } catch (thrown) {
    if (thrown instanceof JsonFault) return bad(thrown.message)
    throw thrown
  }
}

class JsonFault extends Error {}

/** A key that starts with a digit or an object: never strict. Cheap, and wrong only inside of strings. */
const looksLenient = (text: string): boolean => /[{,]\s*(\d+\s*:|\{)/.test(text.slice(0, 4096))

/** Deepest nesting of brackets outside of strings; one pass without a stack, so hostile depth costs nothing. */
function nestingDepth(text: string): number {
  let depth = 0
  let deepest = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit === 0x22) {
      i = closingQuote(text, i + 1)
      if (i < 0) return deepest
    } else if (unit === 0x7b || unit === 0x5b) {
      depth++
      if (depth > deepest) deepest = depth
      if (deepest > limits.jsonDepth) return deepest
    } else if (unit === 0x7d || unit === 0x5d) depth--
  }
  return deepest
}

/** Index of the quote that ends a string starting at `from`; -1 when there is none. */
function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0
    while (text[at - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) return at
  }
  return -1
}

class LenientReader {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): unknown {
    const value = this.#value()
    this.#blanks()
    if (this.#at < this.#text.length) this.#fault('the end')
    return value
  }

  #value(): unknown {
    this.#blanks()
    switch (this.#text[this.#at]) {
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

  #object(): Record<string, unknown> {
    const object = Object.create(null) as Record<string, unknown>
    this.#enter()
    while (!this.#leaves('}')) {
      const key = this.#key()
      this.#blanks()
      this.#expect(':')
      object[key] = this.#value()
      this.#separator('}')
    }
    return object
  }

  #list(): unknown[] {
    const list: unknown[] = []
    this.#enter()
    while (!this.#leaves(']')) {
      list.push(this.#value())
      this.#separator(']')
    }
    return list
  }

  #key(): string {
    this.#blanks()
    const first = this.#text[this.#at]
    if (first === '"' || first === "'") return this.#string()
    if (first === '{') return JSON.stringify(this.#object())
    const word = /[\w$.+-]+/y
    word.lastIndex = this.#at
    const found = word.exec(this.#text)
    if (!found) this.#fault('a key')
    this.#at = word.lastIndex
    return found[0]
  }

  #string(): string {
    const quote = this.#text[this.#at]!
    const start = this.#at + 1
    for (let i = start; i < this.#text.length; i++) {
      if (this.#text[i] === '\\') i++
      else if (this.#text[i] === quote) {
        this.#at = i + 1
        return this.#unescaped(this.#text.slice(start, i), quote)
      }
    }
    return this.#fault('a closing quote')
  }

  #unescaped(raw: string, quote: string): string {
    if (!raw.includes('\\') && quote === '"') return raw
    const strict = quote === "'" ? raw.replace(/\\'/g, "'").replace(/(?<!\\)"/g, '\\"') : raw
    try {
      return JSON.parse(
        `"${strict.replace(/[\u0000-\u001f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`,
      )
    } catch {
      return this.#fault('a legal escape')
    }
  }

  #literal(): unknown {
    const word = /[^\s,:{}[\]"']+/y
    word.lastIndex = this.#at
    const found = word.exec(this.#text)?.[0]
    if (found === undefined) return this.#fault('a value')
    const known = { true: true, false: false, null: null } as Record<string, unknown>
    if (!Object.hasOwn(known, found) && !/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(found))
      return this.#fault('a value')
    this.#at = word.lastIndex
    return Object.hasOwn(known, found) ? known[found] : Number(found)
  }

  #enter(): void {
    this.#at++
    if (++this.#depth > limits.jsonDepth) throw new JsonFault(`it is nested deeper than ${limits.jsonDepth}`)
  }

  #leaves(close: string): boolean {
    this.#blanks()
    if (this.#text[this.#at] !== close) return false
    this.#at++
    this.#depth--
    return true
  }

  #separator(close: string): void {
    this.#blanks()
    if (this.#text[this.#at] === ',') this.#at++
    else if (this.#text[this.#at] !== close) this.#fault(`, or ${close}`)
  }

  #expect(one: string): void {
    if (this.#text[this.#at] !== one) this.#fault(one)
    this.#at++
  }

  #blanks(): void {
    while (this.#at < this.#text.length && this.#text.charCodeAt(this.#at) <= 0x20) this.#at++
  }

  #fault(expected: string): never {
    throw new JsonFault(`${expected} was expected at character ${this.#at}`)
  }
}
