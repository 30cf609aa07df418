import { readInt64 } from '@aerobee/base'
import { type RecordShape, readSysFlag } from '@aerobee/wire'
import { messageCount } from '../inner-batch.js'
import { type LmqPlace, lmqPlaces } from '../multi-dispatch.js'
import { entryOf, type RecordEntry } from '../record-entry.js'
import type { LogWindow } from './log-window.js'

export interface ReadEntry extends RecordEntry {
  topic: string
  storeTimestamp: number
  /** Messages in the record. */
  count: number
  /** Where light message queues show it. */
  lmq: readonly LmqPlace[]
}

/** What queues and index keep of a record at `at` of the window. */
export function readEntry(
  { bytes, view }: LogWindow,
  at: number,
  shape: RecordShape,
  delayLevels: readonly number[],
): ReadEntry {
  const { topicAt, topicBytes, propertiesAt, propertiesBytes } = shape
  // Other bytes than those of a directory's name are no topic, whatever they are read as.
  const topic = bytes.toString('latin1', topicAt, topicAt + topicBytes)
  const properties = bytes.toString('utf8', propertiesAt, propertiesAt + propertiesBytes)
  const storeTimestamp = readInt64(view, shape.storeTimestampAt)
  const { tagsCode, uniqKey, keys } = entryOf(topic, properties, storeTimestamp, delayLevels)
  const count = messageCount(readSysFlag(view, at), properties) ?? 1
  const lmq = lmqPlaces(topic, properties)
  return { topic, storeTimestamp, tagsCode, uniqKey, keys, count, lmq }
}
