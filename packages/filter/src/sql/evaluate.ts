import type { Expression, OrderSign } from './expression.js'
import {
  compareDoubles,
  compareNumbers,
  compareValues,
  type JavaNumber,
  type JavaValue,
  javaDouble,
  numberOf,
} from './java-values.js'
import type { PropertySlots } from './property-slots.js'

/** What a condition says of a message. Only `yes` delivers it; `failed` is where Java throws an exception. */
export const verdicts = { no: 0, yes: 1, unknown: 2, failed: 3 } as const
export type Verdict = (typeof verdicts)[keyof typeof verdicts]

export type Condition = (slots: PropertySlots) => Verdict
type Operand = (slots: PropertySlots) => JavaValue | undefined

const { no, yes, unknown, failed } = verdicts
const verdictOf = (value: boolean): Verdict => (value ? yes : no)

/** The condition as closures over the slots of `names`, which all its properties must be among. */
export function conditionOf(expression: Expression, names: readonly string[]): Condition {
  const recurse = (part: Expression) => conditionOf(part, names)
  switch (expression.kind) {
    case 'constant': {
      const verdict = expression.value === null ? unknown : verdictOf(expression.value === true)
      return () => verdict
    }
    case 'cast': {
      const slot = slotOf(expression.operand, names)!
      return (slots) => (slots.has(slot) ? no : unknown)
    }
    case 'not':
      return notCondition(recurse(expression.operand))
    case 'all':
      return joinedCondition(expression.parts.map(recurse), no, yes)
    case 'any':
      return joinedCondition(expression.parts.map(recurse), yes, no)
    case 'equal':
      return equalCondition(expression.left, expression.right, names)
    case 'ordered':
      return orderedCondition(expression.sign, expression.left, expression.right, names)
    case 'in':
      return inCondition(names.indexOf(expression.property), expression.values, expression.negated)
    case 'search':
      return searchCondition(expression, names)
    case 'property':
    case 'negated':
      throw new Error('not a condition')
  }
}

const notCondition =
  (operand: Condition): Condition =>
  (slots) => {
    const verdict = operand(slots)
    return verdict === yes ? no : verdict === no ? yes : verdict
  }

/** `decisive` ends the evaluation; without one, an unknown part makes the whole unknown. */
function joinedCondition(parts: readonly Condition[], decisive: Verdict, otherwise: Verdict): Condition {
  return (slots) => {
    let verdict = otherwise
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]!(slots)
      if (part === decisive || part === failed) return part
      if (part === unknown) verdict = unknown
    }
    return verdict
  }
}

function slotOf(expression: Expression, names: readonly string[]): number | undefined {
  return expression.kind === 'property' ? names.indexOf(expression.name) : undefined
}

const numberConstant = (expression: Expression): JavaNumber | undefined => {
  if (expression.kind === 'constant' && typeof expression.value === 'object')
    return expression.value ?? undefined
  if (expression.kind !== 'negated') return undefined
  const number = numberConstant(expression.operand)
  return number && { type: number.type, value: number.value === 0 ? 0 : -number.value }
}

function equalCondition(left: Expression, right: Expression, names: readonly string[]): Condition {
  const slot = slotOf(left, names)
  if (slot !== undefined && right.kind === 'constant') {
    if (right.value === null) return (slots) => verdictOf(!slots.has(slot))
    if (typeof right.value === 'string') {
      const expected = Buffer.from(right.value)
      return (slots) => (slots.has(slot) ? verdictOf(slots.is(slot, expected)) : unknown)
    }
  }
  const number = numberConstant(right)
  if (slot !== undefined && number) return numberCondition(slot, number, (order) => order === 0)
  return anyEqualCondition(operandOf(left, names), operandOf(right, names))
}

const anyEqualCondition =
  (left: Operand, right: Operand): Condition =>
  (slots) => {
    const first = left(slots)
    const second = right(slots)
    if (first === undefined || second === undefined) return failed
    if (first === null) return second === null ? yes : unknown
    if (second === null) return no
    const order = compareValues(first, second)
    return order.ok ? verdictOf(order.value === 0) : failed
  }

type OrderTest = (order: number) => boolean
const orderTests: Readonly<Record<OrderSign, OrderTest>> = {
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
}
const turned = { '>': '<', '>=': '<=', '<': '>', '<=': '>=' } as const

