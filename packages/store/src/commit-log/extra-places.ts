import { appendProperty, propertyNames, systemFlags } from '@aerobee/wire'
import type { ConsumeQueue } from '../consume-queue/consume-queue.js'
import type { QueueTable } from '../consume-queue/queue-table.js'
import type { AppendStatus, NewMessage } from '../contracts.js'
import { messageCount } from '../inner-batch.js'
import { dispatchesToLmq, lmqNames, lmqQueueId, withLmqOffsets } from '../multi-dispatch.js'
import type { StoreOptions } from '../options.js'
import type { PendingAppend } from './pending-append.js'

/** Whether a message may take more places than one offset of its queue. */
export const hasExtraPlaces = (message: NewMessage, options: StoreOptions): boolean =>
  (message.sysFlag & systemFlags.innerBatch) !== 0 || dispatchesToLmq(options)

/**
 * The message with its places in the properties, as an inner batch (INNER_BASE) or for light message queues
 * (INNER_MULTI_QUEUE_OFFSET); `pending` gets them too. A status: it cannot have them.
 */
export function withExtraPlaces(
  message: NewMessage,
  queue: ConsumeQueue,
  pending: PendingAppend,
  queues: QueueTable,
  options: StoreOptions,
): NewMessage | AppendStatus {
  const { sysFlag, properties } = message
  if ((sysFlag & systemFlags.innerBatch) !== 0) {
    const count = messageCount(sysFlag, properties)
    if (count === undefined || !queue.layout.batch) return 'MESSAGE_ILLEGAL'
    pending.count = count
    const base = String(queue.nextOffset)
    return { ...message, properties: appendProperty(properties, propertyNames.innerBase, base) }
  }
  const names = queue.layout.batch ? undefined : lmqNames(message.topic, properties)
  if (names === undefined || names === 'illegal') return names === undefined ? message : 'MESSAGE_ILLEGAL'
  const distinct = [...new Set(names)]
  const made = distinct.filter((name) => queues.find(name, lmqQueueId) === undefined).length
  if (made > 0 && queues.lmqCount + made > options.maxLmqConsumeQueueNum)
    return 'LMQ_CONSUME_QUEUE_NUM_EXCEEDED'
  const shown = distinct.map((name) => queues.findOrAdd(name, lmqQueueId))
  pending.lmq = shown
    .filter((other) => other !== queue)
    .map((other) => ({ queue: other, offset: other.nextOffset }))
  const offsets = names.map((name) => queues.findOrAdd(name, lmqQueueId).nextOffset)
  return { ...message, properties: withLmqOffsets(properties, offsets) }
}
