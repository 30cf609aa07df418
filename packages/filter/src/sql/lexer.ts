import { escaped, lexicalFault, placeOf, type SqlFault } from './fault.js'

/**
 * Tokens of RocketMQ's SQL92, read one by one: what stands behind the end of an expression is never looked at.
 *
 *   skipped   = " " | tab | LF | CR | FF | "--" … (LF | CR) | "/*" … "*" "/"
 *   keyword   = NOT AND OR BETWEEN IN TRUE FALSE NULL IS CONTAINS STARTSWITH ENDSWITH, in any case
 *   decimal   = "0" | nonzero digit { digit } [ l | L ]
 *   floating  = digits "." [digits] [exponent] | "." digits [exponent] | digits exponent
 *   string    = "'" { "''" | any but "'" } "'"
 *   id        = ( letter | "_" | "$" ) { letter | digit | "_" | "$" }         ASCII only
 *   symbol    = "=" | "<>" | ">" | ">=" | "<" | "<=" | "(" | "," | ")" | "+" | "-"
 *
 * The longest one counts. A comment without its end is none.
 */
export type TokenKind = Keyword | SymbolKind | 'end' | 'decimal' | 'floating' | 'string' | 'id'

export const keywords = [
  'NOT',
  'AND',
  'OR',
  'BETWEEN',
  'IN',
  'TRUE',
  'FALSE',
  'NULL',
  'IS',
  'CONTAINS',
  'STARTSWITH',
  'ENDSWITH',
] as const
export type Keyword = (typeof keywords)[number]
export type SymbolKind = '=' | '<>' | '>' | '>=' | '<' | '<=' | '(' | ',' | ')' | '+' | '-'

export interface Token {
  readonly kind: TokenKind
  /** As written. */
  readonly image: string
  /** Index of the first unit; of the end, that of the last unit of the text. */
  readonly at: number
}

const known: ReadonlySet<string> = new Set(keywords)
const floating = /(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+/y
const decimal = /0|[1-9]\d*[lL]?/y
const word = /[A-Za-z_$][A-Za-z0-9_$]*/y
const lineEnd = /[\n\r]/g
const symbol = /<>|<=|>=|[=<>(),+-]/y

export class Lexer {
  readonly text: string
  #at = 0

  constructor(text: string) {
    this.text = text
  }

  /** Throws SqlFault where no token begins. */
  next(): Token {
    this.#skip()
    const at = this.#at
    if (at >= this.text.length) return { kind: 'end', image: '', at: this.text.length - 1 }
    const number = this.#match(floating) ?? this.#match(decimal)
    if (number !== undefined) return this.#take(/[.eE]/.test(number) ? 'floating' : 'decimal', number)
    const name = this.#match(word)
    if (name !== undefined) {
      const upper = name.toUpperCase()
      return this.#take(known.has(upper) ? (upper as Keyword) : 'id', name)
    }
    if (this.text[at] === "'") return this.#string()
    const sign = this.#match(symbol)
    if (sign !== undefined) return this.#take(sign as SymbolKind, sign)
    // A point begins a number only before a digit, a slash begins a comment only before a star.
    const begun = this.text[at] === '.' || this.text[at] === '/'
    throw this.#fault(at, begun ? at + 1 : at)
  }

  #take(kind: TokenKind, image: string): Token {
    const token = { kind, image, at: this.#at }
    this.#at += image.length
    return token
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    return pattern.exec(this.text)?.[0]
  }

  #string(): Token {
    const { text } = this
    const at = this.#at
    let end = -1
    for (let quote = text.indexOf("'", at + 1); quote >= 0; quote = text.indexOf("'", quote + 2)) {
      end = quote + 1
      if (text[end] !== "'") break
    }
    if (end < 0) throw this.#fault(at, text.length)
    return this.#take('string', text.slice(at, end))
  }

  #skip(): void {
    const { text } = this
    for (;;) {
      const begin = text.slice(this.#at, this.#at + 2)
      if (begin === '--') {
        lineEnd.lastIndex = this.#at
        if (!lineEnd.test(text)) return
        this.#at = lineEnd.lastIndex
      } else if (begin === '/*') {
        const end = text.indexOf('*/', this.#at + 2)
        if (end < 0) throw this.#fault(this.#at, text.length)
        this.#at = end + 2
      } else if (begin !== '' && ' \t\n\r\f'.includes(begin[0]!)) this.#at += 1
      else return
    }
  }

  /** What began at `begin` cannot go on at `at`, the end of the text included. */
  #fault(begin: number, at: number): SqlFault {
    const { text } = this
    const last = Math.min(at, text.length - 1)
    const { line, column } = placeOf(text, last)
    // Upstream says that the text ends where its last unit is the wrong one.
    const ended = last === text.length - 1
    const before = last > begin ? escaped(text.slice(begin, ended ? last + 1 : last)) : ''
    const unit = text[last]!
    if (!ended)
      return lexicalFault(line, column, `"${escaped(unit)}" (${unit.charCodeAt(0)}), after : "${before}"`)
    const broken = unit === '\n' || unit === '\r'
    return lexicalFault(broken ? line + 1 : line, broken ? 0 : column + 1, `<EOF> after : "${before}"`)
  }
}
