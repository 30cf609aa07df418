import type { NewMessage } from '@aerobee/store'
import {
  findProperty,
  type MessageRecord,
  propertyNames,
  removeProperty,
  setProperty,
  tagsCode,
} from '@aerobee/wire'

/** What becomes different when a stored message is stored again. */
export interface Restoring {
  topic: string
  queueId: number
  /** Default: as stored. */
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
  const properties = withoutCrc(changes.properties ?? record.properties)
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
    properties,
    tagsCode: tagsCode(findProperty(properties, propertyNames.tags)),
    uniqKey: findProperty(properties, propertyNames.uniqKey),
    keys: findProperty(properties, propertyNames.keys),
    waitStoreOk: changes.waitStoreOk ?? false,
  }
}

/** The checksum over a record is not part of the message; the store makes a new one. */
const withoutCrc = (text: string) =>
  text.includes(propertyNames.crc32) ? removeProperty(text, propertyNames.crc32) : text

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
