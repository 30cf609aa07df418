import {
  appendProperty,
  findProperty,
  isDlqTopic,
  isLmqTopic,
  isRetryTopic,
  isSystemTopic,
  lmqTopicPrefix,
  propertyNames,
  removeProperty,
  topicNameFault,
} from '@aerobee/wire'
import type { StoreOptions } from './options.js'

/** It takes both, as in RocketMQ, where the one makes the offsets and the other the entries. */
export const dispatchesToLmq = (options: StoreOptions): boolean =>
  options.enableLmq && options.enableMultiDispatch

/** Where a message stands in one of the light message queues that show it besides its own queue. */
export interface LmqPlace {
  topic: string
  offset: number
}

/** Every light message queue has one queue of this id. */
export const lmqQueueId = 0

/**
 * Messages of these topics are copies of others, or not there yet: they go to their own queue only. (RocketMQ makes an
 * exception of dead letters and half messages, which it shows in the light message queues.)
 */
const allowsDispatch = (topic: string) => !isRetryTopic(topic) && !isDlqTopic(topic) && !isSystemTopic(topic)

/**
 * The light message queues that a message names in INNER_MULTI_DISPATCH, separated by commas; undefined when it names
 * none, 'illegal' when one of the names cannot be a light message queue's. Names become directories (upstream issue 6747).
 */
export function lmqNames(topic: string, properties: string): readonly string[] | undefined | 'illegal' {
  const text = findProperty(properties, propertyNames.innerMultiDispatch)
  if (text === undefined || text.trim() === '' || !allowsDispatch(topic)) return undefined
  const names = text.split(',')
  return names.every(isLmqName) ? names : 'illegal'
}

const isLmqName = (name: string): boolean =>
  isLmqTopic(name) && name.length > lmqTopicPrefix.length && topicNameFault(name) === undefined

/** Properties as they are stored for a message that stands at `offsets` of the queues it names, in their order. */
export function withLmqOffsets(properties: string, offsets: readonly number[]): string {
  const { innerMultiQueueOffset } = propertyNames
  return appendProperty(
    removeProperty(properties, innerMultiQueueOffset),
    innerMultiQueueOffset,
    offsets.join(','),
  )
}

/** Of a record: as `withLmqOffsets` and RocketMQ wrote it. None where names and offsets do not agree. */
export function lmqPlaces(topic: string, properties: string): readonly LmqPlace[] {
  const text = findProperty(properties, propertyNames.innerMultiQueueOffset)
  if (text === undefined) return []
  const names = lmqNames(topic, properties)
  const offsets = text.split(',')
  if (names === undefined || names === 'illegal' || names.length !== offsets.length) return []
  if (!offsets.every((offset) => /^\d{1,15}$/.test(offset))) return []
  const places = new Map(names.map((name, i) => [name, Number(offsets[i])]))
  return [...places].map(([name, offset]) => ({ topic: name, offset }))
}
