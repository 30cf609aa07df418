import { limits } from '@aerobee/base'
import { operandFault, parseFault, SqlFault } from './fault.js'
import { compareValues, type JavaValue, javaText } from './java-values.js'

/**
 * An expression as a tree, and what may stand beside what. Constructors throw SqlFault with upstream's texts.
 * `size` counts the nodes, one that is evaluated twice counts twice.
 */
export type Expression = Shape & { readonly depth: number; readonly size: number }

type Shape =
  | { readonly kind: 'property'; readonly name: string }
  | { readonly kind: 'constant'; readonly value: JavaValue }
  | { readonly kind: 'negated' | 'not' | 'cast'; readonly operand: Expression }
  /** `parts` are evaluated from the left, up to the one that decides. */
  | { readonly kind: 'all' | 'any'; readonly parts: readonly Expression[] }
  | { readonly kind: 'equal'; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: 'ordered'
      readonly sign: OrderSign
      readonly left: Expression
      readonly right: Expression
    }
  | {
      readonly kind: 'in'
      readonly property: string
      readonly values: readonly string[]
      readonly negated: boolean
    }
  | {
      readonly kind: 'search'
      readonly how: SearchKind
      readonly operand: Expression
      readonly searched: string
      readonly negated: boolean
    }

export type OrderSign = '>' | '>=' | '<' | '<='
export type SearchKind = 'CONTAINS' | 'STARTSWITH' | 'ENDSWITH'

function node(shape: Shape, operands: readonly Expression[] = []): Expression {
  let depth = 1
  let size = 1
  for (const operand of operands) {
    depth = Math.max(depth, operand.depth + 1)
    size += operand.size
  }
  if (depth > limits.sqlDepth)
    throw new SqlFault(`the expression is nested more than ${limits.sqlDepth} deep: make it flatter`)
  if (size > limits.sqlNodes)
    throw new SqlFault(`the expression has more than ${limits.sqlNodes} parts: make it shorter`)
  return { ...shape, depth, size }
}

export const property = (name: string): Expression => node({ kind: 'property', name })
export const constant = (value: JavaValue): Expression => node({ kind: 'constant', value })
export const negated = (operand: Expression): Expression => node({ kind: 'negated', operand }, [operand])

/** A property counts as a condition too. */
function condition(operand: Expression): Expression {
  if (isCondition(operand)) return operand
  if (operand.kind === 'property') return node({ kind: 'cast', operand }, [operand])
  throw parseFault(`Expression will not result in a boolean value: ${expressionText(operand)}`)
}

export { condition as asCondition }

export const not = (operand: Expression): Expression => {
  const right = condition(operand)
  return node({ kind: 'not', operand: right }, [right])
}

/** a AND b AND c is one node, not a tree that leans to the left. */
export function joined(kind: 'all' | 'any', left: Expression, right: Expression): Expression {
  const first = condition(left)
  const last = condition(right)
  const parts = first.kind === kind ? [...first.parts, last] : [first, last]
  return node({ kind, parts }, parts)
}

export function equal(left: Expression, right: Expression): Expression {
  for (const operand of [left, right])
    if (operand.kind === 'constant' && operand.value === null)
      throw operandFault(`'${expressionText(operand)}' cannot be compared.`)
  if (left.kind === 'constant' && right.kind === 'constant' && isCondition(left) && !isCondition(right))
    throw operandFault(`'${expressionText(left)}' cannot be compared with '${expressionText(right)}'`)
  return node({ kind: 'equal', left, right }, [left, right])
}

export function isNull(left: Expression): Expression {
  const right = constant(null)
  return node({ kind: 'equal', left, right }, [left, right])
}

export function ordered(sign: OrderSign, left: Expression, right: Expression): Expression {
  for (const operand of [left, right]) {
    const number = operand.kind === 'constant' && isNumber(operand.value)
    if ((operand.kind === 'constant' && !number) || isCondition(operand))
      throw operandFault(`Value '${expressionText(operand)}' cannot be compared.`)
  }
  return node({ kind: 'ordered', sign, left, right }, [left, right])
}

export function between(value: Expression, low: Expression, high: Expression): Expression {
  if (low.kind === 'constant' && high.kind === 'constant') {
    if (low.value === null || high.value === null)
      throw operandFault('Illegal values of between, values can not be null!')
    const order = compareValues(high.value, low.value)
    if (!order.ok) throw new SqlFault(order.reason)
    if (order.value < 0)
      throw operandFault(
        `Illegal values of between, left value(${javaText(low.value)}) must less than or equal to ` +
          `right value(${javaText(high.value)})`,
      )
  }
  return joined('all', ordered('>=', value, low), ordered('<=', value, high))
}

export const notBetween = (value: Expression, low: Expression, high: Expression): Expression =>
  joined('any', ordered('<', value, low), ordered('>', value, high))

export function inList(left: Expression, values: readonly string[], isNegated: boolean): Expression {
  if (left.kind !== 'property')
    throw operandFault(`Expected a property for In expression, got: ${expressionText(left)}`)
  return node({ kind: 'in', property: left.name, values, negated: isNegated }, [left])
}

export const search = (
  how: SearchKind,
  operand: Expression,
  searched: string,
  isNegated: boolean,
): Expression => node({ kind: 'search', how, operand, searched, negated: isNegated }, [operand])

const isNumber = (value: JavaValue) => typeof value === 'object' && value !== null

/** Whether upstream's class of the node is a BooleanExpression. */
export function isCondition(expression: Expression): boolean {
  if (expression.kind === 'constant')
    return expression.value === null || typeof expression.value === 'boolean'
  return expression.kind !== 'property' && expression.kind !== 'negated'
}

/** As upstream prints a node in its messages. */
export function expressionText(expression: Expression): string {
  switch (expression.kind) {
    case 'property':
      return expression.name
    case 'constant':
      return constantText(expression.value)
    case 'negated':
      return `(- ${expressionText(expression.operand)})`
    case 'not':
      return `(NOT ${expressionText(expression.operand)})`
    case 'cast':
      return expressionText(expression.operand)
    case 'all':
    case 'any':
      return joinedText(expression.parts.map(expressionText), expression.kind === 'all' ? '&&' : '||')
    case 'equal':
      return `(${expressionText(expression.left)} == ${expressionText(expression.right)})`
    case 'ordered':
      return `(${expressionText(expression.left)} ${expression.sign} ${expressionText(expression.right)})`
    case 'in':
      return `${expression.property} ${expression.negated ? 'NOT IN' : 'IN'} ( ${expression.values.join(', ')} )`
    case 'search':
      return `(${expression.negated ? 'NOT ' : ''}${expression.how} ${expressionText(expression.operand)})`
  }
}

const joinedText = ([first, ...rest]: readonly string[], sign: string) =>
  rest.reduce((left, right) => `(${left} ${sign} ${right})`, first!)

function constantText(value: JavaValue): string {
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`
  if (value === null) return 'NULL'
  return typeof value === 'boolean' ? String(value).toUpperCase() : javaText(value)
}
