import { findProperty, propertyNames, tagsCode } from '@aerobee/wire'

/** What a queue and the index keep of a record. */
export interface RecordEntry {
  tagsCode: number
  uniqKey: string | undefined
  keys: string | undefined
}

const scheduleTopic = 'SCHEDULE_TOPIC_XXXX'

/** Of each delay level, ms (reference: broker-behaviour 8.2). */
const delayLevelsMs = [
  1, 5, 10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200,
].map((seconds) => seconds * 1000)

/** As a broker derives it when it builds queues and index from the log. */
export function entryOf(topic: string, properties: string, storeTimestamp: number): RecordEntry {
  return {
    tagsCode:
      deliverTime(topic, properties, storeTimestamp) ??
      tagsCode(findProperty(properties, propertyNames.tags)),
    uniqKey: findProperty(properties, propertyNames.uniqKey),
    keys: findProperty(properties, propertyNames.keys),
  }
}

/** A delayed message waits in the queue of its level; its code is the time when it is due. */
function deliverTime(topic: string, properties: string, storeTimestamp: number): number | undefined {
  if (topic !== scheduleTopic) return undefined
  const level = Number(findProperty(properties, propertyNames.delayLevel) ?? 0)
  if (!(level > 0)) return undefined
  const delayMs = delayLevelsMs[Math.min(level, delayLevelsMs.length) - 1]!
  return storeTimestamp + delayMs
}
