/** Why a text is no expression; the message is the text that upstream answers with. Stays within this folder. */
export class SqlFault extends Error {
  /** Whether another token was expected: what a leading + turns into a fault of its own. */
  readonly unexpectedToken: boolean

  constructor(message: string, unexpectedToken = false) {
    super(message)
    this.unexpectedToken = unexpectedToken
  }
}

/** The operands do not go together. */
export const operandFault = (text: string): SqlFault => new SqlFault(`java.lang.RuntimeException: ${text}`)

export const parseFault = (text: string, unexpectedToken = false): SqlFault =>
  new SqlFault(`org.apache.rocketmq.filter.parser.ParseException: ${text}`, unexpectedToken)

export const lexicalFault = (line: number, column: number, encountered: string): SqlFault =>
  new SqlFault(
    `org.apache.rocketmq.filter.parser.TokenMgrError: Lexical error at line ${line}, column ${column}.  ` +
      `Encountered: ${encountered}`,
  )

const tabWidth = 8

/** Line and column of a unit, both from 1; a tab ends at a multiple of 8. 0 and 0 before the first one. */
export function placeOf(text: string, index: number): { line: number; column: number } {
  let line = index < 0 ? 0 : 1
  let column = 0
  let broken = false
  let returned = false
  for (let at = 0; at <= index; at++) {
    const unit = text[at]
    column += 1
    // CR LF are one end of a line.
    if (broken || (returned && unit !== '\n')) {
      line += 1
      column = 1
    }
    broken = unit === '\n'
    returned = unit === '\r'
    if (unit === '\t') column += tabWidth - 1 - ((column - 1) % tabWidth)
  }
  return { line, column }
}

const shortEscapes: Readonly<Record<string, string>> = {
  '\0': '',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
  '"': '\\"',
  "'": "\\'",
  '\\': '\\\\',
}

export function escaped(text: string): string {
  let result = ''
  for (let at = 0; at < text.length; at++) {
    const unit = text[at]!
    const code = text.charCodeAt(at)
    result +=
      shortEscapes[unit] ?? (code < 0x20 || code > 0x7e ? `\\u${code.toString(16).padStart(4, '0')}` : unit)
  }
  return result
}
