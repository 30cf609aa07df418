import { assert, type Clock, type Logger, sleep } from '@aerobee/base'
import type { NewMessage } from '@aerobee/store'
import type { MessageRecord } from '@aerobee/wire'
import { deliveryMark } from '../delivery/mark.js'
import { mayHeal } from '../delivery/may-heal.js'
import { atOnce, type PutParts, putMessage } from '../delivery/put.js'
import { realPlace } from '../delivery/real-place.js'
import { restoredMessage } from '../delivery/restored.js'
import type { BrokerStats } from '../stats/broker-stats.js'

export interface DeliverParts extends PutParts {
  clock: Clock
  logger: Logger
  stats: BrokerStats
}

/** Until the store is asked again after it refused. */
const retryMs = 100

/**
 * The message as it goes to the topic it was sent to; undefined when it cannot. Its properties stay as they are stored,
 * DELAY among them: so does RocketMQ's copy.
 */
export function deliverable(record: MessageRecord): NewMessage | undefined {
  const place = realPlace(record.properties)
  return (
    place &&
    restoredMessage(record, {
      topic: place.topic,
      queueId: place.queueId,
      preparedTransactionOffset: deliveryMark(record.physicalOffset),
      waitStoreOk: true,
    })
  )
}

/** Stores all, those again that the store does not take now. False: `stopped` before that was done. */
export async function deliverAll(
  parts: DeliverParts,
  messages: readonly NewMessage[],
  stopped: () => boolean,
): Promise<boolean> {
  let refused = await putAll(parts, messages)
  while (refused.length > 0) {
    if (stopped()) return false
    await sleep(parts.clock, retryMs)
    refused = await putAll(parts, refused)
  }
  return true
}

/** Resolves with those to be put again. */
function putAll(parts: DeliverParts, messages: readonly NewMessage[]): Promise<NewMessage[]> {
  const { stats, logger } = parts
  const again: NewMessage[] = []
  let underWay = messages.length
  if (underWay === 0) return Promise.resolve(again)
  return new Promise((resolve) => {
    for (const message of messages) {
      const refusal = putMessage(parts, message, atOnce, (outcome) => {
        const { status } = outcome
        if (status === 'PUT_OK' || status === 'FLUSH_DISK_TIMEOUT')
          stats.notePut(message.topic, message.queueId, 1, outcome)
        else {
          stats.notePutFailed()
          if (mayHeal(message, status)) again.push(message)
          else logger.error(`a delayed message for topic ${message.topic} is dropped: ${status}`)
        }
        if (--underWay === 0) resolve(again)
      })
      assert(!refusal, 'what is to be stored at once is not refused')
    }
  })
}
