import type { PhysicalOffset, QueueOffset } from '@aerobee/base'
import type { NewMessage } from '@aerobee/store'
import {
  findProperty,
  type MessageRecord,
  propertyNames,
  propertyText,
  systemTopicNames,
  tagsCode,
} from '@aerobee/wire'

/**
 * An op message says which halves have their outcome (reference: broker-behaviour 9.3):
 *
 *   body = { queue offset "," }      decimal; the last comma may be missing
 *   TAGS = "d"
 *   COMMITS_LISTED_BELOW = physical offset      ours; other brokers pass over it
 *
 * Each record that gives a half its outcome (a commit, a half given up) and lies before COMMITS_LISTED_BELOW has its
 * half in this op message or one before it. So after a crash only what lies behind needs a look.
 */
export const opTopic = systemTopicNames.transactionOperation

const listedBelowName = 'COMMITS_LISTED_BELOW'
const tag = 'd'
const tagsText = propertyText(propertyNames.tags, tag)
const tagCode = tagsCode(tag)

export interface OpMessage {
  halves: QueueOffset[]
  listedBelow: PhysicalOffset | undefined
}

export const opText = (half: QueueOffset): string => `${half},`

export function newOpMessage(
  queueId: number,
  text: string,
  listedBelow: PhysicalOffset | undefined,
  { bornTimestamp, host, sysFlag }: { bornTimestamp: number; host: Uint8Array; sysFlag: number },
): NewMessage {
  return {
    topic: opTopic,
    queueId,
    flag: 0,
    sysFlag,
    bornTimestamp,
    bornHost: host,
    storeHost: host,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: Buffer.from(text),
    properties:
      listedBelow === undefined ? tagsText : tagsText + propertyText(listedBelowName, String(listedBelow)),
    tagsCode: tagCode,
    uniqKey: undefined,
    keys: undefined,
    waitStoreOk: true,
  }
}

/** Pieces that are no offsets count for nothing, as does a message with another tag. */
export function readOpMessage({ body, properties }: Pick<MessageRecord, 'body' | 'properties'>): OpMessage {
  const listedBelow = Number(findProperty(properties, listedBelowName) ?? Number.NaN)
  const halves: QueueOffset[] = []
  if (findProperty(properties, propertyNames.tags) === tag)
    for (const piece of Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1').split(','))
      if (/^\d{1,15}$/.test(piece)) halves.push(Number(piece))
  return { halves, listedBelow: Number.isSafeInteger(listedBelow) ? listedBelow : undefined }
}
