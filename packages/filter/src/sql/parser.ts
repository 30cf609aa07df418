import { limits } from '@aerobee/base'
import {
  asCondition,
  between,
  constant,
  type Expression,
  equal,
  inList,
  isNull,
  joined,
  negated,
  not,
  notBetween,
  ordered,
  property,
  search,
} from './expression.js'
import { escaped, operandFault, parseFault, placeOf, SqlFault } from './fault.js'
import { javaDouble, javaLong } from './java-values.js'
import { Lexer, type Token, type TokenKind } from './lexer.js'

/**
 * RocketMQ's SQL92 (reference: features 1.5):
 *
 *   or         = and { OR and }
 *   and        = equality { AND equality }
 *   equality   = comparison { ( "=" | "<>" ) comparison | IS [NOT] NULL }
 *   comparison = unary { ( ">" | ">=" | "<" | "<=" ) unary | [NOT] CONTAINS string | [NOT] STARTSWITH string
 *                      | [NOT] ENDSWITH string | [NOT] BETWEEN unary AND unary
 *                      | [NOT] IN "(" string { "," string } ")" }
 *   unary      = "+" unary | "-" unary | NOT unary | primary
 *   primary    = string | decimal | floating | TRUE | FALSE | NULL | id | "(" or ")"
 *
 * What follows the longest expression is not looked at, but for one token; NOT binds stronger than a comparison.
 * Throws SqlFault.
 */
export function parseSql(text: string): Expression {
  const parser = new Parser(text)
  return asCondition(parser.or())
}

const searches = ['CONTAINS', 'STARTSWITH', 'ENDSWITH'] as const
const orders = ['>', '>=', '<', '<='] as const
/** In the order of upstream's numbers for them. */
const operandBegins = ['NOT', 'TRUE', 'FALSE', 'NULL', 'decimal', 'floating', 'string', 'id', '('] as const
const comparisonBegins = ['BETWEEN', 'IN', ...searches, ...orders] as const
const afterOperand = [
  'NOT',
  'AND',
  'OR',
  'BETWEEN',
  'IN',
  'IS',
  ...searches,
  '=',
  '<>',
  ...orders,
  ')',
] as const
const afterNullTest = ['AND', 'OR', 'IS', '=', '<>', ')'] as const

const includes = (kinds: readonly TokenKind[], kind: TokenKind) => kinds.includes(kind)

class Parser {
  readonly #lexer: Lexer
  readonly #ahead: Token[] = []
  /** The last token taken ends IS [NOT] NULL: no comparison may follow. */
  #nullTested = false
  #depth = 0

  constructor(text: string) {
    this.#lexer = new Lexer(text)
  }

