import type { AppendOutcome, NewMessage, StoreStatus } from '@aerobee/store'
import {
  encodeRecallHandle,
  findProperty,
  isRetryTopic,
  offsetMessageId,
  propertyNames,
  responseCodes,
} from '@aerobee/wire'
import type { BrokerConfig } from '../config-keys.js'
import type { Peer } from '../peers.js'
import type { SendParts } from './parts.js'
import { illegalMessage, refuse, type SendReply } from './refusal.js'

/** Whether readers will see the message, whatever the answer says of its flush. */
export const isStored = (outcome: AppendOutcome): boolean =>
  outcome.status === 'PUT_OK' || outcome.status === 'FLUSH_DISK_TIMEOUT'

const storedCode = (outcome: AppendOutcome): number =>
  outcome.status === 'PUT_OK' ? responseCodes.SUCCESS : responseCodes.FLUSH_DISK_TIMEOUT

/** The answer to a send that was not stored (reference: broker-behaviour 3.6). */
function notStored(config: BrokerConfig, outcome: AppendOutcome, status: () => StoreStatus): SendReply {
  switch (outcome.status) {
    case 'MESSAGE_ILLEGAL':
    case 'PROPERTIES_SIZE_EXCEEDED':
      return illegalMessage(config)
    case 'CREATE_MAPPED_FILE_FAILED':
      return refuse(
        config,
        responseCodes.SYSTEM_ERROR,
        'create mapped file failed, server is busy or broken.',
      )
    case 'LMQ_CONSUME_QUEUE_NUM_EXCEEDED':
      return refuse(config, responseCodes.SYSTEM_ERROR, lmqExceeded)
    case 'SERVICE_NOT_AVAILABLE':
      return refuse(config, responseCodes.SERVICE_NOT_AVAILABLE, unavailableText(status()))
    default:
      return refuse(config, responseCodes.SYSTEM_ERROR, 'UNKNOWN_ERROR')
  }
}

/** As 5.3.3 has it, which never says so, since it keeps no count. */
const lmqExceeded =
  '[LMQ_CONSUME_QUEUE_NUM_EXCEEDED]broker config enableLmq and enableMultiDispatch, lmq consumeQueue num exceed ' +
  'maxLmqConsumeQueueNum config num, default limit 2w.'

/** Upstream's text, and what it was behind it. */
function unavailableText(status: StoreStatus): string {
  const { commitLogRatio, consumeQueueRatio } = status.space
  const reason = status.readOnlyReason
  return (
    "service not available now. It may be caused by one of the following reasons: the broker's disk is full " +
    `[CL: ${ratioText(commitLogRatio)} CQ: ${ratioText(consumeQueueRatio)} INDEX: ${ratioText(commitLogRatio)}], ` +
    'messages are put to the slave, message store has been shut down, etc.' +
    (reason === undefined ? '' : ` Here: ${reason}`)
  )
}

/** Five characters at least, two digits behind the point. */
const ratioText = (ratio: number) => ratio.toFixed(2).padStart(5)

/** The answer to a send of `count` messages, which also counts them. `stored`: where they really are. */
export function sendAnswer(
  parts: SendParts,
  peer: Peer,
  stored: Pick<NewMessage, 'topic' | 'queueId'>,
  queueId: number,
  uniqKey: string | undefined,
  count: number,
  outcome: AppendOutcome,
): SendReply {
  if (!isStored(outcome)) {
    parts.stats.notePutFailed()
    return notStored(parts.config, outcome, () => parts.store.status())
  }
  parts.stats.notePut(stored.topic, stored.queueId, count, outcome)
  return {
    code: storedCode(outcome),
    remark: null,
    fields: {
      queueId,
      transactionId: uniqKey,
      msgId: messageIds(peer, outcome),
      traceOn: parts.config.traceOn,
      region: parts.config.regionId,
      queueOffset: outcome.queueOffset,
    },
    body: null,
  }
}

/** Of a batch all, joined by commas. */
function messageIds({ storeHost }: Peer, { physicalOffset, physicalOffsets }: AppendOutcome): string {
  if (physicalOffsets === undefined) return offsetMessageId(storeHost, physicalOffset)
  return physicalOffsets.map((offset) => offsetMessageId(storeHost, offset)).join(',')
}

/** By which a message for `topic` that went to the timer can be taken back (reference: broker-behaviour 3.6). */
export function addRecallHandle(
  { config }: SendParts,
  topic: string,
  { properties, uniqKey: messageId }: NewMessage,
  answer: SendReply,
): void {
  const slot = findProperty(properties, propertyNames.timerOutMs)
  if (answer.fields === null || slot === undefined || messageId === undefined) return
  if (isRetryTopic(topic) || answer.fields.queueId === undefined) return
  // The slot is the time wanted, cut off: one more gives the same slot again.
  const timestamp = String(Number(slot) + 1)
  const { brokerName } = config
  answer.fields.recallHandle = encodeRecallHandle({ topic, brokerName, timestamp, messageId })
}
