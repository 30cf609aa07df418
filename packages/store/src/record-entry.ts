import { deliverTimestamp, findProperty, propertyNames, systemTopicNames, tagsCode } from '@aerobee/wire'

/** What a queue and the index keep of a record. */
export interface RecordEntry {
  tagsCode: number
  uniqKey: string | undefined
  keys: string | undefined
}

/** As a broker derives it when it builds queues and index from the log. `delayLevels`: ms, level 1 first. */
export function entryOf(
  topic: string,
  properties: string,
  storeTimestamp: number,
  delayLevels: readonly number[],
): RecordEntry {
  return {
    tagsCode:
      deliverTime(topic, properties, storeTimestamp, delayLevels) ??
      tagsCode(findProperty(properties, propertyNames.tags)),
    uniqKey: findProperty(properties, propertyNames.uniqKey),
    keys: findProperty(properties, propertyNames.keys),
  }
}

/** A delayed message waits in the queue of its level; its code is the time when it is due. */
function deliverTime(
  topic: string,
  properties: string,
  storeTimestamp: number,
  delayLevels: readonly number[],
): number | undefined {
  if (topic !== systemTopicNames.schedule) return undefined
  const level = Number(findProperty(properties, propertyNames.delayLevel) ?? 0)
  return level > 0 ? deliverTimestamp(delayLevels, level, storeTimestamp) : undefined
}
