import { bad, good, limits, type Result } from '@aerobee/base'
import { conditionOf, verdicts } from './evaluate.js'
import type { Expression } from './expression.js'
import { SqlFault } from './fault.js'
import { parseSql } from './parser.js'
import { PropertySlots } from './property-slots.js'

/** A compiled expression. It works on one message at a time, and keeps nothing of it. */
export interface SqlFilter {
  readonly expression: string
  /** What a message costs, in comparisons. */
  readonly cost: number
  /** Whether a message with these properties, in stored form at [from, to), is wanted. Never throws. */
  matches(bytes: Uint8Array, from: number, to: number): boolean
}

/** Longer reasons are cut: an expression may be part of them, and they travel in headers. */
const reasonChars = 2000

/**
 * Compiles RocketMQ's SQL92 (reference: features 1.5). Reasons are upstream's texts; beyond limits.sqlChars, sqlNodes
 * and sqlDepth, where upstream has no bound, they are ours.
 */
export function compileSql(text: string): Result<SqlFilter> {
  if (text.length > limits.sqlChars)
    return bad(`the expression has ${text.length} characters, at most ${limits.sqlChars} are allowed`)
  try {
    return good(filterOf(text, parseSql(text)))
  } catch (thrown) {
    if (!(thrown instanceof SqlFault)) throw thrown
    return bad(thrown.message.slice(0, reasonChars))
  }
}

function filterOf(text: string, expression: Expression): SqlFilter {
  const names = [...propertiesOf(expression)]
  const slots = new PropertySlots(names)
  const condition = conditionOf(expression, names)
  return {
    expression: text,
    cost: expression.size,
    matches(bytes, from, to) {
      slots.read(bytes, from, to)
      const isWanted = condition(slots) === verdicts.yes
      slots.forget()
      return isWanted
    },
  }
}

/** Names of the properties in the expression. */
export function propertiesOf(expression: Expression, names = new Set<string>()): Set<string> {
  switch (expression.kind) {
    case 'property':
      return names.add(expression.name)
    case 'in':
      return names.add(expression.property)
    case 'negated':
    case 'not':
    case 'cast':
    case 'search':
      return propertiesOf(expression.operand, names)
    case 'equal':
    case 'ordered':
      propertiesOf(expression.left, names)
      return propertiesOf(expression.right, names)
    case 'all':
    case 'any':
      for (const part of expression.parts) propertiesOf(part, names)
      return names
    case 'constant':
      return names
  }
}
