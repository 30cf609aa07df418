import { readInt64 } from '@aerobee/base'
import type { RecordShape } from '@aerobee/wire'
import { entryOf, type RecordEntry } from '../record-entry.js'
import type { LogWindow } from './log-window.js'

export interface ReadEntry extends RecordEntry {
  topic: string
  storeTimestamp: number
}

/** What queues and index keep of a record in the window. */
export function readEntry(
  { bytes, view }: LogWindow,
  shape: RecordShape,
  delayLevels: readonly number[],
): ReadEntry {
  const { topicAt, topicBytes, propertiesAt, propertiesBytes } = shape
  // Other bytes than those of a directory's name are no topic, whatever they are read as.
  const topic = bytes.toString('latin1', topicAt, topicAt + topicBytes)
  const properties = bytes.toString('utf8', propertiesAt, propertiesAt + propertiesBytes)
  const storeTimestamp = readInt64(view, shape.storeTimestampAt)
  const { tagsCode, uniqKey, keys } = entryOf(topic, properties, storeTimestamp, delayLevels)
  return { topic, storeTimestamp, tagsCode, uniqKey, keys }
}
