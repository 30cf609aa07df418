import { findProperty, propertyNames, systemFlags } from '@aerobee/wire'

/** Java keeps the number of messages as an int16. */
const mostMessages = 0x7fff

/**
 * Messages in a record: one, but in a record that carries an inner batch (reference: wire 3.6). undefined: it says that it
 * carries one, and not of how many messages.
 */
export function messageCount(sysFlag: number, properties: string): number | undefined {
  if ((sysFlag & systemFlags.innerBatch) === 0) return 1
  const text = findProperty(properties, propertyNames.innerNum) ?? ''
  const count = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return count > 0 && count <= mostMessages ? count : undefined
}
