import { AerobeeError } from '@aerobee/base'

/** A filter over properties, in place of tags; brokers need enablePropertyFilter=true. */
export interface SqlExpression {
  readonly type: 'SQL92'
  readonly expression: string
}

export type SqlValue = string | number | bigint | boolean

/**
 * sql`amount > ${least} AND region IN ${['eu', 'uk']}`: values become literals, whatever they contain, and lists of
 * texts become lists. A number is compared as what it looks like: 10 with properties that are whole numbers, 10.5
 * with all. Throws AerobeeError INVALID_ARGUMENT for what has no literal.
 */
export function sql(
  text: TemplateStringsArray,
  ...values: readonly (SqlValue | readonly string[])[]
): SqlExpression {
  const expression = values.reduce<string>((so, value, i) => so + literal(value) + text[i + 1]!, text[0]!)
  return { type: 'SQL92', expression }
}

function literal(value: SqlValue | readonly string[]): string {
  if (Array.isArray(value)) {
    if (value.length === 0) throw fault('an empty list: IN needs one text at least')
    return `(${value.map(quoted).join(', ')})`
  }
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'boolean') return String(value).toUpperCase()
  if (typeof value !== 'number' && typeof value !== 'bigint')
    throw fault(`${String(value)}: it takes texts, numbers, true, false and lists of texts`)
  if (!isLiteral(value)) throw fault(`${value}, which is no number of SQL92`)
  // A negative number beside a minus would begin a comment.
  return value < 0 ? `(${value})` : String(value)
}

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`

const largestLong = 2n ** 63n - 1n

/** Brokers read whole numbers as Java's long. */
function isLiteral(value: number | bigint): boolean {
  if (typeof value === 'number' && !/^-?\d+$/.test(String(value))) return Number.isFinite(value)
  return BigInt(value) <= largestLong && BigInt(value) >= -largestLong
}

const fault = (what: string) => new AerobeeError('INVALID_ARGUMENT', `sql\`…\` was given ${what}`)
