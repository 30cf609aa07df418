import { bad, good, type Result } from '@aerobee/base'

/** One attribute that topics or groups may have. */
export interface Attribute {
  /** Legal values. */
  readonly values: readonly string[]
  /** Whether it may change after creation. */
  readonly changeable: boolean
}
export type AttributeTable = Readonly<Record<string, Attribute>>

/** Attributes of topics in 5.3.3; `reserve.time` is for tiered storage only, which there is none of. */
export const topicAttributes: AttributeTable = {
  'queue.type': { values: ['SimpleCQ', 'BatchCQ'], changeable: false },
  'cleanup.policy': { values: ['DELETE', 'COMPACTION'], changeable: false },
  'message.type': {
    // In the order of upstream's refusal.
    values: ['UNSPECIFIED', 'TRANSACTION', 'FIFO', 'MIXED', 'DELAY', 'NORMAL'],
    changeable: true,
  },
}

/** Groups have none in 5.3.3. */
export const groupAttributes: AttributeTable = {}

/**
 * Changes as requests carry them, by name with its sign: `+key=value,-key` becomes {"+key": "value", "-key": ""}.
 *
 *   changes = [ change { "," change } ]      change = "+" key "=" value | "-" key
 */
export function parseAttributeChanges(text: string): Result<Record<string, string>> {
  const changes: Record<string, string> = {}
  for (const part of text === '' ? [] : text.split(',')) {
    const equals = part.indexOf('=')
    const key = equals < 0 ? part : part.slice(0, equals)
    const sign = equals < 0 ? '-' : '+'
    if (!key.includes(sign))
      return bad(`${sign === '+' ? 'add/alter' : 'delete'} attribute format is wrong: ${key}`)
    if (Object.hasOwn(changes, key)) return bad(`key duplication: ${key}`)
    changes[key] = equals < 0 ? '' : part.slice(equals + 1)
  }
  return good(changes)
}

/**
 * Attributes after the changes; undefined `known` means that topic or group is created now (reference:
 * broker-behaviour 13, code 17). A reason is upstream's remark.
 */
export function changedAttributes(
  table: AttributeTable,
  known: Readonly<Record<string, string>> | undefined,
  changes: Readonly<Record<string, string>>,
): Result<Record<string, string>> {
  const merged: Record<string, string> = { ...known }
  const seen = new Set<string>()
  for (const [signed, value] of Object.entries(changes)) {
    const key = signed.slice(1)
    if (key === '' || /[+-]/.test(key)) return bad('kv string format wrong.')
    if (seen.has(key)) return bad(`alter duplication key. key: ${key}`)
    seen.add(key)
    const refused = changeFault(table, known, signed[0]!, key, value)
    if (refused !== undefined) return bad(refused)
    if (signed[0] === '+') merged[key] = value
    else delete merged[key]
  }
  return good(merged)
}

function changeFault(
  table: AttributeTable,
  known: Readonly<Record<string, string>> | undefined,
  sign: string,
  key: string,
  value: string,
): string | undefined {
  if (!known && sign !== '+') return `only add attribute is supported while creating topic. key: ${key}`
  if (sign !== '+' && sign !== '-') return `wrong format key: ${key}`
  if (sign === '-' && known && !Object.hasOwn(known, key))
    return `attempt to delete a nonexistent key: ${key}`
  const attribute = Object.hasOwn(table, key) ? table[key]! : undefined
  if (!attribute) return `unsupported key: ${key}`
  if (known && !attribute.changeable) return `attempt to update an unchangeable attribute. key: ${key}`
  if (sign === '+' && !attribute.values.includes(value))
    return `value is not in set: [${attribute.values.join(', ')}]`
  return undefined
}