  or(): Expression {
    let left = this.#and()
    while (this.#takes('OR')) left = joined('any', left, this.#and())
    return left
  }

  #and(): Expression {
    let left = this.#equality()
    while (this.#takes('AND')) left = joined('all', left, this.#equality())
    return left
  }

  #equality(): Expression {
    let left = this.#comparison()
    for (;;) {
      if (this.#takes('=')) left = equal(left, this.#comparison())
      else if (this.#takes('<>')) left = not(equal(left, this.#comparison()))
      else if (this.#peek().kind === 'IS') left = this.#nullTest(left)
      else return left
    }
  }

  #nullTest(left: Expression): Expression {
    const second = this.#peek(1).kind
    this.#take('IS')
    if (second !== 'NOT' && second !== 'NULL') throw this.#unexpected(['NOT', 'NULL'])
    const isNegated = this.#takes('NOT')
    this.#take('NULL')
    this.#nullTested = true
    return isNegated ? not(isNull(left)) : isNull(left)
  }

  #comparison(): Expression {
    let left = this.#unary()
    for (;;) {
      const { kind } = this.#peek()
      if (kind === 'NOT') {
        const second = this.#peek(1).kind
        if (second !== 'BETWEEN' && second !== 'IN' && !includes(searches, second))
          throw this.#unexpected(comparisonBegins)
        this.#take('NOT')
        left = this.#range(left, true)
      } else if (includes(orders, kind))
        left = ordered(this.#take(kind).kind as (typeof orders)[number], left, this.#unary())
      else if (includes(comparisonBegins, kind)) left = this.#range(left, false)
      else return left
    }
  }

  /** BETWEEN, IN and searches. */
  #range(left: Expression, isNegated: boolean): Expression {
    const { kind } = this.#take(this.#peek().kind)
    if (kind === 'IN') return inList(left, this.#list(), isNegated)
    if (kind !== 'BETWEEN') return search(kind as (typeof searches)[number], left, this.#string(), isNegated)
    const low = this.#unary()
    this.#take('AND')
    const high = this.#unary()
    return isNegated ? notBetween(left, low, high) : between(left, low, high)
  }

  #list(): string[] {
    this.#take('(')
    const values = [this.#string()]
    while (this.#takes(',')) values.push(this.#string())
    if (!this.#takes(')')) throw this.#unexpected([',', ')'])
    return values
  }

  #unary(): Expression {
    if (++this.#depth > limits.sqlDepth)
      throw new SqlFault(`the expression is nested more than ${limits.sqlDepth} deep: make it flatter`)
    const operand = this.#signed()
    this.#depth -= 1
    return operand
  }

  #signed(): Expression {
    const first = this.#peek()
    if (this.#takes('-')) return negated(this.#unary())
    if (this.#takes('NOT')) return not(this.#unary())
    if (!this.#takes('+')) return this.#primary()
    try {
      return this.#unary()
    } catch (thrown) {
      // Upstream takes a + only before an operand that is right to its end.
      if (!(thrown instanceof SqlFault && thrown.unexpectedToken)) throw thrown
      throw unexpectedToken(this.#lexer.text, first, [...operandBegins, '-'])
    }
  }

  #primary(): Expression {
    const token = this.#peek()
    const { kind, image } = token
    if (!includes(operandBegins, kind) || kind === 'NOT') throw this.#unexpected([...operandBegins, '-', '+'])
    this.#take(kind)
    switch (kind) {
      case 'string':
        return constant(contentOf(image))
      case 'decimal':
        return decimalConstant(image)
      case 'floating':
        return floatingConstant(image)
      case 'id':
        return property(image)
      case '(':
        return this.#inParentheses()
      default:
        return constant(kind === 'NULL' ? null : kind === 'TRUE')
    }
  }

  #inParentheses(): Expression {
    const inside = this.or()
    if (!this.#takes(')')) throw this.#unexpected(this.#nullTested ? afterNullTest : afterOperand)
    return inside
  }

  #string(): string {
    return contentOf(this.#take('string').image)
  }

  #peek(further = 0): Token {
    while (this.#ahead.length <= further) this.#ahead.push(this.#lexer.next())
    return this.#ahead[further]!
  }

  #takes(kind: TokenKind): boolean {
    if (this.#peek().kind !== kind) return false
    this.#advance()
    return true
  }

  #take(kind: TokenKind): Token {
    const token = this.#peek()
    if (token.kind !== kind) throw this.#unexpected([kind])
    this.#advance()
    return token
  }

  #advance(): void {
    this.#ahead.shift()
    this.#nullTested = false
  }

  #unexpected(expected: readonly TokenKind[]): SqlFault {
    return unexpectedToken(this.#lexer.text, this.#peek(), expected)
  }
}

function unexpectedToken(text: string, token: Token, expected: readonly TokenKind[]): SqlFault {
  const { line, column } = placeOf(text, token.at)
  const met = token.kind === 'end' ? '<EOF>' : ` ${nameOf(token.kind)} "${escaped(token.image)} "`
  const one = expected.length === 1 ? '' : ' one of'
  const list = expected.map((kind) => `${nameOf(kind)} ...\n    `).join('')
  return parseFault(
    `Encountered "${met}" at line ${line}, column ${column}.\nWas expecting${one}:\n    ${list}`,
    true,
  )
}

const classNames: Partial<Record<TokenKind, string>> = {
  decimal: '<DECIMAL_LITERAL>',
  floating: '<FLOATING_POINT_LITERAL>',
  string: '<STRING_LITERAL>',
  id: '<ID>',
}
const nameOf = (kind: TokenKind) => classNames[kind] ?? `"${kind}"`

const contentOf = (image: string) => image.slice(1, -1).replaceAll("''", "'")

function decimalConstant(image: string): Expression {
  const digits = image.replace(/[lL]$/, '')
  const value = javaLong(digits)
  if (value === undefined)
    throw new SqlFault(`java.lang.NumberFormatException: For input string: "${digits}"`)
  return constant({ type: value <= 0x7fff_ffff ? 'Integer' : 'Long', value })
}

/** Upstream refuses 0.0 too. */
function floatingConstant(image: string): Expression {
  const value = javaDouble(image)!
  if (value > Number.MAX_VALUE) throw operandFault(`${image} is greater than 1.7976931348623157E308`)
  if (value < Number.MIN_VALUE) throw operandFault(`${image} is less than 4.9E-324`)
  return constant({ type: 'Double', value })
}
