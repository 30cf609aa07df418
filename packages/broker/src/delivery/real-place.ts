import { findProperty, propertyNames, systemTopicNames } from '@aerobee/wire'

export interface RealPlace {
  topic: string
  queueId: number
}

/** What lies there, other services deliver. */
const closed: ReadonlySet<string> = new Set([
  systemTopicNames.timer,
  systemTopicNames.schedule,
  systemTopicNames.transactionHalf,
])

/** Where a message that waited belongs, by REAL_TOPIC and REAL_QID; undefined when they name no queue to deliver to. */
export function realPlace(properties: string): RealPlace | undefined {
  return placeNamed(
    findProperty(properties, propertyNames.realTopic),
    findProperty(properties, propertyNames.realQueueId),
  )
}

/** The same for values of REAL_TOPIC and REAL_QID. */
export function placeNamed(topic: string | undefined, queueText: string | undefined): RealPlace | undefined {
  if (topic === undefined || closed.has(topic)) return undefined
  if (queueText === undefined || !/^\d{1,9}$/.test(queueText)) return undefined
  return { topic, queueId: Number(queueText) }
}
