import type { NewMessage } from '@aerobee/store'
import {
  largeRecord,
  type MessageRecord,
  propertyNames,
  removeProperty,
  setProperty,
  tagsCode,
} from '@aerobee/wire'
import { scanProperties } from '../sent-properties.js'

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
  const { tags, keys, uniqKey } = scanProperties(record.properties)
  const properties = changes.properties ?? record.properties
  // The checksum over a record is not part of the message; the store makes a new one.
  const hasCrc = record.properties.includes(propertyNames.crc32)
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
    properties: hasCrc ? removeProperty(properties, propertyNames.crc32) : properties,
    tagsCode: tagsCode(tags),
    uniqKey,
    keys,
    waitStoreOk: changes.waitStoreOk ?? false,
  }
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
