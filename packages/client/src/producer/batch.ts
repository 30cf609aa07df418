import { AerobeeError } from '@aerobee/base'
import { type BatchItem, isRetryTopic } from '@aerobee/wire'
import { checkTopicName } from '../given.js'
import type { OutgoingMessage } from '../outgoing-message.js'
import { isDelayed } from './build-message.js'

/** Bytes of a batch beside body and properties, for each message. */
const itemBytes = 22

/** Throws AerobeeError INVALID_ARGUMENT for messages that cannot go together (reference: client-behaviour 2.6). */
export function checkBatch(messages: readonly OutgoingMessage[]): void {
  const first = messages[0]
  const illegal = (text: string) =>
    new AerobeeError('INVALID_ARGUMENT', `Failed to initiate the MessageBatch: ${text}`)
  if (!first) throw illegal('a batch needs at least one message')
  checkTopicName(first.topic)
  for (const message of messages) {
    if (isDelayed(message)) throw illegal('TimeDelayLevel is not supported for batching')
    if (message.topic !== first.topic)
      throw illegal('The topic of the messages in one batch should be the same')
    if (isRetryTopic(message.topic)) throw illegal('Retry Group is not supported for batching')
    if ((message.waitStoreMsgOK ?? true) !== (first.waitStoreMsgOK ?? true))
      throw illegal('The waitStoreMsgOK of the messages in one batch should the same')
  }
}

/** Runs of items that fit into `mostBytes` each, in order. An item that is larger goes alone. */
export function splitBatch<Item extends BatchItem>(items: readonly Item[], mostBytes: number): Item[][] {
  const batches: Item[][] = []
  let batch: Item[] = []
  let bytes = 0
  for (const item of items) {
    const size = itemBytes + item.body.length + Buffer.byteLength(item.properties)
    if (batch.length > 0 && bytes + size > mostBytes) {
      batches.push(batch)
      batch = []
      bytes = 0
    }
    batch.push(item)
    bytes += size
  }
  if (batch.length > 0) batches.push(batch)
  return batches
}
