import type { NewMessage } from '@aerobee/store'
import {
  largeRecord,
  type MessageRecord,
  nameEnd,
  propertyNames,
  removeProperty,
  setProperty,
  tagsCode,
  valueEnd,
} from '@aerobee/wire'

/** What becomes different when a stored message is stored again. */
export interface Restoring {
  topic: string
  queueId: number
  /** Default: as stored. TAGS, KEYS and UNIQ_KEY are those of the record. */
  properties?: string
  sysFlag?: number
  storeHost?: Uint8Array
  reconsumeTimes?: number
  /** Default 0. */
  preparedTransactionOffset?: number
  /** Default: does not wait for the flush. */
  waitStoreOk?: boolean
}

/**
 * A message made of a stored one: body, flag, hosts, time of birth and properties stay, what queue and index keep of
 * it is computed anew. Its bytes are views into the record's.
 */
export function restoredMessage(record: MessageRecord, changes: Restoring): NewMessage {
  const { tags, keys, uniqKey, hasCrc } = indexedProperties(record.properties)
  const properties = changes.properties ?? record.properties
  return {
    topic: changes.topic,
    queueId: changes.queueId,
    flag: record.flag,
    sysFlag: changes.sysFlag ?? record.sysFlag,
    bornTimestamp: record.bornTimestamp,
    bornHost: record.bornHost,
    storeHost: changes.storeHost ?? record.storeHost,
    reconsumeTimes: changes.reconsumeTimes ?? record.reconsumeTimes,
    preparedTransactionOffset: changes.preparedTransactionOffset ?? 0,
    body: record.body,
    // The checksum over a record is not part of the message; the store makes a new one.
    properties: hasCrc ? removeProperty(properties, propertyNames.crc32) : properties,
    tagsCode: tagsCode(tags),
    uniqKey,
    keys,
    waitStoreOk: changes.waitStoreOk ?? false,
  }
}

/** What queue and index keep of a message's properties, by one look at them. */
function indexedProperties(text: string) {
  const found = {
    tags: undefined as string | undefined,
    keys: undefined as string | undefined,
    uniqKey: undefined as string | undefined,
    hasCrc: false,
  }
  for (let start = 0; start < text.length; ) {
    let end = text.indexOf(valueEnd, start)
    if (end < 0) end = text.length
    switch (text.charCodeAt(start)) {
      case letterT:
        found.tags = valueIn(text, propertyNames.tags, start, end) ?? found.tags
        break
      case letterK:
        found.keys = valueIn(text, propertyNames.keys, start, end) ?? found.keys
        break
      case letterU:
        found.uniqKey = valueIn(text, propertyNames.uniqKey, start, end) ?? found.uniqKey
        break
      case underscore:
        if (text.startsWith(propertyNames.crc32, start)) found.hasCrc = true
    }
    start = end + 1
  }
  return found
}

const [letterK, letterT, letterU, underscore] = [0x4b, 0x54, 0x55, 0x5f]

/** The value of the piece from `start` to `end` if it has this name; undefined when it is empty. */
function valueIn(text: string, name: string, start: number, end: number): string | undefined {
  const from = start + name.length + 1
  if (from >= end || text[from - 1] !== nameEnd || !text.startsWith(name, start)) return undefined
  return text.slice(from, end)
}

/** The text with these properties set to a value, or removed. */
export function changedProperties(
  text: string,
  changes: Readonly<Record<string, string | undefined>>,
): string {
  let changed = text
  for (const [name, value] of Object.entries(changes))
    changed = value === undefined ? removeProperty(changed, name) : setProperty(changed, name, value)
  return changed
}

/** So that no later one is the first with a place in the log, which is large (see `largeRecord`). */
export const largeMessage = restoredMessage(largeRecord, {
  topic: '',
  queueId: 0,
  preparedTransactionOffset: largeRecord.physicalOffset,
})
