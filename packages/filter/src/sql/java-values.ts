import { bad, good, type Result } from '@aerobee/base'
import { trimAsJava } from '../java-trim.js'

/**
 * What an operand is while it is compared. Java's classes matter: an Integer beside a text makes an Integer of the
 * text, a Double a Double, and so on.
 */
export type JavaValue = JavaNumber | string | boolean | null

/** `value` of a Long is a bigint only beyond ±(2^53-1). */
export interface JavaNumber {
  readonly type: 'Integer' | 'Long' | 'Double'
  readonly value: number | bigint
}

const smallestInteger = -0x8000_0000
const largestInteger = 0x7fff_ffff
const smallestLong = -(2n ** 63n)
const largestLong = 2n ** 63n - 1n

/** Integer.valueOf; undefined where Java throws NumberFormatException. Digits of other scripts are not read. */
export function javaInteger(text: string): number | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined
  const value = Number(text)
  return value >= smallestInteger && value <= largestInteger ? value : undefined
}

/** Long.valueOf; undefined where Java throws NumberFormatException. */
export function javaLong(text: string): number | bigint | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined
  const value = Number(text)
  if (Number.isSafeInteger(value)) return value
  const exact = text[0] === '+' ? BigInt(text.slice(1)) : BigInt(text)
  return exact >= smallestLong && exact <= largestLong ? exact : undefined
}

/**
 * Double.valueOf; undefined where Java throws NumberFormatException:
 *
 *   blanks [sign] ( "NaN" | "Infinity" | decimal | hexadecimal ) blanks
 *   decimal     = digits, perhaps with a point, [ e [sign] digits ] [ f | F | d | D ]
 *   hexadecimal = "0x" digits, perhaps with a point, p [sign] digits [ f | F | d | D ]
 */
export function javaDouble(text: string): number | undefined {
  const number = trimAsJava(text)
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[fFdD]?$/.test(number))
    return Number(number.replace(/[fFdD]$/, ''))
  const word = /^([+-]?)(NaN|Infinity)$/.exec(number)
  if (word) return word[2] === 'NaN' ? Number.NaN : Number(number)
  return hexadecimalDouble(number)
}

function hexadecimalDouble(text: string): number | undefined {
  const match = /^([+-]?)0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?[pP]([+-]?\d{1,9})[fFdD]?$/.exec(text)
  if (!match || (match[2] === '' && !match[3])) return undefined
  const [, sign, whole, fraction = '', exponent] = match
  const digits = Number(BigInt(`0x${whole}${fraction}`))
  const value = digits * 2 ** (Number(exponent) - 4 * fraction.length)
  return sign === '-' ? -value : value
}

/** Double.compareTo: NaN is the largest and equals itself, -0.0 comes before 0.0. */
export function compareDoubles(left: number, right: number): number {
  if (left < right) return -1
  if (left > right) return 1
  if (left === right && left !== 0) return 0
  if (Object.is(left, right)) return 0
  if (Number.isNaN(left)) return 1
  return Number.isNaN(right) || Object.is(left, -0) ? -1 : 1
}

/** Boolean.valueOf. */
export const javaBoolean = (text: string): boolean => text.length === 4 && text.toLowerCase() === 'true'

const compareOrdered = <T extends number | bigint | boolean | string>(left: T, right: T): number =>
  left < right ? -1 : left > right ? 1 : 0

const notCast =
  'java.lang.ClassCastException: class java.lang.Boolean cannot be cast to class java.lang.String ' +
  "(java.lang.Boolean and java.lang.String are in module java.base of loader 'bootstrap')"

/** As upstream compares two values that are there; the reason is the text of the exception Java throws. */
export function compareValues(
  left: Exclude<JavaValue, null>,
  right: Exclude<JavaValue, null>,
): Result<number> {
  if (typeof left === 'boolean') {
    if (typeof right === 'boolean') return good(compareOrdered(left, right))
    return typeof right === 'string' ? bad(notCast) : good(-1)
  }
  if (typeof left === 'string') {
    if (typeof right === 'string') return good(compareOrdered(left, right))
    if (typeof right === 'boolean') return good(compareOrdered(javaBoolean(left), right))
    const number = numberOf(left, right.type)
    return number === undefined
      ? badNumber(left, right.type)
      : good(compareNumbers(number, right.value, right.type))
  }
  if (typeof right === 'boolean') return good(-1)
  if (typeof right === 'string') {
    const number = numberOf(right, left.type)
    return number === undefined
      ? badNumber(right, left.type)
      : good(compareNumbers(left.value, number, left.type))
  }
  return good(compareNumbers(left.value, right.value, widest(left, right)))
}

export function numberOf(text: string, type: JavaNumber['type']): number | bigint | undefined {
  if (type === 'Integer') return javaInteger(text)
  return type === 'Long' ? javaLong(text) : javaDouble(text)
}

const widest = (left: JavaNumber, right: JavaNumber): JavaNumber['type'] =>
  left.type === 'Double' || right.type === 'Double' ? 'Double' : 'Long'

export function compareNumbers(
  left: number | bigint,
  right: number | bigint,
  type: JavaNumber['type'],
): number {
  return type === 'Double' ? compareDoubles(Number(left), Number(right)) : compareOrdered(left, right)
}

function badNumber(text: string, type: JavaNumber['type']) {
  const read = type === 'Double' ? trimAsJava(text) : text
  const why = read === '' && type === 'Double' ? 'empty String' : `For input string: "${read}"`
  return bad(`java.lang.RuntimeException: java.lang.NumberFormatException: ${why}`)
}

/** As String.valueOf shows a value. */
export function javaText(value: Exclude<JavaValue, null>): string {
  if (typeof value !== 'object') return String(value)
  return value.type === 'Double' ? doubleText(Number(value.value)) : String(value.value)
}

/** Double.toString with the shortest digits that stand for the value. */
function doubleText(value: number): string {
  const size = Math.abs(value)
  if (size >= 1e-3 && size < 1e7) {
    const plain = String(value)
    return plain.includes('.') ? plain : `${plain}.0`
  }
  const [digits, exponent] = value.toExponential().split('e') as [string, string]
  return `${digits.includes('.') ? digits : `${digits}.0`}E${exponent.replace('+', '')}`
}