function orderedCondition(
  sign: OrderSign,
  left: Expression,
  right: Expression,
  names: readonly string[],
): Condition {
  const leftSlot = slotOf(left, names)
  const rightNumber = numberConstant(right)
  if (leftSlot !== undefined && rightNumber) return numberCondition(leftSlot, rightNumber, orderTests[sign])
  const rightSlot = slotOf(right, names)
  const leftNumber = numberConstant(left)
  if (rightSlot !== undefined && leftNumber)
    return numberCondition(rightSlot, leftNumber, orderTests[turned[sign]])
  return anyOrderedCondition(operandOf(left, names), operandOf(right, names), orderTests[sign])
}

/** A property, made a number of the constant's class, beside that. Without the property it is unknown. */
function numberCondition(slot: number, { type, value }: JavaNumber, test: OrderTest): Condition {
  const isInteger = type === 'Integer'
  return (slots) => {
    if (!slots.has(slot)) return unknown
    const small = slots.smallInteger(slot)
    if (small !== undefined && (!isInteger || (small | 0) === small))
      return verdictOf(test(small < value ? -1 : small > value ? 1 : 0))
    const number = numberOf(slots.text(slot), type)
    return number === undefined ? failed : verdictOf(test(compareNumbers(number, value, type)))
  }
}

const anyOrderedCondition =
  (left: Operand, right: Operand, test: OrderTest): Condition =>
  (slots) => {
    const first = left(slots)
    if (first === undefined) return failed
    if (first === null) return unknown
    const second = right(slots)
    if (second === undefined) return failed
    if (second === null) return unknown
    if (typeof first === 'string' && typeof second === 'string') return textsOrdered(first, second, test)
    const order = compareValues(first, second)
    return order.ok ? verdictOf(test(order.value)) : failed
  }

function textsOrdered(first: string, second: string, test: OrderTest): Verdict {
  const left = javaDouble(first)
  const right = javaDouble(second)
  return left === undefined || right === undefined ? failed : verdictOf(test(compareDoubles(left, right)))
}

/** Up to this many values are compared one by one. */
const fewValues = 4

function inCondition(slot: number, values: readonly string[], isNegated: boolean): Condition {
  const [hit, miss] = isNegated ? [no, yes] : [yes, no]
  if (values.length > fewValues) {
    const all = new Set(values)
    return (slots) => (!slots.has(slot) ? unknown : all.has(slots.text(slot)) ? hit : miss)
  }
  const encoded = values.map((value) => Buffer.from(value))
  return (slots) => {
    if (!slots.has(slot)) return unknown
    for (let i = 0; i < encoded.length; i++) if (slots.is(slot, encoded[i]!)) return hit
    return miss
  }
}

/** Of what is no text, and for the empty text, the answer is no, with and without NOT. */
function searchCondition(
  { how, operand, searched, negated }: Extract<Expression, { kind: 'search' }>,
  names: readonly string[],
): Condition {
  if (searched === '') return () => no
  const [hit, miss] = negated ? [no, yes] : [yes, no]
  const slot = slotOf(operand, names)
  const test = searchTest(how, searched)
  if (slot === undefined) {
    const value = operandOf(operand, names)
    return (slots) => {
      const text = value(slots)
      if (text === undefined) return failed
      return typeof text !== 'string' ? no : test(text) ? hit : miss
    }
  }
  const encoded = Buffer.from(searched)
  if (how === 'STARTSWITH')
    return (slots) => (!slots.has(slot) ? no : slots.startsWith(slot, encoded) ? hit : miss)
  if (how === 'ENDSWITH')
    return (slots) => (!slots.has(slot) ? no : slots.endsWith(slot, encoded) ? hit : miss)
  return (slots) => (!slots.has(slot) ? no : test(slots.text(slot)) ? hit : miss)
}

function searchTest(how: string, searched: string): (text: string) => boolean {
  if (how === 'CONTAINS') return (text) => text.includes(searched)
  return how === 'STARTSWITH' ? (text) => text.startsWith(searched) : (text) => text.endsWith(searched)
}

/** The value of an operand; undefined where Java throws. */
function operandOf(expression: Expression, names: readonly string[]): Operand {
  const number = numberConstant(expression)
  if (number) return () => number
  switch (expression.kind) {
    case 'property': {
      const slot = names.indexOf(expression.name)
      return (slots) => (slots.has(slot) ? slots.text(slot) : null)
    }
    case 'constant': {
      const { value } = expression
      return () => value
    }
    case 'negated': {
      // Only numbers can be negated, and those are constants.
      const operand = operandOf(expression.operand, names)
      return (slots) => (operand(slots) === undefined ? undefined : null)
    }
    default: {
      const condition = conditionOf(expression, names)
      return (slots) => {
        const verdict = condition(slots)
        return verdict === failed ? undefined : verdict === unknown ? null : verdict === yes
      }
    }
  }
}
